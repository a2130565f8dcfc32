"""Special functions, by SciPy, under torch's names (torch.special).

Its functions are the rows of the derivative table whose names, or other names, begin with `special_`.
"""

from __future__ import annotations

import sys
from typing import Any

from .tensor.namespace import function_of_torch, names_of_room

_FUNCTIONS = names_of_room("special")


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return globals().setdefault(name, function_of_torch(_FUNCTIONS[name]))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS})
