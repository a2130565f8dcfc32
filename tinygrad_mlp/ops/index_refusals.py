"""What the rows that index, slice and pad refuse, in torch's words: see refusals.py."""

from __future__ import annotations

# -- padding ---------------------------------------------------------------------------------------

# constant_pad_nd: an odd number of widths, or more than the array has ends.
PAD_ODD = "Length of pad must be even but instead it equals {count}"
PAD_TOO_LONG = (
    "Length of pad should be no more than twice the number of dimensions of the input. Pad length is {count}while the "
    "input has {ndim}dimensions."
)
# constant_pad_nd: more is cut off than there is.
PAD_CUT = "The input size {size}, plus negative padding {before} and {after} resulted in a negative output size"
# Reflection: a width that is not below the size of the dimension.
REFLECTION_TOO_WIDE = (
    "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding ({before}, "
    "{after}) at dimension {dim} of input {shape}"
)
# Reflection and replication: more is cut off than there is.
PAD_TOO_SMALL = "input ({letter}: {size}) is too small. Calculated output {letter}: {result}"
# The derivative of reflection and replication: a cotangent of another dtype.
UNPAD_DTYPES = "expected scalar type {own} but found {other}"
# Reflection and replication: a dimension of size 0 beside the first.
PAD_OF_NOTHING = (
    "Expected {least}D or {most}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
    "input, but got: {shape}"
)

# -- slices ----------------------------------------------------------------------------------------

# narrow: a 0-d array.
NARROW_OF_NUMBER = "narrow() cannot be applied to a 0-dim tensor."
# narrow: a negative length.
NARROW_NEGATIVE = "narrow(): length must be non-negative."
# narrow: a start outside of the array.
NARROW_START = "start out of range (expected to be in range of [{first}, {last}], but got {start})"
# narrow: an end outside of the array.
NARROW_END = "start ({start}) + length ({length}) exceeds dimension size ({size})."
# slice_scatter: a 0-d array.
SLICE_OF_NUMBER = "slice() cannot be applied to a 0-dim tensor."
# slice_scatter: a step that is not positive.
SLICE_STEP = "slice step must be positive"
# unfold: a size that is negative, or larger than the dimension.
UNFOLD_NEGATIVE = "size is {size} but must be >= 0"
UNFOLD_SIZE = "maximum size for tensor at dimension {dim} is {length} but size is {size}"
# unfold: a step that is not positive.
UNFOLD_STEP = "step is {step} but must be > 0"
# select_scatter, slice_scatter, diagonal_scatter, as_strided_scatter: `src` has not the shape of the slice.
WRITTEN_SHAPE = "expected src to have a size equal to the slice of self. src size = {src}, slice size = {shape}"
# select: a 0-d array.
SELECT_OF_NUMBER = "select() cannot be applied to a 0-dim tensor."
# select: an index outside of the array.
SELECT_INDEX = "select(): index {index} out of range for tensor of size {shape} at dimension {dim}"

# -- indexing by arrays ----------------------------------------------------------------------------

