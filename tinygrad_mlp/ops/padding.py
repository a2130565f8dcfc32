"""Padding: more elements at the ends of dimensions, or fewer: a constant, a reflection, or the last one repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dims import as_dtype, dtype_word
from .index_refusals import (
    PAD_CUT,
    PAD_ODD,
    PAD_OF_NOTHING,
    PAD_TOO_LONG,
    PAD_TOO_SMALL,
    REFLECTION_TOO_WIDE,
    UNPAD_DTYPES,
)
from .sums import add_at
from .table import Array, Operator, operator

Number = Any  # the annotation of a parameter that takes a Python number


def _widths(ndim: int, pad: Sequence[int]) -> list[tuple[int, int]]:
    """What is added before and behind each dimension; `pad` has it from the last dimension on."""
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    return [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]


@operator(
    {"input": lambda g, pad: constant_pad_nd(g, [-n for n in pad])},
    method=False,
    function=True,
    sample=lambda s: (s.floats(shape := s.shape(1)), s.widths(shape), s.number()),
)
def constant_pad_nd(input: Array, pad: Sequence[int], value: Number = 0) -> Array:
    """A copy with `value` added at the ends of the last dimensions; a negative width takes elements away.

    Shapes: `pad` has the widths before and behind the last dimension, then before and behind the last but one, ...
    Refuses: RuntimeError for an odd number of widths, for too many, and for taking away more than there is.
    """
    if len(pad) % 2:
        raise RuntimeError(PAD_ODD.format(count=len(pad)))
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(PAD_TOO_LONG.format(count=len(pad), ndim=input.ndim))
    widths = _widths(input.ndim, pad)
    for n, (before, after) in zip(input.shape, widths, strict=True):
        if n + before + after < 0:
            raise RuntimeError(PAD_CUT.format(size=n, before=before, after=after))
    if not any(pad):
        return np.copy(input, order="K")  # whatever the value is, as in torch
    shape = [n + before + after for n, (before, after) in zip(input.shape, widths, strict=True)]
    whole = np.full_like(input, as_dtype(value, input.dtype), shape=shape, order="C")
    to, fro = [], []
    for n, (before, after) in zip(input.shape, widths, strict=True):
        length = n + min(before, 0) + min(after, 0)
        to.append(slice(max(before, 0), max(before, 0) + max(length, 0)))
        fro.append(slice(max(-before, 0), max(-before, 0) + max(length, 0)))
    whole[tuple(to)] = input[tuple(fro)]
    return whole


# -- by the elements themselves ----------------------------------------------------------------------


def _reflected(places: Array, size: int) -> Array:
    return size - 1 - np.abs(size - 1 - np.abs(places))


def _repeated(places: Array, size: int) -> Array:
    return np.clip(places, 0, size - 1)


def _refuse(input: Array, pad: Sequence[int], dims: int, reflects: bool) -> None:
    """RuntimeError in torch's words for sizes and widths that do not fit."""
    if 0 in input.shape[-dims - 1 if input.ndim > dims + 1 else -min(input.ndim, dims + 1) :]:
        raise RuntimeError(PAD_OF_NOTHING.format(least=dims + 1, most=dims + 2, shape=list(input.shape)))
    for d, (before, after) in enumerate(_widths(input.ndim, pad)):
        size = input.shape[d]
        if reflects and (before >= size or after >= size) and d >= input.ndim - dims:
            raise RuntimeError(REFLECTION_TOO_WIDE.format(before=before, after=after, dim=d, shape=list(input.shape)))
        if size + before + after < 1 and (before or after):
            letter = "DHW"[d - input.ndim]
            raise RuntimeError(PAD_TOO_SMALL.format(letter=letter, size=size, result=size + before + after))


def _index(shape: tuple[int, ...], pad: Sequence[int], reflects: bool) -> tuple[Array, ...]:
    """Where each element comes from: an array of places for each dimension."""
    source = _reflected if reflects else _repeated
    places = [
        source(np.arange(-before, n + after), n) if before or after else np.arange(n)
        for n, (before, after) in zip(shape, _widths(len(shape), pad), strict=True)
    ]
    return np.ix_(*places)


def _unreflected(g: Array, input: Array, pad: Sequence[int]) -> Array:
    """The VJP of reflections."""
    return unpad(g, input, pad, True)


def _unrepeated(g: Array, input: Array, pad: Sequence[int]) -> Array:
    """The VJP of repeated ends."""
    return unpad(g, input, pad, False)


_DOCUMENTATION = """A copy whose last dimensions are continued by their {what}.

Shapes: `pad` has the widths before and behind the last dimension, then before and behind the last but one, ...
Refuses: RuntimeError for sizes and widths that do not fit.
As: torch.nn.functional.pad with mode='{mode}'
"""


def padding(name: str, dims: int, reflects: bool, **options: Any) -> Operator:
    """A row that continues the last `dims` dimensions by their reflections, or by their ends."""

    def forward(input: Array, pad: Sequence[int]) -> Array:
        _refuse(input, pad, dims, reflects)
        return input[_index(input.shape, pad, reflects)].copy()

    what, mode = ("reflections", "reflect") if reflects else ("ends", "replicate")
    make = operator(
        {"input": _unreflected if reflects else _unrepeated},
        name=name,
        kinds="if",
        node_name=f"{name.title().replace('_', '')}Backward0",
        sample=lambda s: (s.floats(shape := s.shape(dims + 1, dims + 2, least=1)), s.widths(shape[-dims:], reflects)),
        doc=_DOCUMENTATION.format(what=what, mode=mode),
        **options,
    )
    return make(forward)


# Torch has these three of each, which torch.nn.functional.pad chooses from.
reflection_pad1d = padding("reflection_pad1d", 1, reflects=True, method=False, inplace=False)
reflection_pad2d = padding("reflection_pad2d", 2, reflects=True, method=False, inplace=False)
reflection_pad3d = padding("reflection_pad3d", 3, reflects=True, method=False, inplace=False)
replication_pad1d = padding("replication_pad1d", 1, reflects=False, method=False, inplace=False)
replication_pad2d = padding("replication_pad2d", 2, reflects=False, method=False, inplace=False)
replication_pad3d = padding("replication_pad3d", 3, reflects=False, method=False, inplace=False)


@operator(
    {
        "grad_output": lambda g, pad, reflects: _again(g, pad, reflects),
        "input": lambda g, input_shape: np.zeros_like(g, shape=input_shape),
    },
    tensors=("grad_output", "input"),
    numbers=False,
    kinds="f",
    method=False,
    sample=lambda s: s.padded(),
)
def unpad(grad_output: Array, input: Array, pad: Sequence[int], reflects: bool) -> Array:
    """The elements of `grad_output` added where padding took them from: what padding does, backwards.

    As in torch the result depends on `input`, with the derivative 0.

    Shapes: the result has the shape of `input`.
    As: torch.ops.aten.reflection_pad1d_backward and the like
    """
    if grad_output.dtype != input.dtype:
        raise RuntimeError(UNPAD_DTYPES.format(own=dtype_word(grad_output), other=dtype_word(input)))
    whole = np.zeros_like(grad_output, shape=input.shape)
    add_at(whole, _index(input.shape, pad, reflects), grad_output)
    return whole


def _again(g: Array, pad: Sequence[int], reflects: bool) -> Array:
    """The VJP of unpad: the cotangent, padded."""
    rows = (reflection_pad1d, reflection_pad2d, reflection_pad3d)
    return (rows if reflects else (replication_pad1d, replication_pad2d, replication_pad3d))[len(pad) // 2 - 1](g, pad)
