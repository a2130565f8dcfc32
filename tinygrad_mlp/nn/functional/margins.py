"""Losses that compare two or three tensors, or a class with the others, by a margin; and likelihoods of counts and
of normal variables (torch.nn.functional).

`reduction`, `size_average` and `reduce` are those of the losses in loss.py. Formulas: torch's Loss.cpp and
functional.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd import no_grad
from ...tensor import FUNCTIONS, Tensor
from ...tensor.overriding import asking
from .activation import logsigmoid
from .distance import pairwise_distance
from .loss import check_reduction, reduced, reduction_of, refuse_gradient
from .refusals import (
    COSINE_INPUTS,
    COSINE_TARGET,
    MARGIN_EXPONENT,
    MARGIN_WEIGHT,
    RANKING_NDIM,
    REDUCTION_NOT_VALID,
    TRIPLET_MARGIN,
    TRIPLET_NDIM,
    VARIANCE_NEGATIVE,
    VARIANCE_SIZE,
)

__all__ = [
    "cosine_embedding_loss", "gaussian_nll_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "poisson_nll_loss", "soft_margin_loss",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip

_f: dict[str, Callable[..., Any]] = FUNCTIONS


def _named(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    reduction = reduction_of(size_average, reduce, reduction, stacklevel=4)
    check_reduction(reduction)
    return reduction


# -- of pairs and triples --------------------------------------------------------------------------


@asking
def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The input where the target is 1, max(0, margin - input) where it is -1 (torch.nn.functional)."""
    reduction = _named(size_average, reduce, reduction)
    far = _f["where"](target != 1, _f["clamp_min"](margin - input, 0), 0.0)
    return reduced(far + _f["where"](target != -1, input, 0.0), reduction)


@asking
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, -target (input1 - input2) + margin): input1 shall be larger where the target is 1, smaller where it is -1.

    RuntimeError for tensors of different numbers of dimensions. Source: torch.nn.functional.margin_ranking_loss.
    """
    reduction = _named(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(RANKING_NDIM.format(input1=input1.shape, input2=input2.shape, target=target.shape))
    return reduced(_f["clamp_min"](-target * (input1 - input2) + margin, 0), reduction)


_EPSILON = float(np.float32(1e-12))  # a float in torch's source


@asking
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos for vectors whose target is 1, max(0, cos - margin) where it is -1, for the cosine of their angle.

    The inputs are (n, d) with a target (n,), or (d,) with a target (); RuntimeError for others. Source:
    torch.nn.functional.cosine_embedding_loss.
    """
    reduction = _named(size_average, reduce, reduction)
    ndim = target.ndim
    if ndim > 1:
        raise RuntimeError(COSINE_TARGET)
    if input1.ndim != ndim + 1 or input2.ndim != ndim + 1:
        shapes = {"input1": list(input1.shape), "input2": list(input2.shape)}
        raise RuntimeError(COSINE_INPUTS.format(target=ndim, inputs=ndim + 1, **shapes))
    dot, square1, square2 = ((a * b).sum(ndim) for a, b in ((input1, input2), (input1, input1), (input2, input2)))
    cosine = dot / _f["sqrt"]((square1 + _EPSILON) * (square2 + _EPSILON))
    near = _f["where"](target == 1, 1 - cosine, 0.0)
    far = _f["where"](target == -1, _f["clamp_min"](cosine - margin, 0), 0.0)
    return reduced(near + far, reduction)


@asking
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
    swap: bool = False, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, margin + d(anchor, positive) - d(anchor, negative)) for the distance d of the p-norm.

    With `swap` the smaller one of d(anchor, negative) and d(positive, negative) is taken (Balntas et al. 2016).
    ValueError unless `margin` > 0, RuntimeError for tensors of different numbers of dimensions. Source:
    torch.nn.functional.triplet_margin_loss.
    """
    reduction = _named(size_average, reduce, reduction)

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return pairwise_distance(a, b, p, eps)

    return _of_triplets(anchor, positive, negative, distance, margin, swap, reduction)


@asking
def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: Callable[..., Tensor] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """`triplet_margin_loss` for a distance that is given as a function of two tensors (torch.nn.functional)."""
    check_reduction(reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    return _of_triplets(anchor, positive, negative, distance, margin, swap, reduction)


def _of_triplets(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Callable[..., Tensor], margin: float, swap: bool,
    reduction: str,
) -> Tensor:  # fmt: skip
    if margin <= 0:
        raise ValueError(TRIPLET_MARGIN.format(margin=margin))
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(TRIPLET_NDIM.format(anchor=anchor.ndim, positive=positive.ndim, negative=negative.ndim))
    near: Any = distance(anchor, positive)
    far = distance(anchor, negative)
    if swap:
        far = _f["minimum"](far, distance(positive, negative))
    return reduced(_f["clamp_min"](margin + near - far, 0), reduction)


# -- of classes ------------------------------------------------------------------------------------


@asking
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-target input)), for a target of 1 and -1 (torch.nn.functional.soft_margin_loss)."""
    reduction = _named(size_average, reduce, reduction)
    refuse_gradient("soft_margin_loss", target=target)
    return _f["soft_margin_loss"](input, target, reduction)  # type: ignore[no-any-return]


