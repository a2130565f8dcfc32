"""torch.load: what torch.save wrote, or `save`, without running anything of the file unless the caller trusts it."""

from __future__ import annotations

import io
import mmap as memory_maps
import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..arrays import device, is_meta
from ..tensor.creation.data import from_numpy
from . import named_arrays
from .locations import restorer
from .names import find, is_torchs
from .reading import ArchiveReader
from .refusals import (
    EMPTY,
    LOAD_ARGUMENTS,
    MMAP_OF_A_FILE,
    NO_PICKLE_MODULE,
    NOT_A_CHECKPOINT,
    NOT_SEEKABLE,
    NOT_ZIP,
    OLD_FORMAT,
    SAFETENSORS_LOCATION,
    TAR_FORMAT,
    WEIGHTS_ONLY,
)
from .storages import StoragesOfFile
from .trust import ALLOWED, trusted
from .unpickler import Unpickler, names_in

# How a file begins that torch wrote before 1.6: the pickle of a number, of whichever protocol.
_OLD_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load an object that `save` or torch.save wrote to a file (torch.load).

    `f` is a path, or an open file that can `seek`. Tensors that shared memory share it again. `map_location` says where
    the tensors are put, of which "cpu" and "meta" are there: a device, a dict from locations in the file to others, or
    a function of a storage and its location that returns a storage or None. With `mmap` the file at a path is mapped,
    and read where its elements are looked at; what is written to them stays in memory. The name of a .safetensors file
    is enough for that format.

    Nothing of the file is run unless `weights_only=False`: it may hold numbers, text, containers and tensors, and what
    `add_safe_globals` was told of. With `weights_only=False` the file can run any code; classes of torch's are those
    of this package. A record whose checksum is wrong is refused, except with `mmap`.

    pickle.UnpicklingError for a pickle that holds something else, or is damaged; RuntimeError for a damaged archive;
    both in one line that starts with the name of the file. OSError as `open(f, "rb")` would.
    """
    if weights_only is None:
        weights_only = pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError(NO_PICKLE_MODULE)
    if weights_only and pickle_load_args:
        warnings.warn(LOAD_ARGUMENTS, stacklevel=2)
    is_path = isinstance(f, (str, os.PathLike))
    if is_path and os.fsdecode(f).endswith(".safetensors"):
        return _load_safetensors(f, map_location)
    with _opened(f) as (stream, name):
        archive = _archive(stream, name)
        if mmap and not is_path:
            raise ValueError(MMAP_OF_A_FILE)
        mapped = memory_maps.mmap(stream.fileno(), 0, access=memory_maps.ACCESS_COPY) if mmap else None
        meta = isinstance(map_location, (str, device)) and is_meta(map_location)
        storages = StoragesOfFile(archive, name, restorer(map_location), meta, mapped)
        content = archive.read("data.pkl")
        try:
            if weights_only:
                return Unpickler(content, storages.load).load()
            return _unrestricted(content, storages, pickle_module or pickle, pickle_load_args)
        except pickle.UnpicklingError as error:
            text = WEIGHTS_ONLY if weights_only else "{path}: {reason}"
            raise pickle.UnpicklingError(text.format(path=name, reason=error)) from error.__cause__
        except (ImportError, NotImplementedError) as error:  # of a dtype that is not there
            raise type(error)(f"{name}: {error}") from error


def _unrestricted(content: bytes, storages: StoragesOfFile, pickle_module: Any, arguments: dict[str, Any]) -> Any:
    class UnpicklerWithNamesOfTorch(pickle_module.Unpickler):  # type: ignore[misc]
        """The module's own, which finds torch's classes here."""

        def persistent_load(self, pid: Any) -> Any:
            return storages.load(pid)

        def find_class(self, module: str, name: str) -> Any:
            return find(module, name) if is_torchs(module) else super().find_class(module, name)

    return UnpicklerWithNamesOfTorch(io.BytesIO(content), **{"encoding": "utf-8", **arguments}).load()


def _load_safetensors(f: Any, map_location: Any) -> dict[str, Any]:
    """The tensors of a .safetensors file by name, as torch.load gives them."""
    if isinstance(map_location, dict) or callable(map_location):
        raise RuntimeError(SAFETENSORS_LOCATION.format(kind="dict" if isinstance(map_location, dict) else "callable"))
    place = map_location or "cpu"
    return {name: from_numpy(array).to(place) for name, array in named_arrays.load_file(f).items()}


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names in a file that `load` would refuse; its pickle is not run (torch.serialization).

    ValueError for a file that is no zip archive; what `load` raises for a damaged one.
    """
    with _opened(f) as (stream, name):
        if not _starts_with(stream, b"PK\3\4"):
            raise ValueError(NOT_A_CHECKPOINT)
        return sorted(names_in(ArchiveReader(stream, name).read("data.pkl")) - {*ALLOWED, *trusted()})


# -- the file --------------------------------------------------------------------------------------


@contextmanager
def _opened(f: Any) -> Iterator[tuple[Any, str]]:
    """A file to read from, and what messages call it."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as stream:
            yield stream, os.fsdecode(f)
        return
    try:
        f.seek(f.tell())
    except (AttributeError, io.UnsupportedOperation) as error:
        raise type(error)(NOT_SEEKABLE.format(error=error)) from None
    name = getattr(f, "name", None)
    yield f, name if isinstance(name, str) else f"<{type(f).__name__}>"


def _archive(stream: Any, name: str) -> ArchiveReader:
    """The archive that a file is; UnpicklingError that says what else it is."""
    if _starts_with(stream, b"PK\3\4"):
        return ArchiveReader(stream, name)
    start = stream.tell()
    head = stream.read(512)
    stream.seek(start)
    text = NOT_ZIP
    if not head:
        text = EMPTY
    elif _OLD_MAGIC in head[:32]:
        text = OLD_FORMAT
    elif head[257:262] == b"ustar":
        text = TAR_FORMAT
    raise pickle.UnpicklingError(text.format(path=name))


def _starts_with(stream: Any, magic: bytes) -> bool:
    start = stream.tell()
    found = stream.read(len(magic))
    stream.seek(start)
    return bool(found == magic)
