"""The hooks of optimisers, and states in which younger options are missing, against torch's."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import Any

import pytest

import tinygrad_mlp
from support.parity import same
from tinygrad_mlp.compiler import CannotRecord


def made(torch: Any, name: str = "SGD", **options: Any) -> Any:
    x = torch.ones(2, requires_grad=True)
    x.grad = torch.full((2,), 0.5)
    return x, getattr(torch.optim, name)([x], lr=0.1, **options)


def around_a_step(torch, said, optimizer, x):
    def note(optimizer, args, kwargs):
        said.append((type(optimizer).__name__, len(args), sorted(kwargs), x.tolist()))

    return optimizer.register_step_pre_hook(note), optimizer.register_step_post_hook(note)


@pytest.mark.parametrize("scheduled", ["no", "before", "after"])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "LBFGS"])
def test_hooks_of_steps(name: str, scheduled: str) -> None:
    def program(torch):
        x, optimizer = made(torch, name)
        said: list[Any] = []
        closure = (lambda: (x * 0).sum()) if name == "LBFGS" else None
        step_lr = lambda: torch.optim.lr_scheduler.StepLR(optimizer, 1)  # noqa: E731
        schedulers = [step_lr()] if scheduled == "before" else []
        first, last = around_a_step(torch, said, optimizer, x)
        schedulers += [step_lr()] if scheduled == "after" else []
        optimizer.step(closure)
        optimizer.step(closure=closure)
        first.remove()
        optimizer.step(closure)
        if name != "LBFGS":  # torch's copy of one has no parameters
            copy.deepcopy(optimizer).step(closure)
        last.remove()
        optimizer.step(closure)
        return said, x

    same(program)


def test_what_a_hook_may_return() -> None:
    def program(torch):
        _, optimizer = made(torch)
        handle = optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: (args, {"closure": lambda: 5.0}))
        found = [optimizer.step()]
        handle.remove()
        optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: 3)
        try:
            optimizer.step()
        except RuntimeError as error:
            found.append(str(error)[-64:])
        return found

    same(program)


def test_hooks_of_all_optimizers() -> None:
    def program(torch):
        module, said = import_module(torch.__name__ + ".optim.optimizer"), []
        _, older = made(torch)
        handles = [
            module.register_optimizer_step_pre_hook(lambda *args: said.append("all")),
            module.register_optimizer_step_post_hook(lambda *args: said.append("all after")),
        ]
        older.register_step_pre_hook(lambda *args: said.append("own"))
        older.register_step_post_hook(lambda *args: said.append("own after"))
        older.step()
        made(torch, "Adam")[1].step()
        for handle in handles:
            handle.remove()
        older.step()
        return said

    same(program)


def test_a_step_that_calls_the_step_of_its_base() -> None:
    said = []

    class Own(tinygrad_mlp.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    module = import_module("tinygrad_mlp.optim.optimizer")
    x = tinygrad_mlp.ones(2, requires_grad=True)
    with module.register_optimizer_step_pre_hook(lambda *args: said.append(1)):
        Own([x], lr=0.1).step()
    assert said == [1]


def test_hooks_of_states() -> None:
    def program(torch):
        _, optimizer = made(torch)
        said: list[Any] = []
        optimizer.register_state_dict_pre_hook(lambda optimizer: said.append("before"))
        optimizer.register_state_dict_post_hook(lambda optimizer, state: {**state, "more": len(said)})
        optimizer.register_state_dict_post_hook(lambda optimizer, state: said.append(sorted(state)), prepend=True)
        state = optimizer.state_dict()
        optimizer.register_load_state_dict_pre_hook(lambda optimizer, state: said.append(sorted(state)))
        optimizer.register_load_state_dict_pre_hook(lambda optimizer, state: {**state, "first": 1}, prepend=True)
        optimizer.register_load_state_dict_pre_hook(lambda optimizer, state: state.pop("more") and None)
        optimizer.register_load_state_dict_post_hook(lambda optimizer: said.append("loaded"))
        optimizer.load_state_dict(state)
        return said, sorted(state)

    same(program)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_a_state_without_younger_options(name: str) -> None:
    def program(torch):
        x, optimizer = made(torch, name)
        optimizer.step()
        state = optimizer.state_dict()
        group = state["param_groups"][0]
        younger = ("nesterov", "amsgrad", "maximize", "foreach", "differentiable", "capturable", "centered")
        for option in younger:
            group.pop(option, None)
        for own in state["state"].values():
            if "step" in own:
                own["step"] = 1  # as it was saved before torch 1.12
        optimizer.load_state_dict(state)
        optimizer.step()
        found = optimizer.param_groups[0]
        return x, {option: found[option] for option in younger if option in found}

    same(program)


def test_setstate_of_a_subclass_is_called_when_a_state_is_loaded() -> None:
    def program(torch):
        class Own(torch.optim.SGD):
            loaded = 0

            def __setstate__(self, state):
                super().__setstate__(state)
                self.loaded += 1

        optimizer = Own([torch.ones(2, requires_grad=True)], lr=0.1)
        optimizer.load_state_dict(optimizer.state_dict())
        return optimizer.loaded

    same(program)


def test_hooks_in_a_compiled_step() -> None:
    x, optimizer = made(tinygrad_mlp)
    scale = [2.0]

    def grow(optimizer, args, kwargs):
        x.grad.mul_(scale[0])

    def step():
        x.grad.fill_(1.0)
        optimizer.step()

    compiled = tinygrad_mlp.compile(step)
    moved = []
    for change in (None, None, None, "hook", None, "scale", None, "removed", None):
        if change == "hook":
            handle = optimizer.register_step_pre_hook(grow)
        elif change == "scale":
            scale[0] = 3.0
        elif change == "removed":
            handle.remove()
        before = x.detach().clone()
        try:
            compiled()
        except CannotRecord:
            step()
        moved.append(round((before - x.detach())[0].item(), 5))
    assert moved == [0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.1, 0.1]


def test_an_optimizer_around_another_that_makes_its_own_hooks():
    # Libraries write such ones: they do not run Optimizer.__init__ and call torch's own method for it.
    def program(torch):
        class Around(torch.optim.Optimizer):
            def __init__(self, inner):
                self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks = {}, {}
                self._patch_step_function()
                self.inner = inner

            def step(self):
                self.inner.step()

        x, said = torch.ones(2, requires_grad=True), []
        optimizer = Around(torch.optim.SGD([x], lr=0.5))
        optimizer.register_step_pre_hook(lambda *args: said.append("before"))
        optimizer.register_step_post_hook(lambda *args: said.append("after"))
        x.sum().backward()
        optimizer.step()
        return x.detach(), said, isinstance(optimizer, torch.optim.Optimizer)

    same(program)
