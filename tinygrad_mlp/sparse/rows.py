"""Sparse matrices by rows: the column and the value of each element, and where in these lists each row begins."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import sparse_csr
from ..tensor import Tensor, wrap
from .tensor import SparseTensor

__all__ = ["SparseRows"]


class SparseRows(SparseTensor):
    """A matrix whose row i has the elements from `crow_indices[i]` to `crow_indices[i + 1]` (torch's layout CSR).

    It computes as the tensor in coordinates that it is, too.
    """

    __slots__ = ("_starts",)
    __module__ = "tinygrad_mlp.sparse"
    layout = sparse_csr
    is_sparse = False
    is_sparse_csr = True

    def __init__(self, starts: Tensor, columns: Tensor, values: Tensor, size: Any) -> None:
        counts = np.diff(starts.array)
        rows = np.repeat(np.arange(counts.size), counts)
        super().__init__(wrap(np.stack([rows, columns.array.astype(np.int64)])), values, size, True)
        self._starts = starts

    @classmethod
    def of(cls, x: SparseTensor) -> SparseRows:
        """The rows of a matrix in coordinates."""
        x = x.coalesce()
        rows, columns = x._index.array
        starts = np.searchsorted(rows, np.arange(x.shape[0] + 1))
        return cls(wrap(starts), wrap(np.ascontiguousarray(columns)), x._numbers, x.shape)

    def crow_indices(self) -> Tensor:
        """Where the elements of each row begin, and where the last ends (torch.Tensor.crow_indices)."""
        return self._starts

    def col_indices(self) -> Tensor:
        """The columns of the elements (torch.Tensor.col_indices)."""
        return wrap(np.ascontiguousarray(self._index.array[1]).astype(self._starts.array.dtype))

    def to_sparse(self) -> SparseTensor:
        """The same matrix in coordinates (torch.Tensor.to_sparse)."""
        return SparseTensor(self._index, self._numbers, self.shape, True)

    def _like(self, values: Tensor) -> SparseTensor:
        return SparseRows(self._starts, self.col_indices(), values, self.shape)

    def clone(self) -> SparseTensor:
        return SparseRows(self._starts.clone(), self.col_indices(), self._numbers.clone(), self.shape)

    def __repr__(self) -> str:
        return (
            f"tensor(crow_indices={self._starts!r},\n       col_indices={self.col_indices()!r},\n"
            f"       values={self._numbers!r}, size={tuple(self.shape)}, nnz={self._nnz()}, layout={self.layout})"
        )
