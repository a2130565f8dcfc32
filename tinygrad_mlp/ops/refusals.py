"""What the rows refuse, in torch's words: the texts of the exceptions that they raise, by subject.

A text with values is a template for str.format. The checks that raise them stand with the rows.
"""

from __future__ import annotations

# -- calls -----------------------------------------------------------------------------------------

# A function of a row, called with more arguments than it has parameters.
TOO_MANY_ARGUMENTS = "{name}() takes {count} positional arguments but {given} were given"
# The same, called with fewer than it needs.
MISSING_ARGUMENTS = '{name}() missing {count} required positional arguments: "{missing}"'
# A keyword that is none of its parameters, nor NumPy's name for one.
UNEXPECTED_KEYWORD = "{name}() got an unexpected keyword argument '{keyword}'"
# An argument that is given twice, by its place and by its name.
ARGUMENT_TWICE = "{name}() got multiple values for argument '{keyword}'"

# -- dimensions and shapes -------------------------------------------------------------------------

# A `dim` that the array does not have.
DIM_OUT_OF_RANGE = "Dimension out of range (expected to be in range of [{first}, {last}], but got {dim})"
# The same dimension twice in a list of them.
DIM_TWICE = "dim {dim} appears multiple times in the list of dims"
# Two shapes that do not broadcast together.
NO_BROADCAST = "The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}"
# A result that would have to be larger than where torch writes it.
OTHER_OUTPUT_SHAPE = "output with shape {shape} doesn't match the broadcast shape {broadcast}"
# expand: fewer sizes than dimensions.
TOO_FEW_SIZES = (
    "expand(torch.{word}Tensor{{{shape}}}, size={size}): the number of sizes provided ({given}) must be "
    "greater or equal to the number of dimensions in the tensor ({ndim})"
)
# expand: -1 for a dimension that is new, and has no size to keep.
NO_SIZE_TO_KEEP = "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {dim}"
# expand: a size other than 1 that would have to become another.
NOT_EXPANDABLE = (
    "The expanded size of the tensor ({size}) must match the existing size ({own}) at non-singleton dimension "
    "{dim}.  Target sizes: {sizes}.  Tensor sizes: {shape}"
)
# reshape: a size below -1.
NEGATIVE_SIZE = "invalid shape dimension {size} at index {place} of shape {shape}"
# reshape: more than one size is -1.
INFERRED_TWICE = "only one dimension can be inferred"
# reshape: a size is -1, and without elements it may be anything.
INFERRED_OF_NOTHING = (
    "cannot reshape tensor of 0 elements into shape {shape} because the unspecified dimension size -1 can be "
    "any value and is ambiguous"
)
# reshape: another number of elements.
OTHER_COUNT = "shape '{shape}' is invalid for input of size {count}"
# flatten: the last dimension is before the first.
FLATTEN_BACKWARDS = "flatten() has invalid args: start_dim cannot come after end_dim"
# t: more than two dimensions.
NOT_A_MATRIX_TO_TRANSPOSE = "t() expects a tensor with <= 2 dimensions, but self is {ndim}D"
# permute: not as many dimensions as the array has; torch's text names its sparse kernel.
PERMUTE_COUNT = (
    "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
    "ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {given}"
)
# permute: a dimension twice.
PERMUTE_TWICE = "permute(): duplicate dims are not allowed."
# diagonal, diag_embed: the same dimension twice.
DIAGONAL_TWICE = "diagonal dimensions cannot be identical {dim1}, {dim2}"
# block_diag: more than two dimensions.
BLOCK_DIAG_NDIM = "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {place} has {ndim} dimensions"
# rot90: not two dimensions to turn, or twice the same.
ROTATED_DIMS = "expected total rotation dims == 2, but got dims = {count}"
ROTATED_NDIM = "expected total dims >= 2, but got total dims = {ndim}"
ROTATED_TWICE = "expected rotation dims to be different, but got dim0 = {0} and dim1 = {1}"
# tril, triu: fewer than two dimensions.
NO_TRIANGLE = "{name}: input tensor must have at least 2 dimensions"
# trace: not a matrix.
TRACE_OF_OTHER = "trace: expected a matrix, but got tensor with dim {ndim}"

