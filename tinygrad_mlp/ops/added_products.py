"""Products of matrices and vectors that are added to an array, with a factor for each of the two terms.

All of them give beta * input + alpha * product. With beta = 0 the input is left out, even if it is nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import dtype_word
from .fitting import refuse_expansion
from .linalg import matrix_size, multiply
from .refusals import (
    ADDBMM_DTYPES,
    ADDMV_DTYPES,
    ADDMV_NDIM,
    ADDR_NDIM,
    BADDBMM_DTYPES,
    BATCH_COUNTS,
    BATCH_INNER,
    BATCH_SIZES,
    BOOL_FACTOR,
    FLOAT_FACTOR,
    MATRIX_AND_VECTOR,
    NOT_A_BATCH,
    NOT_A_MATRIX_BUT,
)
from .sums import total
from .table import Array, Number, operator


def _times(x: Array, factor: Any) -> Array:
    return x if factor == 1 else x * factor


def _added(input: Array, product: Array, beta: Any, alpha: Any) -> Array:
    """beta * input + alpha * product; of integers with the integer parts of the factors, as torch's kernels do."""
    refuse_expansion(input, product.shape)
    if product.dtype.kind in "iu":
        beta, alpha = int(beta), int(alpha)
    product = _times(product, alpha)
    return product if beta == 0 else product + _times(input, beta)


def _factors(s: Any) -> tuple[Any, Any]:
    return s.choice([1, 1, 2, 0]), s.choice([1, 1, 3])


