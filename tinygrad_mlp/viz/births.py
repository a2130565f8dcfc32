"""Where nan was born: the first value and the first cotangent that is nan or infinite, why, and what to write instead.

The first bad number is often an infinity, and a nan follows from it somewhere else; then both are births.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .model import Operand, Part, Place, Rows, Step
from .reasons import DERIVATIVES, VALUES, WHERE, Reason, found
from .snapshot import Snapshot

# Operators that hand zeros to an input, or to elements of it, that they did not take.
_CHOOSING = frozenset(
    ("where", "masked_fill", "getitem", "index_select", "masked_select", "select", "slice_along", "maximum", "minimum")
)


@dataclass(frozen=True)
class Birth:
    """The first bad number of the forward pass (a value) or of the backward pass (a cotangent).

    `number` is the step, `kind` what it made; `name` is the input that brought it or, of a cotangent, that gets it.
    `what` is nan or inf and how many elements are; `why` and `instead` are sentences, empty where nothing can be told.
    """

    number: int
    kind: Literal["value", "cotangent"]
    name: str
    what: str
    why: str
    instead: str
    place: Place | None = None

    def __str__(self) -> str:
        made = "the value" if self.kind == "value" else f"the cotangent of {self.name}"
        said = " ".join(filter(None, (self.why, self.instead)))
        return f"%{self.number}: {made} has {self.what}." + (f" {said}" if said else "")


def births(rows: Rows) -> list[Birth]:
    """The first infinity and the first nan among the values, and then among the cotangents, as far as they are known.

    Cotangents are known after a backward; values only of a program that was watched, beside those of leaves.
    """
    return [*_first_two(_of_values(rows)), *_first_two(_of_cotangents(rows))]


def _first_two(all_births: Iterator[Birth]) -> Iterator[Birth]:
    """The first birth and, where it has no nan, the first with one."""
    has_nan = None
    for birth in all_births:
        if has_nan is None or "nan" in birth.what:
            yield birth
            has_nan = "nan" in birth.what
        if has_nan:
            return


def _what(value: Snapshot) -> str:
    counts = (("nan", value.figures.nan), ("inf", value.figures.infinite))
    return " and ".join(f"{word} ({n} of {value.figures.count})" for word, n in counts if n)


def _is_new(made: Snapshot | None, read: list[Snapshot | None]) -> bool:
    """Whether an array has nan where no array that it was made from had, or inf where none was bad."""
    if made is None or not made.has_bad:
        return False
    bad = [value for value in read if value is not None and value.has_bad]
    return not bad or (made.figures.nan > 0 and not any(value.figures.nan for value in bad))


# -- values ----------------------------------------------------------------------------------------


def _of_values(rows: Rows) -> Iterator[Birth]:
    for step in rows.steps:
        for operand in step.inputs:
            if operand.number is None and operand.value is not None and operand.value.has_bad:
                yield _given(step, operand, operand.value)
        if step.value is not None and _is_new(step.value, [operand.value for operand in step.inputs]):
            reason = found(VALUES, step.operator, _arrays(step))
            culprit = next((x for x in step.inputs if x.parameter == reason.parameter), None)
            name = culprit.name if culprit else step.inputs[0].name if step.inputs else step.name
            yield Birth(step.number, "value", name, _what(step.value), reason.why, reason.instead, step.place)


def _given(step: Step, operand: Operand, value: Snapshot) -> Birth:
    why = f"It is in {operand.name}, which no recorded operator computed."
    instead = "Look at where it comes from: torch.isfinite(x).all() says whether an input may be used."
    return Birth(step.number, "value", operand.name, _what(value), why, instead, step.place)


def _arrays(step: Step) -> dict[str, Any]:
    """The values of a step by the names of the operator: inputs, and `out`; those that are known as a whole."""
    arrays = {x.parameter: x.value.values for x in step.inputs if x.value is not None and x.value.is_whole}
    if step.value is not None and step.value.is_whole:
        arrays["out"] = step.value.values
    return arrays


# -- cotangents ------------------------------------------------------------------------------------


def _of_cotangents(rows: Rows) -> Iterator[Birth]:
    for step in reversed(rows.steps):
        came = step.cotangent
        for total in rows.sums_at(step.number):
            if total.total is not None and _is_new(total.total, [part for _, part in total.parts]):
                why = "It is the sum of inf and -inf, which different consumers handed on."
                yield Birth(step.number, "cotangent", total.name, _what(total.total), why, "", step.place)
        if step.number == len(rows.steps) and came is not None and came.has_bad:
            why = "Backward was started with it: it is in the gradient that was given."
            yield Birth(step.number, "cotangent", step.name, _what(came), why, "", step.place)
        for i, part in enumerate(step.parts):
            if part.value is not None and _is_new(part.value, [came, *(output.cotangent for output in step.outputs)]):
                yield _handed_on(rows, step, i, part, part.value)


def _handed_on(rows: Rows, step: Step, index: int, part: Part, value: Snapshot) -> Birth:
    differentiable = list(step.rules)
    recorded = [x.parameter for x in step.inputs if x.kind != "constant"]
    parameter = recorded[index] if index < len(recorded) else (differentiable or [""])[0]
    reason = found(DERIVATIVES, step.operator, _arrays(step), parameter)
    if value.figures.nan and _came_as_zero(step, value):
        chooser = _chooser(rows, step.number)
        if chooser is not None:
            reason = _not_taken(step, chooser, reason)
        elif reason.why:
            reason = Reason(f"0 times inf: {reason.why[0].lower()}{reason.why[1:]}", reason.instead)
    return Birth(step.number, "cotangent", part.to, _what(value), reason.why, reason.instead, step.place)


def _came_as_zero(step: Step, value: Snapshot) -> bool:
    """Whether the cotangent that came is 0 where what is handed on is nan; also where that cannot be seen."""
    came = step.cotangent
    if came is None or not came.figures.zero:
        return False
    if not (came.is_whole and value.is_whole and came.shape == value.shape):
        return True
    return bool((came.values[np.isnan(value.values)] == 0).any())


def _chooser(rows: Rows, number: int) -> Step | None:
    """The next step on the way to the loss that takes some elements and leaves others."""
    seen, ahead = set(), [number]
    while ahead:
        for consumer in rows.consumers(ahead.pop(0)):
            if rows.step(consumer).operator in _CHOOSING:
                return rows.step(consumer)
            if consumer not in seen:
                seen.add(consumer)
                ahead.append(consumer)
    return None


def _not_taken(step: Step, chooser: Step, reason: Reason) -> Reason:
    cause = f" {reason.why}" if reason.why else ""
    why = (
        f"0 times inf: {chooser.operator} (%{chooser.number}) did not take these elements, so their cotangent is 0, "
        f"and the derivative of {step.operator} is not finite there.{cause}"
    )
    return Reason(why, WHERE.format(operator=step.operator))