# -- rolling, repeating and joining ----------------------------------------------------------------

# roll: an empty list of shifts.
NO_SHIFTS = "`shifts` required"
# roll: not as many shifts as dimensions.
SHIFTS_AND_DIMS = "shifts and dimensions must align. shifts: {shifts}, dims:{dims}"
# roll: a dimension, but a 0-d array.
ROLL_OF_NUMBER = "Dimension specified as {dim} but tensor has no dimensions"
# repeat: fewer numbers than dimensions.
TOO_FEW_REPEATS = "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
# repeat: a negative number of times.
NEGATIVE_REPEAT = "Trying to create tensor with negative dimension {size}: {sizes}"
# cat: an empty list.
CAT_OF_NOTHING = "torch.cat(): expected a non-empty list of Tensors"
# cat: a 0-d array in the list.
CAT_OF_NUMBER = "zero-dimensional tensor (at position {place}) cannot be concatenated"
# cat: arrays of different numbers of dimensions.
CAT_NDIM = "Tensors must have same number of dimensions: got {first} and {other}"
# cat: arrays of different sizes beside `dim`.
CAT_SIZES = (
    "Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got size {own} for "
    "tensor number {place} in the list."
)
# stack: an empty list.
STACK_OF_NOTHING = "stack expects a non-empty TensorList"
# stack: arrays of different shapes.
STACK_SHAPES = "stack expects each tensor to be equal size, but got {first} at entry 0 and {other} at entry {place}"

# -- dtypes and numbers ----------------------------------------------------------------------------

# A number that the dtype of the array cannot hold.
NUMBER_TOO_LARGE = "value cannot be converted to type {word} without overflow"
# A result that its place cannot hold, such as floats in integers.
OTHER_RESULT_DTYPE = "result type {word} can't be cast to the desired output type {wanted}"
# sub, rsub: two arrays of bools.
BOOLS_SUBTRACTED = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
    "operator instead."
)
# sub, rsub: one array of bools.
BOOL_SUBTRACTED = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
    "use the `~` or `logical_not()` operator instead."
)
# binary_cross_entropy_with_logits: a target or a weight of bools.
BOOL_SUBTRACTED_IN_LOSS = "Subtraction, the `-` operator, with a bool tensor is not supported."
# neg: bools.
BOOL_NEGATED = (
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
    "the `~` or `logical_not()` operator instead."
)
# div with rounding, floor_divide, remainder, fmod: integers by 0.
DIVISION_BY_ZERO = "ZeroDivisionError"
# pow: bools to bools.
POWER_OF_BOOLS = "\"pow\" not implemented for 'Bool'"
# pow: integers to a negative power.
NEGATIVE_POWER = "Integers to negative integer powers are not allowed."
# addcdiv: a quotient of integers.
INTEGERS_IN_ADDCDIV = (
    "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
    "true division of tensor1 and tensor2."
)
# lerp: arrays of different dtypes.
LERP_DTYPES = "expected dtype {own} for `{name}` but got dtype {other}"
# lerp: integers, and a number as the weight.
LERP_OF_INTEGERS = "\"lerp_kernel_scalar\" not implemented for '{word}'"
# special.ndtri, special.log_ndtr, multi_margin_loss, multilabel_margin_loss: float16, and for some bfloat16.
NO_HALF = "\"{kernel}\" not implemented for '{word}'"
# polygamma: a negative order.
NEGATIVE_ORDER = "polygamma(n, x) does not support negative n."
# round: integers, and a number of decimals.
DECIMALS_OF_INTEGERS = "\"round_vml_cpu\" not implemented for '{word}'"
# ldexp: an exponent of bools.
LDEXP_BY_BOOLS = "\"ldexp_cpu_exp\" not implemented for 'Bool'"
# heaviside: arrays of different dtypes.
HEAVISIDE_DTYPES = "heaviside is not yet implemented for tensors with different dtypes."
# where: a condition that is not of bools.
CONDITION_DTYPE = "where expected condition to be a boolean tensor, but got a tensor with dtype {word}"
# clamp, clamp_min, clamp_max: bools.
CLAMP_OF_BOOLS = "\"clamp_cpu\" not implemented for 'Bool'"
# clamp: a tensor and a number as bounds.
CLAMP_BOUNDS = "clamp() received an invalid combination of arguments - got (Tensor, {found})"
# clamp: both bounds are None.
CLAMP_WITHOUT_BOUNDS = "torch.clamp: At least one of 'min' or 'max' must not be None"
# masked_fill: a value that is not 0-d.
FILL_BY_SEVERAL = "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {ndim} dimension(s)."
# masked_fill: a mask that is not of bools.
FILL_BY_OTHER_MASK = "masked_fill_ only supports boolean masks, but got mask with dtype {word}"
# fill: a value that is not 0-d.
FILL_OF_SEVERAL = "fill_ only supports 0-dimension value tensor but got tensor with {ndim} dimensions."
# trace: bools.
TRACE_OF_BOOLS = "\"trace\" not implemented for '{word}'"
# backward through an operator for which torch has no derivative.
NO_DERIVATIVE = "derivative for aten::{name} is not implemented"

