"""What functions that combine rows refuse, in torch's words; a text with values is a template for str.format."""

from __future__ import annotations

# -- reductions ------------------------------------------------------------------------------------------

# aminmax: no element.
AMINMAX_OF_NOTHING = "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
# nanmean: integers or bools.
NANMEAN_OF_INTEGERS = "nanmean(): expected input to have floating point or complex dtype but got {word}"
# var_mean, std_mean: integers or bools.
SPREAD_OF_INTEGERS = "{name} only support floating point and complex dtypes"
# cumsum_, cumprod_: another dtype than the own.
OTHER_DTYPE_IN_PLACE = "Bad in-place call: input tensor dtype {own} and output tensor dtype {other} should match"

# -- order -----------------------------------------------------------------------------------------------

# bucketize: boundaries that are no vector.
BOUNDARIES_NDIM = "boundaries tensor must be 1 dimension, but got dim({ndim})"

# -- statistics ------------------------------------------------------------------------------------------

QUANTILE_OF_NOTHING = "quantile() input tensor must be non-empty"
QUANTILE_NDIM = "quantile() q must be a scalar or 1D tensor"
QUANTILE_DTYPE = "quantile() input tensor must be either float or double dtype"
QUANTILE_OTHER_DTYPE = "quantile() q tensor must be same dtype as the input tensor"
QUANTILE_INTERPOLATION = (
    "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {found}"
)
QUANTILE_RANGE = "quantile() q values must be in the range [0, 1]"
# cov, corrcoef: more than two dimensions.
COV_NDIM = "{name}(): expected input to have two or fewer dimensions but got an input with {ndim} dimensions"
COV_OF_BOOLS = "cov(): bool dtype is not supported for input"
COV_WEIGHTS_NDIM = "cov(): expected {name} to have one or fewer dimensions but got {name} with {ndim} dimensions"
COV_WEIGHTS_DTYPE = "cov(): expected {name} to have {wanted} dtype but got {name} with {word} dtype"
COV_WEIGHTS_COUNT = (
    "cov(): expected {name} to have the same numel as there are observations in the input but got {given} != {count}"
)
COV_WEIGHTS_NEGATIVE = "cov(): {name} cannot be negative"
COV_WEIGHTS_ZERO = "cov(): weights sum to zero, can't be normalized"
# cov, as a warning: not more observations than `correction`.
COV_NO_FREEDOM = (
    "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations."
)
DIFF_OF_NUMBER = "diff expects input to be at least one-dimensional"
DIFF_ORDER = "order must be non-negative but got {n}"
DIFF_NDIM = "diff expects prepend or append to be the same dimension as input"
DIFF_SIZES = (
    "diff expects the shape of tensor to prepend or append to match that of input except along the differencing "
    "dimension; input.size({dim}) = {size}, but got tensor.size({dim}) = {other}"
)
TRAPEZOID_OF_BOOLS = "{function}: received a bool input for {names}, but bool is not supported"
TRAPEZOID_COUNT = "{function}: There must be one `x` value for each sample point"
# fill_diagonal_: RuntimeErrors.
DIAGONAL_OF_VECTOR = "dimensions must larger than 1"
DIAGONAL_SIZES = "all dimensions of input must be of equal length"

# -- lists of tensors ------------------------------------------------------------------------------
FOREACH_NOTHING = "Tensor list must have at least one tensor."
FOREACH_COUNT = "Tensor lists must have the same number of tensors, got {own} and {other}"
FOREACH_SCALARS = "Tensor list must have same number of elements as scalar list."

