"""Losses (torch.nn.functional): rows of the derivative table under torch's signatures, or made of rows.

`reduction` is "mean", "sum" or "none", which gives a loss for each element or sample; ValueError for another name.
`size_average` and `reduce` are its older form, which is accepted with a warning, as in torch.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays.dtypes import FLOATING
from ...messages import noted
from ...ops.refusals import OTHER_OUTPUT_SHAPE
from ...tape import state
from ...tensor import FUNCTIONS, Tensor, as_array, wrap
from ...tensor.composite.joining import broadcast_tensors
from ...tensor.overriding import asking
from ..refusals import (
    BATCH_SIZES,
    BCE_DTYPES,
    BCE_SIZES,
    BYTES_OF_IMAGES,
    CLASS_WEIGHTS,
    HUBER_DELTA,
    IGNORE_INDEX,
    KL_DIV_INTEGERS,
    LABEL_SMOOTHING,
    LOGITS_SIZES,
    NO_DIMENSIONS,
    NOT_DIFFERENTIABLE,
    PROBABILITIES_DTYPE,
    REDUCTION,
    SMOOTH_L1_BETA,
    TARGET_DIMENSIONS,
    TARGET_DTYPE,
    TARGET_OF_ONE_SAMPLE,
    TARGET_SIZE,
    TARGET_SIZE_OF_IMAGES,
    TARGET_TYPE,
    WEIGHT_SIZE,
    WEIGHTED_REDUCTION,
)

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "kl_div", "l1_loss",
    "mse_loss", "nll_loss", "smooth_l1_loss",
]  # fmt: skip

_f: dict[str, Callable[..., Tensor]] = FUNCTIONS
_mse, _nll, _log_softmax = _f["mse_loss"], _f["nll_loss"], _f["log_softmax"]
_sum, _mean, _where, _reshape = (_f[name] for name in ("sum", "mean", "where", "reshape"))
_INT64 = np.dtype(np.int64)  # NumPy's dtypes are singletons
_REDUCTIONS = ("mean", "sum", "none")


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str, stacklevel: int = 3) -> str:
    """Return the name of the reduction; where the older form is given, warn and translate it."""
    if size_average is not None or reduce is not None:
        averaged = size_average is None or size_average
        reduction = "none" if reduce is False else "mean" if averaged else "sum"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=stacklevel,
        )
    return reduction


def check_reduction(reduction: str) -> None:
    """ValueError for the name of another reduction."""
    if reduction not in _REDUCTIONS:
        raise ValueError(REDUCTION.format(reduction=reduction))


def reduced(loss: Any, reduction: str) -> Tensor:
    """The loss, or its mean or sum."""
    check_reduction(reduction)
    return loss if reduction == "none" else _sum(loss) if reduction == "sum" else _mean(loss)


# -- of two tensors of the same shape --------------------------------------------------------------


def _of_one_size(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return both tensors; where their shapes differ, warn as torch and broadcast them."""
    if target.array.shape == input.array.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=3,
    )
    return broadcast_tensors(input, target)  # type: ignore[return-value]


def _weighted(error: Any, weight: Tensor, input: Tensor, reduction: str, divisor: Any) -> Tensor:
    if weight.shape != input.shape:
        raise ValueError(WEIGHT_SIZE)
    if reduction not in _REDUCTIONS:
        raise ValueError(WEIGHTED_REDUCTION.format(reduction=reduction))
    loss = error * weight
    return _sum(loss) / divisor if reduction == "mean" else reduced(loss, reduction)


