"""Utilities (torch.utils)."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import hooks as hooks

if TYPE_CHECKING:
    from . import checkpoint as checkpoint
    from . import data as data


def __getattr__(name: str) -> Any:
    """`data` and `checkpoint`, imported when they are first asked for: most programs use neither."""
    if name in ("checkpoint", "data"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
