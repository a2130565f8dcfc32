"""The text of a tensor, character for character the one that `repr` of the torch tensor has.

An array becomes text in four steps: keep the cells that are shown (the corners, where it is large), write each as a
string, lay the strings out in nested brackets, append the suffixes. The functions here work on arrays, not on Tensors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array, MetaArray, dtypes


class _PrintOptions(NamedTuple):
    # No dataclass, because making one takes half a millisecond when the package is imported.
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _PrintOptions(),
    "short": _PrintOptions(precision=2, edgeitems=2),
    "full": _PrintOptions(threshold=math.inf),
}
_options = _PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how every tensor is printed from now on (torch.set_printoptions).

    `precision` digits follow the decimal point; an array of more than `threshold` elements shows only `edgeitems` at
    both ends of each dimension; lines break at `linewidth` columns; `sci_mode` forces or forbids scientific notation.
    `profile` ("default", "short" or "full") is applied first, and an unknown one is ignored. None keeps an option as
    it is, except for `sci_mode`, which each call sets anew: None lets the values decide again.
    """
    global _options
    sizes = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    given: dict[str, Any] = {name: value for name, value in sizes.items() if value is not None}
    base = _options if profile is None else _PROFILES.get(profile, _options)
    _options = base._replace(**given, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """The options in force, as keyword arguments for `set_printoptions` (torch._tensor_str.get_printoptions)."""
    return _options._asdict()


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Print with `options`, those of `set_printoptions`, inside a `with` block (torch._tensor_str.printoptions).

    The former options come back when the block ends, by an exception too. TypeError for an unknown option.
    """
    outer = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**outer)


def tensor_text(
    array: Array | MetaArray, *, requires_grad: bool = False, grad_fn: str | None = None, prefix: str = "tensor("
) -> str:
    """The text that torch's `repr` gives for a tensor that holds `array` (torch.Tensor.__repr__).

    Any shape, empty and 0-d too; the dtypes are those of `dtypes.ALL`, and TypeError for others. `grad_fn` is the name
    of the backward node, which hides `requires_grad`. `prefix` opens the text and so sets how far lines are indented.
    The options are those of `set_printoptions`. The time depends on the elements shown, not on those there are.
    """
    options = _options
    suffixes = _suffixes_of_meta(array) if isinstance(array, MetaArray) else _suffixes(array, options)
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    text = prefix + _cells(array, len(prefix), options)
    return _append(text, suffixes, len(prefix), options.linewidth) + ")"


def _cells(array: Array | MetaArray, indent: int, options: _PrintOptions) -> str:
    """The cells of an array in nested brackets; three dots where there is no data."""
    if isinstance(array, MetaArray):
        return "..."
    return _brackets(array, indent, options) if array.size else "[]"


def _suffixes_of_meta(array: MetaArray) -> list[str]:
    """The suffixes of a tensor without data, whose size is always shown."""
    dtype = dtypes.of(array.dtype)
    suffixes = ["device='meta'", f"size={array.shape}"]
    return suffixes if dtype is dtypes.get_default_dtype() else [*suffixes, f"dtype={dtype!r}"]


def _suffixes(array: Array, options: _PrintOptions) -> list[str]:
    """The suffixes for what the cells do not show: the shape if it is unclear, the dtype if it is not implied."""
    dtype = dtypes.of(array.dtype)
    implied = [dtypes.get_default_dtype()]
    if array.size:
        implied += [dtypes.int64, dtypes.bool_]
    size_unclear = options.edgeitems == 0 if array.size else array.ndim != 1
    suffixes = [f"size={array.shape}"] if size_unclear else []
    return suffixes if dtype in implied else [*suffixes, f"dtype={dtype!r}"]


def _append(text: str, suffixes: list[str], indent: int, linewidth: int) -> str:
    # Two columns are reserved after the last cell, but no longer after a line break: an inconsistency of torch's.
    column = len(text.rpartition("\n")[2]) + 2
    for suffix in suffixes:
        if column + len(", ") + len(suffix) <= linewidth:
            text += ", " + suffix
            column += len(", ") + len(suffix)
        else:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
    return text


def _brackets(array: Array, indent: int, options: _PrintOptions) -> str:
    """The cells of an array with at least one element, in nested brackets that start at column `indent`."""
    summarised = array.size > options.threshold
    cut = [summarised and length > 2 * options.edgeitems for length in array.shape]
    shown = _corners(array, cut, options.edgeitems) if any(cut) else array
    strings, width = _strings(shown.ravel().tolist(), options)
    cells = np.array([string.rjust(width) for string in strings], dtype=object).reshape(shown.shape)
    if not cells.ndim:
        return str(cells.item())
    row_indent = indent + cells.ndim - 1
    per_line = max(1, math.floor((options.linewidth - row_indent) / (width + len(", "))))
    return _nested(cells, cut, indent, per_line)


def _corners(array: Array, cut: list[bool], edge: int) -> Array:
    # One gather over all axes: cutting axis by axis would copy whole rows of a large matrix.
    ends = [
        np.r_[:edge, length - edge : length] if is_cut else np.arange(length)
        for length, is_cut in zip(array.shape, cut, strict=True)
    ]
    corners: Array = array[np.ix_(*ends)]
    return corners


def _strings(values: list[Any], options: _PrintOptions) -> tuple[list[str], int]:
    """Each value as a string, and the width that all are padded to.

    Zeros and non-finite floats do not count for the width, so a `-0.` or an `inf` may be wider, as it is in torch.
    """
    if not values or not isinstance(values[0], float):
        strings = [str(value) for value in values]
        return strings, max(map(len, strings), default=1)
    spec, point = _float_format([value for value in values if _counts(value)], options)
    strings = [f"{value:{spec}}" + (point if math.isfinite(value) else "") for value in values]
    widths = (len(string) for string, value in zip(strings, values, strict=True) if _counts(value))
    return strings, max(widths, default=1)


def _counts(value: float) -> bool:
    return value != 0 and math.isfinite(value)


def _float_format(values: list[float], options: _PrintOptions) -> tuple[str, str]:
    """The format of all cells, from the non-zero finite ones: a format spec, and what a finite number ends with.

    The bounds are torch's, taken in double precision whatever the dtype. Where nothing but zeros and non-finite values
    is shown, not even `sci_mode=True` gives an exponent.
    """
    if not values:
        return ".0f", "."
    scientific = options.sci_mode
    if scientific is None:
        magnitudes = [abs(value) for value in values]
        small, large = min(magnitudes), max(magnitudes)
        scientific = large / small > 1000.0 or large > 1e8 or small < 1e-4
    if scientific:
        return f".{options.precision}e", ""
    if all(value.is_integer() for value in values):
        return ".0f", "."
    return f".{options.precision}f", ""


def _nested(cells: Array, cut: list[bool], indent: int, per_line: int) -> str:
    """Put brackets around the blocks of the first axis, with one more line break between them for each axis inside."""
    vector = cells.ndim == 1
    parts = list(cells) if vector else [_nested(block, cut[1:], indent + 1, per_line) for block in cells]
    if cut[0]:
        # Between numbers torch puts one more space before the dots; alone or between rows it does not.
        parts.insert(len(parts) // 2, " ..." if vector and parts else "...")
    margin = " " * (indent + 1)
    if vector:
        lines = [", ".join(parts[start : start + per_line]) for start in range(0, len(parts), per_line)]
        return "[" + (",\n" + margin).join(lines) + "]"
    return "[" + ("," + "\n" * (cells.ndim - 1) + margin).join(parts) + "]"
