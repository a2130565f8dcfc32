"""Sparse tensors in coordinates: the positions of some elements, and their values; all others are 0.

The tape knows dense tensors alone. So a sparse tensor is no Tensor here but a pair of them, and the gradients of its
values are those of ordinary functions. It has what programs need to multiply matrices by it; torch's functions take it
where it has a method of their name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import dtype as _dtype
from ..arrays import sparse_coo
from ..ops.dims import axis
from ..tensor import FUNCTIONS, Size, Tensor, wrap
from ..tensor.composite.conversion import to
from .refusals import NO_NUMPY, NOT_OF_SPARSE, PRODUCT_DTYPE, PRODUCT_SIZE, T_NDIM, UNCOALESCED

__all__ = ["SparseTensor"]

_f = FUNCTIONS


class SparseTensor:
    """A tensor of which the elements at `indices` (n dimensions, nnz) are `values` (nnz,), summed where some are twice.

    NotImplementedError for functions that it has no method for.
    """

    __slots__ = ("_coalesced", "_index", "_numbers", "shape")
    __module__ = "tinygrad_mlp.sparse"
    layout = sparse_coo
    is_sparse = True
    is_cuda = is_sparse_csr = False

    def __init__(self, indices: Tensor, values: Tensor, size: Any, coalesced: bool = False) -> None:
        self._index = indices
        self._numbers = values
        self.shape = Size(tuple(size))
        self._coalesced = coalesced or values.numel() < 2

    @classmethod
    def __torch_function__(cls, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.__name__
        method = getattr(cls, name, None) if not name.startswith("_") else None
        if not callable(method) or not isinstance(args[0], cls):
            if name in ("matmul", "mm") and len(args) == 2 and isinstance(args[1], cls):
                return args[1].__rmatmul__(args[0])
            raise NotImplementedError(NOT_OF_SPARSE.format(function=name))
        return method(*args, **(kwargs or {}))

    # -- what it is ----------------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> _dtype:
        return self._numbers.dtype

    @property
    def device(self) -> Any:
        return self._numbers.device

    @property
    def requires_grad(self) -> bool:
        return self._numbers.requires_grad

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[axis(dim, self.ndim)]

    def dim(self) -> int:
        return len(self.shape)

    ndimension = sparse_dim = dim

    def dense_dim(self) -> int:
        return 0

    def numel(self) -> int:
        return self.shape.numel()

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return False

    def is_coalesced(self) -> bool:
        """Whether no position is known to be named twice (torch.Tensor.is_coalesced)."""
        return self._coalesced

    def type(self) -> str:
        return f"torch.sparse.{self.dtype.tensor_type}"

    def _nnz(self) -> int:
        return self._numbers.numel()

    def _indices(self) -> Tensor:
        return self._index

    def _values(self) -> Tensor:
        return self._numbers

    def indices(self) -> Tensor:
        """The positions; RuntimeError where some may be named twice (torch.Tensor.indices)."""
        if not self._coalesced:
            raise RuntimeError(UNCOALESCED.format(what="indices"))
        return self._index

    def values(self) -> Tensor:
        """The values; RuntimeError where several may be of one position (torch.Tensor.values)."""
        if not self._coalesced:
            raise RuntimeError(UNCOALESCED.format(what="values"))
        return self._numbers

    def __len__(self) -> int:
        return self.shape[0]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return (
            f"tensor(indices={self._index!r}, values={self._numbers!r}, size={tuple(self.shape)}, nnz={self._nnz()}, "
            f"layout={self.layout})"
        )

    def numpy(self) -> Any:
        raise TypeError(NO_NUMPY)

    __array__ = numpy

    # -- the same elements, otherwise ----------------------------------------------------------------

    def _like(self, values: Tensor) -> SparseTensor:
        return SparseTensor(self._index, values, self.shape, self._coalesced)

    def _flat(self) -> Any:
        """The positions in the flattened tensor, as an array."""
        return np.ravel_multi_index(tuple(self._index.array), self.shape) if self._nnz() else np.zeros(0, np.int64)

    def to_dense(self) -> Tensor:
        """All elements, those that are not named 0 (torch.Tensor.to_dense)."""
        if not self.shape:
            return self._numbers.sum()  # type: ignore[no-any-return]
        zeros = self._numbers.new_zeros(math.prod(self.shape))
        return zeros.index_add(0, wrap(self._flat()), self._numbers).reshape(self.shape)  # type: ignore[no-any-return]

    def to_sparse(self) -> SparseTensor:
        return self

    def coalesce(self) -> SparseTensor:
        """Every position once, in the order of the flattened tensor (torch.Tensor.coalesce)."""
        if self._coalesced:
            return self
        flat, of_each = np.unique(self._flat(), return_inverse=True)
        values = self._numbers.new_zeros(flat.size).index_add(0, wrap(of_each.reshape(-1)), self._numbers)
        return SparseTensor(wrap(np.stack(np.unravel_index(flat, self.shape))), values, self.shape, True)

    def transpose(self, dim0: int, dim1: int) -> SparseTensor:
        order = list(range(self.ndim))
        i, j = axis(dim0, self.ndim), axis(dim1, self.ndim)
        order[i], order[j] = order[j], order[i]
        size = [self.shape[d] for d in order]
        return SparseTensor(wrap(self._index.array[order]), self._numbers, size, self._coalesced and i == j)

    def t(self) -> SparseTensor:
        """The transpose of a matrix (torch.Tensor.t); RuntimeError for more dimensions."""
        if self.ndim > 2:
            raise RuntimeError(T_NDIM.format(ndim=self.ndim))
        return self if self.ndim < 2 else self.transpose(0, 1)

    @property
    def mT(self) -> SparseTensor:
        return self.transpose(-2, -1)

    @property
    def T(self) -> SparseTensor:
        return self.t()

    def to(self, *args: Any, **kwargs: Any) -> SparseTensor:
        return self._like(to(self._numbers, *args, **kwargs))

    def float(self) -> SparseTensor:
        return self._like(self._numbers.float())

    def double(self) -> SparseTensor:
        return self._like(self._numbers.double())

    def cpu(self) -> SparseTensor:
        return self

    def detach(self) -> SparseTensor:
        return self._like(self._numbers.detach())

    def clone(self) -> SparseTensor:
        return SparseTensor(self._index.clone(), self._numbers.clone(), self.shape, self._coalesced)

    # -- arithmetic ----------------------------------------------------------------------------------

    def sum(self) -> Tensor:
        """The sum of all elements (torch.sum)."""
        return self._numbers.sum()  # type: ignore[no-any-return]

    def __neg__(self) -> SparseTensor:
        return self._like(-self._numbers)

    neg = __neg__

    def mul(self, other: Any) -> SparseTensor:
        """The product with a number (torch.mul)."""
        return self._like(self._numbers * _number("mul", other))

    def div(self, other: Any) -> SparseTensor:
        """The quotient by a number (torch.div)."""
        return self._like(self._numbers / _number("div", other))

    def add(self, other: Any) -> SparseTensor:
        """The sum of two sparse tensors of one shape (torch.add)."""
        if not isinstance(other, SparseTensor) or other.shape != self.shape:
            raise NotImplementedError(NOT_OF_SPARSE.format(function="add"))
        indices = wrap(np.concatenate([self._index.array, other._index.array], 1))
        return SparseTensor(indices, _f["cat"]([self._numbers, other._numbers]), self.shape)

    def sub(self, other: Any) -> SparseTensor:
        """The difference of two sparse tensors of one shape (torch.sub)."""
        return self.add(-other if isinstance(other, SparseTensor) else other)

    __add__, __sub__, __truediv__ = add, sub, div
    __mul__ = __rmul__ = mul

    # -- products ------------------------------------------------------------------------------------

    def mm(self, mat2: Tensor) -> Tensor:
        """The product with a dense matrix, which is dense (torch.mm, torch.sparse.mm)."""
        if self.ndim != 2 or not isinstance(mat2, Tensor) or mat2.ndim != 2:
            raise NotImplementedError(NOT_OF_SPARSE.format(function="mm"))
        return self._times(mat2)

    def mv(self, vec: Tensor) -> Tensor:
        """The product with a vector, which is dense (torch.mv)."""
        return self._times(vec[:, None])[:, 0]

    def matmul(self, other: Tensor) -> Tensor:
        """The product with a dense matrix or vector, which is dense (torch.matmul)."""
        return self.mv(other) if isinstance(other, Tensor) and other.ndim == 1 else self.mm(other)

    __matmul__ = matmul

    def __rmatmul__(self, other: Tensor) -> Tensor:
        return self.t().mm(other.mT).mT  # type: ignore[no-any-return]

    def _times(self, dense: Tensor) -> Tensor:
        rows, columns = self._index.array
        if dense.shape[0] != self.shape[1]:
            raise RuntimeError(PRODUCT_SIZE.format(expected=self.shape[1], found=dense.shape[0]))
        if dense.dtype is not self.dtype:
            expected, found = (x.dtype.tensor_type[:-6] for x in (self, dense))
            raise RuntimeError(PRODUCT_DTYPE.format(expected=expected, found=found))
        terms = self._numbers[:, None] * dense.index_select(0, wrap(np.ascontiguousarray(columns)))
        zeros = self._numbers.new_zeros((self.shape[0], dense.shape[1]))
        return zeros.index_add(0, wrap(np.ascontiguousarray(rows)), terms)  # type: ignore[no-any-return]


def _number(function: str, other: Any) -> Any:
    if isinstance(other, Tensor) and other.ndim == 0:
        return other
    if not isinstance(other, (int, float)):
        raise NotImplementedError(NOT_OF_SPARSE.format(function=function))
    return other
