"""Utilities for programs that train (torch.utils).

`data` loads data sets in batches, `checkpoint` saves memory in backward, and `hooks` has the handles of hooks.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import hooks as hooks

if TYPE_CHECKING:
    from . import checkpoint as checkpoint
    from . import data as data


def __getattr__(name: str) -> Any:
    """Import `data` or `checkpoint` when it is first used, because most programs use neither."""
    if name in ("checkpoint", "data"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
