"""Setting requires_grad, grad and data, and detach_: what torch refuses, in its whole text."""

from __future__ import annotations

import numpy as np
import pytest

from support.two_worlds import assert_alike, refusal


def _leaf(torch):
    return torch.linspace(0.5, 2.0, 4).requires_grad_()


TENSORS = {
    "leaf": _leaf,
    "constant": lambda torch: torch.ones(4),
    "integers": lambda torch: torch.arange(4),
    "computed": lambda torch: _leaf(torch) * 2,
    "view of a leaf": lambda torch: _leaf(torch)[1:],
    "view of a computed": lambda torch: (_leaf(torch) * 2)[1:],
    "view of a constant": lambda torch: torch.ones(4)[1:],
}

ACTIONS = {
    "requires_grad = True": lambda torch, x: setattr(x, "requires_grad", True),
    "requires_grad = False": lambda torch, x: setattr(x, "requires_grad", False),
    "requires_grad = 1": lambda torch, x: setattr(x, "requires_grad", 1),
    "requires_grad_()": lambda torch, x: x.requires_grad_(),
    "requires_grad_(False)": lambda torch, x: x.requires_grad_(False),
    "detach_()": lambda torch, x: x.detach_(),
    "grad = a number": lambda torch, x: setattr(x, "grad", 3),
    "grad = an array": lambda torch, x: setattr(x, "grad", np.ones(4)),
    "grad = another dtype": lambda torch, x: setattr(x, "grad", torch.ones(4, dtype=torch.float64)),
    "grad = another shape": lambda torch, x: setattr(x, "grad", torch.ones(9)),
    "grad = itself": lambda torch, x: setattr(x, "grad", x),
    "data = a number": lambda torch, x: setattr(x, "data", 3),
    "data = an array": lambda torch, x: setattr(x, "data", np.ones(4)),
    "data = integers": lambda torch, x: setattr(x, "data", torch.arange(3)),
    "data = another dtype": lambda torch, x: setattr(x, "data", torch.ones(2, dtype=torch.float64)),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("tensor", TENSORS)
def test_as_torch(tensor, action):
    def program(torch):
        x = TENSORS[tensor](torch)
        ACTIONS[action](torch, x)
        return x, x.requires_grad, x.is_leaf, x.dtype

    assert_alike(program)


def test_a_computed_tensor_cannot_be_told_to_require_grad():
    refusal(lambda torch: setattr(_leaf(torch) * 2, "requires_grad", True))


def test_data_in_inference_mode():
    def program(torch):
        x = torch.ones(3)
        with torch.inference_mode():
            inside = torch.ones(3)
            of_x = x.data
            flags = [of_x.is_inference(), inside.data.is_inference()]
        return flags, of_x._version, inside.data.is_inference()

    assert_alike(program)
