"""What tensors and the functions on them refuse, in torch's words: the texts of exceptions and warnings, by subject.

The checks stand with the code that needs them. A text with values is a template for `str.format`.
"""

from __future__ import annotations

# -- calls, of any function ------------------------------------------------------------------------

# TypeError for an argument of another type than the function takes. `wanted` is that type in torch's words.
ARGUMENT_TYPE = "{function}(): argument '{name}'{place} must be {wanted}, not {found}"
# The same, for the first element of a sequence of integers, and for a later one.
FIRST_ELEMENT = (
    "{function}(): argument '{name}'{argument} must be tuple of ints, but found element of type {found} at pos 0"
)
LATER_ELEMENT = (
    "{function}(): argument '{name}' failed to unpack the object at pos {place} with error "
    '"type must be tuple of ints,but got {found}"'
)
# TypeError for an element that is no tensor, in a list of tensors.
ELEMENT_TYPE = "expected Tensor as element {i} in argument 0, but got {found}"
# The same for another argument than the first.
ELEMENT_OF_ARGUMENT = "expected Tensor as element {i} in argument {position}, but got {found}"
# TypeError for arguments that fit none of the forms in which a function may be called.
NO_SUCH_CALL = "{function}() received an invalid combination of arguments - got ({found})"
# TypeError for a call without an argument that it needs.
MISSING_ARGUMENT = '{function}() missing 1 required positional arguments: "{name}"'
# TypeError for a keyword that the function does not have.
UNEXPECTED_KEYWORD = "{function}() got an unexpected keyword argument '{name}'"
# NotImplementedError for a dtype that torch does not compute this function in.
NOT_IMPLEMENTED = "\"{function}_cpu\" not implemented for '{dtype}'"
# RuntimeError for arguments of several dtypes, where torch does not promote them: a product of matrices; of batches of
# them; of a matrix and a vector; of vectors; a product to which something is added, as in `addmm` and `linear`.
DTYPES_DIFFER = "expected m1 and m2 to have the same dtype, but got: {first} != {second}"
BATCHES_DTYPES_DIFFER = "expected scalar type {first} but found {second}"
VECTOR_DTYPES_DIFFER = "addmv input tensors must have the same dtype, but got {second}, {first}, and {second}"
VECTORS_DTYPES_DIFFER = "dot : expected both vectors to have same dtype, but found {first} and {second}"
SUM_DTYPES_DIFFER = "{name} and mat2 must have the same dtype, but got {found} and {mat2}"
# BufferError for the memory of a tensor that requires grad, and RuntimeError for the imaginary part.
EXPORT_OF_GRAD = "Can't export tensors that require gradient, use tensor.detach()"
IMAG = "imag is not implemented for tensors with non-complex dtypes."
# AttributeError where a program, and no rule, looks for NumPy's protocols.
NO_PROTOCOL = "a Tensor implements NumPy's protocols only where rules of the derivative table run on it"
# TypeError for a NumPy function, called on a Tensor by a rule, that no row of the derivative table stands for.
NO_ROW = "no row of the derivative table stands for {function}; use a torch function, or .detach().numpy()"

# -- requires_grad ---------------------------------------------------------------------------------

# TypeError for an argument of a function that makes a tensor or sets the flag, which is no bool.
REQUIRES_GRAD_KIND = "argument 'requires_grad' must be bool, not {found}"
# RuntimeError for `x.requires_grad = value` with a value that is no bool.
REQUIRES_GRAD_TYPE = "requires_grad must be a bool"
# RuntimeError for True, set on a tensor whose dtype is not floating.
REQUIRES_GRAD_DTYPE = "only Tensors of floating point and complex dtype can require gradients"
# The same, by `requires_grad_`.
REQUIRES_GRAD_METHOD_DTYPE = "only Tensors of floating point dtype can require gradients"
# The same, by the argument of a function that makes a tensor.
REQUIRES_GRAD_NEW_DTYPE = "Only Tensors of floating point and complex dtype can require gradients"
# RuntimeError for True, set outside inference mode on a tensor that was made in it.
REQUIRES_GRAD_INFERENCE = "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
# RuntimeError for any value, set on a computed tensor.
REQUIRES_GRAD_COMPUTED = "you can only change requires_grad flags of leaf variables."
# What follows after it where the value is False.
DETACH_INSTEAD = (
    " If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad "
    "= var.detach()."
)