# -- products of matrices --------------------------------------------------------------------------

# mm, matmul, addmm, linear: the inner sizes differ.
NO_PRODUCT = "mat1 and mat2 shapes cannot be multiplied ({a} and {b})"
# mm: an array that is not a matrix.
NOT_A_MATRIX = "{name} must be a matrix"
# addmm: an array that is not a matrix.
NOT_A_MATRIX_BUT = "{name} must be a matrix, got {ndim}-D tensor"
# matmul: a 0-d array.
MATMUL_OF_NUMBER = "both arguments to matmul need to be at least 1D, but they are {a}D and {b}D"
# matmul, dot: two vectors of different sizes.
VECTOR_SIZES = (
    "inconsistent tensor size, expected tensor [{a}] and src [{b}] to have the same number of elements, but "
    "got {m} and {n} elements respectively"
)
# matmul, mv: a vector of another size than the rows of the matrix.
MATRIX_AND_VECTOR = "size mismatch, got input ({rows}), mat ({a}), vec ({n})"
# matmul, bmm: batches that do not fit.
BATCH_SIZES = "Expected size for first two dimensions of batch2 tensor to be: [{b}, {k}] but got: [{own_b}, {own_k}]."
# dot: not two vectors.
DOT_NDIM = "1D tensors expected, but got {a}D and {b}D tensors"
# mv, addmv: not a matrix and a vector, or nothing that can be added to one.
MV_NDIM = "vector + matrix @ vector expected, got 1, {a}, {b}"
ADDMV_NDIM = "vector + matrix @ vector expected, got {own}, {a}, {b}"
# addmv, addbmm, baddbmm: several dtypes.
ADDMV_DTYPES = "addmv input tensors must have the same dtype, but got {own}, {a}, and {b}"
ADDBMM_DTYPES = "self and mat2 must have the same dtype, but got {own} and {b}"
BADDBMM_DTYPES = "Input dtypes must be the same, got: input {own}, batch1: {a}, batch2: {b}"
# addbmm, baddbmm: an array that is not a batch of matrices, and batches that do not fit.
NOT_A_BATCH = "{name} must be a 3D tensor"
BATCH_COUNTS = "batch1 and batch2 must have same number of batches, got {a} and {b}"
BATCH_INNER = "Incompatible matrix sizes for bmm ({a} and {b})"
# addr: an array that is not a vector, and factors that the dtype of the result cannot have.
ADDR_NDIM = "addr: Expected 1-D argument {name}, but got {ndim}-D"
BOOL_FACTOR = "Boolean {name} only supported for Boolean results."
FLOAT_FACTOR = "For integral input tensors, argument {name} must not be a floating point number."
# cross: other numbers of dimensions, another size, a 0-d array, two dtypes.
CROSS_NDIM = "linalg.cross: inputs must have the same number of dimensions."
CROSS_SIZE = "linalg.cross: inputs dimension {dim} must have length 3. Got {a} and {b}"
NO_DIM_OF_NUMBER = "Dimension specified as {dim} but tensor has no dimensions"
OTHER_SCALAR_TYPE = "expected scalar type {own} but found {other}"
# cdist: what are not vectors, vectors of different sizes, other dtypes, a negative p.
CDIST_NDIM = "cdist only supports at least 2D tensors, {name} got: {ndim}D"
CDIST_COLUMNS = "X1 and X2 must have the same number of columns. X1: {a} X2: {b}"
CDIST_DTYPE = "cdist only supports floating-point dtypes, {name} got: {word}"
CDIST_MODE = "{mode} is not a valid value for compute_mode"
CDIST_NEGATIVE = "cdist only supports non-negative p values"
# bmm: not two batches of matrices.
BMM_NDIM = "batch1 must be a 3D tensor"