# -- linear algebra --------------------------------------------------------------------------------
# lstsq: another driver, and sizes that do not fit.
LSTSQ_DRIVER = "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
LSTSQ_SIZES = "torch.linalg.lstsq: input.size(-2) should match other.size({dim})"
# matrix_norm, norm: dimensions that are not two different ones, and other orders.
MATRIX_NORM_DIMS = "linalg.matrix_norm: dim must be a 2-tuple. Got {dim}"
MATRIX_NORM_SAME = "linalg.matrix_norm: dims must be different. Got ({rows}, {columns})"
MATRIX_NORM_ORDER = "linalg.matrix_norm: Order {ord} not supported."
NORM_DIMS = "linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}"
NORM_NDIM = "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D."
# multi_dot: fewer than two, and others than matrices between the first and the last.
MULTI_DOT_COUNT = "multi_dot(): expected at least 2 tensors but got {count}"
MULTI_DOT_NDIM = "multi_dot(): tensor {place} must be 2D but got {ndim}D"
# vander: RuntimeError for no vector, and for a negative number of powers.
VANDER_NDIM = "x must be a one-dimensional tensor."
VANDER_NEGATIVE = "N must be non-negative."
# linalg.vander: no second power.
VANDER_SIZE = "N must be greater than 1."
# Warnings of torch.qr and torch.cholesky.
QR_DEPRECATED = (
    "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future PyTorch release.\nThe boolean "
    "parameter 'some' has been replaced with a string parameter 'mode'.\nQ, R = torch.qr(A, some)\nshould be replaced "
    "with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')"
)
CHOLESKY_DEPRECATED = (
    "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a future PyTorch release.\n"
    "L = torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\nand\nU = torch.cholesky(A, "
    "upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\nThis transform will produce equivalent "
    "results for all valid (symmetric positive definite) inputs."
)

# -- products ------------------------------------------------------------------------------------------

