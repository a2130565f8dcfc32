"""torch.save: objects with tensors in the zip format of torch 2.13, which both frameworks read."""

from __future__ import annotations

import io
import os
import pickle
import stat
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from ..arrays import MetaArray, device, dtype, dtypes, layout, memory_format
from ..autograd import hooks
from ..autograd.inplace.views import memory_of
from ..batching import refuse_memory
from ..nn.parameter import Parameter
from ..ops.layout import strides_of
from ..tensor import Size, Tensor
from ..tensor.memory.storage import TypedStorage, UntypedStorage
from . import rebuilding
from .atomic import written_whole
from .names import name_of
from .refusals import NO_OLD_FORMAT, NO_PICKLER, NOT_WRITABLE, TWO_DTYPES
from .storages import TYPES, StorageType
from .writing import ALIGNMENT, ArchiveWriter


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object to a file, in torch's own zip format (torch.save).

    `f` is a path, or an open file with `write`. Tensors are written with the memory that they are views of, once for
    all tensors that share it. A file at a path is replaced as a whole: a process that is killed at any moment leaves
    the old file or the new one; that the new one outlives a power failure is left to the system, as in torch.

    AttributeError for an `f` that is neither, OSError as `open(f, "wb")` would, RuntimeError for tensors of two dtypes
    in one memory, NotImplementedError for torch's older format; and what `pickle` raises for an object that it refuses.
    """
    is_path = isinstance(f, (str, os.PathLike))
    if not is_path and not hasattr(f, "write"):
        raise AttributeError(NOT_WRITABLE)
    if not _use_new_zipfile_serialization:
        raise NotImplementedError(NO_OLD_FORMAT)
    storages = _Storages()
    content = _pickled(obj, storages, pickle_module, pickle_protocol)
    with _opened(f) if is_path else _as_it_is(f) as stream:
        archive = ArchiveWriter(stream, _folder(f) if is_path else "archive")
        archive.record("data.pkl", content)
        archive.record(".format_version", b"1")
        archive.record(".storage_alignment", str(ALIGNMENT).encode())
        if not _disable_byteorder_record:
            archive.record("byteorder", sys.byteorder.encode())
        for key, memory in storages.records():
            archive.record(f"data/{key}", memory)
        archive.record("version", b"3\n")
        archive.close()


@contextmanager
def _as_it_is(f: Any) -> Iterator[Any]:
    yield f


@contextmanager
def _opened(path: Any) -> Iterator[Any]:
    """A file that takes the place of the one at the path when all is written; a device or a pipe is written to."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = stat.S_IFREG
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        with written_whole(path, durable=False) as stream:
            yield stream
    else:
        with open(path, "wb") as stream:
            yield stream


def _folder(path: Any) -> str:
    """What the names of the records begin with: the name of the file without its ending, if that is ASCII."""
    name = os.fspath(path)
    name = os.path.basename(os.fsdecode(name))
    return (name.rpartition(".")[0] or name.strip(".")) if name.isascii() and name.isprintable() else "archive"


# -- storages --------------------------------------------------------------------------------------


class _Stored(NamedTuple):
    """What stands for a storage in the pickle: its persistent id."""

    pid: tuple[Any, ...]


class _Storages:
    """The memory of all tensors of an object, each with the key under which it is written."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, Any, Any]] = {}  # by the array that owns the memory: key, that array, dtype

    def of_array(self, array: Any) -> tuple[_Stored, int, Any]:
        """A storage for an array, the place of its first element in that, and the array that lies in it."""
        memory = memory_of(array)
        start, rest = divmod(_address(array) - _address(memory), array.itemsize)
        if rest or not _is_in(array, memory, start):
            memory = array = np.array(array, order="C")
            start = 0
        return self._stored(memory, array.dtype, TYPES[dtypes.of(array.dtype)]), start, array

    def of_storage(self, storage: TypedStorage | UntypedStorage) -> _Stored:
        """The same for a storage itself."""
        memory = memory_of(storage.array)
        if memory.nbytes != storage.array.nbytes or not memory.flags.forc:
            memory = storage.array
        kind = UntypedStorage if isinstance(storage, UntypedStorage) else TYPES[storage.dtype]
        return self._stored(memory, storage.array.dtype, kind)

    def _stored(self, memory: Any, kind: np.dtype[Any], type: Any) -> _Stored:
        key, _, own = self._known.setdefault(id(memory), (str(len(self._known)), memory, kind))
        if own != kind and memory.size:
            raise RuntimeError(TWO_DTYPES)
        return _Stored(("storage", type, key, "cpu", memory.nbytes // kind.itemsize))

    def records(self) -> Iterator[tuple[str, Any]]:
        """The key and the bytes of each."""
        for key, memory, _ in self._known.values():
            yield key, memory.reshape(-1, order="A").view(np.uint8) if memory.size else b""


def _is_in(array: Any, memory: Any, start: int) -> bool:
    """Whether an array can be written as a view of the memory that owns it: as torch's tensors lie in theirs."""
    size = array.itemsize
    return bool(
        memory.flags.forc
        and memory.nbytes % size == 0
        and 0 <= start <= memory.nbytes // size
        and all(stride >= 0 and stride % size == 0 for stride in array.strides)
    )


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


