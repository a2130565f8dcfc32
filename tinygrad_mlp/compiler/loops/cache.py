"""Keeps compiled functions on disk, in the user's cache directory, so that a second process need not compile them.

Numba does the keeping: each function is written to a file of its own, named after its text and whatever else the
result depends on, and numba keeps the machine code beside it. Numba adds its own version and the processor to its key.
Whatever goes wrong with the files is never an error: the function is then compiled without them.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

_ROOM = Path(__file__).parent


def directory() -> Path:
    """Where compiled functions are kept: TINYGRAD_MLP_CACHE, or a folder in the user's cache directory."""
    own = os.environ.get("TINYGRAD_MLP_CACHE")
    if own:
        return Path(own) / "loops"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "tinygrad_mlp" / "loops"


def kept(text: str, name: str, helpers: dict[str, Any], signature: Any) -> Any:
    """The function `name` of a text, compiled for a signature; from the disk if it is there."""
    try:
        return _from_disk(text, name, helpers, signature)
    except Exception:  # a damaged file, no room, no rights: numba raises what it meets
        pass
    try:
        return _anew_on_disk(text, name, helpers, signature)
    except Exception:
        return _compile(text, name, helpers, signature, "<loops>", cache=False)


def _from_disk(text: str, name: str, helpers: dict[str, Any], signature: Any) -> Any:
    return _compile(text, name, helpers, signature, str(_file(text, signature)), cache=True)


def _anew_on_disk(text: str, name: str, helpers: dict[str, Any], signature: Any) -> Any:
    """The same after what is there has been removed."""
    path = _file(text, signature)
    for other in path.parent.glob(f"**/{path.stem}*"):
        other.unlink()
    return _compile(text, name, helpers, signature, str(_file(text, signature)), cache=True)


def _file(text: str, signature: Any) -> Path:
    """The file with a text, written if it is not there. Its name tells all that the machine code depends on."""
    import numba
    import scipy

    parts = [text, str(signature), numba.__version__, np.__version__, scipy.__version__, sys.version, _own_sources()]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    path = directory() / f"loops_{key}.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    return path


def _own_sources() -> str:
    """What the text calls: the helpers as they are in this version of the package."""
    return (_ROOM / "functions.py").read_text(encoding="utf-8")


def _compile(text: str, name: str, helpers: dict[str, Any], signature: Any, filename: str, cache: bool) -> Any:
    import numba

    # A module that is there when numba reads what it has kept: that of the helpers.
    scope = {"__name__": f"{__package__}.functions", "np": np, "math": math, "numba": numba, **helpers}
    exec(compile(text, filename, "exec"), scope)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = numba.njit(signature, error_model="numpy", nogil=True, cache=cache)(scope[name])
    return next(iter(function.overloads.values())).entry_point
