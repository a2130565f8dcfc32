"""Hooks of modules: functions that a user registers, and that run before or after a module's forward or backward.

Most modules have none, so what hooks need is kept out of `Module.__call__`, which is called for every layer. Hooks may
also be registered for every module there is; those run before a module's own.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ...autograd.hooks import RemovableHandle
from ...tensor import Tensor
from ..refusals import HOOK_SILENCED, MODULE_OUTPUT, PRE_HOOK_RESULT, TWO_KINDS_OF_HOOKS

Hooks = OrderedDict[int, Any]


# The dicts of a module's hooks; those with a longer name hold the ids of the hooks that are called in that way.
HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks",
)  # fmt: skip


class _OfAllModules:
    """The hooks that were registered for every module."""

    def __init__(self) -> None:
        self.forward: Hooks = OrderedDict()
        self.forward_with_kwargs: Hooks = OrderedDict()
        self.forward_always_called: Hooks = OrderedDict()
        self.forward_pre: Hooks = OrderedDict()
        self.backward: Hooks = OrderedDict()
        self.backward_pre: Hooks = OrderedDict()
        self.buffer: Hooks = OrderedDict()  # the registration of buffers, and so on
        self.module: Hooks = OrderedDict()
        self.parameter: Hooks = OrderedDict()
        self.full: bool | None = None


of_all_modules = _OfAllModules()


def add(hooks: Hooks, hook: Any, prepend: bool = False, kinds: Sequence[tuple[Hooks, bool]] = ()) -> RemovableHandle:
    """Add a hook after the registered ones, or before them with `prepend`, and return the handle that removes it.

    Each of `kinds` is a dict of the hooks that are called in some way, and whether this one is.
    """
    handle = RemovableHandle(hooks, extra_dict=[ids for ids, _ in kinds])
    hooks[handle.id] = hook
    for ids, is_one in kinds:
        if is_one:
            ids[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class Hooked:
    """What a Module has for its hooks."""

    _hooked = False  # whether this module, or every module, has ever had a hook
    _is_full_backward_hook: bool | None = None  # which kind of backward hooks it has
    _forward_hooks: Hooks
    _forward_hooks_with_kwargs: Hooks
    _forward_hooks_always_called: Hooks
    _forward_pre_hooks: Hooks
    _forward_pre_hooks_with_kwargs: Hooks
    _backward_hooks: Hooks
    _backward_pre_hooks: Hooks
    forward: Callable[..., Any]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Register `hook(module, args)` to run before every forward; a result that is not None replaces the arguments.

        With `with_kwargs` the hook is called as `hook(module, args, kwargs)` and returns both or None. With `prepend`
        it runs before the other hooks. Returns a handle with `remove()`. Source: torch.nn.Module.
        """
        self._hooked = True
        return add(self._forward_pre_hooks, hook, prepend, [(self._forward_pre_hooks_with_kwargs, with_kwargs)])

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Register `hook(module, args, output)` to run after every forward; a result that is not None is the output.

        With `with_kwargs` the hook is called as `hook(module, args, kwargs, output)`. With `prepend` it runs before the
        other hooks, with `always_call` also after a forward that failed. Returns a handle with `remove()`. Source:
        torch.nn.Module.
        """
        self._hooked = True
        kinds = [(self._forward_hooks_with_kwargs, with_kwargs), (self._forward_hooks_always_called, always_call)]
        return add(self._forward_hooks, hook, prepend, kinds)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Register `hook(module, grad_input, grad_output)` to run when the gradients of the inputs are computed.

        Both are tuples with None for what is no tensor. A tuple that it returns takes the place of `grad_input`.
        RuntimeError if the module has a hook of `register_backward_hook`. Returns a handle with `remove()`. Source:
        torch.nn.Module.
        """
        return self._add_backward_hook(hook, True, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Register `hook(module, grad_output)` to run when the gradients of the outputs are computed.

        A tuple that it returns takes the place of `grad_output`. Returns a handle with `remove()`. Source:
        torch.nn.Module.
        """
        self._hooked = True
        return add(self._backward_pre_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register a hook on the last operator of forward; its `grad_input` are the gradients of that one's inputs.

        Torch's first kind of backward hook; `register_full_backward_hook` is the one to use. RuntimeError if the module
        has a hook of that kind. Source: torch.nn.Module.
        """
        return self._add_backward_hook(hook, False, False)

    def _add_backward_hook(self, hook: Callable[..., Any], full: bool, prepend: bool) -> RemovableHandle:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(TWO_KINDS_OF_HOOKS.format(of="on a single Module"))
        self._hooked, self._is_full_backward_hook = True, full
        return add(self._backward_hooks, hook, prepend)


# -- for every module ------------------------------------------------------------------------------


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register `hook(module, args)` to run before the forward of every module."""
    Hooked._hooked = True
    return add(of_all_modules.forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Register `hook(module, args, output)` to run after the forward of every module."""
    Hooked._hooked = True
    kinds = [(of_all_modules.forward_with_kwargs, with_kwargs), (of_all_modules.forward_always_called, always_call)]
    return add(of_all_modules.forward, hook, kinds=kinds)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register `hook(module, grad_output)` to run before the backward of every module."""
    Hooked._hooked = True
    return add(of_all_modules.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register `hook(module, grad_input, grad_output)` to run after the backward of every module."""
    return _add_global_backward_hook(hook, True)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register a hook on the last operator of every module's forward, which torch has replaced by the one above."""
    return _add_global_backward_hook(hook, False)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register `hook(module, name, buffer)` to run whenever a buffer is registered; what it returns takes its place."""
    return add(of_all_modules.buffer, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register `hook(module, name, child)` to run whenever a child module is; what it returns takes its place."""
    return add(of_all_modules.module, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Register `hook(module, name, parameter)` to run whenever a parameter is; what it returns takes its place."""
    return add(of_all_modules.parameter, hook)


def registered(hooks: Hooks, module: Hooked, name: str, part: Any) -> Any:
    """What is registered where a part of a module is to be, after the hooks that see it."""
    for hook in hooks.values():
        changed = hook(module, name, part)
        if changed is not None:
            part = changed
    return part


def _add_global_backward_hook(hook: Callable[..., Any], full: bool) -> RemovableHandle:
    if of_all_modules.full is (not full):
        raise RuntimeError(TWO_KINDS_OF_HOOKS.format(of="as a global Module hook"))
    Hooked._hooked, of_all_modules.full = True, full
    return add(of_all_modules.backward, hook)


# -- calling ---------------------------------------------------------------------------------------


def call_with_hooks(module: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the module's forward between its hooks, which may replace the arguments, the output and the gradients."""
    called: set[int] = set()
    try:
        return _call(module, args, kwargs, called)
    except Exception:
        _call_always(module, args, kwargs, called)
        raise


def _call(module: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> Any:
    pre_backward = [*of_all_modules.backward_pre.values(), *module._backward_pre_hooks.values()]
    backward = [*of_all_modules.backward.values(), *module._backward_hooks.values()]
    full = of_all_modules.full if of_all_modules.backward else module._is_full_backward_hook
    for key, hook in [*of_all_modules.forward_pre.items(), *module._forward_pre_hooks.items()]:
        args, kwargs = _before(module, hook, args, kwargs, key in module._forward_pre_hooks_with_kwargs)
    watch = None
    if pre_backward or backward:  # seldom: the file and autograd.function are imported when they are needed
        from .backward_hooks import BackwardHooks, hook_last_node
    if pre_backward or (backward and full):
        watch = BackwardHooks(module, backward if full else [], pre_backward)
        args = watch.of_inputs(args)
    result = module.forward(*args, **kwargs)
    for key, hook in [*of_all_modules.forward.items(), *module._forward_hooks.items()]:
        called.add(key)
        with_kwargs = key in module._forward_hooks_with_kwargs or key in of_all_modules.forward_with_kwargs
        changed = hook(module, args, *((kwargs,) if with_kwargs else ()), result)
        if changed is not None:
            result = changed
    if watch is not None:
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(MODULE_OUTPUT.format(found=type(result)), stacklevel=4)
        result = watch.of_outputs(result)
    if backward and not full:
        hook_last_node(module, backward, args, result)
    return result


def _before(
    module: Hooked, hook: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], with_kwargs: bool
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as a hook before the forward leaves them."""
    if not with_kwargs:
        changed = hook(module, args)
        if changed is None:
            return args, kwargs
        return changed if isinstance(changed, tuple) else (changed,), kwargs
    changed = hook(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not (isinstance(changed, tuple) and len(changed) == 2):
        raise RuntimeError(PRE_HOOK_RESULT.format(result=changed))
    return changed


def _call_always(module: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> None:
    """After a forward that failed, call the hooks that are always called and have not been; they get None as output."""
    every = of_all_modules
    for kind, hooks, always, with_kwargs in (
        ("global module", every.forward, every.forward_always_called, every.forward_with_kwargs),
        ("module", module._forward_hooks, module._forward_hooks_always_called, module._forward_hooks_with_kwargs),
    ):
        for key, hook in list(hooks.items()):
            if key in always and key not in called:
                try:
                    hook(module, args, *((kwargs,) if key in with_kwargs else ()), None)
                except Exception as error:
                    warnings.warn(HOOK_SILENCED.format(kind=kind, error=error), stacklevel=4)
