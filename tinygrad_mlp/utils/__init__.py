"""Utilities for programs that train (torch.utils).

`data` loads data sets in batches, `checkpoint` saves memory in backward, `hooks` has the handles of hooks, `_pytree`
takes nested values apart, `dlpack` shares memory with other libraries, and `tensorboard` writes its files.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import hooks as hooks

if TYPE_CHECKING:
    from . import _pytree as _pytree
    from . import checkpoint as checkpoint
    from . import data as data
    from . import dlpack as dlpack


def __getattr__(name: str) -> Any:
    """Import a module when it is first used, because most programs use none of them; torch imports these, too."""
    if name in ("_pytree", "checkpoint", "data", "dlpack"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
