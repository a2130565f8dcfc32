"""How sparse tensors are made, and torch's functions that multiply by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import dtypes, sparse_coo, sparse_csr, strided
from ..messages import warn_once
from ..tensor import FUNCTIONS, Tensor, wrap
from ..tensor.composite.conversion import to
from ..tensor.creation.data import as_tensor
from ..tensor.later import as_methods
from .refusals import (
    DEPRECATED,
    HYBRID,
    INDEX_OUTSIDE,
    INDICES_NDIM,
    LAST_START,
    NEGATIVE_INDEX,
    NO_LEAF,
    NOT_OF_SPARSE,
    ONE_MATRIX,
    OTHER_NDIM,
    OTHER_NNZ,
)
from .rows import SparseRows
from .tensor import SparseTensor

__all__ = ["TYPES", "dsmm", "mm", "sparse_coo_tensor", "sparse_csr_tensor", "sum"]


def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, check_invariants: bool | None = None, is_coalesced: bool | None = None,
) -> SparseTensor:  # fmt: skip
    """A sparse tensor of the values at some positions, or with a size alone one without any (torch.sparse_coo_tensor).

    Shapes: `indices` (dimensions, nnz) and `values` (nnz,), both of which may be sequences; without `size` it is as
    small as the indices allow. The values keep their history, so that gradients get to them.
    Errors: RuntimeError where the shapes do not fit and for an index outside of the size, which torch finds only with
    `check_invariants`. NotImplementedError for values of more dimensions and for `requires_grad`.
    """
    if requires_grad:
        raise NotImplementedError(NO_LEAF)
    if values is None:
        size = size if indices is None else indices
        indices, values = np.zeros((len(size), 0), np.int64), np.zeros(0)
        dtype = dtypes.get_default_dtype() if dtype is None else dtype
    values = as_tensor(values, dtype=dtype, device=device)
    positions = to(as_tensor(indices, device=device).detach(), dtypes.int64)
    if positions.ndim != 2:
        raise RuntimeError(INDICES_NDIM.format(shape=list(positions.shape)))
    if values.ndim != 1:
        raise NotImplementedError(HYBRID)
    sizes = _sizes(positions.array, values.array, size)
    return SparseTensor(positions, values, sizes, bool(is_coalesced))


def sparse_csr_tensor(
    crow_indices: Any, col_indices: Any, values: Any, size: Any = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, check_invariants: bool | None = None,
) -> SparseRows:  # fmt: skip
    """A sparse matrix of which the row i has the values and columns from crow_indices[i] to crow_indices[i + 1].

    Shapes: (rows + 1,), (nnz,) and (nnz,), each of which may be a sequence; without `size` it is as wide as the columns
    ask for. Errors: as of `sparse_coo_tensor`. Source: torch.sparse_csr_tensor.
    """
    if requires_grad:
        raise NotImplementedError(NO_LEAF)
    starts, columns = (as_tensor(x, device=device).detach() for x in (crow_indices, col_indices))
    values = as_tensor(values, dtype=dtype, device=device)
    if starts.ndim != 1 or values.ndim != 1:
        raise NotImplementedError(ONE_MATRIX)
    if starts.array[-1:].tolist() != [values.numel()]:
        raise RuntimeError(LAST_START.format(last=int(starts.array[-1]), nnz=values.numel()))
    if size is None:
        size = (starts.numel() - 1, int(columns.array.max(initial=-1)) + 1)
    result = SparseRows(starts, columns, values, size)
    _sizes(result._index.array, values.array, size)
    return result


def to_sparse(self: Tensor, sparse_dim: int | None = None, *, layout: Any = None) -> Any:
    """The elements that are not 0, as a sparse tensor in coordinates, or by rows if `layout` says so.

    Gradients get to these elements. NotImplementedError for another layout, and for a `sparse_dim` other than the
    number of dimensions. Source: torch.Tensor.to_sparse.
    """
    if layout is strided:
        return self
    if sparse_dim not in (None, self.ndim):
        raise NotImplementedError(HYBRID)
    if layout not in (None, sparse_coo, sparse_csr):
        raise NotImplementedError(NOT_OF_SPARSE.format(function="to_sparse"))
    if layout is sparse_csr:
        return to_sparse_csr(self)
    flat = np.flatnonzero(self.array)
    values = FUNCTIONS["index_select"](self.reshape(-1), 0, wrap(flat))
    indices = np.stack(np.unravel_index(flat, self.shape)) if self.ndim else np.zeros((0, flat.size), np.int64)
    return SparseTensor(wrap(indices), values, self.shape, True)


def to_sparse_csr(self: Tensor, dense_dim: int | None = None) -> SparseRows:
    """A matrix by rows, without the elements that are 0 (torch.Tensor.to_sparse_csr)."""
    if self.ndim != 2 or dense_dim:
        raise NotImplementedError(ONE_MATRIX)
    return SparseRows.of(to_sparse(self))


def _sizes(indices: Any, values: Any, size: Any) -> tuple[int, ...]:
    """The size of a tensor with such indices, which are looked at."""
    if indices.shape[1] != values.size:
        raise RuntimeError(OTHER_NNZ.format(indices=indices.shape[1], values=values.size))
    least, most = indices.min(1, initial=0), indices.max(1, initial=-1)
    for d in np.flatnonzero(least < 0):
        raise RuntimeError(NEGATIVE_INDEX.format(index=least[d], dim=d))
    if size is None:
        return tuple(int(n) + 1 for n in most)
    if len(size) != len(indices):
        raise RuntimeError(OTHER_NDIM.format(size=len(size), sparse=len(indices)))
    for d in np.flatnonzero(most >= np.asarray(size)):
        raise RuntimeError(INDEX_OUTSIDE.format(dim=d, size=size[d], index=most[d]))
    return tuple(size)


def mm(input: Any, mat2: Any) -> Tensor:
    """The product of a sparse matrix and a dense one, which is dense (torch.sparse.mm)."""
    return input.mm(mat2) if isinstance(input, SparseTensor) else FUNCTIONS["mm"](input, mat2)


dsmm = mm


def sum(input: SparseTensor, dim: Any = None, dtype: Any = None) -> Tensor:
    """The sum of all elements (torch.sparse.sum); NotImplementedError for one over some dimensions."""
    if dim is not None:
        raise NotImplementedError(NOT_OF_SPARSE.format(function="sum"))
    return (input if dtype is None else input.to(dtype)).sum()


class _SparseType(type):
    """The class of torch.sparse.FloatTensor and the like, old constructors."""

    dtype: dtypes.dtype

    def __call__(cls, *args: Any) -> SparseTensor:
        given = "indices, values, " if len(args) == 2 else "indices, values, shape, " if len(args) == 3 else "shape, "
        if not args or isinstance(args[0], int):
            given, args = "shape, ", (args,)
        warn_once(DEPRECATED.format(given=given))
        return sparse_coo_tensor(*args, dtype=cls.dtype)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, SparseTensor) and instance.dtype is cls.dtype


TYPES = {
    d.tensor_type: _SparseType(d.tensor_type, (), {"__module__": "tinygrad_mlp.sparse", "dtype": d})
    for d in (*dtypes.ALL, dtypes.bfloat16)
    if d is not dtypes.bool_
}

METHODS = as_methods(to_sparse, to_sparse_csr)
