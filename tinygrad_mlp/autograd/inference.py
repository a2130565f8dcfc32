"""Inference mode: nothing is recorded, and tensors that are made in it can never be part of a recorded computation.

While a thread is in it, new tensors are marked (making.py). When it ends, the marked tensors that are still alive get a
version counter that refuses to be read. So code outside inference mode need not look for the mark.
"""

from __future__ import annotations

from typing import Any

from ..tape import state
from . import making
from .modes import modes
from .refusals import INFERENCE_SAVED, INFERENCE_WRITTEN


class NoVersions(list[int]):
    """The version counter of an inference tensor: whoever saves reads [0], whoever writes reads [-1]."""

    def __getitem__(self, index: Any) -> Any:
        if modes.inference:
            return 0
        raise RuntimeError(INFERENCE_WRITTEN if index == -1 else INFERENCE_SAVED)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass


def is_inference(tensor: Any) -> bool:
    """Whether a tensor was made in inference mode and is no view of one made outside (torch.is_inference)."""
    if type(tensor.versions) is NoVersions:
        return True
    view = tensor.viewed
    return bool(tensor._inference) and (view is None or is_inference(view.base))


def _seal() -> None:
    """Give the inference tensors that are left the counter that refuses."""
    tensors, making.made.tensors = making.made.tensors, set()
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
        self.previous = (state.recording, modes.inference)
        if mode:
            making.begin()
        elif modes.inference:
            _seal()
        state.recording, modes.inference = not mode, mode

    def leave(self) -> None:
        """End."""
        mode = modes.inference
        state.recording, modes.inference = self.previous
        if mode:
            if not modes.inference:
                _seal()
            making.end()
