"""What a line can be in loops: elementwise, a reduction, a product, or arithmetic of Python's numbers.

Line(np.subtract, (h, y), out=d)       # Elementwise: {0} - {1}, over d's shape
Line(np.add.reduce, (d,), axis=0)      # Reduction of d along the axis 0
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..lines import Line, Value
from .access import Access, resolved, whole
from .scalars import literal

Views = dict[Value, Access]
Operand = Any  # an Access, or a scalar: a number's Value, or a number that is known

_LARGEST_INTEGER = 1 << 53  # up to which a float64 tells all integers apart


@dataclass(eq=False)
class Elementwise:
    """`target[...] = text(operands)` for each index of `space`; the operands are cast to `dtype`."""

    line: Line
    space: tuple[int, ...]
    text: str
    operands: list[Operand]
    casts: list[np.dtype[Any]]
    result: np.dtype[Any]  # of the expression
    target: Access
    checked: list[tuple[Access, int, int]] = field(default_factory=list)  # index arrays: the axis, and its length

    def reads(self) -> Iterator[Access]:
        yield from _accesses(self.operands)
        yield from (entry.by for entry in self.target.entries if entry.by is not None)

    def writes(self) -> Iterator[Access]:
        yield self.target


class _OfOneArray:
    """A form that reads one array."""

    operand: Access
    target: Access

    def reads(self) -> Iterator[Access]:
        yield from _accesses([self.operand])

    def writes(self) -> Iterator[Access]:
        yield self.target


@dataclass(eq=False)
class Reduction(_OfOneArray):
    """`target[kept axes] = sum over the other axes of operand`."""

    line: Line
    space: tuple[int, ...]
    function: np.ufunc
    operand: Access
    axes: frozenset[int]
    dtype: np.dtype[Any]  # in which it is summed
    target: Access


class Choice(NamedTuple):
    """By whom a product is computed: the function that is called, its name for the user, and why it was chosen."""

    function: str
    name: str
    why: str = ""


NUMPY = Choice("gemm", "NumPy's BLAS")


@dataclass(eq=False)
class Product:
    """`target = alpha * (a @ b) + beta * target`, for matrices, or for each matrix of a batch (`products`).

    `by` says whose BLAS computes it (`trial`).
    """

    line: Line
    a: Access
    b: Access
    alpha: Any
    beta: float
    target: Access
    batch: tuple[int, ...] = ()
    by: Choice = NUMPY

    def reads(self) -> Iterator[Access]:
        yield from (self.a, self.b)
        if self.beta:
            yield self.target

    def writes(self) -> Iterator[Access]:
        yield self.target

    def factor(self, names: dict[Any, str]) -> str:
        """`alpha` as an expression."""
        if isinstance(self.alpha, Value):
            return names[self.alpha]
        return literal(float(self.alpha), np.dtype(np.float64))


@dataclass(eq=False)
class Search(_OfOneArray):
    """`target[other axes]` is the place of the largest or smallest element along an axis, or (None) of all."""

    line: Line
    space: tuple[int, ...]
    operand: Access
    axis: int | None
    largest: bool
    target: Access


@dataclass(eq=False)
class Running(_OfOneArray):
    """`target[...]` is the sum, or another reduction, of the elements so far along an axis."""

    line: Line
    space: tuple[int, ...]
    function: np.ufunc
    operand: Access
    axis: int
    dtype: np.dtype[Any]
    target: Access


@dataclass(eq=False)
class Arithmetic:
    """`number = text(operands)`, with Python's numbers; `result` is float or int."""

    line: Line
    text: str
    operands: list[Operand]

    def reads(self) -> Iterator[Access]:
        yield from _accesses(self.operands)

    def writes(self) -> Iterator[Access]:
        return iter(())


Form = Elementwise | Reduction | Product | Search | Running | Arithmetic
ALONE = (Product, Search, Running)  # the forms that share their loops with no other


def _accesses(operands: list[Operand]) -> Iterator[Access]:
    for x in operands:
        if isinstance(x, Access):
            yield x
            yield from (entry.by for entry in x.entries if entry.by is not None)


def numbers_of(form: Form) -> list[Value]:
    """The Python numbers that a form reads."""
    listed = form.operands if isinstance(form, (Elementwise, Arithmetic)) else [getattr(form, "alpha", None)]
    return [x for x in listed if isinstance(x, Value)]


# -- operands --------------------------------------------------------------------------------------


def is_constant(x: Any) -> bool:
    """Whether an operand is a number that is known when the program is written."""
    return isinstance(x, Value) and x.kind == "constant" and not x.shape


def kind_of_number(x: Any) -> type | None:
    """float or int, for a Python number; None if it is another, or not known."""
    value = x.array if isinstance(x, Value) and x.kind == "number" else x
    return type(value) if type(value) in (float, int) else None


def is_huge(x: Any) -> bool:
    return type(x) is int and abs(x) > _LARGEST_INTEGER


def operand_of(x: Any, space: tuple[int, ...], views: Views) -> Operand:
    if not isinstance(x, Value) or x.kind == "number":
        return x
    if is_constant(x):
        return x.array[()]
    return resolved(whole(x, space), views)


def target_of(line: Line, views: Views) -> Access:
    return resolved(whole(line.out, line.out.shape), views)
