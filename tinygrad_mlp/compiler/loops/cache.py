"""Keeps machine code on disk, in the user's cache directory, so that a second process need not compile it.

Each function has a file of its own, whose name tells all that the code depends on, and which begins with a checksum of
the rest. Whatever goes wrong with the files is never an error: the function is then compiled without them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy

from .loading import Code, processor

_ROOM = Path(__file__).parent
_SOURCES = ("checking.py", "functions.py", "loading.py", "objects.py")  # what machine code is made by
_MOST_FILES, _MOST_BYTES = 1000, 1 << 26
_DAY = 86400.0  # a file that was not used for so many seconds is marked as used


def directory() -> Path:
    """Where compiled functions are kept: TINYGRAD_MLP_CACHE, or a folder in the user's cache directory."""
    own = os.environ.get("TINYGRAD_MLP_CACHE")
    if own:
        return Path(own) / "loops"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "tinygrad_mlp" / "loops"


def keep(parts: list[str], code: Code) -> None:
    """Leave the machine code for these parts of a program on disk, if there are room and rights."""
    _keep(_file(parts, "code"), json.dumps(code.outside).encode() + b"\n" + code.data)


def found(parts: list[str]) -> Code | None:
    """The machine code that is on disk, or None if there is none that is whole."""
    rest = _found(_file(parts, "code"))
    if rest is None:
        return None
    outside, data = rest.split(b"\n", 1)
    return Code(tuple(json.loads(outside)), data)


def keep_text(parts: list[str], text: str) -> None:
    """Leave a text on disk, as `keep` does machine code."""
    _keep(_file(parts, "text"), text.encode())


def found_text(parts: list[str]) -> str:
    """The text that is on disk, or an empty one if there is none that is whole."""
    return (_found(_file(parts, "text")) or b"").decode()


def _keep(path: Path, data: bytes) -> None:
    try:
        _write(path, data)
        _clear(directory())
    except OSError:
        pass


def _found(path: Path) -> bytes | None:
    try:
        checksum, data = path.read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return None
    if checksum != hashlib.sha256(data).hexdigest().encode():
        return None
    try:
        if time.time() - path.stat().st_mtime > _DAY:
            os.utime(path)
    except OSError:
        pass
    return data


def _write(path: Path, data: bytes) -> None:
    """Write a file with a checksum before it, which other processes see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _clear(folder: Path) -> None:
    """Remove the files that were not used for the longest time, if there are many: also those of other versions."""
    files = sorted(((path.stat(), path) for path in folder.iterdir()), key=lambda x: x[0].st_mtime, reverse=True)
    total = 0
    for position, (facts, path) in enumerate(files):
        total += facts.st_size
        if position >= _MOST_FILES or total > _MOST_BYTES:
            path.unlink(missing_ok=True)


def _file(parts: list[str], kind: str) -> Path:
    key = hashlib.sha256("\0".join((*parts, *_versions(), *_settings())).encode()).hexdigest()[:40]
    return directory() / f"{key}.{kind}"


@functools.cache
def _versions() -> tuple[str, ...]:
    """What machine code depends on besides the text: the libraries, the processor, and how this package makes it."""
    own = [(_ROOM / name).read_text(encoding="utf-8") for name in _SOURCES]
    libraries = [np.__version__, scipy.__version__, *map(version, ("numba", "llvmlite"))]
    return *own, *libraries, sys.version, *processor()


def _settings() -> list[str]:
    """The environment variables that change what numba makes."""
    return [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_")]
