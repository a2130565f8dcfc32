"""Saving arrays and loading them back: the safetensors format, written so that no crash can tear a file."""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["atomic_write", "check_writable", "load_file", "load_metadata", "save_file"]

Array = np.ndarray[Any, np.dtype[Any]]
Path = str | os.PathLike[str]

# The texts of what is refused, in the order of the functions; the templates are filled by `str.format`.

# TypeError for a name that is no text.
NAME_TYPE = "save_file(): the name of a tensor must be a str, not {found}"
# TypeError for a value that is no NumPy array.
NOT_AN_ARRAY = "save_file(): tensor {name!r} must be a NumPy array, not {found}"
# TypeError for an array of a dtype that the format lacks.
NO_DTYPE = "save_file(): the format has no dtype {dtype} (tensor {name!r})"
# TypeError for metadata of which a key or a value is no text.
METADATA = "save_file(): metadata must be text, not {key!r}: {value!r}"
# ImportError where the library safetensors is missing, from every function that needs it.
NO_LIBRARY = 'reading and writing .safetensors files needs safetensors: pip install "tinygrad_mlp[cli]"'
# ValueError for an array of a dtype that NumPy lacks.
UNKNOWN_DTYPE = "{path}: NumPy has no dtype {dtype}"
# ValueError for a file that is cut short, or is none of the format.
BROKEN_FILE = "{path}: not a whole safetensors file ({error})"
# OSError for a device or a pipe.
NOT_PLAIN = "not a plain file"


def save_file(tensors: Mapping[str, Array], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays to a safetensors file that is there whole or not at all.

    Any shape, 0-d and empty included, and any memory order; dtypes bool, (u)int8 to (u)int64, float16 to float64 and
    complex64. `metadata` is text by text, kept in the file's header. The same content gives the same bytes. Whoever is
    killed while this runs, and whenever, finds the old file or the new one at `path`, see `atomic_write`.

    Raises TypeError for a name or metadata that is not text, for a value that is not an array and for a dtype that the
    format lacks, all before the disk is touched; OSError as `open(path, "wb")` would; ImportError without safetensors.

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
    # The library copies memory as it lies, so a transposed view would be saved scrambled.
    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    content = safetensors.numpy.save(contiguous, dict(metadata) if metadata else None)
    atomic_write(path, _with_sorted_metadata(content) if metadata else content)


def _with_sorted_metadata(content: bytes) -> bytes:
    """The same file with its metadata in the order of the keys; the library's is another one each time.

    The format: eight bytes with the header's length, the header as JSON padded with spaces, the arrays.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]


def load_file(path: Path) -> dict[str, Array]:
    """Read every array of a safetensors file, as new, writable arrays by name.

    The names come in the file's order, which is sorted by dtype and name, not the order in which they were saved.

    Raises OSError as `open(path, "rb")` would, ValueError for what is not a whole safetensors file or holds a dtype
    that NumPy lacks (bfloat16, float8), ImportError without safetensors. The name is that of
    `safetensors.numpy.load_file`.
    """
    safetensors = _safetensors()
    # Read, not mapped: a mapped file that another program cuts short would end this one with SIGBUS.
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
    """Read the text that `save_file` was given as `metadata`; empty where there was none.

    Raises as `load_file` does.
    """
    safetensors = _safetensors()
    with open(path, "rb"):  # the library reports a missing file and a folder in ways of its own
        pass
    try:
        with safetensors.safe_open(path, framework="np") as content:
            return dict(content.metadata() or {})
    except safetensors.SafetensorError as error:
        raise ValueError(BROKEN_FILE.format(path=os.fspath(path), error=error)) from error


def atomic_write(path: Path, content: bytes) -> None:
    """Replace the file at `path`, or make it, in one step that is done wholly or not at all.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the temporary is renamed over the
    file, which POSIX makes one step; then the folder is forced to the disk, or a power cut could undo the rename. A
    symbolic link is followed. The permissions are those of `open(path, "wb")`: an existing file keeps its own, a new
    one gets 0o666 less the umask. On any error the temporary is removed and the old file is as it was; only a process
    that is killed leaves one behind, named `.NAME.RANDOM.tmp`.

    Raises OSError as `open(path, "wb")` would, and for a device or a pipe, which a rename would destroy.
    """
    target = os.path.realpath(path)
    mode = _mode_of_existing(target)
    descriptor, temporary = _temporary_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode is not None:
                os.chmod(temporary, mode)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:  # KeyboardInterrupt too
        os.unlink(temporary)
        raise
    _sync_folder(os.path.dirname(target))


def check_writable(path: Path) -> None:
    """Raise now what `save_file` would raise about the path: for those who compute for long before they save.

    OSError for a folder that is not there or cannot be written to, and for a path that is no plain, writable file;
    ImportError without safetensors. Nothing is left behind. A disk that fills up later is not foreseen.
    """
    _safetensors()
    target = os.path.realpath(path)
    _mode_of_existing(target)
    descriptor, temporary = _temporary_beside(target)
    os.close(descriptor)
    os.unlink(temporary)


def _temporary_beside(target: str) -> tuple[int, str]:
    """A new file in the target's folder, opened for writing, and its path."""
    folder, name = os.path.split(target)
    # The name is cut so that a long one, legal by itself, does not become too long by the suffix.
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.tmp")
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), temporary


def _mode_of_existing(path: str) -> int | None:
    """The permission bits of the file at `path`, None where there is none; OSError for what is not a plain file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, NOT_PLAIN, path)
    if not os.access(path, os.W_OK):  # the rename would ask the folder only
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return stat.S_IMODE(found.st_mode)


def _sync_folder(folder: str) -> None:
    """Force the folder's entries to the disk, where the system knows how to."""
    if os.name == "nt":  # a folder cannot be opened there
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
    """The library, with its NumPy side, imported only by those who save or load."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(NO_LIBRARY) from error
    return safetensors
