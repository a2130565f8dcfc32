"""A program as loops that numba compiles: the lines fused into few passes over the memory, products by BLAS.

1. `lowering`: replaces calls that have no loop by lines that have one. `scalars`: what NumPy's functions are for one
   element; the one table of it.
2. `access`: views as index arithmetic.
3. `forms`, `reading`, `elementwise` and `products`: what each line is: elementwise, a reduction, a product, arithmetic
   of numbers, or a call of NumPy.
4. `groups`: which lines share a loop nest.
5. `places`: which values are variables, and which lie in arrays.
6. `nests` and `regions`: write the text of the functions, and the program that calls them.
7. `origins` and `explained`: say which line of the text does what, and what runs where.
8. `blas`: finds the libraries of matrix products; `trial`: chooses one for each product where there are two.
9. `machine`: compiles the functions, or finds them on disk. `objects` makes machine code by numba, `functions` has
   what it calls, `cache` keeps it, and `loading` makes functions of Python from it.
10. `checking`: asks the conditions of a program's guard in machine code.
11. `alone`: the text of a saved program, which numba compiles without this package.
12. `worth`: after how many calls of the NumPy program compiling it pays.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import alone
    from .blas import library_asked
    from .checking import same
    from .explained import NOT_WHOLE, WITHOUT, explanation
    from .lowering import lower
    from .machine import compiled, is_available
    from .regions import WORDS, LoopsFunction, Shown, Written, is_static, write
    from .worth import calls_until_worth_it

__all__ = [
    "NOT_WHOLE",
    "WITHOUT",
    "WORDS",
    "LoopsFunction",
    "Shown",
    "Written",
    "alone",
    "calls_until_worth_it",
    "compiled",
    "explanation",
    "is_available",
    "is_static",
    "library_asked",
    "lower",
    "same",
    "write",
]

# Each name is imported when it is first used: a program of NumPy calls needs none of them.
_FILES = {
    "library_asked": ".blas",
    "same": ".checking",
    **dict.fromkeys(("NOT_WHOLE", "WITHOUT", "explanation"), ".explained"),
    "lower": ".lowering",
    **dict.fromkeys(("compiled", "is_available"), ".machine"),
    **dict.fromkeys(("WORDS", "LoopsFunction", "Shown", "Written", "is_static", "write"), ".regions"),
    "calls_until_worth_it": ".worth",
}


def __getattr__(name: str) -> Any:
    if name == "alone":
        return importlib.import_module(".alone", __name__)
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_FILES[name], __name__), name)
    return found