# gather: the index has not as many dimensions as the input.
GATHER_NDIM = "Index tensor must have the same number of dimensions as input tensor"
# gather: the index is larger than the input beside `dim`.
GATHER_SIZES = (
    "Size does not match at dimension {place} expected index {index_shape} to be no larger than self {shape} "
    "apart from dimension {dim}"
)
# gather, scatter_add: the index is not of integers.
GATHER_DTYPE = "gather(): Expected dtype int32/int64 for index, got {dtype}"
# gather, scatter_add: an index outside of the array.
INDEX_OUT_OF_BOUNDS = "index {index} is out of bounds for dimension {dim} with size {size}"
# scatter_add: `input` and `src` of different dtypes.
SCATTER_DTYPES = "scatter(): Expected self.dtype to be equal to src.dtype"
# index_select: the index is neither int64 nor int32.
SELECT_DTYPE = "index_select(): Expected dtype int32 or int64 for index"
# index_select: an index into a dimension of size 0.
SELECT_FROM_NOTHING = "index_select(): self indexing axis dim should be positive"
# index_select: several indices into a 0-d array.
SELECT_FROM_NUMBER = "index_select(): Index to scalar can have only 1 value, got {count} value(s)"
# index_select: the index is not a vector.
SELECT_BY_OTHER = "index_select(): Index is supposed to be a vector"
# index_select: an index outside of the array.
INDEX_OUT_OF_RANGE = "index out of range in self"
# take: the index is not int64.
TAKE_DTYPE = "take(): Expected a long tensor for index, but got {word}"
# take: an array without elements.
TAKE_FROM_NOTHING = "take(): tried to take from an empty tensor"
# take: an index outside of the array.
TAKE_OUT_OF_RANGE = "out of range: tried to access index {index} on a tensor of {count} elements."
# masked_select: a mask that is not of bools.
SELECT_BY_OTHER_MASK = "masked_select: expected BoolTensor for mask"
# index_add: `input` and `source` of different dtypes.
INDEX_ADD_DTYPES = "index_add_(): self ({own}) and source ({other}) must have the same scalar type"
# index_add: the index is neither int64 nor int32.
INDEX_ADD_DTYPE = "index_add_(): Expected dtype int32/int64 for index but got: {word}"
# index_add: the index is not a vector.
INDEX_ADD_BY_OTHER = (
    "index_add_(): Index is supposed to be a vector, but got dim: {ndim} with type: {word} and size: {shape}"
)
# index_add: another number of slices than of indices.
INDEX_ADD_COUNT = (
    "index_add_(): Number of indices ({count}) should be equal to source.size(dim): ({size}), for dim: {dim}"
)
# index_add: `source` has another shape beside `dim`.
INDEX_ADD_SHAPES = (
    "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = {shape} "
    "source.shape = {other}"
)
# scatter_add: the index has not as many dimensions as `input`, or as `src`.
SCATTER_NDIM = "Index tensor must have the same number of dimensions as {name} tensor"
# scatter_add: the index is larger than `input` beside `dim`, or than `src`.
SCATTER_SIZES = (
    "Expected index {index} to be no larger than self {shape} apart from dimension {dim} and to be no larger size "
    "than src {src}"
)
# scatter: the same, for a number in place of `src`.
SCATTER_SIZES_OF_NUMBER = "Expected index {index} to be no larger than self {shape} apart from dimension {dim}"
# scatter: another `reduce`.
SCATTER_COMBINED = "reduce argument must be either add or multiply."
# scatter_reduce: another `reduce`.
SCATTER_REDUCED = "reduce argument must be either sum, prod, mean, amax or amin, got {found}"
# scatter_reduce: NotImplementedError for the mean of bools.
MEAN_OF_BOOLS = "\"scatter_gather_tensor_cpu_reduce_mean\" not implemented for 'Bool'"
# scatter_reduce, differentiated twice: a product of several zeros.
REDUCE_OF_ZEROS_TWICE = (
    "scatter_reduce(): Double backward is unsupported for src when >1 zeros in src are scattered to the same position "
    "in self"
)
# index_fill: the index is not int64.
INDEX_FILL_DTYPE = "index_fill_(): Expected dtype int64 for index."
# index_fill: the index is not a vector.
INDEX_FILL_NDIM = "Index has to be a vector/scalar"
# index_fill: a value that is not 0-d.
INDEX_FILL_BY_SEVERAL = (
    "index_fill_ only supports a 0-dimensional value tensor, but got tensor with {ndim} dimension(s)."
)
# index_copy: the index is not a vector.
INDEX_COPY_INDEX_NDIM = "index_copy_(): Index should have dimension 1 or 0 (got {ndim})"
# index_copy: several indices for a 0-d array.
INDEX_COPY_OF_NUMBER = "index_copy_(): When source is scalar, index should have one element (got {count})"
# index_copy: `source` has not as many dimensions as `input`.
INDEX_COPY_NDIM = (
    "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
    "dimensionality ({source}), destination dimensionality ({own})"
)
# index_copy: the index is not int64.
INDEX_COPY_DTYPE = "index_copy_(): Expected a long tensor for index, but got {word}"
# index_copy: `input` and `source` of different dtypes.
INDEX_COPY_DTYPES = (
    "index_copy_(): self and source expected to have the same dtype, but got (self) {own} and (source) {other}"
)
# index_copy: `source` has another shape beside `dim`.
INDEX_COPY_SLICES = (
    "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: {0} at dimension "
    "{dim} and source slice shape: {1} at dimension 0."
)
# index_copy: another number of slices than of indices.
INDEX_COPY_COUNT = "index_copy_(): Number of indices ({count}) should be equal to source.size(dim) ({size})"
# masked_scatter: a mask that is not of bools.
MASKED_SCATTER_MASK = "masked_scatter_ only supports boolean masks, but got mask with dtype {word}"
# masked_scatter: `input` and `source` of different dtypes.
MASKED_SCATTER_DTYPES = "masked_scatter: expected self and source to have same dtypes but got{own} and {other}"
# masked_scatter: fewer elements than the mask has True.
MASKED_SCATTER_COUNT = "Number of elements of source < number of ones in mask"
# scatter_add: the index is not of integers.
SCATTER_DTYPE = "scatter(): Expected dtype int32/int64 for index"
# x[index] = value with an array as the index: another dtype.
PUT_DTYPES = (
    "Index put requires the source and destination dtypes match, got {own} for the destination and {other} "
    "for the source."
)
# x[index] = value with an array as the index: a value that does not broadcast.
PUT_SHAPES = "shape mismatch: value tensor of shape {value} cannot be broadcast to indexing result of shape {shape}"