# -- reductions and order --------------------------------------------------------------------------

# mean: integers or bools, and no `dtype`.
MEAN_OF_INTEGERS = (
    "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: {word}"
)
# amax, amin, max, min: no element.
NOTHING_TO_REDUCE = (
    "{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
    "the 'dim' argument."
)
# argmax, argmin: no element.
NOTHING_TO_CHOOSE_FROM = "{name}(): Expected reduction dim to be specified for input.numel() == 0."
# The extremes: no element along `dim`.
NOTHING_ALONG_DIM = "{name}(): Expected reduction dim {dim} to have non-zero size."
# argmax, argmin: bools.
NO_EXTREME_OF_BOOLS = "{name}(): does not support bool input"
# var, std, as a warning: not more elements than `correction`.
NO_FREEDOM = (
    "{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
    "(input numel divided by output numel)."
)
# var, std: integers or bools.
SPREAD_OF_INTEGERS = "std and var only support floating point and complex dtypes"
# renorm: RuntimeErrors for the order of the norm, its limit, and a vector or a number.
RENORM_ORDER = "renorm: non-positive-norm not supported"
RENORM_LIMIT = "renorm: expected maxnorm to be >= 0 but got {found:g}"
RENORM_NDIM = "renorm: input needs at least 2 dimensions, got {ndim} dimensions"
# vector_norm: integers or bools.
NORM_OF_INTEGERS = "linalg.vector_norm: Expected a floating point or complex tensor as input. Got {word}"
# vector_norm: a dtype that is not floating.
NORM_AS_INTEGER = "linalg.vector_norm: dtype should be floating point or complex, but got {word}"
# vector_norm: a dtype that holds less than that of the input.
NORM_NARROWED = (
    "linalg.vector_norm: the dtype of the input ({word}) should be convertible without narrowing to the specified "
    "dtype ({narrower})"
)
# dist: integers or bools.
DIST_OF_INTEGERS = "norm(): input dtype should be either floating point or complex. Got {word} instead."
# vector_norm: no element along a dimension, where `ord` is infinite or negative; the missing space is torch's.
NORM_ALONG_NOTHING = (
    "linalg.vector_norm cannot compute the {ord:g} norm on the dimension {dim}because this dimension is empty and the "
    "operation does not have an identity"
)
# vector_norm: no element at all.
NORM_OF_NOTHING = (
    "linalg.vector_norm cannot compute the {ord:g} norm on an empty tensor because the operation does not "
    "have an identity"
)
# kthvalue: a number that is not among the elements along `dim`.
KTH_OUT_OF_RANGE = "kthvalue(): selected number k out of range for dimension {dim}"
# histc: no bins.
BIN_COUNT = "torch.histogram(): bins must be > 0, but got {bins} for dimension 0"
# histc: the upper bound is below the lower.
BIN_RANGE_BACKWARDS = "torch.histc: max must be larger than min"
# histc: a bound, or an element that is one, is infinite or nan.
BIN_RANGE_INFINITE = "torch.histc: range of [{low:g}, {high:g}] is not finite"
# bincount: not a vector of integers, or a negative one.
BINCOUNT_INPUT = "bincount only supports 1-d non-negative integral inputs."
# bincount: a negative `minlength`.
BINCOUNT_LENGTH = "minlength should be >= 0"
# bincount: weights of another shape.
BINCOUNT_WEIGHTS = "weights should be 1-d and have the same length as input"
# unique along a dimension: no elements beside it.
UNIQUE_OF_NOTHING = "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
# unique: its derivative.
NO_DERIVATIVE_OF = "the derivative for '{name}' is not implemented."
# isin: bools.
ISIN_OF_BOOLS = "Unsupported input type encountered for isin(): Bool"
# searchsorted: a side that is neither left nor right.
SEARCH_SIDE = "torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
# searchsorted: `side` says left, and `right` is True.
SEARCH_SIDES = "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
# searchsorted: a number, but more than one sorted sequence.
SEARCH_NUMBER = (
    "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
    "boundaries tensor dim({ndim}) and input value's dim(0) numel(1)"
)
# searchsorted: other sizes beside the last dimension.
SEARCH_SHAPES = (
    "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
    "and input value tensor must match, but we got boundaries tensor {sorted} and input value tensor {shape}"
)
# searchsorted: a `sorter` that has no int64.
SORTER_DTYPE = "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {word}"
# searchsorted: a `sorter` of another shape.
SORTER_SHAPE = (
    "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor {shape}"
    "and got sorter tensor {sorter}"
)
# searchsorted: an index in `sorter` that is out of range.
SORTER_RANGE = "torch.searchsorted(): sorter index out of range"
# topk: bools.
TOPK_OF_BOOLS = "topk does not support bool dtypes on CPU"
# topk: more than there are.
TOPK_COUNT = "selected index k out of range"

