"""Losses of neural networks. Values and derivatives follow the formulas of torch's kernels and derivatives.yaml."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, RANK
from .activations import logit, logsigmoid, sigmoid
from .dims import dtype_word, number
from .refusals import (
    BATCH_LENGTHS,
    BOOL_SUBTRACTED_IN_LOSS,
    NO_CLASS,
    NO_PROBABILITY,
    OTHER_OUTPUT_SHAPE,
    OTHER_RESULT_DTYPE,
    WEIGHT_DTYPE,
)
from .slices import unslice
from .table import Array, check_of_each, operator


def _reduce(loss: Array, reduction: str) -> Array:
    if reduction == "none":
        return loss
    total = np.add.reduce(loss, axis=None)
    return total if reduction == "sum" else total / loss.dtype.type(loss.size)


def _of_each(g: Array, loss: Array, reduction: str) -> Array:
    """The cotangent of every element's loss, from that of the reduced loss."""
    return g / (math.prod(loss.shape) or 1) if reduction == "mean" else g


def _pair(s: Any) -> tuple[Any, Any, str]:
    """An input and a target of one shape, and a reduction."""
    return s.floats(shape := s.shape()), s.floats(shape), s.choice(["mean", "sum", "none"])


# -- distances -------------------------------------------------------------------------------------


def _mse_input(g: Array, input: Array, target: Array, reduction: str) -> Array:
    error = input - target
    scale = 2 / (math.prod(error.shape) or 1) if reduction == "mean" else 2
    return error * (g * scale)


@operator(
    {
        "input": _mse_input,
        "target": lambda g, input, target, reduction: _mse_input(g, target, input, reduction),
    },
    tensors=("input", "target"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    sample=_pair,
)
def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """The squared error, as it is or its mean or sum.

    Shapes: `input` and `target`, which broadcast together; the result is 0-d, and has their shape for the reduction
        "none".
    As: torch.nn.functional.mse_loss
    """
    error = input - target
    return _reduce(np.square(error), reduction)


def _limited(error: Array, limit: float) -> Array:
    """The error, limited to [-limit, limit]: beyond the limit its derivative is 0. nan stays nan."""
    size = np.absolute(error)
    return np.where(size < limit, error, np.where(size >= limit, np.sign(error) * limit, np.nan))


def _smooth_l1_input(g: Array, input: Array, target: Array, reduction: str, beta: float) -> Array:
    slope = _limited(input - target, beta)
    return slope * (_of_each(g, slope, reduction) / beta)


@operator(
    {
        "input": _smooth_l1_input,
        "target": lambda g, input, target, reduction, beta: _smooth_l1_input(g, target, input, reduction, beta),
    },
    tensors=("input", "target"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    node_name="SmoothL1LossBackward0",
    sample=lambda s: (*_pair(s), s.choice([1.0, 0.25, 2.0])),
)
def smooth_l1_loss(input: Array, target: Array, reduction: str = "mean", beta: float = 1.0) -> Array:
    """error^2 / (2 beta) where the absolute error is below `beta`, else that error less beta / 2 (Girshick 2015).

    Shapes: `input` and `target`, which broadcast together; the result is 0-d, and has their shape for the reduction
        "none".
    As: torch.nn.functional.smooth_l1_loss
    """
    size = np.absolute(input - target)
    return _reduce(np.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta), reduction)


def _huber_input(g: Array, input: Array, target: Array, reduction: str, delta: float) -> Array:
    slope = _limited(input - target, delta)
    return slope * _of_each(g, slope, reduction)


def _into_dtype(first: Array, *others: Any) -> None:
    """RuntimeError, as torch, where the dtype of the first cannot hold what the others make of it."""
    for x in others:
        if x is not None and RANK[x.dtype.kind] > RANK[first.dtype.kind]:
            raise RuntimeError(OTHER_RESULT_DTYPE.format(word=dtype_word(x), wanted=dtype_word(first)))


@operator(
    {
        "input": _huber_input,
        "target": lambda g, input, target, reduction, delta: _huber_input(g, target, input, reduction, delta),
    },
    tensors=("input", "target"),
    check=lambda input, target, *rest: _into_dtype(input, target),
    kinds="f",
    method=False,
    sample=lambda s: (*_pair(s), s.choice([1.0, 0.25, 2.0])),
)
def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0) -> Array:
    """error^2 / 2 where the absolute error is at most `delta`, else delta (that error less delta / 2) (Huber 1964).

    Shapes: `input` and `target`, which broadcast together; the result is 0-d, and has their shape for the reduction
        "none".
    Refuses: RuntimeError where the dtype of `input` cannot hold that of `target`.
    As: torch.nn.functional.huber_loss
    """
    size = np.absolute(input - target)
    loss = np.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))
    return _reduce(loss.astype(input.dtype, copy=False), reduction)


