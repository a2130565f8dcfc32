"""What a comparison by names has found: a row for each name, and the first value that differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .sequences import Values

Array = np.ndarray[Any, np.dtype[Any]]

OK, ROUNDING, WRONG, COUNT, APART = "ok", "rounding", "wrong", "other number of values", "not compared"


@dataclass(frozen=True)
class Place:
    """Where a program makes a value: file, line and the text of the line."""

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class Difference:
    """The first value that differs, in both programs.

    `index` and `difference` are those of the worst element; the index is empty where the shapes are others. `number`
    counts the values of the name from 1, `step` the steps of the training, where that is known. `hints` are sentences
    on how the two differ.
    """

    name: str
    stage: str
    number: int
    step: int | None
    first: Array
    second: Array
    places: tuple[Place, Place]
    index: tuple[int, ...]
    difference: float
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What was found of one name.

    `counts` are the numbers of values in both programs; `largest` is the largest difference of two elements relative to
    the size of the array, and `at` the value, from 1, at which it is; None where nothing was compared.
    """

    name: str
    stage: str
    counts: tuple[int, int]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    dtypes: tuple[str, str]
    largest: float | None
    at: int | None
    status: str
    asked: bool


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and the exception with its line."""

    program: str
    code: int
    says: str
    place: Place | None


@dataclass(frozen=True)
class Handed:
    """What was handed over before the second of the two runs: for each name what became of it."""

    giver: str
    taker: str
    names: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Found:
    """All that a comparison has found."""

    programs: tuple[str, str]
    rows: tuple[Row, ...]
    only: tuple[tuple[Values, ...], tuple[Values, ...]]
    difference: Difference | None
    ended: tuple[Ended, Ended]
    handed: Handed | None
    left_out: tuple[str, ...]  # sentences on the values that have no counterpart
    is_exact: bool
    is_wide: bool  # the default dtype was float64, because one of the programs computes in float64
    in_float32: str | None = None  # the verdict in float32, where it differs and float64 does not: it is rounding
