"""What torch's tensors say of devices, layouts and memory that here all tensors have alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import MetaArray, strided
from ..arrays.refusals import NO_ACCELERATOR
from ..autograd.inplace.views import geometry
from ..batching import refuse_memory
from ..messages import warn
from .refusals import VOLATILE


def _never(name: str, what: str) -> property:
    def attribute(self: Any) -> bool:
        return False

    attribute.__name__ = name
    return property(attribute, doc=f"Whether the tensor {what}: never (torch.Tensor.{name}).")


class Attributes:
    """The attributes and methods of Tensor that have one answer for all tensors, or ask for the memory alone."""

    __slots__ = ()

    if TYPE_CHECKING:
        array: Any

    is_cuda = _never("is_cuda", "lies on a CUDA device")
    is_mps = _never("is_mps", "lies on an Apple GPU")
    is_xpu = _never("is_xpu", "lies on an Intel GPU")
    is_ipu = _never("is_ipu", "lies on a Graphcore IPU")
    is_xla = _never("is_xla", "lies on a device of XLA")
    is_hpu = _never("is_hpu", "lies on a Habana device")
    is_maia = _never("is_maia", "lies on a Maia device")
    is_mtia = _never("is_mtia", "lies on an MTIA device")
    is_vulkan = _never("is_vulkan", "lies on a device of Vulkan")
    is_mkldnn = _never("is_mkldnn", "has the layout of MKL-DNN")
    is_nested = _never("is_nested", "is a list of tensors")
    is_quantized = _never("is_quantized", "is quantised")
    is_sparse = _never("is_sparse", "is sparse")
    is_sparse_csr = _never("is_sparse_csr", "is sparse by rows")

    @property
    def is_cpu(self) -> bool:
        """Whether the elements lie in the memory of the CPU, as all do but those of meta tensors (as in torch)."""
        return type(self.array) is not MetaArray

    @property
    def layout(self) -> Any:
        """How the elements lie in memory: always torch.strided (torch.Tensor.layout)."""
        return strided

    @property
    def name(self) -> None:
        """None (torch.Tensor.name, of an old interface)."""
        return None

    @property
    def volatile(self) -> bool:
        """False, with a UserWarning that it was removed (torch.Tensor.volatile, of an old interface)."""
        warn(VOLATILE)
        return False

    @property
    def nbytes(self) -> int:
        """The size of all elements, in bytes (torch.Tensor.nbytes)."""
        return int(self.array.nbytes)

    @property
    def itemsize(self) -> int:
        """The size of an element, in bytes."""
        return int(self.array.itemsize)

    def element_size(self) -> int:
        """The size of an element, in bytes."""
        return int(self.array.itemsize)

    def data_ptr(self) -> int:
        """The address of the first element in memory; 0 for a tensor without elements, as in torch."""
        refuse_memory(self.array)
        return int(self.array.ctypes.data) if self.array.size else 0

    const_data_ptr = data_ptr

    @property
    def _cdata(self) -> int:
        """A number of this very tensor, by which libraries tell tensors apart; in torch its address in C++."""
        return id(self)

    def storage_offset(self) -> int:
        """How many elements of the memory lie before the first one (torch.Tensor.storage_offset)."""
        return int(geometry(self.array)[2])

    def is_set_to(self, tensor: Any) -> bool:
        """Whether another tensor is the same view of the same memory (torch.Tensor.is_set_to)."""
        own, other = self.array, tensor.array
        same = own.shape == other.shape and own.strides == other.strides and own.dtype == other.dtype
        return bool(same and own.ctypes.data == other.ctypes.data)

    def is_shared(self) -> bool:
        """Whether the memory is shared with other processes: never (torch.Tensor.is_shared)."""
        return False

    def is_pinned(self, device: Any = None) -> bool:
        """Whether the memory is pinned: never (torch.Tensor.is_pinned)."""
        return False

    def pin_memory(self, device: Any = None) -> Any:
        """Refuse, as torch does without an accelerator: RuntimeError (torch.Tensor.pin_memory)."""
        raise RuntimeError(NO_ACCELERATOR)

    def dense_dim(self) -> int:
        """The number of dimensions, none of which is sparse (torch.Tensor.dense_dim)."""
        return int(self.array.ndim)

    def sparse_dim(self) -> int:
        """The number of sparse dimensions: 0 (torch.Tensor.sparse_dim)."""
        return 0

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """The tensor itself, or a cast of it; it is dense already (torch.Tensor.to_dense)."""
        tensor: Any = self
        return tensor if dtype is None else tensor.to(dtype)

    def dim_order(self) -> tuple[int, ...]:
        """The dimensions from the one with the largest stride to that with the smallest (torch.Tensor.dim_order)."""
        strides = np.array(self.array.strides)
        return tuple(np.argsort(-strides, kind="stable").tolist())
