"""Linear algebra, by LAPACK through NumPy and SciPy, under torch's names (torch.linalg).

Its functions are the rows of the derivative table whose names, or other names, begin with `linalg_`, and the functions
of composite/linear_algebra.py and composite/lu.py whose names do.
"""

from __future__ import annotations

import sys
from typing import Any

from .ops.lapack import LinAlgError as LinAlgError
from .tensor.composite import linear_algebra
from .tensor.composite import lu as lu_file
from .tensor.namespace import function_of_torch, names_of_room

_FUNCTIONS = names_of_room("linalg")
for _file in (linear_algebra, lu_file):
    for _name in dir(_file):
        if _name.startswith("linalg_"):
            globals()[_name.removeprefix("linalg_")] = getattr(_file, _name)


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return globals().setdefault(name, function_of_torch(_FUNCTIONS[name]))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS})
