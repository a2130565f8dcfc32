"""Anomaly mode: if backward fails or a gradient has a nan, it shows the line of the forward that is the cause.

While the mode is on, every new node keeps the traceback of its line, and backward watches each node. While it is off,
it costs nothing. As in torch, it is one mode for all threads.
"""

from __future__ import annotations

import warnings

from .graph.node import observe_nodes
from .hooks.anomaly import Watch, keep_traceback
from .hooks.anomaly import mode as anomaly
from .refusals import ANOMALY_MODE, MODE_TYPE


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Turn anomaly mode on or off (torch.autograd.anomaly_mode). TypeError for what is no bool."""
    if not isinstance(mode, bool):
        raise TypeError(MODE_TYPE.format(function="set_anomaly_enabled", found=type(mode).__name__))
    if mode:
        observe_nodes(keep_traceback)
    anomaly.watch = Watch(bool(check_nan)) if mode else None


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return anomaly.watch is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode looks for nans; True where it is off, as in torch."""
    return True if anomaly.watch is None else bool(anomaly.watch.check_nan)


class set_detect_anomaly:
    """Turns anomaly mode on or off at once; as a context manager, until the block ends.

    With `check_nan` a gradient with a nan is refused: RuntimeError that names the node, after a UserWarning with the
    traceback of the forward line that wrote it. Source: torch.autograd.set_detect_anomaly.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = anomaly.watch
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        anomaly.watch = self.previous


class detect_anomaly:
    """Anomaly mode in a block, see `set_detect_anomaly`; UserWarning that it costs time (torch.autograd's)."""

    def __init__(self, check_nan: bool = True) -> None:
        self.previous = anomaly.watch
        self.check_nan = check_nan
        warnings.warn(ANOMALY_MODE, stacklevel=2)

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *exception: object) -> None:
        anomaly.watch = self.previous
