"""Distances and forms of pairs of vectors (torch.nn.functional)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd import no_grad
from ...ops.dims import axis
from ...tensor import FUNCTIONS, Tensor, wrap
from ...tensor.composite.elements import result_type
from ...tensor.composite.joining import broadcast_tensors
from ...tensor.composite.reductions import norm
from ...tensor.overriding import asking
from .refusals import (
    BILINEAR_BATCH,
    BILINEAR_DTYPES,
    BILINEAR_NDIM,
    BILINEAR_SIZE,
    COSINE_DTYPE,
    PDIST_DTYPE,
    PDIST_EXPONENT,
    PDIST_NDIM,
)

__all__ = ["bilinear", "cosine_similarity", "pairwise_distance", "pdist"]

_f: dict[str, Callable[..., Any]] = FUNCTIONS


@asking
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x^T W y + bias for each pair of vectors x and y, and each matrix W.

    `input1` is (*, i), `input2` (*, j), `weight` (o, i, j) and `bias` (o,); the result is (*, o). RuntimeError for
    other shapes, and for different dtypes. Source: torch.nn.functional.bilinear.
    """
    if input1.ndim != input2.ndim:
        raise RuntimeError(BILINEAR_NDIM.format(a=input1.ndim, b=input2.ndim))
    axis(-1 if input1.ndim else 1, input1.ndim)
    for dim, (a, b) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if a != b:
            raise RuntimeError(BILINEAR_BATCH.format(dim=dim, a=a, b=b))
    for dim, name, part in ((1, "input1", input1), (2, "input2", input2), (0, "bias", bias)):
        axis(dim, weight.ndim)
        if part is not None and part.shape[-1] != weight.shape[dim]:
            raise RuntimeError(BILINEAR_SIZE.format(name=name, found=part.shape[-1], expected=weight.shape[dim]))
    if not input1.dtype == input2.dtype == weight.dtype:
        words = {name: _C_NAMES.get(str(x.dtype), "") for name, x in (("a", input1), ("b", input2), ("weight", weight))}
        raise RuntimeError(BILINEAR_DTYPES.format(**words))
    batch = input1.shape[:-1]
    rows = int(np.prod(batch))
    x, y = (_f["reshape"](part, (rows, part.shape[-1])) for part in (input1, input2))
    out: Tensor = _f["reshape"](_f["trilinear"](x, weight, y), (*batch, weight.shape[0]))
    return out if bias is None else out + bias


_C_NAMES = {"torch.float32": "float", "torch.float64": "double", "torch.float16": "c10::Half"}


@asking
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:  # fmt: skip
    """The p-norm of x1 - x2 + eps along the last dimension (torch.nn.functional.pairwise_distance)."""
    difference: Any = x1 - x2 + eps
    return norm(difference, p, difference.ndim - 1, keepdim)


@asking
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm of the difference of each pair of rows (n, m): those of rows 0 and 1, 0 and 2, ... 1 and 2, ...

    The result has n (n - 1) / 2 elements. RuntimeError for another number of dimensions, for integers and for a
    negative `p`. Source: torch.nn.functional.pdist.
    """
    if input.ndim != 2:
        raise RuntimeError(PDIST_NDIM.format(ndim=input.ndim))
    if not input.is_floating_point():
        raise RuntimeError(PDIST_DTYPE)
    if p < 0:
        raise RuntimeError(PDIST_EXPONENT)
    first, second = (wrap(index) for index in np.triu_indices(input.shape[0], 1))
    difference = input[first] - input[second]
    if not p or not difference.numel():  # how many elements are not 0, with zeros as derivative
        return _f["sum"](_f["abs"](_f["sign"](difference)), 1)  # type: ignore[no-any-return]
    return _f["linalg_vector_norm"](difference, p, 1)  # type: ignore[no-any-return]


@asking
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`: x1 x2 / (max(|x1|, eps) max(|x2|, eps)), summed.

    The two broadcast together. RuntimeError for integers. Source: torch.nn.functional.cosine_similarity.
    """
    common = result_type(x1, x2)
    if not common.is_floating_point:
        raise RuntimeError(COSINE_DTYPE.format(word=common.tensor_type.removesuffix("Tensor")))
    x1, x2 = (x if x.is_floating_point() else x.to(common) for x in (x1, x2))
    x1, x2 = broadcast_tensors(x1, x2)
    sizes = [_f["linalg_vector_norm"](x, 2, dim, True).clone() for x in (x1, x2)]
    with no_grad():  # so the derivative of a norm below eps is the norm's, too
        for size in sizes:
            size.clamp_(min=eps)
    product: Any = (x1 / sizes[0]) * (x2 / sizes[1])
    return product.sum(dim)  # type: ignore[no-any-return]
