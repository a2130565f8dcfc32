"""torch.testing.assert_close: whether tensors, arrays, numbers, and lists or dicts of them are close, in torch's words.

Everything is looked at in two steps, as in torch: first whether the two sides are built alike, and then, one pair of
leaves after another, whether the values are close. Source: torch/testing/_comparison.py.
"""

from __future__ import annotations

import cmath
import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import Tensor, as_tensor, isclose
from ..arrays import dtypes

Message = str | Callable[[str], str] | None
Place = tuple[Any, ...]

# By how much values may differ by default: in relation to the expected one, and absolute. Other dtypes: not at all.
_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
}
_OF_NUMBERS: dict[type, tuple[float, float]] = {
    bool: (0.0, 0.0), int: (0.0, 0.0), float: (1e-7, 1e-7), complex: (1e-7, 1e-7)
}  # fmt: skip

_WHERE = "\n\nThe failure occurred for item {place}"
_ONE_TOLERANCE = "Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
_LENGTHS = "The length of the sequences mismatch: {actual} != {expected}"
_KEYS = (
    "The keys of the mappings do not match:\nMissing keys in the actual mapping: {missing}\n"
    "Additional keys in the actual mapping: {additional}"
)
_NO_PAIR = "No comparison pair was able to handle inputs of type {actual} and {expected}."
_NONE = "None mismatch: {actual} is not {expected}"
_BOOLEANS = "Booleans mismatch: {actual} is not {expected}"
_NUMBER_TYPES = "The (d)types do not match: {actual} != {expected}."
_ATTRIBUTES = "The values for attribute '{name}' do not match: {actual} != {expected}."


class _Options(NamedTuple):
    allow_subclasses: bool
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_dtype: bool
    check_stride: bool
    msg: Message


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
    check_stride: bool = False, msg: Message = None,
) -> None:  # fmt: skip
    """AssertionError unless |actual - expected| <= atol + rtol |expected| everywhere (torch.testing.assert_close).

    Both are tensors, arrays or numbers, or sequences or mappings of them, built alike. Shape and dtype have to be the
    same, the latter unless `check_dtype` is false, and with `check_stride` the strides. The tolerances are given both,
    or follow from the dtypes. `msg` replaces the text, or is a function of it. ValueError for one tolerance alone,
    TypeError for types that are not compared.
    """
    __tracebackhide__ = True
    options = _Options(allow_subclasses, rtol, atol, equal_nan, check_dtype, check_stride, msg)
    for compare in list(_comparisons(actual, expected, (), options)):
        compare()


def _failure(kind: type[Exception], text: str, place: Place, options: _Options) -> Exception:
    if isinstance(options.msg, str):
        return kind(options.msg)
    if place:
        text += _WHERE.format(place="".join(str([item]) for item in place))
    return kind(options.msg(text) if callable(options.msg) else text)


def _comparisons(actual: Any, expected: Any, place: Place, options: _Options) -> Iterator[Callable[[], None]]:
    """A function for every pair of leaves, which raises unless they are close. The two sides have to be built alike."""
    both = (actual, expected)
    keys: Any
    if all(isinstance(side, Sequence) and not isinstance(side, str) for side in both):
        if len(actual) != len(expected):
            text = _LENGTHS.format(actual=len(actual), expected=len(expected))
            raise _failure(AssertionError, text, place, options)
        keys = range(len(actual))
    elif all(isinstance(side, Mapping) for side in both):
        keys = set(actual)
        if keys != set(expected):
            missing, additional = sorted(set(expected) - keys), sorted(keys - set(expected))
            text = _KEYS.format(missing=missing, additional=additional)
            raise _failure(AssertionError, text, place, options)
        with contextlib.suppress(TypeError):  # keys that have no order
            keys = sorted(keys)
    else:
        yield _leaf(actual, expected, place, options)
        return
    for key in keys:
        yield from _comparisons(actual[key], expected[key], (*place, key), options)


def _leaf(actual: Any, expected: Any, place: Place, options: _Options) -> Callable[[], None]:
    """The comparison of two leaves by what they are: None, bools, numbers, or what a tensor can be made of."""
    both = (actual, expected)
    if actual is None or expected is None:
        return functools.partial(_compare_same, _NONE, actual, expected, place, options)
    if all(isinstance(x, (bool, np.bool_)) for x in both):
        return functools.partial(_compare_same, _BOOLEANS, bool(actual), bool(expected), place, options)
    if all(isinstance(x, (int, float, complex, np.number)) for x in both):
        numbers = [x.item() if isinstance(x, np.number) else x for x in both]
        tolerances = _tolerances([_OF_NUMBERS[type(x)] for x in numbers], place, options)
        return functools.partial(_compare_numbers, numbers, tolerances, place, options)
    tensors = _tensors(actual, expected, options)
    if tensors is None:
        text = _NO_PAIR.format(actual=type(actual), expected=type(expected))
        raise _failure(TypeError, text, place, options)
    tolerances = _tolerances([_TOLERANCES.get(x.dtype, (0.0, 0.0)) for x in tensors], place, options)
    return functools.partial(_compare_tensors, tensors, tolerances, place, options)