# -- the pickle ------------------------------------------------------------------------------------


def _pickled(obj: Any, storages: _Storages, pickle_module: Any, protocol: int) -> bytes:
    base = pickle_module.Pickler
    if not hasattr(base, "save_global"):
        base = getattr(pickle_module, "_Pickler", None)
    if base is None:
        raise NotImplementedError(NO_PICKLER.format(module=pickle_module.__name__))

    class Pickler(_WithNamesOfTorch, base):  # type: ignore[misc, valid-type]
        """The Pickler of the module, for this object."""

    stream = io.BytesIO()
    pickler = Pickler(stream, protocol=protocol)
    pickler.storages = storages
    pickler.dump(obj)
    return stream.getvalue()


class _WithNamesOfTorch:
    """What makes Python's Pickler, the one written in Python, write tensors as torch does, by torch's names.

    The one written in C can only write the name by which this process finds an object.
    """

    storages: _Storages

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Write an object; numbers at once, because nothing here is asked about them."""
        pickler: Any = self
        if type(obj) in _NUMBERS:
            pickler.dispatch[type(obj)](self, obj)
        else:
            super().save(obj, save_persistent_id)  # type: ignore[misc]

    def persistent_id(self, obj: Any) -> Any:
        """The id of a storage; None for anything else, which is pickled itself."""
        if type(obj) is _Stored:
            return obj.pid
        if isinstance(obj, (TypedStorage, UntypedStorage)):
            return self.storages.of_storage(obj).pid
        return None

    def reducer_override(self, obj: Any) -> Any:
        """How an object of this package is made again: a function and its arguments, or a name."""
        reduce = _REDUCING.get(type(obj))
        if reduce is not None:
            return reduce(obj)
        return self._reduced(obj) if isinstance(obj, Tensor) else NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write the name of a class or function, torch's where it has one."""
        found = name_of(obj)
        pickler: Any = self
        if found is None:
            super().save_global(obj, name)  # type: ignore[misc]
            return
        if pickler.proto >= 4:
            for part in found:
                pickler.save(part)
            pickler.write(pickle.STACK_GLOBAL)
        else:
            pickler.write(pickle.GLOBAL + "{}\n{}\n".format(*found).encode())
        pickler.memoize(obj)

    def _reduced(self, tensor: Tensor) -> Any:
        kind: Any = type(tensor)
        if kind.__reduce__ is not Tensor.__reduce__ or kind.__reduce_ex__ is not Tensor.__reduce_ex__:
            return NotImplemented  # a class that says itself how it is pickled
        own_state = kind.__getstate__ is not Tensor.__getstate__
        state = tensor.__getstate__() if own_state else tensor.__getstate__()[2]
        if isinstance(tensor, Parameter):
            args = (tensor.data, tensor.requires_grad, _no_hooks())
            if state:
                return rebuilding.rebuild_parameter_with_state, (*args, state)
            return rebuilding.rebuild_parameter, args
        hooks.warn_if_has_hooks(tensor)
        function, rest = self._rebuilt(tensor)
        if kind is Tensor and not state:
            return function, rest
        return rebuilding.rebuild_from_type_v2, (function, kind, rest, state)

    def _rebuilt(self, tensor: Tensor) -> tuple[Any, tuple[Any, ...]]:
        array, needs_grad = tensor.array, tensor.requires_grad
        refuse_memory(array)
        if type(array) is MetaArray:
            return rebuilding.rebuild_meta_tensor, (tensor.dtype, tuple(array.shape), strides_of(array), needs_grad)
        # What stands for an array while a step is compiled refuses to become one.
        stored, start, array = self.storages.of_array(np.asarray(array))
        where = (stored, start, tuple(array.shape), strides_of(array))
        return rebuilding.rebuild_tensor_v2, (*where, needs_grad, _no_hooks())


_NUMBERS = frozenset((bool, float, int, type(None)))


def _no_hooks() -> OrderedDict[Any, Any]:
    return OrderedDict()


def _named(obj: Any) -> Any:
    """The name that torch has for an object, for `save_global`, which Python's Pickler asks for classes only."""
    found = name_of(obj)
    return NotImplemented if found is None else found[1]


_REDUCING: dict[type, Any] = {
    **dict.fromkeys((FunctionType, StorageType, dtype, memory_format), _named),
    Size: lambda size: (Size, (tuple(size),)),
    device: lambda place: (device, (place.type,) if place.index is None else (place.type, place.index)),
    layout: lambda only: (rebuilding.get_layout, (repr(only),)),
}