# -- of probabilities ------------------------------------------------------------------------------


def _weighted(x: Array, weight: Any) -> Array:
    """x times `weight`; RuntimeError where the product would not have the shape of x."""
    product = x if weight is None else x * weight
    if product.shape != x.shape:
        raise RuntimeError(OTHER_OUTPUT_SHAPE.format(shape=list(x.shape), broadcast=list(product.shape)))
    return product


@check_of_each
def _check_probabilities(name: str, array: Array) -> None:
    if not np.all((array >= 0) & (array <= 1)):
        raise RuntimeError(NO_PROBABILITY.format(name=name))


_EPSILON = 1e-12  # torch's: it limits the derivative where a probability is very near to 0 or 1
_KERNEL_EPSILON = float(np.float32(_EPSILON))  # in torch's kernel it is a C++ float for every dtype


def _variance(p: Array, least: float) -> Array:
    """p (1 - p), the variance of a Bernoulli variable, but at least `least`."""
    variance = p * (1 - p)
    return np.where(variance < least, least, variance)


def _bce_slope(g: Array, input: Array, target: Array, weight: Any, reduction: str) -> Array:
    """(p - y) / (p (1 - p)) times g, for the input p and the target y: the derivative of the loss."""
    scale = _weighted(_of_each(g, input, reduction), weight)
    return scale * (input - target) / ((input + _EPSILON) * (1 - input + _EPSILON))


def _bce_curvature(g: Array, grad_output: Array, input: Array, target: Array, weight: Any, reduction: str) -> Array:
    """(p^2 - 2 p y + y) / (p (1 - p))^2 times g and grad_output: the second derivative."""
    scale = _weighted(_of_each(g * grad_output, input, reduction), weight)
    variance = (input + _EPSILON) * (1 - input + _EPSILON)
    return scale * (input * input - 2 * input * target + target) / (variance * variance)


def _bce_backward_target(g: Array, grad_output: Array, input: Array, weight: Any, reduction: str) -> Array:
    return -_weighted(_of_each(g * grad_output, input, reduction), weight) / _variance(input, _EPSILON)


def _probabilities(s: Any, margin: float) -> tuple[Any, ...]:
    """Probabilities as input and target, a weight that broadcasts, a reduction."""
    x, target, reduction = _pair(s)
    weight = s.maybe(s.floats(s.broadcast_into(x.shape)))
    if x.dtype.kind in FLOATING:
        x, target = (np.asarray(np.clip(np.nan_to_num(np.abs(a)), margin, 1 - margin)) for a in (x, target))
    return x, target, weight, reduction


# A row of its own, because torch's second derivative is not the derivative of the first near 0 and 1, where that is
# limited. There torch has no third derivative, so the test draws no such numbers.
@operator(
    {
        "grad_output": _bce_slope,
        "input": _bce_curvature,
        "target": _bce_backward_target,
    },
    tensors=("grad_output", "input", "target", "weight"),
    promotion="same",
    unpromoted="weight",
    kinds="f",
    method=False,
    node_name="BinaryCrossEntropyBackwardBackward0",
    sample=lambda s: (s.floats(() if (p := _probabilities(s, 1 / 16))[-1] != "none" else p[0].shape), *p),
)
def binary_cross_entropy_backward(
    grad_output: Array, input: Array, target: Array, weight: Any = None, reduction: str = "mean"
) -> Array:
    """The gradient of binary_cross_entropy with respect to its input.

    Shapes: those of binary_cross_entropy; the result has that of `input`.
    As: torch.ops.aten.binary_cross_entropy_backward
    """
    slope = (input - target) / _variance(input, _KERNEL_EPSILON)
    return _weighted(_of_each(grad_output, input, reduction) * slope, weight).astype(input.dtype, copy=False)


