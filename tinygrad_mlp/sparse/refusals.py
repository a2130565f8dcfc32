"""The texts of exceptions that sparse tensors raise; those that programs see are torch's."""

from __future__ import annotations

# RuntimeError where indices, values and size do not fit.
OTHER_NNZ = "indices and values must have same nnz, but got nnz from indices: {indices}, nnz from values: {values}"
OTHER_NDIM = (
    "'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {size}, sparse_dim = {sparse}, dense_dim = 0"
)
INDICES_NDIM = "indices must be sparse_dim x nnz, but got: {shape}"
NEGATIVE_INDEX = "found negative index {index} for dim {dim}"
INDEX_OUTSIDE = "size is inconsistent with indices: for dim {dim}, size is {size} but found index {index}"
LAST_START = "`crow_indices[..., -1] == nnz` is not satisfied: the last is {last}, and there are {nnz} values"
# RuntimeError for indices and values of a tensor whose positions may be named twice.
UNCOALESCED = "Cannot get {what} on an uncoalesced tensor, please call .coalesce() first"
# TypeError for an array of it.
NO_NUMPY = "can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first."
# RuntimeError for products.
PRODUCT_SIZE = "addmm: Argument #3 (dense): Expected dim 0 size {expected}, got {found}"
PRODUCT_DTYPE = "expected scalar type {expected} but found {found}"
# RuntimeError for t of more dimensions.
T_NDIM = "t() expects a tensor with <= 2 sparse and 0 dense dimensions, but got {ndim} sparse and 0 dense dimensions"
# The old constructors, which warn.
DEPRECATED = (
    "torch.sparse.SparseTensor({given}*, device=) is deprecated.  Please use torch.sparse_coo_tensor({given}dtype=, "
    "device=)."
)
# NotImplementedError for what these tensors do not have here.
ONE_MATRIX = "tinygrad_mlp has sparse tensors by rows that are one matrix of numbers"
HYBRID = "tinygrad_mlp has sparse tensors whose values are numbers, and not tensors"
NO_LEAF = "a sparse tensor of tinygrad_mlp is no leaf: let its values require grad"
NOT_OF_SPARSE = "torch.{function} of sparse tensors is not in tinygrad_mlp: give it x.to_dense()"