# -- grad, data, hooks and detach_ -----------------------------------------------------------------

# UserWarning when `.grad` is read of a computed tensor that does not retain it.
GRAD_OF_NON_LEAF = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
    "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf "
    "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure "
    "you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information."
)
# x.grad = value: TypeError for what is neither a Tensor nor None.
GRAD_TYPE = "assigned grad expected to be a Tensor or None but got grad of type {found}"
# RuntimeError for the tensor itself.
GRAD_IS_ITSELF = "can't assign Variable as its own grad"
# RuntimeError for a gradient of another dtype.
GRAD_DTYPE = (
    "attempting to assign a gradient with dtype '{found}' to a tensor with grad_dtype '{dtype}'. The gradient "
    "must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's grad_dtype "
    "attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging the "
    "dtypes of a tensor and its gradient may break downstream systems that assume they match."
)
# RuntimeError for a gradient of another shape.
GRAD_SIZE = (
    "attempting to assign a gradient of size '{found}' to a tensor of size '{size}'. Please ensure that the "
    "gradient and the tensor are the same size"
)
# x.data = value: TypeError for what is no Tensor.
DATA_TYPE = "Variable data has to be a tensor, but got {found}"
# RuntimeError for a dtype that is not floating, where the tensor requires grad.
DATA_DTYPE = "data set to a tensor that requires gradients must be floating point or complex dtype"
# del x.data: RuntimeError.
DATA_DELETED = "Deleting tensor data is not allowed. Delete tensor instead!"
# register_hook: RuntimeError for a tensor that does not require grad.
HOOK_WITHOUT_GRAD = "cannot register a hook on a tensor that doesn't require gradient"
# retain_grad: RuntimeError for a tensor that does not require grad.
RETAIN_WITHOUT_GRAD = "can't retain_grad on Tensor that has requires_grad=False"
# detach_: RuntimeError for a view.
DETACHED_VIEW = (
    "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
    "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
    "detach_() cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() "
    "function in torch/optim/optimizer.py as the solution."
)
# copy.deepcopy: RuntimeError for a computed tensor.
COPY_OF_COMPUTED = (
    "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If "
    "you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
    "https://github.com/pytorch/pytorch/pull/103001"
)

# -- a tensor as a Python or NumPy value -----------------------------------------------------------

# item, int() and float(): RuntimeError for any number of elements but one.
ITEM_SIZE = "a Tensor with {count} elements cannot be converted to Scalar"
# numpy: TypeError for bfloat16.
NUMPY_OF_BFLOAT16 = "Got unsupported ScalarType BFloat16"
# Tensor.numpy: TypeError on the device "meta".
NUMPY_OF_META = (
    "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
)
# numpy() and numpy.asarray: RuntimeError for a tensor that requires grad, while grad mode is on.
NUMPY_OF_GRAD = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
# bool(): RuntimeError for a tensor without elements.
BOOL_OF_NONE = "Boolean value of Tensor with no values is ambiguous"
# bool(): RuntimeError for a tensor with several.
BOOL_OF_SEVERAL = "Boolean value of Tensor with more than one value is ambiguous"
# float(): UserWarning, once in a process, for a tensor that requires grad.
FLOAT_OF_GRAD = (
    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
    "Consider using tensor.detach() first."
)
# A tensor as the index of a Python sequence: TypeError unless it holds one integer.
NO_INDEX = "only integer tensors of a single element can be converted to an index"
# len(): TypeError for a 0-d tensor.
LEN_0D = "len() of a 0-d tensor"
# iter(): TypeError for a 0-d tensor.
ITERATION_0D = "iteration over a 0-d tensor"

# -- indexing --------------------------------------------------------------------------------------

