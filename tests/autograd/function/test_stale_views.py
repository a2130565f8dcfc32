"""Functions of one's own on views that are out of date, what hooks on them see, and what a None gradient frees."""

from __future__ import annotations

import pytest

from support.parity import same
from support.program_state import functions


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def a_view_whose_base_was_written_to(torch):
    x = _leaf(torch, 2, 3)
    base = x * 1
    view = base[0]
    base.mul_(3)
    y, z = functions(torch)["both"](view, base)
    (y.sum() + z.sum()).backward()
    return x.grad, view.grad_fn is not None


def a_view_that_cannot_follow(torch):
    base = _leaf(torch, 2, 3) * 1
    part, _ = base.unbind()
    base.mul_(3)
    functions(torch)["double"](part)


def the_edge_of_a_view_whose_base_was_written_to(torch):
    x = _leaf(torch, 2, 3)
    base = x * 1
    view = base[0]
    base.mul_(3)
    edge = torch.autograd.graph.get_gradient_edge(view)
    (g,) = torch.autograd.grad((view * view).sum(), edge)
    return g, edge.node.name()


def hooks_see_what_nobody_needs(torch):
    log = []
    x, constant = _leaf(torch, 3), torch.ones(3)
    y, z = functions(torch)["both"](x, constant)
    y.grad_fn.register_hook(lambda inputs, outputs: log.append([g if g is None else g.tolist() for g in inputs]))
    torch.cat([x, constant]).grad_fn.register_hook(lambda inputs, outputs: None)
    joined = torch.stack([constant, x])
    joined.grad_fn.register_hook(lambda inputs, outputs: log.append([g if g is None else g.tolist() for g in inputs]))
    (y.sum() + z.sum() + joined.sum()).backward()
    return log, x.grad


def _none_frees(hooked):
    def none_frees(torch):
        texts = []
        for change in (None, "free", "write"):
            x = _leaf(torch, 3)
            y = x * 1
            z = y.tanh()
            w = z.exp()
            if hooked:
                w.register_hook(lambda g: None)
            out = functions(torch)["nothing"](w).sum()
            if change == "free":
                z.sum().backward()
            elif change == "write":
                z.mul_(2)
            try:
                out.backward()
                texts.append("ran")
                z.sum().backward()
            except RuntimeError as error:
                texts.append(str(error)[:60])
        return texts

    return none_frees


def a_gradient_with_a_graph(torch):
    x = _leaf(torch, 3)
    (x * x).sum().backward(create_graph=True)
    first = x.grad.grad_fn.name(), x.grad._version
    (x * x).sum().backward(create_graph=True)
    return first, x.grad.grad_fn.name(), torch.autograd.grad(x.grad.sum(), x)


PROGRAMS = {
    program.__name__: program
    for program in (
        a_view_whose_base_was_written_to, a_view_that_cannot_follow, the_edge_of_a_view_whose_base_was_written_to,
        hooks_see_what_nobody_needs, a_gradient_with_a_graph,
    )
} | {"None frees": _none_frees(False), "None frees, with a hook": _none_frees(True)}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_same_as_torch(program):
    same(program)
