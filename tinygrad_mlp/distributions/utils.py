"""What several distributions compute: broadcasting of arguments, probabilities and their logits, lazy properties.

The names, and what they accept, are those of torch.distributions.utils.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from numbers import Number
from typing import Any

from .functions import (
    Tensor,
    broadcast_tensors,
    clamp,
    enable_grad,
    finfo,
    get_default_dtype,
    standard_normal,
    tensor,
    tril_indices,
    zeros,
)
from .refusals import DIAGONAL, NUMBERS_OR_TENSORS, VECTOR_LENGTH

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]  # fmt: skip

euler_constant = 0.57721566490153286060


def is_number(x: Any) -> bool:
    """Whether an argument is a Python number (also one that stands for one while a step is compiled)."""
    return isinstance(x, (Number, int, float))


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape; numbers get the dtype of the first tensor, or the default dtype.

    ValueError for anything else.
    """
    if not all(isinstance(v, Tensor) or is_number(v) for v in values):
        raise ValueError(NUMBERS_OR_TENSORS)
    dtype = next((v.dtype for v in values if isinstance(v, Tensor)), get_default_dtype())
    return broadcast_tensors(*(v if isinstance(v, Tensor) else tensor(v, dtype=dtype) for v in values))


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Any:
    """The probabilities of logits: the logistic function of each, or the softmax of the last dimension."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def clamp_probs(probs: Any) -> Any:
    """Probabilities moved into [eps, 1 - eps], for the eps of their dtype."""
    eps = finfo(probs.dtype).eps
    return clamp(probs, eps, 1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """The logits of probabilities that are clamped as `clamp_probs` does it: log p, or log p - log(1 - p)."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over the last so many dimensions."""
    if not dims:
        return value
    return value.reshape((*value.shape[: value.dim() - dims], -1)).sum(-1)


def clamp_above_eps(x: Any) -> Any:
    """Numbers that are at least the eps of their dtype."""
    return x.clamp(min=finfo(x.dtype).eps)


class lazy_property:
    """A property that is computed, with gradients, when it is first asked for, and then is an attribute."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The elements of a lower triangle, from the diagonal `diag` down, row by row: (..., n, n) to (..., count).

    ValueError for a diagonal that the matrix does not have.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(DIAGONAL.format(diagonal=diag, first=-n, last=n - 1))
    rows, columns = tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """The inverse of `tril_matrix_to_vec`, with zeros above the triangle: (..., count) to (..., n, n).

    ValueError for a number of elements that no triangle has.
    """
    length = vec.shape[-1]
    # Of n rows the triangle has n (n + 1) / 2 elements, and n more or fewer for each diagonal.
    n = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * length + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if abs(round(n) - n) > finfo(vec.dtype).eps:
        raise ValueError(VECTOR_LENGTH.format(length=length))
    rows, columns = tril_indices(round(n), round(n), diag)
    matrix: Any = zeros((*vec.shape[:-1], round(n), round(n)), dtype=vec.dtype)
    matrix[..., rows, columns] = vec
    return matrix


# Torch's own names of these, by which libraries import them.
_standard_normal, _sum_rightmost = standard_normal, sum_rightmost
