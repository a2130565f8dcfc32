"""The storages of a file: what a pickle says of them, and how they are read.

A tensor in a pickle is a view of a storage, which the pickle names by a key ("persistent id") and whose bytes are a
record of the archive. Tensors that share a storage name the same key, and share its memory again after loading.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

from ..arrays import MetaArray, dtype, dtypes
from ..tensor.memory.storage import TypedStorage, UntypedStorage
from .reading import ArchiveReader
from .refusals import BYTE_ORDER, METHOD, PERSISTENT_ID, STORAGE_DTYPES, STORAGE_SIZE, TORCHSCRIPT

# Restores a storage at its location: it is given the storage and where the file says that it was.
Restore = Callable[[UntypedStorage, str], Any]


class StorageType:
    """What a pickle names for the storages of a dtype: torch.FloatStorage and the like."""

    def __init__(self, of: dtype) -> None:
        self.dtype = of
        self.name = of.tensor_type.replace("Tensor", "Storage")


TYPES = {each: StorageType(each) for each in dtypes.WITH_EXTRAS}


class StoragesOfFile:
    """Makes a storage of each persistent id.

    `restore` decides where it lies; nothing is read where all are on "meta". `mapped` is the file in memory.
    """

    def __init__(
        self, archive: ArchiveReader, name: str, restore: Restore, meta: bool = False, mapped: Any = None
    ) -> None:
        if "constants.pkl" in archive:
            raise RuntimeError(TORCHSCRIPT.format(path=name))
        order = archive.read("byteorder").decode("latin-1") if "byteorder" in archive else "little"
        if order not in ("little", "big"):
            raise archive.broken(BYTE_ORDER.format(found=order[:20]))
        self._swapped = order != sys.byteorder
        self._archive, self._restore, self._meta, self._mapped = archive, restore, meta, mapped
        self._loaded: dict[str, TypedStorage | UntypedStorage] = {}

    def load(self, pid: Any) -> TypedStorage | UntypedStorage:
        """The storage that a persistent id names; UnpicklingError for what is none.

        The id is ("storage", type, key, location, number of elements).
        """
        if not (type(pid) is tuple and len(pid) == 5 and _is_storage_id(*pid)):
            raise UnpicklingError(PERSISTENT_ID.format(found=_shown(pid)))
        _, kind, key, location, count = pid
        of = dtypes.uint8 if kind is UntypedStorage else kind.dtype
        known = self._loaded.get(key)
        if known is not None:
            if known.array.dtype != of.numpy or known.array.size != count:
                raise UnpicklingError(STORAGE_DTYPES.format(key=key[:80]))
            return known
        array = self._array(key, of, count)
        if not self._meta:
            array = _typed(self._restore(UntypedStorage(array.view(np.uint8)), location).array, array)
        self._loaded[key] = storage = (UntypedStorage if kind is UntypedStorage else TypedStorage)(array)
        return storage

    def _array(self, key: str, of: dtype, count: int) -> Any:
        """The elements of a storage, as a vector with memory of its own, or of the file."""
        name, wanted = f"data/{key}", count * of.itemsize
        found = self._archive.size(name)
        if found != wanted:
            reason = STORAGE_SIZE.format(key=key[:80], found=found, count=count, dtype=of, wanted=wanted)
            raise UnpicklingError(reason)
        if self._meta:
            return MetaArray((count,), of.numpy)
        if self._mapped is not None and count:
            array = self._of_mapped(name, of.numpy, count)
        else:
            array = np.empty(count, of.numpy)
            if count:
                self._archive.read_into(name, array.view(np.uint8).data)
        if self._swapped and of.itemsize > 1:
            array.view(f"u{of.itemsize}").byteswap(inplace=True)
        return array

    def _of_mapped(self, name: str, of: np.dtype[Any], count: int) -> Any:
        if self._archive.is_compressed(name):
            raise self._archive.broken(METHOD.format(name=name))
        array = np.frombuffer(self._mapped, of, count, self._archive.place(name))
        return array if array.flags.aligned else array.copy()


def _is_storage_id(word: Any, kind: Any, key: Any, location: Any, count: Any) -> bool:
    return (
        type(word) is str
        and word == "storage"
        and (kind is UntypedStorage or isinstance(kind, StorageType))
        and type(key) is str
        and type(location) is str
        and type(count) is int
        and count >= 0
    )


def _typed(restored: Any, array: Any) -> Any:
    """What `map_location` gave back, in the dtype of the storage; usually the same memory."""
    if type(restored) is MetaArray:
        return MetaArray((restored.size // array.itemsize,), array.dtype)
    return array if restored.ctypes.data == array.ctypes.data else restored.view(array.dtype)


def _shown(value: Any) -> str:
    """What a wrong id is, for a message: its first element, if that is text, or its class."""
    first = value[0] if type(value) is tuple and value else value
    return repr(first[:80] if type(first) is str else type(value))
