"""Products of matrices and vectors, and the affine map of a linear layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dims import mismatch
from .fitting import refuse_expansion
from .refusals import (
    BATCH_SIZES,
    BMM_NDIM,
    DOT_NDIM,
    MATMUL_OF_NUMBER,
    MATRIX_AND_VECTOR,
    MV_NDIM,
    NO_PRODUCT,
    NOT_A_MATRIX,
    VECTOR_SIZES,
)
from .sums import total
from .table import Array, binary, operator


def matrix_size(x: Array) -> str:
    """A shape as torch's refusals write it, such as 2x3."""
    return "x".join(map(str, x.shape))


def _mm(input: Array, mat2: Array) -> Array:
    if input.ndim != 2 or mat2.ndim != 2:
        which = "self" if input.ndim != 2 else "mat2"
        raise RuntimeError(NOT_A_MATRIX.format(name=which))
    try:
        return np.dot(input, mat2)
    except ValueError:
        raise RuntimeError(NO_PRODUCT.format(a=matrix_size(input), b=matrix_size(mat2))) from None


def product(a: Array, b: Array) -> Array:
    """The product of two matrices, by the faster of two ways.

    For small ones np.matmul takes twice as long as np.dot; for large ones of which one is transposed it is faster.
    """
    return np.dot(a, b) if b.shape[0] * b.shape[1] < 4096 else a @ b


mm = binary(
    "mm", _mm, lambda g, mat2: product(g, mat2.T), lambda g, input: product(input.T, g), names=("input", "mat2"),
    promotion="same", kinds="if", inplace=False, numpy=np.dot,
    doc="The product of two matrices.\nShapes: (n, k) and (k, m) to (n, m).\nRefuses: RuntimeError for other shapes.",
    sample=lambda s: s.chain(),
)  # fmt: skip


def _as_matrices(input: Array, other: Array) -> tuple[Array, Array]:
    """matmul's vectors as matrices of one row, or of one column."""
    return (input[None, :] if input.ndim == 1 else input), (other[:, None] if other.ndim == 1 else other)


def _matmul_cotangent(g: Array, a_ndim: int, b_ndim: int) -> Array:
    """The cotangent of matmul's result as a matrix: with the dimensions of size 1 that vectors have as matrices."""
    if a_ndim == 1 and b_ndim == 1:
        return g.reshape([1, 1])
    if a_ndim == 1:
        return g.reshape([*g.shape[:-1], 1, g.shape[-1]])
    return g.reshape([*g.shape, 1]) if b_ndim == 1 else g


def _matmul_input(g: Array, input_shape: tuple[int, ...], other: Array) -> Array:
    if len(input_shape) == 2 == other.ndim:
        return g @ other.T
    g = _matmul_cotangent(g, len(input_shape), other.ndim)
    b = other.reshape([*other.shape, 1]) if other.ndim == 1 else other
    part = g @ b.mT
    return part.reshape([*part.shape[:-2], part.shape[-1]]) if len(input_shape) == 1 else part


def _matmul_other(g: Array, input: Array, other_shape: tuple[int, ...]) -> Array:
    if input.ndim == 2 == len(other_shape):
        return input.T @ g
    g = _matmul_cotangent(g, input.ndim, len(other_shape))
    a = input.reshape([1, *input.shape]) if input.ndim == 1 else input
    part = a.mT @ g
    return part.reshape([*part.shape[:-1]]) if len(other_shape) == 1 else part


def multiply(input: Array, other: Array) -> Array:
    if not input.ndim or not other.ndim:
        raise RuntimeError(MATMUL_OF_NUMBER.format(a=input.ndim, b=other.ndim))
    if input.shape[-1] == other.shape[-2 if other.ndim > 1 else 0]:
        try:
            return np.matmul(input, other)
        except ValueError:
            pass
    elif input.ndim == other.ndim == 1:
        raise RuntimeError(VECTOR_SIZES.format(a=matrix_size(input), b=matrix_size(other), m=input.size, n=other.size))
    elif other.ndim == 1:
        raise RuntimeError(MATRIX_AND_VECTOR.format(rows=input.shape[0], a=matrix_size(input), n=other.size))
    a, b = _as_matrices(input, other)
    if a.ndim == 2 or b.ndim == 2:
        raise RuntimeError(NO_PRODUCT.format(a=matrix_size(a), b=matrix_size(b)))
    raise mismatch(a.shape[:-2], b.shape[:-2]) or _batch_mismatch(a, b)


def _batch_mismatch(a: Array, b: Array) -> RuntimeError:
    return RuntimeError(BATCH_SIZES.format(b=a.shape[0], k=a.shape[-1], own_b=b.shape[0], own_k=b.shape[-2]))