def _bce_target(g: Array, input: Array, weight: Any, reduction: str) -> Array:
    return _weighted(_of_each(g, input, reduction) * -logit(input, None), weight)


@operator(
    {
        "input": lambda g, input, target, weight, reduction: binary_cross_entropy_backward(
            g, input, target, weight, reduction
        ),
        "target": _bce_target,
    },
    tensors=("input", "target", "weight"),
    promotion="same",
    unpromoted="weight",
    kinds="f",
    method=False,
    sample=lambda s: _probabilities(s, 0),
)
def binary_cross_entropy(input: Array, target: Array, weight: Any = None, reduction: str = "mean") -> Array:
    """-(target log(input) + (1 - target) log(1 - input)), with logarithms of at least -100, times `weight`.

    Shapes: `input` and `target` of one shape, to which `weight` broadcasts; the result is 0-d, and has that shape
        for "none".
    Refuses: RuntimeError for numbers that are not between 0 and 1, and for a `weight` of more dimensions.
    As: torch.nn.functional.binary_cross_entropy
    """
    _check_probabilities("input", input)
    _check_probabilities("target", target)
    loss = (target - 1) * np.maximum(np.log1p(-input), -100) - target * np.maximum(np.log(input), -100)
    return _reduce(_weighted(loss, weight).astype(input.dtype, copy=False), reduction)


def _bce_logits_input(g: Array, input: Array, target: Array, weight: Any, pos_weight: Any, reduction: str) -> Array:
    if pos_weight is None:
        slope = sigmoid(input) - target
    else:
        positive = pos_weight * target
        slope = (positive + 1 - target) * sigmoid(input) - positive
    return _weighted(_of_each(g, slope, reduction) * slope, weight)


def _bce_logits_target(g: Array, input: Array, weight: Any, pos_weight: Any, reduction: str) -> Array:
    slope = -input if pos_weight is None else logsigmoid(-input) - pos_weight * logsigmoid(input)
    return _weighted(_of_each(g, slope, reduction) * slope, weight)


def _floats_of_target(input: Array, target: Array, weight: Any, pos_weight: Any, reduction: str) -> None:
    """RuntimeError where the dtype of `target` cannot hold the result: torch computes in its memory."""
    if input.dtype.kind in FLOATING:
        if target.dtype == bool or getattr(pos_weight, "dtype", None) == np.bool_:
            raise RuntimeError(BOOL_SUBTRACTED_IN_LOSS)
        _into_dtype(target, input, weight)


