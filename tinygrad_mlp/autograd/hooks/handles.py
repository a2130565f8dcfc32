"""The handle that registering a hook returns."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

Hook = Callable[..., Any]
Hooks = OrderedDict[int, Hook]  # and not a dict: a handle refers to it weakly


class RemovableHandle:
    """What registering a hook returns: `remove()` takes it away, as the end of a `with` block does.

    It refers weakly to the hooks, so it keeps no tensor alive. Source: torch.utils.hooks.RemovableHandle.
    """

    next_id = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extra = [] if extra_dict is None else extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self._dicts = [weakref.ref(hooks) for hooks in (hooks_dict, *extra)]

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        for reference in self._dicts:
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> Any:
        return self.id, [reference() for reference in self._dicts]

    def __setstate__(self, kept: Any) -> None:
        self.id, dicts = kept
        self._dicts = [weakref.ref(OrderedDict() if hooks is None else hooks) for hooks in dicts]
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def add(hooks: Hooks, hook: Hook) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle
