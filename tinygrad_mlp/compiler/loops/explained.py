"""Says of each line of a program what runs it, loops, BLAS or NumPy, and why.

>>> print(explanation(written, names))
BLAS   product = x @ weight_0.T
loop   32 x 16: product, larger, mask
NumPy  check_classes: it may raise, or has no result
"""

from __future__ import annotations

import os
from typing import Any

from ..emit import function_name
from ..lines import Line
from .forms import Product
from .groups import Group
from .products import said
from .reading import why_no_loop
from .regions import Written

# `step.backend` is "numpy" though loops were asked for.
WITHOUT = "no line of the program has a loop"
NOT_WHOLE = "a part of the program would stay calls of NumPy"


def explanation(written: Written) -> str:
    """One line of text for each loop nest, each product and each call of NumPy, under the user's lines."""
    found: list[str] = []
    last: Any = None
    for group in written.groups.listed:
        for where, text in _said(group, written):
            if where != last:
                last = where
                found.append(f"# {os.path.basename(where.filename)}:{where.number}")
            found.append(text)
    return "\n".join(found)


def _said(group: Group, written: Written) -> list[tuple[Any, str]]:
    names = written.names
    if group.is_numpy:
        return [(line.where, f"NumPy  {_call(line, names)}: {why_no_loop(line)}") for line in group.forms]
    first = group.forms[0]
    if isinstance(first, Product):
        return [(first.line.where, f"BLAS   {said(first, names)}" + (f"  ({first.by.why})" if first.by.why else ""))]
    made = dict.fromkeys(names[form.line.out] for form in group.forms)
    size = " x ".join(map(str, group.space or ())) or "once"
    return [(first.line.where, f"loop   {size}: {', '.join(made)}")]


def _call(line: Line, names: dict[Any, str]) -> str:
    made = line.out if line.out is not None else line.target
    return function_name(line.function) + (f" -> {names[made]}" if made in names else "")
