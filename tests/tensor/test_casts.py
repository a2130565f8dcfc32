"""Casts on the tape: to another floating dtype they have a gradient, to integers and bools they end the history."""

from __future__ import annotations

import pytest

from support.parity import same

INTEGERS = {
    "long": lambda torch, x: x.long(),
    "int": lambda torch, x: x.int(),
    "short": lambda torch, x: x.short(),
    "byte": lambda torch, x: x.byte(),
    "bool": lambda torch, x: x.bool(),
    "to": lambda torch, x: x.to(torch.int64),
    "to(dtype=)": lambda torch, x: x.to(dtype=torch.int32),
    "to that of another": lambda torch, x: x.to(torch.tensor([1])),
    "type": lambda torch, x: x.type(torch.int64),
    "of a sum": lambda torch, x: x.sum().long(),
    "of a view": lambda torch, x: x[1:].long(),
}


@pytest.mark.parametrize("cast", INTEGERS.values(), ids=INTEGERS)
def test_integers_end_the_history(cast):
    def program(torch):
        x = torch.linspace(0.5, 3.5, 3).requires_grad_()
        y = cast(torch, x * 2)
        (x * y).sum().backward()  # as an index or a factor it is a constant
        return y, x.grad

    same(program)


@pytest.mark.parametrize("there", ["float16", "float64"])
def test_another_floating_dtype_has_a_gradient(there):
    def program(torch):
        x = torch.linspace(0.5, 3.5, 3).requires_grad_()
        y = x.to(getattr(torch, there))
        (y * y).sum().backward()
        return y, x.grad

    same(program)