def _tensors(actual: Any, expected: Any, options: _Options) -> list[Tensor] | None:
    """Both as tensors without history; None where their types do not go together, or no tensor can be made of them."""
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not related or not (options.allow_subclasses or type(actual) is type(expected)):
        return None
    try:
        return [as_tensor(x).detach() for x in (actual, expected)]
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        return None


def _tolerances(defaults: Sequence[tuple[float, float]], place: Place, options: _Options) -> tuple[float, float]:
    """The tolerances that were given, both of them, or the loosest of the defaults."""
    rtol, atol = options.rtol, options.atol
    if rtol is not None and atol is not None:
        return rtol, atol
    if rtol is None and atol is None:
        return max(rtol for rtol, _ in defaults), max(atol for _, atol in defaults)
    missing = "rtol" if rtol is None else "atol"
    raise _failure(ValueError, _ONE_TOLERANCE.format(missing=missing), place, options)


# -- the values ------------------------------------------------------------------------------------


def _compare_same(template: str, actual: Any, expected: Any, place: Place, options: _Options) -> None:
    if actual is not expected:
        raise _failure(AssertionError, template.format(actual=actual, expected=expected), place, options)


def _compare_numbers(numbers: list[Any], tolerances: tuple[float, float], place: Place, options: _Options) -> None:
    actual, expected = numbers
    if options.check_dtype and type(actual) is not type(expected):
        text = _NUMBER_TYPES.format(actual=type(actual), expected=type(expected))
        raise _failure(AssertionError, text, place, options)
    if actual == expected or (options.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return
    rtol, atol = tolerances
    difference = abs(actual - expected)
    if not (cmath.isfinite(difference) and difference <= atol + rtol * abs(expected)):
        raise _failure(AssertionError, _numbers_differ(actual, expected, tolerances), place, options)


def _compare_tensors(tensors: list[Tensor], tolerances: tuple[float, float], place: Place, options: _Options) -> None:
    actual, expected = tensors
    attributes: list[tuple[str, Any, Any]] = [("shape", actual.shape, expected.shape)]
    if options.check_stride:
        attributes.append(("stride()", actual.stride(), expected.stride()))
    if options.check_dtype:
        attributes.append(("dtype", actual.dtype, expected.dtype))
    for name, own, other in attributes:
        if own != other:
            text = _ATTRIBUTES.format(name=name, actual=own, expected=other)
            raise _failure(AssertionError, text, place, options)
    common = dtypes.promoted(actual.dtype, expected.dtype)
    actual, expected = actual.to(common), expected.to(common)
    matches = isclose(actual, expected, *tolerances, options.equal_nan)
    if matches.all():
        return
    if actual.ndim:
        text = _tensors_differ(actual, expected, matches, tolerances)
    else:
        text = _numbers_differ(actual.item(), expected.item(), tolerances)
    raise _failure(AssertionError, text, place, options)


# -- the texts -------------------------------------------------------------------------------------


def _numbers_differ(actual: Any, expected: Any, tolerances: tuple[float, float]) -> str:
    absolute = abs(actual - expected)
    relative = float("inf") if expected == 0 else absolute / abs(expected)
    lines = [f"Expected {expected} but got {actual}."]
    for name, difference, tolerance in zip(
        ("Absolute", "Relative"), (absolute, relative), tolerances[::-1], strict=True
    ):
        lines.append(f"{name} difference: {difference}{_allowed(tolerance, tolerances)}")
    return _headed("Scalars", lines, tolerances)


def _tensors_differ(actual: Tensor, expected: Tensor, matches: Tensor, tolerances: tuple[float, float]) -> str:
    """How many elements do not match, and where the difference is greatest among these."""
    count, wrong = matches.numel(), matches.numel() - int(matches.sum())
    lines = [f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})"]
    if not actual.is_floating_point():
        actual, expected = actual.long(), expected.long()
    absolute = (actual - expected).abs().masked_fill(matches, 0)
    relative = (absolute / expected.abs()).masked_fill(matches, 0)
    for name, difference, tolerance in zip(
        ("absolute", "relative"), (absolute, relative), tolerances[::-1], strict=True
    ):
        greatest, at = difference.flatten().max(0)
        index = tuple(int(i) for i in np.unravel_index(int(at), tuple(difference.shape)))
        lines.append(f"Greatest {name} difference: {greatest.item()} at index {index}{_allowed(tolerance, tolerances)}")
    return _headed("Tensor-likes", lines, tolerances)


def _allowed(tolerance: float, tolerances: tuple[float, float]) -> str:
    return "" if tolerances == (0, 0) else f" (up to {tolerance} allowed)"


def _headed(what: str, lines: list[str], tolerances: tuple[float, float]) -> str:
    return "\n".join([f"{what} are not {'equal' if tolerances == (0, 0) else 'close'}!", "", *lines])
