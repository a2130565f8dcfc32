"""How anomaly mode works: if a node fails, or makes a nan, the line of the forward that made it is shown."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...arrays.dtypes import FLOATING
from ...messages import caller
from ...tape import Node
from ..outputs import OutputNode
from ..tensors import is_tensor
from .refusals import NAN


class _Local(threading.local):
    node: Node | None = None


local = _Local()


class Watch:
    """Checks nodes while they run, and shows where a node that fails comes from."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    @contextmanager
    def at(self, node: Node) -> Generator[None, None, None]:
        """The context in which a node and its hooks run."""
        outer, local.node = local.node, node
        try:
            yield
        except Exception:
            _tell(node)
            raise
        finally:
            local.node = outer

    def look_at(self, node: Any, parts: Sequence[Any]) -> None:
        """RuntimeError in torch's words for a nan in what a node hands on."""
        for i, part in enumerate(parts if self.check_nan else ()):
            array = part.array if is_tensor(part) else part
            if isinstance(array, np.ndarray) and array.dtype.kind in FLOATING and np.isnan(array).any():
                raise RuntimeError(NAN.format(name=node.name(), index=i))


class _Mode:
    watch: Watch | None = None  # while anomaly mode is on; one for all threads, as in torch


mode = _Mode()


def keep_traceback(node: Any) -> None:
    """Note the line of the program that makes a new node and, during backward, the node whose gradient it computes."""
    if mode.watch is None or isinstance(node, OutputNode):
        return
    frame = caller()
    import traceback  # which takes a millisecond, and only anomaly mode needs it

    node.metadata["traceback_"] = traceback.format_stack(frame) if frame is not None else []
    if local.node is not None:
        node.metadata["parent_"] = local.node


def _tell(node: Any) -> None:
    text = f"Error detected in {node.name()}. "
    if "traceback_" not in node.metadata:
        text += "No forward pass information available. Enable detect anomaly during forward pass for more information."
        warnings.warn(text, stacklevel=2)
        return
    text += "Traceback of forward call that caused the error:\n" + "".join(node.metadata["traceback_"])
    warnings.warn(text, stacklevel=2)
    parent = node.metadata.get("parent_")
    while parent is not None:
        text = f"\n\nPrevious calculation was induced by {parent.name()}. "
        if "traceback_" in parent.metadata:
            text += "Traceback of forward call that induced the previous calculation:\n"
            text += "".join(parent.metadata["traceback_"])
        else:
            text += "No forward pass information available."
        warnings.warn(text, stacklevel=2)
        parent = parent.metadata.get("parent_")
