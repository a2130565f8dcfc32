"""Saving named arrays to a file and loading them back, in the safetensors format.

A file is replaced as a whole, so that a crash while it is written leaves the old file or the new one, never a part.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

__all__ = [
    "atomic_write",
    "check_replaceable",
    "check_writable",
    "load_file",
    "load_metadata",
    "save_file",
    "written_whole",
]

Array = np.ndarray[Any, np.dtype[Any]]
Path = str | os.PathLike[str]

# The texts of all exceptions, with when they come; those with values are templates for `str.format`.

# TypeError for a name that is not a string.
NAME_TYPE = "save_file(): the name of a tensor must be a str, not {found}"
# TypeError for a value that is not a NumPy array.
NOT_AN_ARRAY = "save_file(): tensor {name!r} must be a NumPy array, not {found}"
# TypeError for an array of a dtype that the format lacks.
NO_DTYPE = "save_file(): the format has no dtype {dtype} (tensor {name!r})"
# TypeError for metadata with a key or a value that is not a string.
METADATA = "save_file(): metadata must be text, not {key!r}: {value!r}"
# ImportError where the library safetensors is missing, from every function that needs it.
NO_LIBRARY = 'reading and writing .safetensors files needs safetensors: pip install "tinygrad_mlp[cli]"'
# ValueError for an array of a dtype that NumPy lacks.
UNKNOWN_DTYPE = "{path}: NumPy has no dtype {dtype}"
# ValueError for a file that is truncated or has another format.
BROKEN_FILE = "{path}: not a whole safetensors file ({error})"
# OSError for a device or a pipe.
NOT_PLAIN = "not a plain file"


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


def atomic_write(path: Path, content: bytes) -> None:
    """Create or replace the file at `path` as a whole: at every moment there is the old file or the new one.

    The bytes are written to a temporary file in the same folder and forced to the disk (fsync); then the temporary file
    is renamed to `path`, which POSIX does in one step. The folder is forced to the disk last, because a power failure
    could otherwise undo the rename. A symbolic link is followed. The permissions are those of `open(path, "wb")`: an
    existing file keeps its own, a new one gets 0o666 without the bits of the umask. On an error the temporary file is
    removed and the old file is unchanged; only a process that is killed leaves it behind, as `.NAME.RANDOM.tmp`.

    Raises OSError as `open(path, "wb")` would, and for a device or a pipe, which a rename would destroy.
    """
    with written_whole(path) as stream:
        stream.write(content)


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of the one at `path` when the context ends; see `atomic_write`.

    If the context ends with an exception, the old file is unchanged.
    """
    target = os.path.realpath(path)
    mode = _mode_of_existing(target)
    descriptor, temporary = _temporary_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode is not None:
                os.chmod(temporary, mode)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:  # KeyboardInterrupt too
        os.unlink(temporary)
        raise
    _sync_folder(os.path.dirname(target))


def check_writable(path: Path) -> None:
    """Raise the errors that `save_file` would raise for this path, before a long computation whose result is saved.

    Those of `check_replaceable`, and ImportError without safetensors.
    """
    _safetensors()
    check_replaceable(path)


def check_replaceable(path: Path) -> None:
    """Raise the OSError that `atomic_write` would raise for this path.

    It comes if the folder does not exist or cannot be written to, and if the path is not a plain, writable file. No
    file is left behind. A disk that becomes full later is not noticed.
    """
    target = os.path.realpath(path)
    _mode_of_existing(target)
    descriptor, temporary = _temporary_beside(target)
    os.close(descriptor)
    os.unlink(temporary)


def _temporary_beside(target: str) -> tuple[int, str]:
    """Create a file in the folder of the target; return its descriptor, opened for writing, and its path."""
    folder, name = os.path.split(target)
    # The name is cut, because a long name could exceed the limit of the file system with the suffix.
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.tmp")
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), temporary


def _mode_of_existing(path: str) -> int | None:
    """Return the permission bits of the file at `path`, or None if there is none; OSError unless it is a plain file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, NOT_PLAIN, path)
    if not os.access(path, os.W_OK):  # the rename itself needs only the permission of the folder
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return stat.S_IMODE(found.st_mode)


def _sync_folder(folder: str) -> None:
    """Force the entries of a folder to the disk, on systems that can."""
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems do not sync folders; the file itself is whole
            raise
    finally:
        os.close(descriptor)


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