def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, margin - x[y] + x[i])^p, summed over the classes i but the target y and divided by their number.

    The input is (n, c) with a target (n,), or (c,); `weight`, of shape (c,), multiplies the loss of each target.
    ValueError for a `p` that is neither 1 nor 2, RuntimeError for other shapes and for a class that is out of range.
    Source: torch.nn.functional.multi_margin_loss.
    """
    reduction = _named(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(MARGIN_EXPONENT)
    if weight is not None and weight.ndim != 1:
        raise ValueError(MARGIN_WEIGHT)
    refuse_gradient("multi_margin_loss", weight=weight)
    return _f["multi_margin_loss"](input, target, p, margin, weight, reduction)  # type: ignore[no-any-return]


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """max(0, 1 - x[y] + x[i]), summed over the labels y of a sample and the classes i that are none, divided by c.

    Input and target are (n, c) or (c,); the labels are those in the target before the first -1. RuntimeError for other
    shapes and for a label that is out of range. Source: torch.nn.functional.multilabel_margin_loss.
    """
    reduction = _named(size_average, reduce, reduction)
    return _f["multilabel_margin_loss"](input, target, reduction)  # type: ignore[no-any-return]


@asking
def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The mean over classes, the last dimension, of the cross entropy of sigmoid(input) and a target of 0 and 1.

    `weight` multiplies the loss of each class. Source: torch.nn.functional.multilabel_soft_margin_loss.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    dim = input.ndim - 1
    return _reduced_or_not_valid(loss.sum(dim) / input.shape[dim], reduction)


def _reduced_or_not_valid(loss: Any, reduction: str) -> Tensor:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(REDUCTION_NOT_VALID.format(reduction=reduction))
    return reduced(loss, reduction)


# -- negative logarithms of likelihoods ------------------------------------------------------------


@asking
def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: bool | None = None,
    eps: float = 1e-8, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """exp(input) - target input, for counts `target` of a Poisson distribution whose mean has the logarithm `input`.

    Without `log_input` it is input - target log(input + eps). With `full` log(target!) is added for targets above 1, by
    Stirling's formula. Source: torch.nn.functional.poisson_nll_loss.
    """
    reduction = _named(size_average, reduce, reduction)
    loss: Any = _f["exp"](input) - target * input if log_input else input - target * _f["log"](input + eps)
    if full:
        stirling = target * _f["log"](target) - target + 0.5 * _f["log"](2 * math.pi * target)
        loss = loss + _f["masked_fill"](stirling, target <= 1, 0)
    return reduced(loss, reduction)


@asking
def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log(var) + (input - target)^2 / var) / 2, for normal variables `target` with mean `input` and variance `var`.

    `var` is a number, or a tensor of the input's shape, or of that shape without the last dimension, or with size 1 in
    one; below `eps` it counts as `eps`, without a change to its gradient. With `full` log(2 pi) / 2 is added.
    ValueError for a variance below 0 and for other shapes. Source: torch.nn.functional.gaussian_nll_loss.
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError(VARIANCE_NEGATIVE)
        var = input.new_full(input.shape, var)
    elif (var < 0).any():
        raise ValueError(VARIANCE_NEGATIVE)
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif input.ndim != var.ndim or sum(b for a, b in zip(input.shape, var.shape, strict=True) if a != b) != 1:
            raise ValueError(VARIANCE_SIZE)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(REDUCTION_NOT_VALID.format(reduction=reduction))
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (_f["log"](var) + (input - target) ** 2 / var)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