# IndexError for an index with more parts than the tensor has dimensions.
TOO_MANY_INDICES = "too many indices for tensor of dimension {ndim}"
# IndexError for an integer beyond the size of its dimension.
INDEX_OUT_OF_BOUNDS = "index {index} is out of bounds for dimension {dim} with size {size}"
# IndexError for a 0-d tensor with the index 0.
INDEX_OF_0D = (
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
    "0-dim tensor to a number"
)
# IndexError for a slice of a 0-d tensor.
SLICE_OF_0D = "slice() cannot be applied to a 0-dim tensor."
# ValueError for a slice whose step is below 0.
SLICE_STEP = "step must be greater than zero"
# ValueError for a slice whose step is 0.
SLICE_STEP_ZERO = "slice step cannot be zero"
# TypeError for a bound of a slice that is no integer.
SLICE_BOUND = "slice indices must be integers or None or have an __index__ method"
# ValueError for an integer that int64 cannot hold, as an index or as the value that is put there.
INDEX_OVERFLOW = "Overflow when unpacking long long"
# IndexError for an index of another type: a float, a set, a bool of NumPy's.
INDEX_TYPE = (
    "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {found})"
)
# UserWarning for a list that holds slices, lists or tensors, and counts as a tuple of them.
INDEX_SEQUENCE = (
    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
    "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, x[torch.tensor(seq)], "
    "which will result either in an error or a different result"
)
# UserWarning for a mask of uint8.
INDEX_BYTES = "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
# IndexError for several tensors of indices whose shapes do not broadcast together.
INDEX_SHAPES = "shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
# IndexError for a tensor of floats as an index.
INDEX_DTYPE = "tensors used as indices must be long, int, byte or bool tensors"
# IndexError for a mask of another shape than the tensor.
MASK_SHAPE = (
    "The shape of the mask {mask} at index {place} does not match the shape of the indexed tensor {shape} at index "
    "{dim}"
)
# IndexError for a tensor of indices into a dimension of size 0.
INDEX_OF_NOTHING = "index is out of bounds for dimension with size 0"
# x[index] = value: TypeError for a value that is neither a number nor a Tensor.
VALUE_TYPE = "can't assign a {found} to a torch.{tensor_type}"

# -- arithmetic and conversion ---------------------------------------------------------------------

# +x: RuntimeError for bools; ~x: TypeError for floats.
PLUS_BOOL = "The `+` operator, on a bool tensor is not supported."
INVERT_FLOAT = "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
# A reflected operator that is called on what is no Tensor: TypeError.
REFLECTED_OF_OTHER = "descriptor '__r{name}__' for 'Tensor' objects doesn't apply to a '{found}' object"
# del x[0]: TypeError.
NO_DELETION = "Tensor does not support deleting items"
# add and sub: RuntimeError for a floating `alpha` with integer tensors.
FLOAT_ALPHA = "For integral input tensors, argument alpha must not be a floating point number."
# add, sub: RuntimeError for a bool as `alpha` where the result is not of bools.
BOOL_ALPHA = "Boolean alpha only supported for Boolean results."
# add, sub: UserWarning for alpha, given by its position before `other`.
ALPHA_BY_POSITION = (
    "This overload of {name} is deprecated:\n\t{name}(Tensor input, Number alpha, Tensor other, *, Tensor out = None)\n"
    "Consider using one of the following signatures instead:\n\t{name}(Tensor input, Tensor other, *, Number alpha = "
    "1, Tensor out = None)"
)
# addcmul, addcdiv: UserWarning for a value that stands before the tensors.
VALUE_BY_POSITION = (
    "This overload of {name} is deprecated:\n\t{name}(Number value, Tensor tensor1, Tensor tensor2)\nConsider using "
    "one of the following signatures instead:\n\t{name}(Tensor tensor1, Tensor tensor2, *, Number value = 1)"
)
# addmm and its like: UserWarning for factors that stand before the tensors.
FACTORS_BY_POSITION = (
    "This overload of {name} is deprecated:\n\t{name}({old})\nConsider using one of the following signatures "
    "instead:\n\t{name}({new}, *, Number beta = 1, Number alpha = 1)"
)
# outer: RuntimeError for what is no vector.
OUTER_NDIM = "outer: Expected 1-D argument {name}, but got {ndim}-D"
# isclose, allclose: RuntimeError for tensors of different dtypes.
CLOSE_DTYPES = "{own} did not match {other}"
# isclose, allclose: RuntimeError for a tolerance below 0.
TOLERANCE_NEGATIVE = "{name} must be greater than or equal to zero, but got {value}"
# x.volatile: UserWarning.
VOLATILE = "volatile was removed (Variable.volatile is always False)"
# `element in x`: RuntimeError for what is neither a Tensor nor a number.
CONTAINS = "Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type}."
# torch.Size: TypeError for an element that is no integer.
SIZE_SUM = "can only concatenate tuple (not {found}) to torch.Size"
SIZE_ELEMENT = "torch.Size() takes an iterable of 'int' (item {i} is '{found}')"
# from_numpy: ValueError for an array that runs backwards.
NEGATIVE_STRIDES = (
    "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
    "supported. (You can probably work around this by making a copy of your array  with array.copy().) "
)
# from_numpy: ValueError for an array in the byte order of other machines.
BYTE_ORDER = (
    "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
    "currently not supported."
)
# from_numpy: ValueError for a stride that is no whole number of elements.
STRIDES_OF_BYTES = (
    "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory."
)
# div: RuntimeError for another `rounding_mode`.
ROUNDING_MODE = "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{found}'"
# float_power_: RuntimeError for a tensor of another dtype than float64.
FLOAT_POWER_DTYPE = "the base given to float_power_ has dtype {word} but the operation's result requires dtype Double"
# norm: NotImplementedError for p="nuc".
NUCLEAR_NORM = "the nuclear norm needs singular values, which tinygrad_mlp does not compute"
# Tensor.type: ValueError for what is neither a dtype nor torch's name of a tensor type.
TYPE_NAME = "invalid type: '{found}'"
TYPE_TYPE = "dtype must be a type, str, or dtype object"
# fill_: RuntimeError for a tensor that is not 0-d as the value.
FILL_DIMENSIONS = "fill_ only supports 0-dimension value tensor but got tensor with {ndim} dimensions."

