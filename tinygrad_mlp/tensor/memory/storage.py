"""The memory of a tensor as torch shows it: a row of bytes, or of elements of one dtype.

It is the memory of the outermost NumPy array: a tensor that was made of a slice of an array has all of that array here,
where torch knows of the slice alone. Both classes look into that memory: what is written into them, the tensor has.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...arrays import CPU, device, dtype, dtypes
from ...autograd.inplace.views import memory_of
from .refusals import (
    FILE_TOO_SMALL,
    NO_FLAT_MEMORY,
    NOT_OPENED,
    STORAGE_INDEX,
    STORAGE_INDEX_TYPE,
    STORAGE_RESIZED,
    STORAGE_SLICE,
)


class _Storage:
    """What both classes have: `array` is the memory as a vector."""

    __slots__ = ("array",)
    __module__ = "tinygrad_mlp"

    is_cuda = is_sparse = False

    def __init__(self, array: Any) -> None:
        self.array = array

    def __len__(self) -> int:
        return int(self.array.size)

    size = __len__

    def nbytes(self) -> int:
        """The size of the memory in bytes."""
        return int(self.array.nbytes)

    def __sizeof__(self) -> int:
        """The size of the object and of its memory in bytes: what `sys.getsizeof` counts of torch's storages."""
        return object.__sizeof__(self) + self.nbytes()

    def element_size(self) -> int:
        """The size of an element in bytes."""
        return int(self.array.itemsize)

    def data_ptr(self) -> int:
        """The address of the memory; 0 where it has no bytes, as in torch."""
        return int(self.array.ctypes.data) if self.array.size else 0

    @property
    def device(self) -> device:
        """Where the memory is: the CPU."""
        return CPU

    def is_shared(self) -> bool:
        """Whether other processes share the memory: never."""
        return False

    def is_pinned(self) -> bool:
        """Whether the memory is pinned: never."""
        return False

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        found: list[Any] = self.array.tolist()
        return found

    def cpu(self) -> Any:
        """The storage itself, which is on the CPU."""
        return self

    def clone(self) -> Any:
        """A copy, with memory of its own."""
        return type(self)(self.array.copy())

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Any:
        """Write the elements of another storage into this one."""
        self.array[...] = source.array
        return self

    def fill_(self, value: Any) -> Any:
        """Write one number into all elements."""
        self.array.fill(value)
        return self

    def resize_(self, size: int) -> Any:
        """Refuse any size but its own: NotImplementedError, as NumPy's memory does not move with its views."""
        if size != len(self):
            raise NotImplementedError(STORAGE_RESIZED.format(size=len(self), wanted=size))
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array[index if isinstance(index, slice) else self._place(index)] = value

    def _place(self, index: Any) -> int:
        if not isinstance(index, int):
            raise TypeError(STORAGE_INDEX_TYPE.format(storage=type(self).__name__, found=type(index).__name__))
        if not -len(self) <= index < len(self):
            raise IndexError(STORAGE_INDEX.format(index=index, size=len(self)))
        return index

    def __iter__(self) -> Any:
        return iter(self.array.tolist())

    def __repr__(self) -> str:
        elements = "".join(f" {element}\n" for element in self.array.tolist())
        return f"{elements}[torch.storage.{self._said()} of size {len(self)}]"

    def _said(self) -> str:
        return f"UntypedStorage(device={CPU})"


class UntypedStorage(_Storage):
    """The memory of a tensor as bytes (torch.UntypedStorage)."""

    __slots__ = ()
    __module__ = "tinygrad_mlp"

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The first bytes of a file as memory, which is read when it is first looked at (torch.UntypedStorage).

        What is written into it goes to the file if it is `shared`, and otherwise to this process alone. RuntimeError
        for a file that cannot be opened or that has fewer bytes.
        """
        path = os.fspath(filename)
        try:
            size = os.stat(path).st_size
            if size < nbytes:
                raise RuntimeError(FILE_TOO_SMALL.format(path=path, size=size, wanted=nbytes))
            mapped = (
                np.memmap(path, np.uint8, "r+" if shared else "c", shape=(nbytes,)) if nbytes else np.empty(0, "u1")
            )
        except OSError as error:
            how = "read-write" if shared else "read-only"
            text = NOT_OPENED.format(path=path, mode=how, reason=error.strerror, number=error.errno)
            raise RuntimeError(text) from None
        return cls(mapped.view(np.ndarray))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return UntypedStorage(self.array[index])
        return self.array[self._place(index)].item()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and (self.data_ptr(), self.nbytes()) == (
            other.data_ptr(),
            other.nbytes(),
        )

    def __hash__(self) -> int:
        return hash((self.data_ptr(), self.nbytes()))

    def untyped(self) -> UntypedStorage:
        """The storage itself."""
        return self


class TypedStorage(_Storage):
    """The memory of a tensor as elements of its dtype (torch.TypedStorage)."""

    __slots__ = ()
    __module__ = "tinygrad_mlp"

    @property
    def dtype(self) -> dtype:
        """The dtype of the elements."""
        return dtypes.of(self.array.dtype)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError(STORAGE_SLICE)
        return self.array[self._place(index)].item()

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self.array.view(np.uint8))

    def type(self) -> str:
        """Torch's name for such a storage, "torch.FloatStorage" for one of float32."""
        return f"torch.{self.pickle_storage_type()}"

    def pickle_storage_type(self) -> str:
        """The same name without its module."""
        return self.dtype.tensor_type.replace("Tensor", "Storage")

    def _said(self) -> str:
        return f"TypedStorage(dtype={self.dtype}, device={CPU})"


def flat_memory(array: Any) -> Any:
    """The whole memory that an array lies in, as a vector of its dtype; NotImplementedError for one with gaps."""
    memory = memory_of(array)
    if not memory.flags.forc:
        raise NotImplementedError(NO_FLAT_MEMORY)
    return memory.ravel(order="K").view(array.dtype)
