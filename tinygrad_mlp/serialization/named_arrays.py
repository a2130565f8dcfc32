"""Named arrays in a .safetensors file, as a whole, through the package safetensors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .atomic import Array, Path, atomic_write, check_replaceable
from .refusals import BROKEN_FILE, METADATA, NAME_TYPE, NO_DTYPE, NO_LIBRARY, NOT_AN_ARRAY, UNKNOWN_DTYPE


def save_file(tensors: Mapping[str, Array], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays to a safetensors file.

    The arrays may have any shape, 0-d and empty included, and any memory order; the dtypes are bool, (u)int8 to
    (u)int64, float16 to float64 and complex64. `metadata` maps strings to strings and is kept in the header of the
    file. The same content gives the same bytes. If the process is killed at any moment, `path` holds the old file or
    the new one as a whole; see `atomic_write`.

    Raises TypeError for a name or metadata that is not a string, for a value that is not an array and for a dtype that
    the format lacks, all before anything is written; OSError as `open(path, "wb")` would; ImportError without
    safetensors.

    The format and the name are those of `safetensors.numpy.save_file` (github.com/huggingface/safetensors).
    """
    safetensors = _safetensors()
    for name, array in tensors.items():
        if not isinstance(name, str):
            raise TypeError(NAME_TYPE.format(found=type(name).__name__))
        if not isinstance(array, np.ndarray):
            raise TypeError(NOT_AN_ARRAY.format(name=name, found=type(array).__name__))
        if array.dtype.newbyteorder("=") not in _DTYPES:
            raise TypeError(NO_DTYPE.format(dtype=array.dtype, name=name))
    for key, value in (metadata or {}).items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise TypeError(METADATA.format(key=key, value=value))
    # The library copies the memory as it is, so that the elements of a transposed view would be in the wrong order.
    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    content = safetensors.numpy.save(contiguous, dict(metadata) if metadata else None)
    atomic_write(path, _with_sorted_metadata(content) if metadata else content)


def _with_sorted_metadata(content: bytes) -> bytes:
    """Return the file with its metadata sorted by key, because the library writes them in an order that varies.

    A file consists of eight bytes with the length of the header, the header as JSON padded with spaces, and the arrays.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]


def load_file(path: Path) -> dict[str, Array]:
    """Read all arrays of a safetensors file and return them by name, as new, writable arrays.

    The names come in the order of the file, which is sorted by dtype and name, not in the order in which they were
    saved.

    Raises OSError as `open(path, "rb")` would, ValueError if the file is not a whole safetensors file or holds a dtype
    that NumPy lacks (bfloat16, float8), ImportError without safetensors. The name is that of
    `safetensors.numpy.load_file`.
    """
    safetensors = _safetensors()
    # The file is read, not mapped: if another program truncated a mapped file, SIGBUS would end this one.
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        arrays = safetensors.numpy.load(content)
    except KeyError as error:  # the library's own table of dtypes
        raise ValueError(UNKNOWN_DTYPE.format(path=os.fspath(path), dtype=error.args[0])) from error
    except safetensors.SafetensorError as error:
        raise ValueError(BROKEN_FILE.format(path=os.fspath(path), error=error)) from error
    return {name: array if array.flags.writeable else array.copy() for name, array in arrays.items()}


def load_metadata(path: Path) -> dict[str, str]:
    """Read the `metadata` that `save_file` was given; an empty dict if there was none.

    Raises the errors of `load_file`.
    """
    safetensors = _safetensors()
    with open(path, "rb"):  # raises OSError for a missing file or a folder, which the library reports otherwise
        pass
    try:
        with safetensors.safe_open(path, framework="np") as content:
            return dict(content.metadata() or {})
    except safetensors.SafetensorError as error:
        raise ValueError(BROKEN_FILE.format(path=os.fspath(path), error=error)) from error


def check_writable(path: Path) -> None:
    """Raise the errors that `save_file` would raise for this path, before a long computation whose result is saved.

    Those of `check_replaceable`, and ImportError without safetensors.
    """
    _safetensors()
    check_replaceable(path)


_DTYPES = frozenset(
    np.dtype(scalar)
    for scalar in (
        *(np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64),
        *(np.float16, np.float32, np.float64, np.complex64),
    )
)


def _safetensors() -> Any:
    """Import and return the library safetensors, which is optional and needed only for saving and loading."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(NO_LIBRARY) from error
    return safetensors