# -- new tensors, from data ------------------------------------------------------------------------

# tensor and new_tensor: UserWarning for a tensor as the data.
COPY_OF_TENSOR = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than {function}(sourceTensor)."
)
# UserWarning, once in a process, for a list of NumPy arrays as the data.
ARRAYS_IN_LIST = (
    "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a "
    "single numpy.ndarray with numpy.array() before converting to a tensor."
)
# from_numpy: TypeError for what is no NumPy array.
NO_ARRAY = "expected np.ndarray (got {found})"
# ValueError for an integer that int64 cannot hold, unless the result is floating.
INTEGER_OVERFLOW = "Overflow when unpacking long long"
# ValueError for a list that holds one text.
TOO_MANY_DIMENSIONS = "too many dimensions '{type}'"
# ValueError for a buffer of several dimensions.
NO_SHAPE = "could not determine the shape of object type '{type}'"
# TypeError for text as data, and as an index.
TEXT = "new(): invalid data type '{type}'"
# RuntimeError for an object that is no number.
NO_NUMBER = "Could not infer dtype of {type}"
# TypeError for the class Tensor called with what is no sequence.
NO_SEQUENCE = "new(): data must be a sequence (got {type})"
# TypeError for an object where a floating number is wanted.
NO_REAL = "must be real number, not {type}"
# TypeError for a list that begins with a 0-d array.
ARRAY_0D_IN_LIST = "len() of unsized object"
# ValueError for float() and int() of a tensor of several elements, and for such a tensor in a list.
SEVERAL_AS_NUMBER = "only one element tensors can be converted to Python scalars"
# RuntimeError for a number that the integer `dtype` cannot hold.
VALUE_OVERFLOW = "value cannot be converted to type {dtype} without overflow"
# Nested sequences of unequal depth: TypeError for a sequence where the first has a number.
SEQUENCE_FOR_NUMBER = "'{type}' object cannot be interpreted as an integer"
# TypeError for a number where the first has a sequence.
NUMBER_FOR_SEQUENCE = "not a sequence"
# ValueError for a sequence of another length than the first.
SEQUENCE_LENGTH = "expected sequence of length {length} at dim {dim} (got {found})"

# -- new tensors, of any kind ----------------------------------------------------------------------