# inner, tensordot: sizes and dtypes that differ.
INNER_SIZES = "inner() the last dimension must match on both input tensors but got shapes {a} and {b}"
PRODUCT_DTYPES = "both inputs should have same dtype"
# tensordot: what are no dims, a number of dims that is negative or too large, lists that do not fit.
TENSORDOT_DIMS = (
    "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two lists, but got "
    "dims={dims}"
)
TENSORDOT_NEGATIVE = "tensordot expects dims >= 0, but got dims={dims}"
TENSORDOT_MANY = "tensordot expects dims < ndim_a or ndim_b, but got dims={dims}"
TENSORDOT_LENGTHS = "both dimension lists should have same length"
TENSORDOT_TWICE = "dim {dim} appears multiple times in the list of dims"
TENSORDOT_SIZES = (
    "contracted dimensions need to match, but first has size {a} in dim {dim_a} and second has size {b} in dim {dim_b}"
)
# cross: no `dim`, as a warning; no dimension of three elements.
CROSS_WITHOUT_DIM = (
    "Using torch.cross without specifying the dim arg is deprecated.\n"
    "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
    "The default value of dim will change to agree with that of linalg.cross in a future release."
)
NO_DIM_OF_THREE = "no dimension of size 3 in input"
# einsum: arguments that are not an equation and tensors.
EINSUM_ARGUMENTS = (
    "einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts "
    "list"
)
EINSUM_EQUATION = "einsum(): argument 'equation' (position 1) must be str, not {found}"
EINSUM_OPERAND = "expected Tensor as element {place} in argument 1, but got {found}"
EINSUM_NUMBER = "einsum(): subscript in subscript list is not within the valid range [0, 52)"
# einsum: an equation that is none.
EINSUM_SUBSCRIPT = (
    "einsum(): invalid subscript given at index {place} in the equation string, subscripts must be in [a-zA-Z]"
)
EINSUM_DOT = "einsum(): found '.' for {whose} that is not part of any ellipsis"
EINSUM_ELLIPSIS_AGAIN = "einsum(): found '.' for operand {operand} for which an ellipsis was already found"
EINSUM_OUTPUT_ELLIPSIS = "einsum(): found '.' for output but an ellipsis (...) was already found"
EINSUM_TWICE = "einsum(): output subscript {letter} appears more than once in the output"
EINSUM_NEW = "einsum(): output subscript {letter} does not appear in the equation for any input operand"
# einsum: operands that do not fit the equation.
EINSUM_FEWER = "einsum(): fewer operands were provided than specified in the equation"
EINSUM_MORE = "einsum(): more operands were provided than specified in the equation"
EINSUM_COUNT = (
    "einsum(): the number of subscripts in the equation ({count}) does not match the number of dimensions ({ndim}) for "
    "operand {operand} and no ellipsis was given"
)
EINSUM_TOO_MANY = (
    "einsum(): the number of subscripts in the equation ({count}) is more than the number of dimensions ({ndim}) for "
    "operand {operand}"
)
EINSUM_DIAGONAL = (
    "einsum(): subscript {label} is repeated for operand {operand} but the sizes don't match, {size} != {own}"
)
EINSUM_SIZE = (
    "einsum(): subscript {label} has size {size} for operand {operand} which does not broadcast with previously seen "
    "size {before}"
)
EINSUM_ELLIPSIS_SIZE = (
    "einsum(): dimension {place} covered by ellipsis in operand {operand}has size {size} which does not broadcast with "
    "previously seen ellipsis with size {before} for the respective dimension"
)
# The LU factorisation: a matrix that is singular, and pivots that are none.
LU_SINGULAR = (
    "{name}: {batch}U[{place},{place}] is zero and using it on lu_solve would result in a division by zero. If you "
    "still want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
)
LU_PIVOTS = (
    "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
    "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor"
)
LU_PIVOTS_COUNT = "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix"
LU_SOLVE_PIVOTS = "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32"
LU_SOLVE_DTYPES = (
    "linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type {lu} and B of type {b} instead"
)
# triangular_solve: arguments that do not fit.
TRIANGULAR_NDIM = (
    "torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it has {ndim} dimensions instead"
)
TRIANGULAR_DTYPES = "Expected b and A to have the same dtype, but found b of type {b} and A of type {a} instead."
TRIANGULAR_SQUARE = "A must be batches of square matrices, but they are {rows} by {columns} matrices"
TRIANGULAR_SIZES = (
    "Incompatible matrix sizes for triangular_solve: each A matrix is {n} by {n} but each b matrix is {rows} by "
    "{columns}"
)
# UserWarnings of names that torch is about to remove.
LU_DEPRECATED = (
    "torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex and will be removed in a "
    "future PyTorch release.\nLU, pivots = torch.lu(A, compute_pivots)\nshould be replaced with\n"
    "LU, pivots = torch.linalg.lu_factor(A, compute_pivots)\nand\n"
    "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\n"
    "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)"
)
LU_SOLVE_DEPRECATED = (
    "torch.lu_solve is deprecated in favor of torch.linalg.lu_solveand will be removed in a future PyTorch release.\n"
    "Note that torch.linalg.lu_solve has its arguments reversed.\nX = torch.lu_solve(B, LU, pivots)\n"
    "should be replaced with\nX = torch.linalg.lu_solve(LU, pivots, B)"
)
TRIANGULAR_DEPRECATED = (
    "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangularand will be removed in a future "
    "PyTorch release.\ntorch.linalg.solve_triangular has its arguments reversed and does not return a copy of one of "
    "the inputs.\nX = torch.triangular_solve(B, A).solution\nshould be replaced with\n"
    "X = torch.linalg.solve_triangular(A, B)."
)
# put: RuntimeError for an index of another dtype than int64, and for a source of another one than the tensor's.
PUT_INDEX = "put_(): Expected a long tensor for index, but got {word}"
PUT_DTYPES = (
    "put_(): self and source expected to have the same dtype, but got self.dtype = {own} and source.dtype = {other}"
)
# put: IndexError for another number of positions than of elements, and for a position that there is not.
PUT_COUNT = (
    "put_(): Expected source and index to have the same number of elements, but got source.numel() = {source}, "
    "index.numel() = {index}"
)
PUT_EMPTY = "put_(): Tried to put elements into an empty tensor"
PUT_BOUNDS = "out of range: tried to access index {index} on a tensor of {count} elements."
# index_reduce: a UserWarning, once.
REDUCED_BETA = "index_reduce() is in beta and the API may change at any time."
# index_reduce: RuntimeError for another reduction, other dtypes and shapes; IndexError for no vector and for an index
# that is out of range.
REDUCED_BY = "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {found}."
REDUCED_NDIM = (
    "index_reduce_(): Index is supposed to be a vector, but got dim: {ndim} with type: {word} and size: {sizes}"
)
REDUCED_INDEX = "index_reduce_(): Expected dtype int32/int64 for index but got: {word}"
REDUCED_DTYPES = "index_reduce_(): self ({own}) and source ({other}) must have the same scalar type"
REDUCED_COUNT = (
    "index_reduce_(): Number of indices ({count}) should be equal to source.size(dim): ({size}), for dim: {dim}"
)
REDUCED_SHAPES = (
    "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = {own} "
    "source.shape = {other}"
)
REDUCED_RANGE = "index out of range in self"
# unravel_index: TypeError for indices that are no integers and for a shape that is none; ValueError below 0.
UNRAVEL_DTYPE = "expected 'indices' to be integer dtype, but got {dtype}"
UNRAVEL_SHAPE = "expected 'shape' to be int or sequence of ints, but got {found}"
UNRAVEL_SIZE = "expected 'shape' sequence to only contain ints, but got {found}"
UNRAVEL_NEGATIVE = "'shape' cannot have negative values, but got {shape}"
