"""What the page of a training shows, as plain data: the command fills it in, `run_page` makes the page of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value after each epoch, with None where there is none, and what is measured."""

    name: str
    values: list[float | None]
    said: str = ""


@dataclass(frozen=True)
class Chart:
    """Lines over the epochs, which have one scale; `percent` says that the values are shares."""

    name: str
    lines: list[Line]
    percent: bool = False


@dataclass(frozen=True)
class Confusion:
    """How often each true class (the rows) was taken for each class (the columns), and three measures of each class.

    `by_class` has precision, recall and F1 of each class, with None where one is undefined.
    """

    classes: tuple[str, ...]
    counts: list[list[int]]
    by_class: list[list[float | None]]


@dataclass(frozen=True)
class Mistake:
    """A row of the test part that was predicted badly.

    For classes `probability` is what the network gave to its prediction and `of_true` what it gave to the truth, for a
    quantity both are None. `cells` are values of the row, and `image` its pixels, from 0 to 1.
    """

    row: int
    true: str | float
    predicted: str | float
    probability: float | None = None
    of_true: float | None = None
    cells: tuple[str, ...] = ()
    image: list[list[float]] | None = None


@dataclass(frozen=True)
class Mistakes:
    """The worst rows of the test part, of `total` there are, and the names of the columns that are shown of them."""

    shown: list[Mistake]
    total: int
    rows: int
    columns: tuple[str, ...] = ()
    columns_in_all: int = 0


@dataclass(frozen=True)
class Histogram:
    """How many elements fell into each bin, at each epoch that is kept.

    `counts[i]` belongs to the i-th of `epochs`, and `counts[i][j]` counts the elements from `edges[j]` to
    `edges[j + 1]`; `zero` counts those that are exactly 0 where the bins are of magnitudes, and `bad` those that are
    nan or infinite.
    """

    epochs: list[int]
    edges: list[float]
    counts: list[list[int]]
    zero: list[int] | None
    bad: list[int]


@dataclass(frozen=True)
class Layer:
    """The weights of a layer over time: themselves, their gradients, and by what share the last steps changed them."""

    name: str
    elements: int
    weights: Histogram
    gradients: Histogram
    updates: Line


@dataclass(frozen=True)
class Run:
    """A training.

    `facts` are tables of names and values by their titles, the scores first. `epochs` are the numbers of the epochs and
    `best` is the one whose weights were kept. `target` is the name of what is predicted, `sources` says for which rows
    of what `mistakes` has numbers.
    """

    title: str
    command: str
    versions: str
    facts: list[tuple[str, list[tuple[str, str]]]]
    epochs: list[int]
    best: int
    is_early: bool  # whether a validation part decided on `best`
    target: str
    charts: list[Chart]
    confusion: Confusion | None
    mistakes: Mistakes
    layers: list[Layer]