# TypeError for a `layout` or `memory_format` of another type.
OPTION_TYPE = "{function}(): argument '{name}' must be torch.{name}, not {found}"
# RuntimeError for pin_memory=True, which needs an accelerator.
NO_PINNED_MEMORY = (
    "pin_memory=True requires a CUDA or other accelerator backend; no pinned memory allocator is available on "
    "this system."
)
# zeros: RuntimeError for a size below 0.
SIZE_NEGATIVE_ZEROS = "zeros: Dimension size must be non-negative."
# The same, for the other functions.
SIZE_NEGATIVE = "Trying to create tensor with negative dimension {size}: {shape}"
# TypeError for a size, after the first, that is no integer.
SIZE_PART_TYPE = (
    "{function}(): argument 'size' failed to unpack the object at pos {position} with error \"type must be tuple "
    'of ints,but got {found}"'
)
# TypeError for a size whose first part is no integer. `found` is the end of the sentence.
SIZE_TYPE = "{function}(): argument 'size' (position {position}) must be tuple of ints, {found}"
# eye: RuntimeError for a size below 0.
EYE_SIZE = "{name} must be greater or equal to 0, got {size}"
# tril_indices, triu_indices: RuntimeError for a size below 0.
TRIANGLE_SIZE = "{name} must be non-negative, got{size}"
# empty_strided: RuntimeError for another number of strides than of sizes, and for one below 0.
EMPTY_STRIDES = "dimensionality of sizes ({sizes}) must match dimensionality of strides ({strides})"
# arange: RuntimeError for a step of 0; ValueError for one that is 0 as an integer.
STEP_ZERO = "step must be nonzero"
# arange: RuntimeError for a bound that is not finite.
RANGE_NOT_FINITE = "unsupported range: {start:g} -> {end:g}"
# arange: RuntimeError for a step that leads away from the end.
STEP_SIGN = "upper bound and lower bound inconsistent with step sign"
# linspace: RuntimeError for a bound that is a tensor and not 0-d.
LINSPACE_DIMENSIONS = (
    "{function} only supports 0-dimensional start and end tensors, but got {name} with {ndim} dimension(s)."
)
# linspace: RuntimeError for fewer than 0 steps.
STEPS_NEGATIVE = "number of steps must be non-negative"
# normal: RuntimeError for a tensor of standard deviations with one below 0.
STD_NEGATIVE = "normal expects all elements of std >= 0.0"

# -- out ---------------------------------------------------------------------------------------------

OUT_NOT_DIFFERENTIABLE = (
    "{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
    "requires grad."
)
OUT_DTYPE = "Expected out tensor to have dtype {wanted}, but got {found} instead"
OUT_OTHER_DTYPE = "dtype {wanted} does not match dtype of out parameter ({own})"
OUT_RESIZED = (
    "An output with one or more elements was resized since it had shape {own}, which does not match the required "
    "output shape {shape}. This behavior is deprecated, and in a future PyTorch release outputs will not be resized "
    "unless they have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
    "elements with t.resize_(0)."
)

# -- prelu -----------------------------------------------------------------------------------------

# prelu: a weight of another dtype than the input.
PRELU_DTYPES = "prelu: Type promoting not supported. Got {own} and {other}"
# prelu: several weights for a 0-d input.
PRELU_OF_NUMBER = "Not allow zero-dim input tensor."
# prelu: neither one weight nor one for each channel.
PRELU_WEIGHTS = (
    "Mismatch of parameter numbers and input channel size. Found parameter numbers = {weights} and channel size = "
    "{channels}."
)
# prelu: a weight of more than one dimension.
PRELU_WEIGHT = "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {ndim}"
# as_subclass: a class that is none of tensors.
NO_SUBCLASS = (
    "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. Make sure your class "
    "inherits from Tensor."
)
# where: a UserWarning, once, for a condition of uint8.
CONDITION_OF_BYTES = (
    "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version of "
    "PyTorch. Use a boolean condition instead."
)
# scatter: a UserWarning, once, for `reduce` with a tensor.
SCATTER_REDUCE = (
    "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future PyTorch "
    "release. Use torch.scatter_reduce instead for more reduction options."
)
# An index of one uint8 mask for one value that is written: RuntimeError.
FILL_BY_BYTES = "masked_fill_ only supports boolean masks, but got mask with dtype unsigned char"
