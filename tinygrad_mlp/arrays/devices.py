"""Torch's devices, layouts and memory formats. Here all tensors lie on the CPU, in strided memory, or on "meta".

The other devices can be named, as scripts do that choose one, but tensors cannot be made on them.
"""

from __future__ import annotations

from typing import Any

from .refusals import (
    DEVICE_CALL,
    DEVICE_EMPTY,
    DEVICE_TEXT,
    DEVICE_TYPE,
    DEVICE_UNKNOWN,
    INDEX_NEGATIVE,
    INDEX_TWICE,
    NO_ACCELERATOR,
    NO_SUCH_DEVICE,
    NOT_COMPILED,
)

_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)


class device:
    """The name of a device, also of one that this machine or this package does not have (torch.device).

    `type` is text such as "cpu", "cuda:1" or "cuda", the last with an `index`, or another device. RuntimeError for a
    text that names none of torch's, TypeError for anything else.
    """

    __module__ = "tinygrad_mlp"  # where programs find it, as in torch
    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
        elif isinstance(type, str):
            self.type, self.index = _parsed(type)
            if index is not None:
                if self.index is not None:
                    raise RuntimeError(INDEX_TWICE.format(type=type))
                if index < 0:
                    raise RuntimeError(INDEX_NEGATIVE)
                self.index = index
        elif isinstance(type, int):
            raise RuntimeError(NO_ACCELERATOR)
        else:
            raise TypeError(DEVICE_CALL.format(found=type.__class__.__name__))

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (str(self),)

    def __enter__(self) -> device:
        """Make new tensors on this device inside a `with` block, where no other is asked for."""
        entered.append(self)
        return self

    def __exit__(self, *raised: object) -> None:
        entered.pop()


entered: list[device] = []  # the devices of the `with` blocks that have been entered


def _parsed(text: str) -> tuple[str, int | None]:
    if not text:
        raise RuntimeError(DEVICE_EMPTY)
    name, colon, index = text.partition(":")
    if not name or (colon and not (index.isdecimal() and str(int(index)) == index)):
        raise RuntimeError(DEVICE_TEXT.format(text=text))
    if name not in _TYPES.split(", "):
        raise RuntimeError(DEVICE_UNKNOWN.format(types=_TYPES, text=text))
    return name, int(index) if colon else None


CPU, META = device("cpu"), device("meta")


def on_cpu(place: Any, function: str = "to") -> None:
    """Refuse any device but the CPU as torch refuses one that it was not built for; None stands for the CPU.

    AssertionError for CUDA and XPU, RuntimeError for a number, NotImplementedError for the rest, "meta" among them,
    which functions that know it let through before; TypeError, in the name of the `function`, for what names no device.
    """
    if place is None or place is CPU or place == "cpu":
        return
    if not isinstance(place, (str, device, int)) or isinstance(place, bool):
        where = "'device' (position 1)" if function == "Generator" else "'device'"
        raise TypeError(DEVICE_TYPE.format(function=function, argument=where, found=type(place).__name__))
    kind = device(place).type
    if kind in ("cuda", "xpu"):
        raise AssertionError(NOT_COMPILED.format(device=kind.upper()))
    if kind != "cpu":
        raise NotImplementedError(NO_SUCH_DEVICE.format(device=kind))


class layout:
    """How a tensor's elements lie in memory (torch.layout): `strided`, or for those of `sparse` two others."""

    __module__ = "tinygrad_mlp"
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class memory_format:
    """The order in which the dimensions of a new tensor lie in memory (torch.memory_format).

    `preserve_format` is the order of the tensor that it is made from, `contiguous_format` is C order.
    """

    __module__ = "tinygrad_mlp"
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


strided, sparse_coo, sparse_csr = layout("strided"), layout("sparse_coo"), layout("sparse_csr")
contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
