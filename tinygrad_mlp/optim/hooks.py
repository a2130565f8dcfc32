"""The hooks of optimisers: functions that are called around a step, and when the state is given out or loaded.

    handle = optimizer.register_step_pre_hook(hook)  # calls hook(optimizer, args, kwargs) before each step

A class has its `step` wrapped when one of its optimisers gets the first such hook, so that others pay nothing.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from typing import Any

from ..autograd.hooks import RemovableHandle
from .refusals import NEW_ARGUMENTS

Hook = Callable[..., Any]
Hooks = OrderedDict[int, Hook]

_global_optimizer_pre_hooks: Hooks = OrderedDict()  # torch's names, for which other libraries look
_global_optimizer_post_hooks: Hooks = OrderedDict()
OF_ALL = (_global_optimizer_pre_hooks, _global_optimizer_post_hooks)
_stepping: set[Any] = set()  # the optimisers whose hooked step is under way


def _add(hooks: Hooks, hook: Hook, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Have hook(optimizer, args, kwargs) called before each step of every optimiser.

    What it may return is that of `Optimizer.register_step_pre_hook`. Source: torch.optim.optimizer.
    """
    _wrap_subclasses(Hooked)
    return _add(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Have hook(optimizer, args, kwargs) called after each step of every optimiser. Source: torch.optim.optimizer."""
    _wrap_subclasses(Hooked)
    return _add(_global_optimizer_post_hooks, hook)


class Hooked:
    """What an Optimizer has for its hooks."""

    def _make_hooks(self) -> None:
        self._optimizer_step_pre_hooks: Hooks = OrderedDict()
        self._optimizer_step_post_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: Hooks = OrderedDict()
        if any(OF_ALL):
            _wrap(type(self))

    def _patch_step_function(self) -> None:
        """Let the class's `step` call the hooks: for optimisers that do not run `Optimizer.__init__`, as in torch."""
        _wrap(type(self))

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Have hook(optimizer, args, kwargs) called before each step; `args` begins with the optimiser.

        It returns None, or a pair of other arguments for the step; RuntimeError in `step` for anything else. Source:
        torch.optim.Optimizer.register_step_pre_hook.
        """
        _wrap(type(self))
        return _add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Have hook(optimizer, args, kwargs) called after each step."""
        _wrap(type(self))
        return _add(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have hook(optimizer) called before `state_dict` makes its result; with `prepend`, before other hooks."""
        return _add(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have hook(optimizer, state_dict) called on what `state_dict` returns; it may return another."""
        return _add(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have hook(optimizer, state_dict) called on a copy of what is to be loaded; it may return another."""
        return _add(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have hook(optimizer) called after a state was loaded."""
        return _add(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def replaced(hooks: Hooks, optimizer: Any, state_dict: dict[str, Any]) -> dict[str, Any]:
    """A state after hooks that are given it and may return another."""
    for hook in hooks.values():
        other = hook(optimizer, state_dict)
        state_dict = state_dict if other is None else other
    return state_dict


def _wrap(cls: type) -> None:
    """Let the class's `step` call the hooks, once."""
    step: Any = cls.step  # type: ignore[attr-defined]
    if getattr(step, "hooked", False):
        return

    @functools.wraps(step)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        optimizer = args[0]
        if optimizer in _stepping:  # the step of a base class, which the optimiser's own step calls
            return step(*args, **kwargs)
        _stepping.add(optimizer)
        try:
            return _with_hooks(step, args, kwargs)
        finally:
            _stepping.discard(optimizer)

    hooked.hooked = True  # type: ignore[attr-defined]
    cls.step = hooked  # type: ignore[attr-defined]


def _with_hooks(step: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    optimizer = args[0]
    for hook in chain(_global_optimizer_pre_hooks.values(), optimizer._optimizer_step_pre_hooks.values()):
        result = hook(optimizer, args, kwargs)
        if result is not None:
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(NEW_ARGUMENTS.format(step=step, found=result))
            args, kwargs = result
    result = step(*args, **kwargs)
    for hook in chain(optimizer._optimizer_step_post_hooks.values(), _global_optimizer_post_hooks.values()):
        hook(optimizer, args, kwargs)
    return result


def _wrap_subclasses(cls: Any) -> None:
    for subclass in cls.__subclasses__():
        _wrap(subclass)
        _wrap_subclasses(subclass)