@asking
def mse_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean squared error, (input - target)^2, of two tensors of the same shape.

    `weight`, of the same shape, multiplies the squared errors, and the mean becomes the weighted mean. Shapes that
    differ are broadcast, with a warning. Source: torch.nn.functional.mse_loss.
    """
    input, target = _of_one_size(input, target)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_f["square"](input - target), weight, input, reduction, _sum(weight))
    check_reduction(reduction)
    return _mse(input, target, reduction)


@asking
def l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean absolute error, |input - target|, of two tensors of the same shape.

    `weight`, of the same shape, multiplies the absolute errors, and the mean becomes the weighted mean. Shapes that
    differ are broadcast, with a warning. Source: torch.nn.functional.l1_loss.
    """
    input, target = _of_one_size(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    error = _f["abs"](input - target)
    if weight is not None:
        return _weighted(error, weight, input, reduction, _sum(weight))
    return reduced(error, reduction)


@asking
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """error^2 / (2 beta) where |error| < beta, else |error| - beta / 2, for error = input - target.

    Shapes that differ are broadcast, with a warning. RuntimeError for a negative `beta`; for 0 it is `l1_loss`. Source:
    torch.nn.functional.smooth_l1_loss, after Girshick (2015).
    """
    if beta < 0:
        raise RuntimeError(SMOOTH_L1_BETA)
    input, target = _of_one_size(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if not beta:
        return reduced(_f["abs"](input - target), reduction)
    check_reduction(reduction)
    return _f["smooth_l1_loss"](input, target, reduction, beta)


@asking
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """error^2 / 2 where |error| <= delta, else delta * (|error| - delta / 2), for error = input - target.

    `weight`, of the input's shape, multiplies the losses; the mean is still taken over their number. Shapes that differ
    are broadcast, with a warning. RuntimeError unless `delta` > 0. Source: torch.nn.functional.huber_loss, after Huber
    (1964).
    """
    if delta <= 0:
        raise RuntimeError(HUBER_DELTA)
    input, target = _of_one_size(input, target)
    huber = _f["huber_loss"]
    if weight is None:
        check_reduction(reduction)
        return huber(input, target, reduction, delta)
    loss = huber(input, target, "none", delta)
    return _weighted(loss, weight, input, reduction, float(loss.numel()))


# -- of probabilities ------------------------------------------------------------------------------


@asking
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-(target * log(input) + (1 - target) * log(1 - input)) for probabilities `input`.

    The logarithms are limited to -100 from below. `weight`, broadcast, multiplies the losses. ValueError if input and
    target differ in shape, RuntimeError if they differ in dtype or are not in [0, 1]. Source:
    torch.nn.functional.binary_cross_entropy.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.shape != input.shape:
        raise noted(ValueError(BCE_SIZES.format(target=target.shape, input=input.shape)))
    if target.dtype != input.dtype:
        found, expected = (tensor.dtype.tensor_type.removesuffix("Tensor") for tensor in (target, input))
        raise RuntimeError(BCE_DTYPES.format(found=found, expected=expected))
    check_reduction(reduction)
    refuse_gradient("binary_cross_entropy", weight=weight)
    return _f["binary_cross_entropy"](input, target, weight, reduction)


def refuse_gradient(function: str, **constants: Tensor | None) -> None:
    """Refuse a tensor that requires grad where the loss has no derivative with respect to it."""
    for name, tensor in constants.items():
        if tensor is not None and tensor.requires_grad and state.recording:
            raise RuntimeError(NOT_DIFFERENTIABLE.format(function=function, name=name))


@asking
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """-(target * log(p) + (1 - target) * log(1 - p)) for p = sigmoid(input), safe from overflow.

    `pos_weight` multiplies the first term and `weight` the whole; both are broadcast. ValueError if input and target
    differ in shape. Source: torch.nn.functional.binary_cross_entropy_with_logits.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.shape != input.shape:
        raise noted(ValueError(LOGITS_SIZES.format(target=target.shape, input=input.shape)))
    check_reduction(reduction)
    refuse_gradient("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    return _f["binary_cross_entropy_with_logits"](input, target, weight, pos_weight, reduction)


@asking
def kl_div(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """The Kullback-Leibler divergence, target * (log(target) - input), for an input of log probabilities.

    With `log_target` the target holds log probabilities too. The divergence in the mathematical sense is the
    `reduction` "batchmean", the sum divided by the size of the first dimension; "mean" divides by the number of
    elements and warns. Source: torch.nn.functional.kl_div.
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    elif reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    if target.array.dtype.kind not in FLOATING or input.array.dtype.kind not in FLOATING:
        raise RuntimeError(KL_DIV_INTEGERS)
    loss: Any = _f["exp"](target) * (target - input) if log_target else _f["xlogy"](target, target) - target * input
    if reduction != "batchmean":
        return reduced(loss, reduction)
    return _sum(loss) / input.shape[0] if input.ndim else _sum(loss)


# -- of classes ------------------------------------------------------------------------------------


@asking
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The negative log probability of the target class, from log probabilities (C,), (N, C) or (N, C, d, ...).

    `target` holds classes of shape (), (N,) or (N, d, ...), int64, or uint8 in the first two; those equal to
    `ignore_index` are left out. `weight`, of shape (C,), multiplies the loss of each class, and the mean becomes the
    weighted mean. IndexError for a class that is out of bounds; ValueError or RuntimeError, as in torch, for shapes and
    dtypes that do not match. Source: torch.nn.functional.nll_loss.
    """
    _check_tensor("nll_loss_nd", target)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    return _classes(input, target, weight, reduction, ignore_index)


@asking
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """The cross entropy of the target from logits (C,), (N, C) or (N, C, d, ...): `nll_loss` of their log_softmax.

    `target` holds classes, as for `nll_loss`, or has the shape of the input and holds the probability of each class.
    `label_smoothing`, if positive, is the share of the target that is replaced by equal probabilities for all classes
    (Szegedy et al. 2016); RuntimeError if it is above 1. The other errors are those of `nll_loss`. Source:
    torch.nn.functional.cross_entropy.
    """
    _check_tensor("cross_entropy_loss", target)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    dim = 0 if input.array.ndim == 1 else 1
    if target.array.shape == input.array.shape:
        return _probabilities(input, target, weight, reduction, ignore_index, label_smoothing, dim)
    if label_smoothing > 1:
        raise RuntimeError(LABEL_SMOOTHING.format(label_smoothing=label_smoothing))
    log_p = _log_softmax(input, dim)
    loss = _classes(log_p, target, weight, reduction, ignore_index)
    if label_smoothing <= 0:
        return loss
    spread = _over_all_classes(log_p, target, weight, reduction, ignore_index, dim)
    part: float = label_smoothing / input.shape[dim]
    return loss * (1 - label_smoothing) + spread * part


def _check_tensor(name: str, target: object) -> None:
    if not isinstance(target, Tensor):
        raise TypeError(TARGET_TYPE.format(function=name, found=type(target).__name__))


def _classes(log_p: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int) -> Tensor:
    """Compute nll_loss in any number of dimensions, by a row of the derivative table that takes two."""
    check_reduction(reduction)
    shape, wanted = log_p.array.shape, target.array.shape
    _check_classes(log_p, target, weight)
    if weight is not None:
        refuse_gradient("nll_loss_forward" if len(shape) < 3 else "nll_loss2d_forward", weight=weight)
    if target.array.dtype is not _INT64:
        target = wrap(target.array.astype(np.int64))
    if len(shape) == 2:
        return _nll(log_p, target, weight, reduction, ignore_index)
    if len(shape) > 2:
        log_p = _f["permute"](log_p, (0, *range(2, len(shape)), 1))
    rows = _reshape(log_p, (target.array.size, shape[1] if len(shape) > 1 else shape[0]))
    loss = _nll(rows, wrap(target.array.reshape(-1)), weight, reduction, ignore_index)
    return _reshape(loss, wanted if len(shape) > 1 else ()) if reduction == "none" else loss


def _check_classes(log_p: Tensor, target: Tensor, weight: Tensor | None) -> None:
    shape, wanted = log_p.array.shape, target.array.shape
    if weight is None and len(shape) == 2 and wanted == shape[:1] and target.array.dtype is _INT64:
        return  # the usual case needs none of the checks
    if not shape:
        raise ValueError(NO_DIMENSIONS)
    if len(shape) > 1 and wanted[:1] != shape[:1]:
        raise noted(ValueError(BATCH_SIZES.format(input=shape[0], target=wanted[0] if wanted else 0)))
    if len(shape) <= 2:
        if len(wanted) > 1:
            raise noted(RuntimeError(TARGET_DIMENSIONS))
    elif wanted[1:] != shape[2:]:
        if len(shape) == 4:
            raise RuntimeError(TARGET_SIZE_OF_IMAGES.format(input=list(shape), target=list(wanted)))
        raise RuntimeError(TARGET_SIZE.format(expected=[shape[0], *shape[2:]], found=list(wanted)))
    if target.array.dtype not in (np.int64, np.uint8):
        name = target.dtype.tensor_type.removesuffix("Tensor")
        raise noted(RuntimeError(TARGET_DTYPE.format(found=name)))
    if len(shape) > 2 and target.array.dtype == np.uint8:
        raise RuntimeError(BYTES_OF_IMAGES)
    if len(shape) == 1 == len(wanted) and wanted != (1,):
        raise ValueError(TARGET_OF_ONE_SAMPLE.format(size=wanted[0]))
    if weight is not None:
        _check_weight(weight, shape[min(1, len(shape) - 1)], "")


def _check_weight(weight: Tensor, classes: int, prefix: str) -> None:
    if weight.array.shape != (classes,):
        raise RuntimeError(CLASS_WEIGHTS.format(prefix=prefix, classes=classes, shape=list(weight.array.shape)))


def _over_all_classes(
    log_p: Any, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int, dim: int
) -> Tensor:
    """Sum, over all classes, the losses that each would have as the target; label smoothing adds a share of it."""
    counted: Any = as_array(target.array != ignore_index)
    if counted.ndim > log_p.array.ndim - 1:  # the target of one sample has a dimension, which its loss has not
        raise RuntimeError(OTHER_OUTPUT_SHAPE.format(shape=[], broadcast=[1]))
    loss = -_sum(log_p if weight is None else log_p * _along_classes(weight, log_p, dim), dim)
    loss = _where(wrap(counted), loss, 0.0)
    if reduction != "mean":
        return reduced(loss, reduction)
    if weight is not None:
        counted = counted * weight.array[np.where(counted, target.array.reshape(counted.shape), 0)]
    return _sum(loss) / wrap(as_array(np.add.reduce(counted, axis=None, dtype=log_p.array.dtype)))


def _along_classes(weight: Tensor, input: Tensor, dim: int) -> Tensor:
    shape = [1] * input.array.ndim
    shape[dim] = -1
    return _reshape(weight, shape)


def _probabilities(
    input: Any, target: Any, weight: Tensor | None, reduction: str, ignore_index: int, label_smoothing: float, dim: int
) -> Tensor:
    check_reduction(reduction)
    if target.array.dtype.kind not in FLOATING:
        name = target.dtype.tensor_type.removesuffix("Tensor")
        raise noted(RuntimeError(PROBABILITIES_DTYPE.format(found=name)))
    if ignore_index >= 0:
        raise RuntimeError(IGNORE_INDEX)
    classes = input.shape[dim]
    if weight is not None:
        _check_weight(weight, classes, "cross_entropy: ")
    if label_smoothing > 1:
        raise RuntimeError(LABEL_SMOOTHING.format(label_smoothing=label_smoothing))
    if label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    log_p = _log_softmax(input, dim)
    loss = log_p * target
    if weight is not None:
        loss = loss * _along_classes(weight, input, dim)
    if reduction == "none":
        return -_sum(loss, dim)
    samples = math.prod(input.shape) // classes if classes else 0
    return -_sum(loss) if reduction == "sum" else -_sum(loss) / wrap(np.asarray(samples, log_p.array.dtype))