@operator(
    {
        "input": lambda g, beta: _times(g, beta),
        "mat1": lambda g, mat2, alpha: _times(g @ mat2.T, alpha),
        "mat2": lambda g, mat1, alpha: _times(mat1.T @ g, alpha),
    },
    tensors=("input", "mat1", "mat2"),
    promotion="same",
    kinds="if",
    inplace=True,
    sample=lambda s: (
        s.floats(s.broadcast_into((n := s.size(), m := s.size()))),
        s.floats((n, k := s.size())),
        s.floats((k, m)),
        *_factors(s),
    ),
)
def addmm(input: Array, mat1: Array, mat2: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    """beta * input + alpha * (mat1 @ mat2); with beta 0 without the input, even if it is nan.

    Shapes: `mat1` (n, k) and `mat2` (k, m), to (n, m), to which `input` broadcasts.
    Refuses: RuntimeError for shapes that do not fit.
    """
    if mat1.ndim != 2 or mat2.ndim != 2:
        name, other = ("mat1", mat1) if mat1.ndim != 2 else ("mat2", mat2)
        raise RuntimeError(NOT_A_MATRIX_BUT.format(name=name, ndim=other.ndim))
    return _added(input, multiply(mat1, mat2), beta, alpha)


def _one_dtype(refusal: str, word: Any = dtype_word) -> Any:
    def check(input: Array, first: Array, second: Array, beta: Any, alpha: Any) -> None:
        """RuntimeError for several dtypes."""
        if not input.dtype == first.dtype == second.dtype:
            raise RuntimeError(refusal.format(own=word(input), a=word(first), b=word(second)))

    return check


@operator(
    {
        "input": lambda g, beta: _times(g, beta),
        "mat": lambda g, vec, alpha: _times(g.reshape([-1, 1]) * vec, alpha),
        "vec": lambda g, mat, alpha: _times(mat.T @ g, alpha),
    },
    tensors=("input", "mat", "vec"),
    promotion="same",
    check=_one_dtype(ADDMV_DTYPES),
    kinds="if",
    inplace=True,
    sample=lambda s: (
        s.floats(s.choice([(), (n := s.size(1),)])),
        s.floats((n, m := s.size(1))),
        s.floats((m,)),
        *_factors(s),
    ),
)
def addmv(input: Array, mat: Array, vec: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    """beta * input + alpha * (mat @ vec); with beta 0 without the input, even if it is nan.

    Shapes: `mat` (n, m) and `vec` (m,), to (n,), to which `input` broadcasts.
    Refuses: RuntimeError for shapes that do not fit.
    """
    if (mat.ndim, vec.ndim) != (2, 1) or input.ndim > 1:
        raise RuntimeError(ADDMV_NDIM.format(own=input.ndim, a=mat.ndim, b=vec.ndim))
    if mat.shape[1] != vec.size or input.size not in (1, mat.shape[0]):
        rows = input.size if input.ndim else 1
        raise RuntimeError(MATRIX_AND_VECTOR.format(rows=rows, a=matrix_size(mat), n=vec.size))
    return _added(input, np.dot(mat, vec), beta, alpha)


def _refuse_other_than_batches(batch1: Array, batch2: Array) -> None:
    for name, x in (("batch1", batch1), ("batch2", batch2)):
        if x.ndim != 3:
            raise RuntimeError(NOT_A_BATCH.format(name=name))


def _batches(s: Any, batched: bool) -> tuple[Any, ...]:
    b, n, k, m = s.size(), s.size(1), s.size(), s.size(1)
    # In place torch's addbmm gives a smaller input the shape of the result, which the test of that would run into.
    input = s.floats(s.broadcast_into((b, n, m)) if batched else (n, m))
    return input, s.floats((b, n, k)), s.floats((b, k, m)), *_factors(s)


# The matrices of a batch may be multiplied by a cotangent that is one matrix: products broadcast.
_batch_rules: dict[str, Any] = {
    "input": lambda g, beta: _times(g, beta),
    "batch1": lambda g, batch2, alpha: _times(g @ batch2.mT, alpha),
    "batch2": lambda g, batch1, alpha: _times(batch1.mT @ g, alpha),
}


@operator(
    _batch_rules,
    tensors=("input", "batch1", "batch2"),
    promotion="same",
    check=_one_dtype(ADDBMM_DTYPES),
    kinds="if",
    inplace=True,
    sample=lambda s: _batches(s, batched=False),
)
def addbmm(input: Array, batch1: Array, batch2: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    """beta * input + alpha * (the sum over the batch of batch1 @ batch2); with beta 0 without the input.

    Shapes: `batch1` (b, n, k) and `batch2` (b, k, m), to (n, m), to which `input` broadcasts.
    Refuses: RuntimeError for shapes that do not fit.
    """
    _refuse_other_than_batches(batch1, batch2)
    if len(batch1) != len(batch2):
        raise RuntimeError(BATCH_COUNTS.format(a=len(batch1), b=len(batch2)))
    if batch1.shape[2] != batch2.shape[1]:
        a, b = (f"{x.shape[1]}x{x.shape[2]}" for x in (batch1, batch2))
        raise RuntimeError(BATCH_INNER.format(a=a, b=b))
    products = np.matmul(batch1, batch2)
    return _added(input, total(products, 0).astype(products.dtype, copy=False), beta, alpha)


def _c_word(x: Array) -> str:
    words = {"float32": "float", "float64": "double", "float16": "c10::Half"}
    return words.get(x.dtype.name, str(x.dtype.name))


@operator(
    _batch_rules,
    tensors=("input", "batch1", "batch2"),
    promotion="same",
    check=_one_dtype(BADDBMM_DTYPES, _c_word),
    kinds="if",
    inplace=True,
    sample=lambda s: _batches(s, batched=True),
)
def baddbmm(input: Array, batch1: Array, batch2: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    """beta * input + alpha * (batch1 @ batch2), for each matrix of a batch; with beta 0 without the input.

    Shapes: `batch1` (b, n, k) and `batch2` (b, k, m), to (b, n, m), to which `input` broadcasts.
    Refuses: RuntimeError for shapes that do not fit.
    """
    _refuse_other_than_batches(batch1, batch2)
    if batch2.shape[:2] != (len(batch1), batch1.shape[2]):
        raise RuntimeError(
            BATCH_SIZES.format(b=len(batch1), k=batch1.shape[2], own_b=len(batch2), own_k=batch2.shape[1])
        )
    return _added(input, np.matmul(batch1, batch2), beta, alpha)


def _factors_of_dtype(input: Array, vec1: Array, vec2: Array, beta: Any, alpha: Any) -> None:
    """RuntimeError for a float `beta` or `alpha` beside integers, and for a bool beside anything but bools."""
    kinds = {x.dtype.kind for x in (input, vec1, vec2)}
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if isinstance(factor, bool) and kinds != {"b"}:
            raise RuntimeError(BOOL_FACTOR.format(name=name))
        if isinstance(factor, float) and "f" not in kinds:
            raise RuntimeError(FLOAT_FACTOR.format(name=name))


@operator(
    {
        "input": lambda g, beta: _times(g, beta),
        "vec1": lambda g, vec2, alpha: _times(g @ vec2, alpha),
        "vec2": lambda g, vec1, alpha: _times(g.T @ vec1, alpha),
    },
    tensors=("input", "vec1", "vec2"),
    promotion="arithmetic",
    numbers=False,
    check=_factors_of_dtype,
    inplace=True,
    sample=lambda s: (
        # torch takes the dtype of a 0-d input as if it had dimensions
        s.floats(s.broadcast_into((n := s.size(), m := s.size())) or (1,)),
        s.floats((n,)),
        s.floats((m,)),
        *_factors(s),
    ),
)
def addr(input: Array, vec1: Array, vec2: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    """beta * input + alpha * (the products of all pairs of elements of two vectors); with beta 0 without the input.

    Shapes: `vec1` (n,) and `vec2` (m,), to (n, m), to which `input` broadcasts.
    Dtypes: all; bools are added by `or` and multiplied by `and`.
    Refuses: RuntimeError for shapes that do not fit.
    """
    for name, x in (("vec1", vec1), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(ADDR_NDIM.format(name=name, ndim=x.ndim))
    if input.dtype == np.bool_:
        beta, alpha = bool(beta), bool(alpha)
    return _added(input, vec1[:, None] * vec2, beta, alpha)
