"""`by_hand` checks the gradients of a backward that is written line by line, each by its name, in one call."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .comparison import Array, rounding_of
from .diagnosis import diagnose
from .frameworks import array_of, framework_of, is_tensor
from .hand_table import ERROR, EXACT, NOT_JUDGED, RIGHT, ROUNDING, WRONG, ByHand, HandRow
from .pairing import Pair, is_numbers, numbers, of_gradient, pairs_as_given, pairs_by_name
from .refusals import NO_ARRAY, NO_LOSS, NO_NUMBERS, NO_PARAMETER, NO_TENSOR, TWO_FRAMEWORKS
from .tape_gradients import Judged, gradients_by_tape


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
        framework = framework_of(loss)
        pairs, left_over = _pairs(lambda _, x: framework_of(x) is framework and is_numbers(x), variables, named, seen)
        for pair in pairs:
            _check_tensor(pair, framework)
        return ByHand(_tape_rows(loss, pairs, seen), left_over)
    if not callable(loss):
        raise TypeError(NO_LOSS.format(found=type(loss).__name__))
    from .function_gradients import parameters_of

    taken = {parameter.name for parameter in parameters_of(loss)}
    pairs, left_over = _pairs(lambda name, x: name in taken and is_numbers(x), variables, named, seen)
    for pair in pairs:
        _check_argument(pair, loss, taken)
    return ByHand(_function_rows(loss, pairs, seen if variables is None else variables), left_over)


def _pairs(
    has_gradient: Callable[[str, Any], bool],
    variables: Mapping[str, Any] | None,
    named: Mapping[str, Any],
    seen: Mapping[str, Any],
) -> tuple[list[Pair], list[str]]:
    """The pairs to check and the names left over. TypeError for a gradient without numbers."""
    pairs: list[Pair] = []
    left_over: list[str] = []
    if variables is not None:
        pairs, left_over = pairs_by_name(variables, has_gradient)
    if variables is None or named:
        pairs = pairs + pairs_as_given(named, seen)
    for name, given, _, _ in pairs:
        if given is not None and np.asarray(numbers(given)).dtype.kind not in "buifc":
            raise TypeError(NO_NUMBERS.format(name=name, found=type(given).__name__))
    return pairs, left_over


def _check_tensor(pair: Pair, framework: Any) -> None:
    if not is_tensor(pair.of):
        raise TypeError(NO_TENSOR.format(name=pair.name, found=type(pair.of).__name__))
    if framework_of(pair.of) is not framework:
        raise TypeError(TWO_FRAMEWORKS.format(name=pair.name, of=type(pair.of).__name__))


def _check_argument(pair: Pair, loss: Callable[..., Any], taken: set[str]) -> None:
    from .function_gradients import name_of

    if is_tensor(pair.of) or np.asarray(pair.of).dtype.kind not in "buif":
        raise TypeError(NO_ARRAY.format(name=pair.name, found=type(pair.of).__name__))
    if pair.of_name not in taken:
        raise ValueError(NO_PARAMETER.format(function=name_of(loss), of=pair.of_name or "such array", name=pair.name))


def _function_rows(loss: Callable[..., Any], pairs: Sequence[Pair], variables: Mapping[str, Any]) -> list[HandRow]:
    from .function_gradients import arguments_of, gradients_by_function

    arguments = arguments_of(loss, {pair.of_name: pair.of for pair in pairs}, variables)
    names = list(dict.fromkeys(pair.of_name for pair in pairs))
    found = dict(zip(names, gradients_by_function(loss, arguments, names), strict=True))
    values = {name: np.asarray(arguments[name]) for name in names}
    rights = {pair.name: found[pair.of_name].right for pair in pairs}
    rows = []
    for pair in pairs:
        right, allowed = found[pair.of_name]
        given = numbers(pair.given)
        coarser = 1.0 if given is None else max(1.0, rounding_of(given) / np.finfo(np.float64).eps)
        known = np.isfinite(allowed)
        if right.size and not known.any():
            text = f"no derivative exists at this {pair.of_name}"
            rows.append(HandRow(pair.name, pair.of_name, NOT_JUDGED, right.shape, entries=right.size, text=text))
            continue
        row = row_of(pair, given, right, allowed * coarser, ERROR, values, rights)
        if not known.all() and row.verdict in RIGHT:
            text = f"{np.sum(~known)} of {right.size} entries are not judged: no derivative exists there"
            row = dataclasses.replace(row, text=text)
        rows.append(row)
    return rows


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
    bound = float(np.max(allowed, initial=0.0, where=np.isfinite(allowed)))
    of_others = {of_gradient(name) or name: value for name, value in others.items()}
    known = {**values, **others}
    fault = diagnose(given, right, allowed, inputs=known)
    if fault is not None and fault.kind == "other":
        # A gradient that equals another one lacks a step more often than the two are interchanged.
        fault = diagnose(given, right, allowed, inputs=known, gradients=of_others)
    row = HandRow(pair.name, pair.of_name, within, shape, bound, entries=right.size)
    if fault is not None:
        of = "" if fault.wrong == fault.entries else f" ({fault.wrong} of {fault.entries} entries)"
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
