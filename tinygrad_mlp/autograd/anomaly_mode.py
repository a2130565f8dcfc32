"""Anomaly mode: where in the forward the node was written that fails, or makes a nan, in backward.

While it is on, every new node keeps the traceback of its line, and backward has a `_Watch` look at its nodes; off,
nothing of it is in the way. It is one for all threads, as in torch.
"""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..warned import caller
from . import engine
from .node import Node, OutputNode, is_tensor
from .saved import observe_nodes


class _Running(threading.local):
    node: Node | None = None


_running = _Running()


class _Watch:
    """Stands by while the nodes run, and tells where one that fails comes from."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    @contextmanager
    def at(self, node: Node) -> Generator[None, None, None]:
        """The block in which a node runs, its hooks included."""
        outer, _running.node = _running.node, node
        try:
            yield
        except Exception:
            _tell(node)
            raise
        finally:
            _running.node = outer

    def look_at(self, node: Node, parts: Sequence[Any]) -> None:
        """RuntimeError in torch's words for a nan in what a node hands on."""
        for i, part in enumerate(parts if self.check_nan else ()):
            array = part.array if is_tensor(part) else part
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and np.isnan(array).any():
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")


def _keep_traceback(node: Node) -> None:
    """Keep the line of the program that a new node comes from, and the node whose gradient it computes, if it does."""
    if engine.watch is None or isinstance(node, OutputNode):
        return
    frame = caller()
    node.metadata["traceback_"] = traceback.format_stack(frame) if frame is not None else []
    if _running.node is not None:
        node.metadata["parent_"] = _running.node


def _tell(node: Node) -> None:
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


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Turn anomaly mode on or off (torch.autograd.anomaly_mode). TypeError for what is no bool."""
    if not isinstance(mode, bool):
        raise TypeError(
            f"set_anomaly_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}"
        )
    if mode:
        observe_nodes(_keep_traceback)
    engine.watch = _Watch(bool(check_nan)) if mode else None


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return engine.watch is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode looks for nans; True where it is off, as in torch."""
    return True if engine.watch is None else bool(engine.watch.check_nan)


class set_detect_anomaly:
    """Turns anomaly mode on or off at once; as a context manager, until the block ends.

    With `check_nan` a gradient with a nan is refused: RuntimeError that names the node, after a UserWarning with the
    traceback of the forward line that wrote it. Source: torch.autograd.set_detect_anomaly.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = engine.watch
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        engine.watch = self.previous


class detect_anomaly:
    """Anomaly mode in a block, see `set_detect_anomaly`; UserWarning that it costs time (torch.autograd's)."""

    def __init__(self, check_nan: bool = True) -> None:
        self.previous = engine.watch
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *exception: object) -> None:
        engine.watch = self.previous
