"""Inference mode: nothing is recorded, and tensors that are made in it can never be part of a recorded computation.

While a thread is in it, the modules that make tensors make them with `_make`, which marks them. When it ends, the
marked tensors that are still alive get a version counter that refuses to be read. So code outside inference mode need
not look for the mark.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

from ..tape import state
from .modes import modes
from .refusals import INFERENCE_SAVED, INFERENCE_WRITTEN

_makers: list[dict[str, Any]] = []
_lock = threading.Lock()
_inside = 0


class _Made(threading.local):
    def __init__(self) -> None:
        self.tensors: set[weakref.ref[Any]] = set()


_made = _Made()


class NoVersions(list[int]):
    """The version counter of an inference tensor: whoever saves reads [0], whoever writes reads [-1]."""

    def __getitem__(self, index: Any) -> Any:
        if modes.inference:
            return 0
        raise RuntimeError(INFERENCE_WRITTEN if index == -1 else INFERENCE_SAVED)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass


def make_with(namespace: dict[str, Any]) -> None:
    """Tell of a module that makes tensors with its global `new`."""
    _makers.append(namespace)


def _make(cls: Any) -> Any:
    tensor = object.__new__(cls)
    if modes.inference:
        tensor._inference = True
        _made.tensors.add(weakref.ref(tensor, _made.tensors.discard))
    return tensor


def is_inference(tensor: Any) -> bool:
    """Whether a tensor was made in inference mode and is no view of one made outside (torch.is_inference)."""
    if type(tensor.versions) is NoVersions:
        return True
    view = tensor.viewed
    return bool(tensor._inference) and (view is None or is_inference(view.base))


def _seal() -> None:
    """Give the inference tensors that are left the counter that refuses."""
    tensors, _made.tensors = _made.tensors, set()
    alive = [tensor for reference in tensors if (tensor := reference()) is not None]
    for tensor in [tensor for tensor in alive if is_inference(tensor)]:
        tensor.versions = NoVersions()
        tensor.viewed = None
        vars(tensor).pop("_leaf_node", None)


class InferenceMode:
    """Inference mode, or normal mode, from `enter` to `leave`."""

    __slots__ = ("previous",)

    def enter(self, mode: bool) -> None:
        """Begin; a normal mode within inference mode records again."""
        global _inside
        self.previous = (state.recording, modes.inference)
        if mode:
            with _lock:
                _inside += 1
                if _inside == 1:
                    for namespace in _makers:
                        namespace["new"] = _make
        elif modes.inference:
            _seal()
        state.recording, modes.inference = not mode, mode

    def leave(self) -> None:
        """End."""
        global _inside
        mode = modes.inference
        state.recording, modes.inference = self.previous
        if mode:
            if not modes.inference:
                _seal()
            with _lock:
                _inside -= 1
                if not _inside:
                    for namespace in _makers:
                        namespace["new"] = object.__new__
