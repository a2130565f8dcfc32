"""`by_hand` checks the gradients of a backward that is written line by line, each by its name, in one call."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .comparison import Array, rounding_of
from .diagnosis import Number, diagnose
from .pairing import Pair, is_numbers, numbers, pairs_as_given, pairs_by_name
from .refusals import NO_LOSS, NO_NUMBERS, NO_TENSOR, TWO_FRAMEWORKS
from .tape_gradients import Judged, array_of, framework_of, gradients_by_tape, is_tensor

EXACT, ROUNDING, ERROR = "exact", "equal within rounding", "equal within the judge's error"
WRONG, NOT_JUDGED = "wrong", "not judged"
RIGHT = (EXACT, ROUNDING, ERROR)


@dataclasses.dataclass(frozen=True)
class HandRow:
    """One gradient: its name, that of what it is the gradient of, and the verdict.

    `difference` is the largest, at the index `where`, where the numbers are `given` and `right`; `allowed` is the
    largest that rounding explains. For a wrong gradient `kind` and `text` are those of its diagnosis, and `wrong` of
    the `entries` are wrong.
    """

    name: str
    of: str
    verdict: str
    shape: tuple[int, ...]
    allowed: float | None = None
    difference: float | None = None
    where: tuple[int, ...] | None = None
    given: Number | None = None
    right: Number | None = None
    wrong: int = 0
    entries: int = 0
    kind: str = ""
    text: str = ""


class ByHand:
    """What `by_hand` found: a row for each gradient. It prints as a table.

    `ok` is whether every gradient is right. `without_partner` has the names that read like those of gradients, where
    there is no variable that they would be the gradients of.
    """

    def __init__(self, rows: Sequence[HandRow], without_partner: Sequence[str] = ()) -> None:
        self.rows = tuple(rows)
        self.without_partner = tuple(without_partner)

    @property
    def ok(self) -> bool:
        """Whether every gradient is exact or equal within rounding."""
        return all(row.verdict in RIGHT for row in self.rows)

    def assert_right(self) -> None:
        """GradientError, an AssertionError with the table as its text, unless every gradient is right."""
        __tracebackhide__ = True  # pytest shows the line of the test
        from .gradients import GradientError

        if not self.ok:
            raise GradientError(self)

    def __str__(self) -> str:
        from .cells import plain

        return plain(HEADINGS, self._lines(), self._below())

    __repr__ = __str__

    def __rich__(self) -> Any:
        from .cells import rich_table

        styles = ["" if row.verdict in RIGHT else "bold red" for row in self.rows]
        return rich_table(HEADINGS, self._lines(), self._below(), styles)

    def _repr_html_(self) -> str:
        from .cells import html_table

        return html_table(HEADINGS, self._lines(), self._below(), [row.verdict not in RIGHT for row in self.rows])

    def to_json(self) -> str:
        """The rows as JSON; numbers that JSON does not know (nan, inf) are strings."""
        rows = [{k: _plain(v) for k, v in dataclasses.asdict(row).items()} for row in self.rows]
        return json.dumps({"ok": self.ok, "rows": rows, "without_partner": list(self.without_partner)}, indent=1)

    def _lines(self) -> list[list[str]]:
        return [_cells(row) for row in self.rows]

    def _below(self) -> list[str]:
        names = ", ".join(self.without_partner)
        return [f"without a variable that they would be the gradients of: {names}"] if names else []


HEADINGS = ("gradient", "verdict", "shape", "largest difference", "what it looks like")


def _cells(row: HandRow) -> list[str]:
    shape = f"({', '.join(map(str, row.shape))}{',' if len(row.shape) == 1 else ''})"
    if not row.difference:
        return [row.name, row.verdict, shape, "", row.text]
    at = f" at {row.where[0] if len(row.where) == 1 else row.where}" if row.where else ""
    numbers = f": {row.given:.6g}, not {row.right:.6g}" if row.verdict == WRONG else ""
    return [row.name, row.verdict, shape, f"{row.difference:.2g}{at}{numbers}", row.text]


def _plain(value: Any) -> Any:
    if isinstance(value, complex):
        return str(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def by_hand(loss: Any, variables: Mapping[str, Any] | None = None, /, **named: Any) -> ByHand:
    """Check gradients that were written by hand: a row for each says whether it is right, and if not, what is wrong.

    `loss` is a tensor, of this package or of torch, whose tape is there still: call `by_hand` before `backward()`, or
    call `backward(retain_graph=True)`. The gradients are tensors, arrays or numbers. There are three ways to name them,
    which may be mixed::

        by_hand(loss, dh=h, dW1=W1)         # dh and dW1 are variables where by_hand is called
        by_hand(loss, dh=(my_dh, h))        # the gradient itself and what it is the gradient of
        by_hand(loss, locals())             # every dx, d_x, grad_x, x_grad or gx beside an x

    In the first way the names are looked up among the local variables of the function that calls `by_hand`, and then
    among the globals of its module: no other frame is read. What is returned prints as a table; `ok` says whether all
    are right, and `assert_right()` is the line for a test.

    For plain NumPy `loss` is a function that computes the loss from arrays. Its parameters are found by name among the
    variables; those that have a gradient are checked, and the others are constants. To check an intermediate, write the
    function from there on::

        by_hand(lambda W2, h: np.mean((h @ W2 - y) ** 2), locals())

    A gradient is "exact" if every number is equal, "equal within rounding" if no difference is larger than roundings
    make it, as `gradients_by_tape` measures them for the dtype of the gradient, and "wrong" otherwise, with the kind of
    the fault as `diagnose` names it. Beside a function of arrays, which has no tape, it is "equal within the judge's
    error", where the judge is the numerical derivative. It is "not judged" if the tensor requires no grad, or where no
    derivative exists.

    NameError for names without a variable, TypeError for what is no tensor or has no numbers, ValueError where nothing
    is to be checked, RuntimeError if the tape is freed. Hooks that the program registered run several times.
    """
    frame = sys._getframe(1)
    seen = {**frame.f_globals, **frame.f_locals}
    if is_tensor(loss):
        pairs, left_over = _pairs(loss, variables, named, seen)
        return ByHand(_tape_rows(loss, pairs, seen), left_over)
    raise TypeError(NO_LOSS.format(found=type(loss).__name__))


def _pairs(
    loss: Any, variables: Mapping[str, Any] | None, named: Mapping[str, Any], seen: Mapping[str, Any]
) -> tuple[list[Pair], list[str]]:
    """The pairs to check and the names left over. TypeError for what cannot be checked."""
    framework = framework_of(loss)
    pairs: list[Pair] = []
    left_over: list[str] = []
    if variables is not None:
        pairs, left_over = pairs_by_name(variables, lambda x: framework_of(x) is framework and is_numbers(x))
    if variables is None or named:
        pairs = pairs + pairs_as_given(named, seen)
    for name, given, _, of in pairs:
        if not is_tensor(of):
            raise TypeError(NO_TENSOR.format(name=name, found=type(of).__name__))
        if framework_of(of) is not framework:
            raise TypeError(TWO_FRAMEWORKS.format(name=name, of=type(of).__name__))
        if given is not None and np.asarray(numbers(given)).dtype.kind not in "buifc":
            raise TypeError(NO_NUMBERS.format(name=name, found=type(given).__name__))
    return pairs, left_over


def _tape_rows(loss: Any, pairs: Sequence[Pair], seen: Mapping[str, Any]) -> list[HandRow]:
    asked = [pair for pair in pairs if pair.of.requires_grad]
    kept = [value for value in seen.values() if is_tensor(value)]
    found = gradients_by_tape(loss, [pair.of for pair in asked], kept) if asked else []
    judged = {pair.name: each for pair, each in zip(asked, found, strict=True)}
    values = {pair.of_name: array_of(pair.of) for pair in pairs if pair.of_name}
    rights = {name: each.right for name, each in judged.items() if each.right is not None}
    return [_tape_row(pair, judged.get(pair.name), values, rights) for pair in pairs]


def _tape_row(pair: Pair, judged: Judged | None, values: Mapping[str, Array], rights: Mapping[str, Array]) -> HandRow:
    if judged is None:
        text = f"{pair.of_name or 'the tensor'} requires no grad, so that the tape does not lead to it"
        return HandRow(pair.name, pair.of_name, NOT_JUDGED, tuple(pair.of.shape), text=text)
    given = numbers(pair.given)
    unused = judged.right is None
    right = np.zeros(tuple(pair.of.shape)) if unused else judged.right
    coarser = 1.0 if given is None else max(1.0, rounding_of(given) / judged.eps)
    row = row_of(pair, given, right, judged.rounding * coarser, ROUNDING, values, rights)
    if row.verdict == WRONG and unused:
        text = f"the loss does not depend on {pair.of_name or 'the tensor'}: is it the one that was used?"
        row = dataclasses.replace(row, kind="not used", text=text)
    return row


def row_of(
    pair: Pair,
    given: Array | None,
    right: Array,
    allowed: Any,
    within: str,
    values: Mapping[str, Array],
    rights: Mapping[str, Array],
) -> HandRow:
    """The row of a gradient, beside the right one and what may be between them; `within` is the verdict then."""
    shape = np.shape(right if given is None else given)
    others = {name: value for name, value in rights.items() if name != pair.name}
    bound = float(np.max(allowed, initial=0.0))
    fault = diagnose(given, right, allowed, inputs={**values, **others}, gradients=others)
    row = HandRow(pair.name, pair.of_name, within, shape, bound, entries=right.size)
    if fault is not None:
        of = "" if fault.where is None or fault.entries == 1 else f" ({fault.wrong} of {fault.entries} entries)"
        return dataclasses.replace(
            row,
            verdict=WRONG,
            difference=fault.absolute,
            where=fault.where,
            given=fault.given,
            right=fault.right,
            wrong=fault.wrong,
            kind=fault.kind,
            text=fault.text + of,
        )
    given = np.zeros_like(right) if given is None else given
    if np.array_equal(given, right, equal_nan=right.dtype.kind in "fc"):
        return dataclasses.replace(row, verdict=EXACT, difference=0.0)
    with np.errstate(all="ignore"):
        distance = np.abs(given - right)
    distance = np.where(np.isfinite(distance), distance, 0.0)
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(distance)), distance.shape))
    here = (float(distance[where]), where, given[where].item(), right[where].item())
    return dataclasses.replace(row, **dict(zip(("difference", "where", "given", "right"), here, strict=True)))
