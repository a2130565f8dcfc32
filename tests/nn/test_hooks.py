"""Backward hooks of modules, and hooks of every module, against torch's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import tinygrad_mlp
from support.parity import same


def layer(M: Any, inputs: int = 2, outputs: int = 3) -> Any:
    result = M.nn.Linear(inputs, outputs)
    with M.no_grad():
        for p in result.parameters():
            p.copy_(M.arange(1.0, 1 + p.numel()).reshape(p.shape))
    return result


def x_of(M: Any, requires_grad: bool = True) -> Any:
    return M.tensor([[1.0, 2.0], [3.0, -1.0]], requires_grad=requires_grad)


def copied(gradients: Any) -> Any:
    return [None if g is None else g.clone() for g in gradients]


def test_a_full_backward_hook_sees_both_gradients() -> None:
    def program(M: Any) -> Any:
        seen: list[Any] = []
        m, x = layer(M), x_of(M)
        m.register_full_backward_hook(lambda m, gi, go: seen.append((copied(gi), copied(go))))
        m.register_full_backward_pre_hook(lambda m, go: seen.append(copied(go)))
        y = m(x)
        y.sum().backward()
        return seen, x.grad, [p.grad for p in m.parameters()], y.grad_fn.name()

    same(program)


def test_hooks_replace_gradients_in_their_order() -> None:
    def program(M: Any) -> Any:
        seen: list[str] = []
        m, x = layer(M), x_of(M)

        def hook(name: str, factor: float) -> Any:
            return lambda m, gi, go: (seen.append(name), tuple(g * factor for g in gi))[1]

        m.register_full_backward_hook(hook("first", 2.0))
        m.register_full_backward_hook(hook("second", 3.0))
        m.register_full_backward_hook(hook("zeroth", 5.0), prepend=True)
        m.register_full_backward_pre_hook(lambda m, go: (seen.append("pre"), (go[0] * 7,))[1])
        m.register_full_backward_pre_hook(lambda m, go: (seen.append("before"), None)[1], prepend=True)
        m(x).sum().backward()
        return seen, x.grad, [p.grad for p in m.parameters()]

    same(program)


@pytest.mark.parametrize("where", ["input", "output"])
def test_wrong_numbers_of_gradients(where: str) -> None:
    def program(M: Any) -> Any:
        m, x = layer(M), x_of(M)
        if where == "input":
            m.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
        else:
            m.register_full_backward_pre_hook(lambda m, go: (go[0], go[0]))
        m(x).sum().backward()

    same(program)


@pytest.mark.parametrize("answer", [None, (None,), "gradient"])
def test_inputs_without_grad(answer: Any) -> None:
    def program(M: Any) -> Any:
        seen: list[Any] = []
        m, x = layer(M), x_of(M, False)

        def hook(m: Any, gi: Any, go: Any) -> Any:
            seen.append((gi, copied(go)))
            return (x,) if answer == "gradient" else answer

        m.register_full_backward_hook(hook)
        m(x).sum().backward()
        return seen, [p.grad for p in m.parameters()]

    same(program)


def test_several_inputs_and_outputs_and_what_is_no_tensor() -> None:
    def program(M: Any) -> Any:
        class Pair(M.nn.Module):
            def forward(self, a: Any, scale: float, b: Any, c: Any) -> Any:
                return a * scale, "text", b * c

        seen: list[Any] = []
        m = Pair()
        m.register_full_backward_hook(lambda m, gi, go: seen.append((copied(gi), copied(go))))
        a, b, c = x_of(M), x_of(M), x_of(M, False)
        first, _, last = m(a, 2.0, b, c)
        (first.sum() + (last * 3).sum()).backward()
        seen.append("one output")
        m(a, 2.0, b, c)[2].sum().backward()
        return seen, a.grad, b.grad

    same(program)


def test_an_output_that_is_no_tensor_warns() -> None:
    def program(M: Any) -> Any:
        class Named(M.nn.Module):
            def forward(self, a: Any) -> Any:
                return {"out": a * 2}

        m = Named()
        m.register_full_backward_hook(lambda m, gi, go: None)
        return m(x_of(M))["out"]

    same(program)


def test_a_hook_that_removes_itself_and_no_grad() -> None:
    def program(M: Any) -> Any:
        seen: list[int] = []
        m, x = layer(M), x_of(M)

        def once(m: Any, gi: Any, go: Any) -> Any:
            handle.remove()
            seen.append(1)
            return (gi[0] * 10,)

        handle = m.register_full_backward_hook(once)
        m(x).sum().backward()
        m(x).sum().backward()
        with M.no_grad():
            y = m(x)
        return seen, x.grad, y.requires_grad, len(m._backward_hooks)

    same(program)


def test_a_second_backward_through_the_inputs() -> None:
    def program(M: Any) -> Any:
        seen: list[int] = []
        m = M.nn.Sequential(layer(M), M.nn.Tanh(), layer(M, 3, 1))
        m[0].register_full_backward_hook(lambda m, gi, go: seen.append(len(gi)))
        x = x_of(M)
        (g,) = M.autograd.grad(m(x).sum(), x, create_graph=True)
        g.square().sum().backward()
        return seen, x.grad

    same(program)


# torch's forward of Linear and the like is one node: the older hooks see its inputs
@pytest.mark.parametrize(
    "make",
    [
        lambda M: M.nn.Tanh(),
        lambda M: M.nn.Sequential(M.nn.Tanh(), M.nn.Sigmoid()),
        lambda M: M.nn.Softplus(),
    ],
)
def test_the_older_kind_of_hook(make: Any) -> None:
    def program(M: Any) -> Any:
        seen: list[Any] = []
        m, x = make(M), x_of(M)
        m.register_backward_hook(lambda m, gi, go: (seen.append((copied(gi), copied(go))), tuple(g * 2 for g in gi))[1])
        m(x * 1).sum().backward()
        return seen, x.grad

    same(program)


@pytest.mark.parametrize("first", ["register_backward_hook", "register_full_backward_hook"])
def test_the_two_kinds_do_not_mix(first: str) -> None:
    second = ({"register_backward_hook", "register_full_backward_hook"} - {first}).pop()

    def program(M: Any) -> Any:
        m = layer(M)
        getattr(m, first)(lambda *_: None)
        getattr(m, second)(lambda *_: None)

    same(program)


def test_always_called_hooks() -> None:
    def program(M: Any) -> Any:
        class Failing(M.nn.Module):
            def forward(self, x: Any) -> Any:
                raise KeyError("in forward")

        seen: list[Any] = []

        def broken(m: Any, args: Any, out: Any) -> None:
            raise ValueError("in the hook")

        m = Failing()
        m.register_forward_hook(lambda m, args, out: seen.append(("always", len(args), out)), always_call=True)
        m.register_forward_hook(lambda m, args, kw, out: seen.append(kw), always_call=True, with_kwargs=True)
        m.register_forward_hook(lambda m, args, out: seen.append("never"))
        m.register_forward_hook(broken, always_call=True)
        try:
            m(x=x_of(M))
        except KeyError as error:
            seen.append(str(error))
        m = layer(M)
        m.register_forward_hook(lambda m, args, out: seen.append("once"), always_call=True)
        m(x_of(M))
        return seen

    same(program)


# -- hooks of every module -------------------------------------------------------------------------


@pytest.fixture
def handles() -> Iterator[list[Any]]:
    found: list[Any] = []
    yield found
    for handle in found:
        handle.remove()
    torch.nn.modules.module._global_is_full_backward_hook = None
    tinygrad_mlp.nn.modules.hooks.of_all_modules.full = None


def test_hooks_of_every_module(handles: list[Any]) -> None:
    def program(M: Any) -> Any:
        where, seen = M.nn.modules.module, []

        def note(name: str) -> Any:
            return lambda m, *rest: seen.append((name, type(m).__name__, len(rest)))

        handles.append(where.register_module_forward_pre_hook(note("pre")))
        handles.append(where.register_module_forward_hook(note("after")))
        handles.append(where.register_module_forward_hook(note("kwargs"), with_kwargs=True))
        handles.append(where.register_module_full_backward_pre_hook(note("backward pre")))
        handles.append(where.register_module_full_backward_hook(note("backward")))
        m = M.nn.Sequential(layer(M), M.nn.Tanh())
        m[0].register_forward_hook(note("own"))
        m[0].register_full_backward_hook(note("own backward"))
        x = x_of(M)
        m(x).sum().backward()
        for handle in handles[-5:]:
            handle.remove()
        seen.append("removed")
        m(x).sum().backward()
        return seen, x.grad

    same(program)


def test_the_two_kinds_do_not_mix_for_every_module(handles: list[Any]) -> None:
    def program(M: Any) -> Any:
        where = M.nn.modules.module
        handles.append(where.register_module_backward_hook(lambda *_: None))
        handles.append(where.register_module_full_backward_hook(lambda *_: None))

    same(program)
