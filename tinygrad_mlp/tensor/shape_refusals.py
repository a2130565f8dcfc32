"""What joining, splitting and views of tensors refuse, in torch's words: see refusals.py."""

from __future__ import annotations

# -- joining and broadcasting ----------------------------------------------------------------------

# hstack and the like: RuntimeError for an empty list.
NO_TENSORS = "{function} expects a non-empty TensorList"
# randint_like: RuntimeError for a tensor of one or more dimensions as the bound.
HIGH_NDIM = "high must be a scalar tensor and on CPU"
# broadcast_shapes: RuntimeError for what is no shape.
SHAPES_TYPE = "Input shapes should be of type ints, a tuple of ints, or a list of ints, got {found}"
# broadcast_shapes: RuntimeError for a size that does not fit the shapes before it.
BROADCAST_SHAPES = (
    "Attempting to broadcast a dimension of length {size} at {dim}! Mismatching argument at index {i} had "
    "{shape}; but expected shape should be broadcastable to {common}"
)

# meshgrid: RuntimeError for several dimensions, for several dtypes and for another indexing.
GRID_NDIM = "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {found}"
GRID_DTYPES = "meshgrid expects all tensors to have the same dtype"
GRID_INDEXING = 'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {found}'
# meshgrid: UserWarning, once in a process, without `indexing`.
GRID_WITHOUT_INDEXING = "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."
# cartesian_prod, combinations: RuntimeError for what is no vector.
NO_VECTOR = "Expect a 1D vector, but got shape {shape}"
# combinations: RuntimeError for a negative number of elements.
COMBINATIONS_COUNT = "Expect a non-negative number, but got {r}"

# -- views -----------------------------------------------------------------------------------------

# view: TypeError for what is neither sizes nor a dtype.
VIEW_CALL = (
    "view() received an invalid combination of arguments - got ({found}), but expected one of:\n"
    " * (torch.dtype dtype)\n"
    " * (tuple of ints size)\n"
)
# view: RuntimeError for a shape that only a copy can have.
VIEW_STRIDES = (
    "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
    "contiguous subspaces). Use .reshape(...) instead."
)
# view(dtype): RuntimeError for a 0-d tensor, where the sizes of the elements differ. `dtypes` names both dtypes.
VIEW_DTYPE_0D = "self.dim() cannot be 0 to view {dtypes}"
# view(dtype): RuntimeError for elements that do not lie next to each other in the last dimension.
VIEW_DTYPE_STRIDE = "self.stride(-1) must be 1 to view {dtypes}, but got {stride}"
# view(dtype): RuntimeError for a size, stride or offset that is no whole number of the larger elements.
VIEW_DTYPE_RATIO = "{what} must be divisible by {ratio} to view {dtypes}, but got {n}"
# as_strided: RuntimeError for another number of strides than of sizes.
STRIDES_LENGTH = "mismatch in length of strides and shape"
# as_strided: RuntimeError for a stride below 0.
STRIDES_NEGATIVE = "as_strided: Negative strides are not supported at the moment, got strides: {strides}"
# as_strided: RuntimeError for an offset below 0.
OFFSET_NEGATIVE = "Tensor: invalid storage offset {offset}"
# as_strided: RuntimeError for a size below 0.
STORAGE_SIZES = "Storage size calculation overflowed with sizes={sizes} and strides={strides}"
# as_strided: RuntimeError for a view that would reach beyond the tensor's memory. The two sizes count bytes.
STORAGE_BOUNDS = (
    "setStorage: sizes {sizes}, strides {strides}, storage offset {offset}, and itemsize {itemsize} requiring a "
    "storage size of {needed} are out of bounds for storage of size {available}"
)
# unflatten: RuntimeError for a 0-d tensor.
UNFLATTEN_0D = "unflatten got an unexpected error:\nDimension specified as {dim} but tensor has no dimensions"
# unflatten: RuntimeError for no sizes.
UNFLATTEN_EMPTY = "unflatten: sizes must be non-empty"
# unflatten: RuntimeError for several sizes of -1.
UNFLATTEN_INFERRED = "unflatten got an unexpected error:\nonly one dimension can be inferred"
# unflatten: RuntimeError for sizes whose product is not the size of the dimension.
UNFLATTEN_SIZES = (
    "unflatten: Provided sizes {sizes} don't multiply up to the size of dim {dim} ({size}) in the input tensor"
)
# movedim: RuntimeError for another number of destinations than of sources.
MOVEDIM_LENGTHS = (
    "movedim: Invalid source or destination dims: source ({sources} dims) should contain the same number of dims "
    "as destination ({destinations} dims)"
)
# movedim: RuntimeError for a dimension that is named twice.
MOVEDIM_TWICE = "movedim: repeated dim in `{name}` ({dims})"
# x.T: UserWarning, once in a process, for a 0-d tensor.
T_OF_0D = "Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these cases."
# x.T: UserWarning, once in a process, for other numbers of dimensions than 2.
T_DIMENSIONS = (
    "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
    "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
    "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
)
# x.mT, x.mH and adjoint: RuntimeError for too few dimensions.
NOT_MATRICES = "tensor.{name} is only supported on matrices or batches of matrices. Got {ndim}-D tensor."
# x.H: RuntimeError for any number of dimensions but 0 and 2.
NO_MATRIX = "tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor."
# x.H, x.mH and adjoint: UserWarning, once in a process, for a 0-d tensor.
ADJOINT_OF_0D = "{name} is deprecated on 0-D tensors. Consider using x.conj()."
# diag: RuntimeError for other numbers of dimensions than 1 and 2.
DIAG_DIMENSIONS = "diag(): Supports 1D or 2D tensors. Got {ndim}D"