@operator(
    {"input": _bce_logits_input, "target": _bce_logits_target},
    tensors=("input", "target", "weight", "pos_weight"),
    check=_floats_of_target,
    kinds="f",
    method=False,
    sample=lambda s: (
        *(p := _pair(s))[:2],
        s.maybe(s.floats(s.broadcast_into(p[0].shape))),
        s.maybe(s.floats(s.broadcast_into(p[0].shape))),
        p[2],
    ),
)
def binary_cross_entropy_with_logits(
    input: Array, target: Array, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> Array:
    """binary_cross_entropy of sigmoid(input), safe from overflow; `pos_weight` weighs the target.

    Shapes: `input` and `target` of one shape, to which the weights broadcast; the result is 0-d, and has that shape
        for "none".
    As: torch.nn.functional.binary_cross_entropy_with_logits
    """
    log = logsigmoid.forward(input)
    log = log if pos_weight is None else _weighted(log, (pos_weight - 1) * target + 1)
    loss = _weighted((1 - target) * input - log, weight)
    return _reduce(loss.astype(target.dtype, copy=False), reduction)


# -- of classes ------------------------------------------------------------------------------------


def _class_weights(target: Array, weight: Any, ignore_index: int) -> tuple[Array, Array, Array]:
    """Which targets are kept, and of each the class (any, where it is ignored) and the weight (0 where it is)."""
    kept = target != ignore_index
    classes = np.where(kept, target, 0)
    return kept, classes, kept if weight is None else np.where(kept, weight[classes], 0)


def _draw_classes(s: Any) -> tuple[Any, ...]:
    """Log probabilities, classes, their weights, a reduction, and the class that is ignored."""
    x, target = s.floats((n := s.size(), c := s.size(1))), s.ints((n,), 0, c - 1)
    return x, target, s.maybe(s.floats((c,))), s.choice(["mean", "sum", "none"]), s.choice([-100, 0, 1])


# A row of its own, because torch has the gradient depend on the log probabilities, too, with the derivative 0.
@operator(
    {
        "grad_output": lambda g, input, target, weight, reduction, ignore_index: nll_loss(
            g, target, weight, reduction, ignore_index
        ),
        "input": lambda g, input: np.zeros_like(input),
    },
    tensors=("grad_output", "input", "target", "weight"),
    promotion="same",
    unpromoted="target",
    kinds="f",
    method=False,
    node_name="NllLossBackwardBackward0",
    sample=lambda s: (s.floats((len(p[1]),) if (p := _draw_classes(s))[3] == "none" else ()), *p),
)
def nll_loss_backward(
    grad_output: Array, input: Array, target: Array, weight: Any = None, reduction: str = "mean",
    ignore_index: int = -100,
) -> Array:  # fmt: skip
    """The gradient of nll_loss with respect to its input: minus the weight of the target class, and else 0.

    Shapes: those of nll_loss; the result has that of `input`.
    As: torch.ops.aten.nll_loss_backward
    """
    kept, classes, own = _class_weights(target, weight, ignore_index)
    if reduction == "mean":
        grad_output = grad_output / number(own.sum())
    # where all targets are ignored it was divided by 0: the elements then get 0, and not nan
    slopes = np.where(kept, -grad_output * own, 0)
    return unslice.forward(slopes.astype(input.dtype, copy=False), input.shape, (np.arange(len(target)), classes))


@check_of_each
def _check_classes(target: Array, classes: int, ignore_index: int) -> None:
    # The usual case by one pass, for which a negative number is a huge one.
    if target.size and np.maximum.reduce(target.view(np.uint64), axis=None) < classes:
        return
    wrong = target[(target != ignore_index) & ((target < 0) | (target >= classes))]
    if wrong.size:
        raise IndexError(NO_CLASS.format(target=wrong[0]))


def _one_weight_dtype(input: Array, target: Array, weight: Any, *rest: Any) -> None:
    """RuntimeError for a `weight` of another dtype than a floating `input`."""
    if weight is not None and weight.dtype != input.dtype and input.dtype.kind in FLOATING:
        raise RuntimeError(WEIGHT_DTYPE.format(word=dtype_word(input), other=dtype_word(weight)))


@operator(
    {
        "input": lambda g, input, target, weight, reduction, ignore_index: nll_loss_backward(
            g, input, target, weight, reduction, ignore_index
        )
    },
    tensors=("input", "target", "weight"),
    check=_one_weight_dtype,
    unpromoted="target",
    kinds="f",
    method=False,
    sample=lambda s: _draw_classes(s),
)
def nll_loss(
    input: Array, target: Array, weight: Any = None, reduction: str = "mean", ignore_index: int = -100
) -> Array:
    """The negative log probability of the target classes, from log probabilities.

    Shapes: `input` (n, c), `target` (n,), `weight` (c,); the result is 0-d, and (n,) for the reduction "none".
    Dtypes: `input` and `weight` of one floating dtype, `target` int64.
    Refuses: ValueError for another number of targets than of rows; IndexError for a class that is not in [0, c).
    As: torch.nn.functional.nll_loss
    """
    if len(input) != len(target):
        raise ValueError(BATCH_LENGTHS.format(own=len(input), other=len(target)))
    _check_classes(target, input.shape[1], ignore_index)
    kept, classes, own = _class_weights(target, weight, ignore_index)
    loss = -input[np.arange(len(target)), classes]
    if weight is not None:
        loss = loss * own
    loss = np.where(kept, loss, 0)  # what is ignored may be infinite, and inf * 0 is nan
    if reduction == "none":
        return loss
    total = np.add.reduce(loss) + 0  # torch's sum starts from 0, so that it is never -0
    return total if reduction == "sum" else total / np.add.reduce(own, dtype=input.dtype)