# -- activations and losses ------------------------------------------------------------------------

# relu: bools.
RELU_OF_BOOLS = "Boolean inputs not supported for relu"
# hardtanh: bools.
HARDTANH_OF_BOOLS = "Bool inputs not supported for hardtanh"
# hardtanh: a negative limit of uint8.
HARDTANH_UNSIGNED = "cannot do hardtanh on an unsigned type with negative limits"
# celu: alpha is 0.
CELU_ALPHA = "ZeroDivisionError: alpha cannot be 0 for CELU"
# glu: a 0-d array.
GLU_OF_NUMBER = "glu does not support scalars because halving size must be even"
# glu: a dimension that cannot be halved.
GLU_ODD = "Halving dimension must be even, but dimension {dim} is size {size}"
# binary_cross_entropy: a number that is not in [0, 1].
NO_PROBABILITY = "all elements of {name} should be between 0 and 1"
# nll_loss: a class that the input does not have.
NO_CLASS = "Target {target} is out of bounds."
# nll_loss: weights of another dtype than the input.
WEIGHT_DTYPE = "expected scalar type {word} but found {other}"
# nll_loss: not as many targets as rows.
BATCH_LENGTHS = "Expected input batch_size ({own}) to match target batch_size ({other})."

# -- linear algebra ----------------------------------------------------------------------------------

