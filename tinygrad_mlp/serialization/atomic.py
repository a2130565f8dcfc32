"""Files that are replaced as a whole, so that a crash while one is written leaves the old file or the new one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from .refusals import NOT_PLAIN

Array = np.ndarray[Any, np.dtype[Any]]
Path = str | os.PathLike[str]


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
def written_whole(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of the one at `path` when the context ends; see `atomic_write`.

    If the context ends with an exception, the old file is unchanged. Unless it is to be `durable`, nothing is forced to
    the disk, which takes longer than the rest: the file is whole whenever the process ends, and a power failure may
    undo it.
    """
    target = os.path.realpath(path)
    mode = _mode_of_existing(target)
    descriptor, temporary = _temporary_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode is not None:
                os.chmod(temporary, mode)
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:  # KeyboardInterrupt too
        os.unlink(temporary)
        raise
    if durable:
        _sync_folder(os.path.dirname(target))


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