# sum_to_size: RuntimeError for a size that does not broadcast to the tensor's.
NOT_SUMMABLE = "size {{{size}}} is not expandable to size {{{shape}}}."
# fliplr, flipud: RuntimeError for too few dimensions.
FLIP_NDIM = "Input must be >= {ndim}-d."
# narrow: RuntimeError for a tensor as the start that is not one integer.
NARROW_START_TENSOR = "start must be an 0-dim integral Tensor."
# take_along_dim: RuntimeError for indices that are not int64, or have other dimensions than the tensor.
TAKEN_DTYPE = "torch.take_along_dim(): dtype of indices should be Long but got {word}"
TAKEN_NDIM = (
    "torch.take_along_dim(): input and indices should have the same number of dimensions, but got {own} dimensions for "
    "input, and {other} dimensions for indices"
)
# repeat_interleave: RuntimeError for counts that are negative, not one for each slice, or not a vector.
REPEATS_NUMBER_NEGATIVE = "Repeats must be non-negative"
REPEATS_NEGATIVE = "repeats can not be negative"
REPEATS_SIZE = (
    "repeats must have the same size as input along dim, but got repeats.size(0) = {count} and input.size({dim}) = "
    "{size}"
)
REPEATS_NDIM = "repeats must be 0-dim or 1-dim tensor"
REPEATS_COUNT = "repeat_interleave only accept 1D vector as repeat"
# repeat_interleave: RuntimeError for an `output_size` that is not the number of repetitions.
REPEATS_NUMBER_OUTPUT = "repeat_interleave: Invalid output_size, expected {size} but got {found}"
REPEATS_OUTPUT = "allocated size does not match required size"

# -- splits ----------------------------------------------------------------------------------------

# unbind: IndexError for a 0-d tensor.
UNBIND_0D = "Dimension specified as {dim} but tensor has no dimensions"
# split: RuntimeError for a 0-d tensor.
SPLIT_0D = "split expects at least a 1-dimensional tensor"
# split: RuntimeError for a size below 0.
SPLIT_SIZE_NEGATIVE = "split expects split_size be non-negative, but got split_size={size}"
# split: RuntimeError for a size of 0, where the dimension has elements.
SPLIT_SIZE_ZERO = "split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
# split and split_with_sizes: RuntimeError for a list with a size below 0.
SIZES_NEGATIVE = "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
# split and split_with_sizes: RuntimeError for a list whose sum is not the size of the dimension.
SIZES_SUM = (
    "split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension {dim}), "
    "but got split_sizes={sizes}"
)
# tensor_split: RuntimeError for a 0-d tensor.
TENSOR_SPLIT_0D = "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
# tensor_split: RuntimeError for 0 sections or fewer.
SECTIONS = "number of sections must be larger than 0, got {count}"
# tensor_split: RuntimeError for a tensor of sections or indices that is not int64, or has several dimensions.
SECTIONS_DTYPE = "tensor_split expected tensor_indices_or_sections to have dtype of long, but got {word}"
SECTIONS_NDIM = (
    "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got a "
    "tensor with {ndim} dims"
)
# hsplit, vsplit, dsplit: RuntimeError for too few dimensions, and for a size that cannot be split into equal parts.
EQUAL_SPLIT_NDIM = (
    "torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {ndim} dimensions!"
)
EQUAL_SPLIT_SIZE = (
    "torch.{name} attempted to split along dimension {dim}, but the size of the dimension {size} is not divisible by "
    "the split_size {count}!"
)
# chunk: RuntimeError for a 0-d tensor.
CHUNK_0D = "chunk expects at least a 1-dimensional tensor"
# chunk: RuntimeError for 0 chunks or fewer.
CHUNKS = "chunk expects `chunks` to be greater than 0, got: {chunks}"
