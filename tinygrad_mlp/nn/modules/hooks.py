"""Forward hooks of a module: how they are registered, and a call that runs them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from ...autograd.hooks import RemovableHandle
from ..refusals import PRE_HOOK_RESULT


class HookedModule(Protocol):
    """What this file needs of a Module, which imports it: its hooks, and its forward between them."""

    _forward_hooks: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    forward: Callable[..., Any]


def register(
    hooks: OrderedDict[int, Any], hook: Callable[..., Any], with_kwargs: bool, prepend: bool
) -> RemovableHandle:
    """Put a hook behind those that are there, or before them with `prepend`."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook, with_kwargs
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def call_with_hooks(module: HookedModule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The forward of a module between its hooks, which may replace the arguments and the output."""
    for hook, with_kwargs in list(module._forward_pre_hooks.values()):
        if with_kwargs:
            changed = hook(module, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(PRE_HOOK_RESULT.format(result=changed))
                args, kwargs = changed
        else:
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    result = module.forward(*args, **kwargs)
    for hook, with_kwargs in list(module._forward_hooks.values()):
        changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
        if changed is not None:
            result = changed
    return result
