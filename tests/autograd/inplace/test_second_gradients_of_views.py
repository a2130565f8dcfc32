"""Gradients of gradients through views of a base that was written to, and through several views of one base."""

from __future__ import annotations

import pytest

from support.parity import same

VIEWS = {
    "row": lambda torch, x: x[1],
    "rows": lambda torch, x: x[1:],
    "every second": lambda torch, x: x[:, ::2],
    "transposed": lambda torch, x: x.t(),
    "permuted": lambda torch, x: x.permute(1, 0),
    "diagonal": lambda torch, x: x.diagonal(),
    "expanded": lambda torch, x: x[0].expand(2, 3),
    "narrow": lambda torch, x: x.narrow(1, 1, 2),
    "view": lambda torch, x: x.view(9),
    "unsqueeze": lambda torch, x: x.unsqueeze(0),
    "as_strided": lambda torch, x: x.as_strided((2, 2), (1, 2)),
    "of a view": lambda torch, x: x.t()[1:].diagonal(),
    "unbound": lambda torch, x: x.unbind()[1],
    "split": lambda torch, x: x.split(2)[0],
    "chunks": lambda torch, x: torch.cat([part * part for part in x.chunk(2, 1)], 1),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("writes", [True, False])
def test_second_gradients(name, writes):
    def program(torch):
        x = torch.arange(9.0).reshape(3, 3).requires_grad_()
        base = x * x
        view = VIEWS[name](torch, base)
        if writes:
            base.mul_(x)
        (first,) = torch.autograd.grad((view * view).sum() + base.sum(), x, create_graph=True)
        return first, torch.autograd.grad((first * first).sum(), x)

    same(program)
