"""Forward hooks: functions that a user registers on a module and that run before or after its forward.

Most modules have none, so that what hooks need is kept out of `Module.__call__`, which is called for every layer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from ...autograd.hooks import RemovableHandle
from ..refusals import PRE_HOOK_RESULT


class HookedModule(Protocol):
    """The attributes of a Module that this file reads; Module itself imports this file, and so cannot be imported."""

    _forward_hooks: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    forward: Callable[..., Any]


def register(
    hooks: OrderedDict[int, Any], hook: Callable[..., Any], with_kwargs: bool, prepend: bool
) -> RemovableHandle:
    """Add a hook after the registered ones, or before them with `prepend`, and return the handle that removes it."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook, with_kwargs
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def call_with_hooks(module: HookedModule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the module's forward between its hooks, which may replace the arguments and the output."""
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
