"""Names of torch.cuda that are classes: a block on a device, and the error of one whose memory is full."""

from __future__ import annotations

from typing import Any

from ..arrays import device as Device
from .refusals import CUDA_DEVICE, NO_CUDA_SUPPORT

__all__ = ["OutOfMemoryError", "device"]


class OutOfMemoryError(RuntimeError):
    """What torch raises where the memory of a device is full; nothing here does (torch.OutOfMemoryError)."""

    __module__ = "tinygrad_mlp"


class device:
    """A `with` block on a CUDA device (torch.cuda.device): ValueError for another, RuntimeError where it is entered.

    A negative number stands for no device, and such a block does nothing.
    """

    __module__ = "tinygrad_mlp.cuda"

    def __init__(self, device: Any) -> None:
        place = None if isinstance(device, int) or device is None else Device(device)
        if place is not None and place.type != "cuda":
            raise ValueError(CUDA_DEVICE.format(device=device))
        self.idx: int | None = device if place is None else place.index

    def __enter__(self) -> None:
        if self.idx is None or self.idx >= 0:
            raise RuntimeError(NO_CUDA_SUPPORT)

    def __exit__(self, *raised: object) -> None:
        pass
