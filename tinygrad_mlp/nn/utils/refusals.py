"""What `nn.utils` refuses and warns of, in torch's words; those with values are templates for `str.format`."""

# -- Gradients and vectors of all parameters -------------------------------------------------------
# clip_grad_norm: FutureWarning.
CLIP_GRAD_NORM = "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`."
# get_total_norm and clip_grad_norm_: RuntimeError for a norm that is nan or infinite, if `error_if_nonfinite`.
NORM_NOT_FINITE = (
    "The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
    "disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
)
# vector_to_parameters: TypeError for anything but a tensor.
NOT_A_VECTOR = "expected torch.Tensor, but got: {found}"
# vector_to_parameters: RuntimeError where the vector has fewer elements than the parameters.
VECTOR_TOO_SHORT = "shape '{shape}' is invalid for input of size {size}"


# -- stateless -------------------------------------------------------------------------------------
# functional_call: FutureWarning.
STATELESS = (
    "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future "
    "version of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement."
)


# -- parametrize -----------------------------------------------------------------------------------
# ParametrizationList: ValueError for an empty one.
NO_PARAMETRIZATION = "ParametrizationList requires one or more modules."
# When one is registered: ValueError where `right_inverse` gives neither a tensor nor a sequence of them.
INVERSE_TYPE = "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {found}"
INVERSE_PART = (
    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element {i} of the sequence "
    "with type {found}."
)
INVERSE_DTYPE = (
    "When `right_inverse` outputs one tensor, it may not change the dtype.\noriginal.dtype: {expected}\n"
    "right_inverse(original).dtype: {found}"
)
NO_TENSOR = "A parametrization must return a tensor. Got {found}."
# ValueError for a first parametrization that changes the dtype or shape (`what`), then for one after others.
CHANGES = (
    "Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is enabled.\n"
    "unparametrized {what}: {expected}\nparametrized {what}: {found}"
)
CHANGES_AGAIN = (
    "Registering a parametrization may not change the {what} of the tensor, unless the `unsafe` flag is enabled.\n"
    "module.{name}.{what}: {expected}\nparametrization(module.{name}).{what}: {found}"
)
INVERSE_CHANGES = (
    "The tensor returned by parametrization.right_inverse must have the same {what} as module.{name}, unless the "
    "`unsafe` flag is enabled.\nmodule.{name}.{what}: {expected}\nreturned {what}: {found}"
)
INVERSE_NO_TENSOR = "parametrization.right_inverse must return a tensor. Got: {found}"
# ValueError for a name that is neither a parameter nor a buffer.
NOTHING_TO_PARAMETRIZE = (
    "Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{name}'"
)
# AssertionError for the name of an attribute that is there beside the parameter.
ATTRIBUTE_EXISTS = "Module already has an attribute named '{name}'"
# Assigning to what is parametrized: RuntimeError without a `right_inverse`, ValueError for what it gives.
NO_INVERSE = "parametrization {type} does not implement right_inverse."
ASSIGNED_TYPE = "`right_inverse` should return a tensor. Got {found}"
ASSIGNED_DTYPE = "The tensor returned by `right_inverse` has dtype {found} while `original` has dtype {expected}"
ASSIGNED_SEQUENCE = "'right_inverse' must return a sequence of tensors. Got {found}."
ASSIGNED_LENGTH = (
    "'right_inverse' must return a sequence of tensors of length {expected}. Got a sequence of length {found}."
)
ASSIGNED_PART = (
    "'right_inverse' must return a sequence of tensors or reference-type opaques. Got element {i} of type {found}."
)
ASSIGNED_PART_DTYPE = (
    "Tensor {i} returned by `right_inverse` has dtype {found} while `original{i}` has dtype {expected}"
)
# remove_parametrizations: ValueError for what has none, and for `leave_parametrized=False` with several tensors.
NOT_PARAMETRIZED = "Module {module} does not have a parametrization on {name}"
SEVERAL_ORIGINALS = (
    "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
    "tensors."
)
# RuntimeError from pickling a module with parametrizations.
NO_PICKLE = (
    "Serialization of parametrized modules is only supported through state_dict(). See:\n"
    "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
    "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
)


# -- parametrizations, weight_norm and spectral_norm -----------------------------------------------
# ValueError for a name of no tensor.
NO_TENSOR_OF_NAME = "Module '{module}' has no parameter or buffer with name '{name}'"
# orthogonal: ValueError for a vector, for an unknown map, for a value of another shape.
NOT_A_MATRIX = "Expected a matrix or batch of matrices. Got a tensor of {ndim} dimensions."
ORTHOGONAL_MAP = 'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {found}'
ORTHOGONAL_SHAPE = "Expected a matrix or batch of matrices of shape {expected}. Got a tensor of shape {found}."
# orthogonal without `use_trivialization`: NotImplementedError, which is no refusal while the map is registered.
NO_INVERSE_OF_MAP = (
    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
    "use_trivialization=False."
)
# spectral_norm: ValueError for a number of iterations that is not above 0.
NO_ITERATIONS = "Expected n_power_iterations to be positive, but got n_power_iterations={found}"
# spectral_norm: IndexError for a dimension that is not there.
SPECTRAL_DIM = "Dimension out of range (expected to be in range of [-{ndim}, {last}] but got {dim})"
# The old functions. RuntimeError for two of a kind on one parameter, ValueError for None, and where there is none.
TWO_NORMS = "Cannot register two {kind} hooks on the same parameter {name}"
NORM_OF_NONE = "`SpectralNorm` cannot be applied as parameter `{name}` is None"
NO_NORM = "{kind} of '{name}' not found in {module}"
# RuntimeError where the state of one module would say the version of a spectral norm twice.
TWO_VERSIONS = "Unexpected key in metadata['spectral_norm']: {key}"
# The old weight_norm: FutureWarning.
OLD_WEIGHT_NORM = (
    "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`."
)


# -- rnn -------------------------------------------------------------------------------------------
# PackedSequence: AssertionError without batch sizes, unless the data are a pair.
NO_PAIR = "Expected data to be a list or tuple of length 2"
# pad_sequence: RuntimeError for what is not iterable, for nothing, for another side; TypeError for what is no tensor.
PADDED_TYPE = "pad_sequence: Expected iterable for input sequences, but got arg of type: {found}"
NO_SEQUENCES = "received an empty list of sequences"
PADDING_SIDE = "Expected padding_side to be one of left or right, but got {found}."
PART_TYPE = "expected Tensor as element {i} in argument 0, but got {found}"
# pack_padded_sequence: RuntimeError for an input without elements, and for lengths that do not fit.
NOTHING_TO_PACK = "Cannot pack empty tensors."
LENGTHS_SHAPE = "'lengths' argument should be a 1D CPU int64 tensor, but got {ndim}D cpu {kind} tensor"
LENGTHS_COUNT = "Expected `len(lengths)` to be equal to batch_size, but got {found} (batch_size={count})"
LENGTHS_NOT_POSITIVE = "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
LENGTHS_SORTED = (
    "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
    "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not "
    "need ONNX exportability."
)
# pad_packed_sequence: ValueError for a length below that of the longest sequence.
TOTAL_LENGTH = (
    "Expected total_length to be at least the length of the longest sequence in input, but got total_length={total} "
    "and max sequence length being {longest}"
)

# -- skip_init -------------------------------------------------------------------------------------
# RuntimeError for a class that is no module, and for one without an argument `device`.
SKIP_TYPE = "Expected a Module; got {found}"
SKIP_DEVICE = "Module must support a 'device' arg to skip initialization"
