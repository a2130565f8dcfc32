"""Losses that ask for a margin between the right class and the others, after the formulas of torch's kernels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from .activations import log_sigmoid_backward
from .dims import dtype_word
from .refusals import (
    BOOL_NEGATED,
    LABELS_CLASS,
    LABELS_SHAPE,
    MARGIN_CLASS,
    MARGIN_INPUT,
    MARGIN_TARGETS,
    MARGIN_WEIGHTS,
    NO_HALF,
    OTHER_OUTPUT_SHAPE,
    OTHER_RESULT_DTYPE,
    WEIGHT_DTYPE,
)
from .slices import unindex
from .sums import total
from .table import Array, by_value, operator


def _reduce(loss: Array, reduction: str) -> Array:
    if reduction == "none":
        return loss
    return total(loss) if reduction == "sum" else total(loss) / loss.dtype.type(loss.size)


def _reduce_samples(loss: Array, reduction: str) -> Array:
    """The same, where the mean of no samples is 0."""
    return _reduce(loss, "sum" if reduction == "mean" and not loss.size else reduction)


def _soft_margin_input(g: Array, input: Array, target: Array, reduction: str) -> Array:
    scale = 1 / (math.prod(input.shape) or 1) if reduction == "mean" else 1
    product = target * input
    return log_sigmoid_backward(np.ones_like(product), product) * -target * (g * scale)


def _floats(input: Array, target: Array, reduction: str) -> None:
    """RuntimeError for bools, and for integers: torch computes in the memory of `input`."""
    if input.dtype == bool:
        raise RuntimeError(BOOL_NEGATED)
    if input.dtype.kind not in FLOATING:
        word = dtype_word(target) if target.dtype.kind in FLOATING else "Float"
        raise RuntimeError(OTHER_RESULT_DTYPE.format(word=word, wanted=dtype_word(input)))


def _below_eleven(x: Array) -> Array:
    return x if x.dtype.kind != "f" else np.asarray(np.clip(np.nan_to_num(x, nan=1.5), -10, 10))


@operator(
    {"input": _soft_margin_input},
    tensors=("input", "target"),
    check=_floats,
    method=False,
    sample=lambda s: (  # torch's exponential overflows for large numbers, in float16 above 11
        _below_eleven(s.floats(shape := s.shape())), np.asarray(s.ints(shape, 0, 1) * 2.0 - 1),
        s.choice(["mean", "sum", "none"]),
    ),
)  # fmt: skip
def soft_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """log(1 + exp(-target input)), for a target of 1 and -1.

    Shapes: `input`, and `target`, which broadcasts to it; the result is 0-d, and has that shape for the reduction
        "none".
    As: torch.nn.functional.soft_margin_loss
    """
    product = input * target
    if product.shape != input.shape:
        raise RuntimeError(OTHER_OUTPUT_SHAPE.format(shape=list(input.shape), broadcast=list(product.shape)))
    return _reduce(np.logaddexp(0, -product).astype(input.dtype, copy=False), reduction)


# -- between classes -------------------------------------------------------------------------------


def _rows(input: Array) -> Array:
    """One sample (c,), or a number, as a matrix of one row."""
    return input if len(input.shape) == 2 else input.reshape((1, math.prod(input.shape)))


def _check_rows(input: Array) -> None:
    shape = input.shape
    if len(shape) > 2 or (shape and not shape[-1]):
        raise RuntimeError(MARGIN_INPUT.format(shape=list(shape)))


def _missing(input: Array, target: Array, margin: float) -> Array:
    """How much of the margin is missing between the class of each sample and the others: x[i] - x[y] + margin."""
    missing = input - input[np.arange(len(target)), target][:, None] + margin
    return np.where((np.arange(input.shape[1]) != target[:, None]) & (missing > 0), missing, 0)


def _multi_margin_input(
    g: Array, input: Array, target: Array, p: int, margin: float, weight: Any, reduction: str
) -> Array:
    rows, target = _rows(input), target.reshape(-1)
    missing = _missing(rows, target, margin)
    slope = missing * 2 if p == 2 else np.where(missing > 0, 1.0, 0.0)
    scale = g.reshape((math.prod(g.shape), 1)) / (rows.shape[1] * (len(target) or 1 if reduction == "mean" else 1))
    if weight is not None:
        scale = scale * weight[target][:, None]
    slope = slope * scale
    own = np.arange(rows.shape[1]) == target[:, None]
    return np.where(own, -total(slope, (1,), True), slope).reshape(input.shape)


@by_value
def _check_targets(target: Array, classes: int) -> None:
    if target.size and (target.min() < 0 or target.max() >= classes):
        raise RuntimeError(MARGIN_CLASS)


def _int64(target: Array) -> None:
    if target.dtype != np.int64:
        raise RuntimeError(WEIGHT_DTYPE.format(word="Long", other=dtype_word(target)))


def _no_halves(input: Array, kernel: str) -> None:
    if input.dtype.char in HALVES:
        raise NotImplementedError(NO_HALF.format(kernel=kernel, word=dtype_word(input)))


def _classes_and_weights(input: Array, target: Array, p: int, margin: float, weight: Any, *rest: Any) -> None:
    """RuntimeError for targets that are not int64 and weights of another dtype than the input's.

    NotImplementedError for float16 and bfloat16.
    """
    _no_halves(input, "multi_margin_loss_cpu_kernel")
    if input.dtype.kind not in FLOATING:
        return
    _int64(target)
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(WEIGHT_DTYPE.format(word=dtype_word(input), other=dtype_word(weight)))


@operator(
    {"input": _multi_margin_input},
    tensors=("input", "target", "weight"),
    check=_classes_and_weights,
    kinds="f",
    method=False,
    sample=lambda s: (
        s.moderate(s.floats((n := s.size(), c := s.size(1)))), s.ints((n,), 0, c - 1), s.choice([1, 2]),
        s.choice([1.0, 0.25]), s.maybe(s.moderate(s.floats((c,)))), s.choice(["mean", "sum", "none"]),
    ),
)  # fmt: skip
def multi_margin_loss(
    input: Array, target: Array, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
) -> Array:
    """max(0, margin - x[y] + x[i]) to the power `p`, times the `weight` of y, in the mean over the classes i but y.

    Shapes: `input` (n, c) or (c,), `target` (n,), `weight` (c,); the result is 0-d, and (n,) for the reduction "none".
        The sum over the classes is divided by c.
    Dtypes: `input` and `weight` of one floating dtype, `target` int64.
    Refuses: RuntimeError for other shapes, and for a class that is not in [0, c).
    As: torch.nn.functional.multi_margin_loss
    """
    _check_rows(input)
    rows = _rows(input)
    samples, classes = rows.shape
    if target.ndim > 1 or target.size != samples:
        shapes = {"target": list(target.shape), "shape": list(input.shape)}
        raise RuntimeError(MARGIN_TARGETS.format(samples=samples, **shapes))
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(MARGIN_WEIGHTS.format(classes=classes, weight=list(weight.shape)))
    _check_targets(target, classes)
    flat = target.reshape(-1)
    loss = total(_missing(rows, flat, margin) ** p, (1,)) / input.dtype.type(classes)
    loss = loss if weight is None else loss * weight[flat] + 0  # torch's sum starts from 0, so that it is never -0
    return _reduce_samples(loss.reshape(target.shape), reduction)


def _labels(target: Array) -> tuple[Array, Array, Array]:
    """Of the target's rows: which elements are classes (those before the first -1), these, and the rows' numbers."""
    kept = np.logical_and.accumulate(target >= 0, axis=1)
    return kept, np.where(kept, target, 0), np.arange(len(target))[:, None]


def _too_near(input: Array, target: Array) -> tuple[Array, Array]:
    """How much of the margin of 1 is missing between each label of a sample and each class that is no label of it."""
    kept, labels, row = _labels(target)
    classes = np.arange(input.shape[1])
    is_label = (kept[:, :, None] & (labels[:, :, None] == classes)).any(axis=1)
    missing = 1 - input[row, labels][:, :, None] + input[:, None, :]
    counted = kept[:, :, None] & ~is_label[:, None, :]
    return missing, counted & (missing > 0)


def _multilabel_margin_input(g: Array, input: Array, target: Array, reduction: str) -> Array:
    rows, target = _rows(input), _rows(target)
    samples, classes = rows.shape
    _, counted = _too_near(rows, target)
    scale = g.reshape((math.prod(g.shape), 1, 1)) / (classes * (samples or 1 if reduction == "mean" else 1))
    slope = np.where(counted, scale, 0)
    _, labels, row = _labels(target)
    return (total(slope, (1,)) - unindex(total(slope, (2,)), rows.shape, (row, labels))).reshape(input.shape)


def _labels_in_int64(input: Array, target: Array, reduction: str) -> None:
    """RuntimeError for labels that are not int64, NotImplementedError for float16 and bfloat16."""
    _no_halves(input, "multilabel_margin_loss_forward_out_frame")
    if input.dtype.kind in FLOATING:
        _int64(target)


def _draw_labels(s: Any) -> tuple[Any, ...]:
    shape = (s.size(1), s.size(1)) if s.boolean() else (s.size(1),)
    return s.moderate(s.floats(shape)), s.ints(shape, -1, shape[-1] - 1), s.choice(["mean", "sum", "none"])


@by_value
def _check_labels(target: Array, classes: int) -> None:
    if target.size and (target.min() < -1 or target.max() >= classes):
        raise RuntimeError(LABELS_CLASS)


@operator(
    {"input": _multilabel_margin_input},
    tensors=("input", "target"),
    check=_labels_in_int64,
    kinds="f",
    method=False,
    sample=_draw_labels,
)
def multilabel_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """max(0, 1 - x[y] + x[i]), summed over the labels y and the classes i that are no labels, and divided by c.

    Shapes: `input` and `target` (n, c) or (c,); the result is 0-d, and (n,) for the reduction "none". The labels of a
        sample stand in its row of the target before the first -1.
    Dtypes: `input` floating, `target` int64.
    Refuses: RuntimeError for other shapes, and for a label that is not in [-1, c).
    As: torch.nn.functional.multilabel_margin_loss
    """
    _check_rows(input)
    if target.shape != input.shape:
        raise RuntimeError(LABELS_SHAPE.format(target=list(target.shape), shape=list(input.shape)))
    rows, labels = _rows(input), _rows(target)
    _check_labels(labels, rows.shape[1])
    missing, counted = _too_near(rows, labels)
    loss = total(np.where(counted, missing, 0), (1, 2)) / input.dtype.type(rows.shape[1])
    return _reduce_samples(loss if input.ndim == 2 else loss.reshape(()), reduction)
