"""A strategy of the arguments of an operator, which each row of the derivative table has."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...ops import TABLE, Operator
from ...tensor import wrap
from ..refusals import NO_ROW
from .arrays import Dtypes, Options, options
from .sampler import Sampler


def operator_inputs(
    name: str | Operator,
    dtype: Dtypes = "float32",
    elements: SearchStrategy[Any] | None = None,
    *,
    tensors: bool = True,
    requires_grad: bool = False,
    awkward: bool | str | Collection[str] = True,
    finite: bool = False,
    empty: bool = True,
    layouts: str | Collection[str] | None = None,
) -> SearchStrategy[tuple[Any, ...]]:
    """Tuples of arguments with which a row of the derivative table can be called: `operator_inputs("mul")`.

    The operands are tensors (leaves, if `requires_grad`, where the operator has a derivative) or, with `tensors` False,
    arrays. The other arguments have the meaning that they have for `arrays`; of several dtypes each operand has one.
    LookupError for a name that no row has.
    """
    row = row_of(name)
    wanted = options(dtype, elements, awkward, finite, empty, layouts)
    drawn = _arguments(row, wanted)
    if not empty:
        drawn = drawn.filter(lambda args: all(x.size for x in _arrays_in(args)))
    return drawn.map(lambda args: _with_tensors(row, args, requires_grad)) if tensors else drawn


def row_of(name: str | Operator) -> Operator:
    """The row of a name. LookupError, with names like it, if there is none."""
    if isinstance(name, Operator):
        return name
    if name not in TABLE:
        near = difflib.get_close_matches(name, TABLE, 3)
        raise LookupError(NO_ROW.format(name=name, near=f"; did you mean {' or '.join(near)}?" if near else ""))
    return TABLE[name]


@st.composite
def _arguments(draw: Any, row: Operator, wanted: Options) -> tuple[Any, ...]:
    return Sampler(draw, wanted).arguments(row)


def _arrays_in(x: Any) -> list[Any]:
    if isinstance(x, (list, tuple)):
        return [array for part in x for array in _arrays_in(part)]
    return [x] if isinstance(x, np.ndarray) else []


def _with_tensors(row: Operator, args: tuple[Any, ...], requires_grad: bool) -> tuple[Any, ...]:
    """The arguments in which tensors stand for the arrays that are operands."""
    made = list(args)
    for i in row.tensors:
        leaf = requires_grad and (i in row.differentiable or row.inplace)

        def tensor(x: Any, leaf: bool = leaf) -> Any:
            if not isinstance(x, np.ndarray):
                return x
            return wrap(x).requires_grad_() if leaf and x.dtype.kind == "f" else wrap(x)

        if i < len(made):
            made[i] = [tensor(x) for x in made[i]] if row.listed and i == 0 else tensor(made[i])
    return tuple(made)