matmul = binary(
    "matmul", multiply, _matmul_input, _matmul_other, promotion="same", kinds="if", inplace=False, numpy=np.matmul,
    aliases="linalg_matmul",
    node_name="UnsafeViewBackward0",
    doc="The matrix product of the last two dimensions, broadcast over the others.\n"
    "Shapes: (..., n, k) and (..., k, m) to (..., n, m), where the ... broadcast. On the left a vector (k,) stands for "
    "a matrix of one row, on the right for one of one column, and the result is without that dimension of size 1.\n"
    "Refuses: RuntimeError for other shapes.",
    sample=lambda s: s.products(),
)  # fmt: skip


def _vector_or_matrix(name: str, a_ndim: int, b_ndim: int, refusal: str) -> Any:
    def forward(input: Array, other: Array) -> Array:
        if (input.ndim, other.ndim) != (a_ndim, b_ndim):
            raise RuntimeError(refusal.format(a=input.ndim, b=other.ndim))
        if a_ndim == 3 and input.shape[0] != other.shape[0]:
            raise _batch_mismatch(input, other)
        return multiply(input, other)

    return forward


dot = binary(
    "dot", _vector_or_matrix("dot", 1, 1, DOT_NDIM),
    lambda g, other: g * other, lambda g, input: g * input, promotion="same", kinds="if", inplace=False,
    doc="The inner product of two vectors.\nShapes: (n,) and (n,) to ().\nRefuses: RuntimeError for other shapes.",
    sample=lambda s: (s.floats((n := s.size(),)), s.floats((n,))),
)  # fmt: skip
vdot = binary(
    "vdot", _vector_or_matrix("vdot", 1, 1, DOT_NDIM),
    lambda g, other: g * other, lambda g, input: g * input, promotion="same", kinds="if", inplace=False,
    doc="The inner product of two vectors.\nShapes: (n,) and (n,) to ().\nRefuses: RuntimeError for other shapes.",
    sample=lambda s: (s.floats((n := s.size(),)), s.floats((n,))),
)  # fmt: skip
mv = binary(
    "mv", _vector_or_matrix("mv", 2, 1, MV_NDIM),
    lambda g, vec: g.reshape([-1, 1]) * vec, lambda g, input: input.T @ g, names=("input", "vec"), promotion="same",
    kinds="if", inplace=False,
    doc="A matrix times a vector.\nShapes: (n, m) and (m,) to (n,).\nRefuses: RuntimeError for other shapes.",
    sample=lambda s: (s.floats((s.size(), m := s.size())), s.floats((m,))),
)  # fmt: skip
bmm = binary(
    "bmm", _vector_or_matrix("bmm", 3, 3, BMM_NDIM),
    lambda g, mat2: g @ mat2.mT, lambda g, input: input.mT @ g, names=("input", "mat2"), promotion="same", kinds="if",
    inplace=False,
    doc="The products of two batches of matrices.\nShapes: (b, n, k) and (b, k, m) to (b, n, m).\n"
    "Refuses: RuntimeError for other shapes.",
    sample=lambda s: (s.floats((b := s.size(), s.size(), k := s.size())), s.floats((b, k, s.size()))),
)  # fmt: skip


def _rows(x: Array) -> Array:
    """An array as a matrix: all dimensions but the last become one."""
    return x if x.ndim == 2 else x.reshape([math.prod(x.shape[:-1]), x.shape[-1]])


def _linear_weight(g: Array, input: Array, bias_shape: tuple[int, ...]) -> Array:
    return product(_rows(g).T, _rows(input))


# The rule of `weight` names the shape of the bias so that the node knows whether there was one, even if it needs no
# gradient: torch writes another node then.
@operator(
    {
        "input": lambda g, weight, bias_shape: product(g, weight) if g.ndim == 2 == weight.ndim else g @ weight,
        "weight": _linear_weight,
        "bias": lambda g: total(_rows(g), 0),
    },
    tensors=("input", "weight", "bias"),
    promotion="same",
    kinds="if",
    method=False,
    node_name="AddmmBackward0",
    sample=lambda s: (
        s.floats((*s.shape(0, 2), k := s.size())),
        s.floats((m := s.size(), k)),
        s.maybe(s.floats((m,))),
    ),
)
def linear(input: Array, weight: Array, bias: Any = None) -> Array:
    """input @ weight.T + bias, over the last dimension of the input.

    Shapes: `input` (..., k), `weight` (m, k) and `bias` (m,) or None, to (..., m).
    Refuses: RuntimeError where the last sizes of `input` and `weight` differ.
    As: torch.nn.functional.linear
    """
    if input.shape[-1] != weight.shape[-1]:
        a, b = matrix_size(_rows(input)), matrix_size(weight.T)
        raise RuntimeError(NO_PRODUCT.format(a=a, b=b))
    out = product(input, weight.T) if input.ndim == 2 == weight.ndim else np.matmul(input, weight.T)
    if bias is not None:
        try:
            out += bias
        except ValueError:
            refuse_expansion(bias, out.shape)
            raise
    return out