# An array of fewer than two dimensions, and matrices that are not square.
LINALG_NDIM = "{name}: The input tensor {argument} must have at least 2 dimensions."
NOT_SQUARE = "{name}: A must be batches of square matrices, but they are {rows} by {columns} matrices"
# Integers or bools.
LINALG_DTYPE = "{name}: Expected a floating point or complex tensor as input. Got {word}"
PINV_INPUT = (
    "linalg.pinv({word}{{{shape}}}): expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble "
    "types"
)
# svd: a matrix with nan.
SVD_OF_NAN = "linalg.svd: {batch}The algorithm failed to converge because the input matrix contained non-finite values."
# inv and slogdet: RuntimeError for float16 and bfloat16; the others: NotImplementedError.
LOW_PRECISION = "{name}: Low precision dtypes not supported. Got {word}"
NO_LAPACK = "\"{name}_cpu\" not implemented for '{word}'"
# solve, solve_triangular: two dtypes, and sizes that do not fit.
LINALG_DTYPES_DIFFER = (
    "{name}: Expected A and B to have the same dtype, but found A of type {a} and B of type {b} instead"
)
INCOMPATIBLE_SYSTEM = "{name}: Incompatible shapes of A and B for the equation {equation} ({a} and {b})"
# LinAlgError: matrices without an inverse, or that are not positive definite.
SINGULAR_INVERSE = (
    "linalg.inv: {batch}The diagonal element {pivot} is zero, the inversion could not be completed because the input "
    "matrix is singular."
)
SINGULAR_SYSTEM = "torch.linalg.solve: {batch}The solver failed because the input matrix is singular."
NOT_POSITIVE = (
    "linalg.cholesky: {batch}The factorization could not be completed because the input is not positive-definite (the "
    "leading minor of order {minor} is not positive-definite)."
)
# cholesky_solve: no matrix.
CHOLESKY_SOLVE_NDIM = "{name} should have at least 2 dimensions, but has {ndim} dimensions instead"
# qr: another mode, and derivatives that do not exist.
QR_MODE = "qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
QR_WITHOUT_Q = (
    "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
    "mode='reduced') if you are going to differentiate through linalg.qr."
)
QR_WITH_NULL_SPACE = "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
# eigh: another triangle.
EIGH_UPLO = "Expected UPLO argument to be 'L' or 'U', but got {found}"
# softshrink: a negative lambd.
SOFTSHRINK_LAMBDA = "lambda must be in range [0, {most}] for input dtype {word}, but found {lambd}"
# gelu: an approximation that there is not.
GELU_APPROXIMATE = "approximate argument must be either none or tanh."
# multi_margin_loss and multilabel_margin_loss: an input that is neither a vector nor a matrix with classes.
MARGIN_INPUT = "Expected non-empty vector or matrix with optional 0-dim batch size, but got: {shape}"
# multi_margin_loss: not one target for each sample.
MARGIN_TARGETS = (
    "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
    "Expected target size [{samples}], but got {target}. Input has shape {shape}."
)
# multi_margin_loss: not one weight for each class.
MARGIN_WEIGHTS = "inconsistent weight size, expected {classes} but got {weight}"
# multi_margin_loss: a class that the input does not have.
MARGIN_CLASS = "target out of range"
# multilabel_margin_loss: a target of another shape than the input.
LABELS_SHAPE = "inconsistent target size: {target} for input of size: {shape}"
# multilabel_margin_loss: a class that the input does not have.
LABELS_CLASS = "argument #2 'target' is out of range"
# embedding and embedding_bag: a weight or indices of another dtype.
EMBEDDING_DTYPE = (
    "Expected tensor for argument #1 '{name}' to have one of the following scalar types: {words}; but got "
    "torch.{word}Tensor instead (while checking arguments for {function})"
)
# embedding_bag: weights of samples that have another dtype than the weight.
SAMPLE_WEIGHTS_DTYPE = (
    "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 'per_sample_weights'; "
    "but type torch.{own}Tensor does not equal torch.{other}Tensor (while checking arguments for embedding_bag)"
)
# embedding: an index that is no row of the weight.
NO_EMBEDDING = "index out of range in self"
# embedding: a weight that is no matrix.
EMBEDDING_WEIGHT = "'weight' must be 2-D"
# embedding: indices into a weight without rows.
NO_EMBEDDINGS = "index_select(): self indexing axis dim should be positive"
# embedding_bag: an index that is no row of the weight.
NO_EMBEDDING_IN_BAG = "Index {place} of input takes value {index} which is not in the valid range [0, {rows})"
# The Fourier transform: RuntimeError for float16, and for a dimension without elements.
FOURIER_HALF = "Unsupported dtype {word}"
FOURIER_POINTS = "Invalid number of data points ({n}) specified"
# mvlgamma: RuntimeError for a dimension below 1, and for bools.
MULTIVARIATE_DIMENSION = "p has to be greater than or equal to 1"
MULTIVARIATE_BOOL = "The input tensor may not be a boolean tensor."
# The LU factorisation: an array that is no matrix, and what torch's kernel for the CPU lacks.
LU_NDIM = "{name}: Expected tensor with 2 or more dimensions. Got size: {shape} instead"
LU_WITHOUT_PIVOTS = "linalg.lu_factor: LU without pivoting is not implemented on the CPU"
# frexp: RuntimeError for a dtype that is not floating.
FREXP_DTYPE = "torch.frexp() only supports floating-point dtypes"
