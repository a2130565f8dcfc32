"""Tensors that share memory with other libraries, through the protocol DLPack (torch.utils.dlpack)."""

from __future__ import annotations

import enum
from typing import Any

from ..tensor import Tensor
from ..tensor.creation.buffers import from_dlpack

__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]


class DLDeviceType(enum.IntEnum):
    """The kinds of devices that DLPack knows, of which this package has the first."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


def to_dlpack(tensor: Tensor) -> Any:
    """The memory of a tensor as a capsule, which another library, or from_dlpack, takes once (as in torch)."""
    return tensor.detach().__dlpack__()
