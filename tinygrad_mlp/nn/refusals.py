"""What `tinygrad_mlp.nn` refuses, in torch's words: every text of an exception, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- Activations -----------------------------------------------------------------------------------
# F.hardtanh: ValueError where `min_val` is above `max_val`.
HARDTANH_LIMITS = "min_val cannot be greater than max_val"
# nn.Hardtanh, when it is made: AssertionError unless `max_val` is above `min_val`.
HARDTANH_EMPTY = "max_val ({max_val}) must be greater than min_val ({min_val})"
# F.rrelu: RuntimeError for a bound that is nan or infinite.
RRELU_BOUND = "rrelu: {name} bound must be finite, got {bound}"
# F.rrelu: RuntimeError where the lower bound is above the upper one.
RRELU_BOUNDS = "Lower bound should be less than or equal to the upper bound"
# F.rrelu: NotImplementedError for integers.
RRELU_DTYPE = "\"{kernel}\" not implemented for '{found}'"


# -- one_hot ---------------------------------------------------------------------------------------
# RuntimeError for classes of any dtype but int64.
ONE_HOT_DTYPE = "one_hot is only applicable to index tensor of type LongTensor."
# RuntimeError where the number of classes is to be found from a tensor without elements.
ONE_HOT_EMPTY = "Can not infer total number of classes from empty tensor."
# RuntimeError for a class below 0.
ONE_HOT_NEGATIVE = "Class values must be non-negative."
# RuntimeError for a class that is not below `num_classes`.
ONE_HOT_TOO_LARGE = "Class values must be smaller than num_classes."


# -- Losses: reduction and weights -----------------------------------------------------------------
# ValueError for a `reduction` that the loss does not know.
REDUCTION = "{reduction} is not a valid value for reduction"
# The same where a weight for each element is given: torch checks the name in another place, in other words.
WEIGHTED_REDUCTION = "Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'."
# ValueError for weights of mse_loss, l1_loss or huber_loss that do not have the input's shape.
WEIGHT_SIZE = "Weights and input must have the same size."
# RuntimeError for a weight that requires grad, where the loss has no derivative with respect to it.
NOT_DIFFERENTIABLE = (
    "The function '{function}' is not differentiable with respect to argument '{name}'. This input cannot have "
    "requires_grad True."
)


# -- Losses of two tensors of the same shape -------------------------------------------------------
# RuntimeError for a negative `beta`.
SMOOTH_L1_BETA = "smooth_l1_loss does not support negative values for beta."
# RuntimeError unless `delta` is above 0.
HUBER_DELTA = "huber_loss does not support non-positive values for delta."
# binary_cross_entropy: ValueError where target and input differ in shape.
BCE_SIZES = (
    "Using a target size ({target}) that is different to the input size ({input}) is deprecated. Please ensure they "
    "have the same size."
)
# binary_cross_entropy: RuntimeError where target and input differ in dtype.
BCE_DTYPES = "Found dtype {found} but expected {expected}"
# binary_cross_entropy_with_logits: ValueError where target and input differ in shape.
LOGITS_SIZES = "Target size ({target}) must be the same as input size ({input})"
# kl_div: RuntimeError for integers.
KL_DIV_INTEGERS = "kl_div: Integral inputs not supported."


# -- Losses of classes: nll_loss and cross_entropy -------------------------------------------------
# TypeError for a target that is not a tensor.
TARGET_TYPE = "{function}(): argument 'target' (position 2) must be Tensor, not {found}"
# ValueError for an input without dimensions.
NO_DIMENSIONS = "Expected 1 or more dimensions (got 0)"
# ValueError where the input is one sample (C,) and the target does not have exactly one element.
TARGET_OF_ONE_SAMPLE = "For 1D input, 1D target must have size 1, but got target size: {size}"
# ValueError where input and target differ in the number of samples.
BATCH_SIZES = "Expected input batch_size ({input}) to match target batch_size ({target})."
# RuntimeError for a target of more than one dimension, where the input has at most two.
TARGET_DIMENSIONS = "0D or 1D target tensor expected, multi-target not supported"
# RuntimeError for a target that does not fit an input (N, C, d1, d2); the missing parenthesis is torch's.
TARGET_SIZE_OF_IMAGES = "size mismatch (got input: {input} , target: {target}"
# The same for an input of three dimensions, or of more than four.
TARGET_SIZE = "Expected target size {expected}, got {found}"
# RuntimeError for classes that are neither int64 nor uint8.
TARGET_DTYPE = "expected target dtype to be Long or Byte, but got {found}"
# RuntimeError for classes that are uint8, where the input has more than two dimensions.
BYTES_OF_IMAGES = "expected scalar type Long but found Byte"
# RuntimeError unless there is one weight for each class; `prefix` is "cross_entropy: " or nothing.
CLASS_WEIGHTS = (
    "{prefix}weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
    "shape: {shape}"
)
# RuntimeError for a `label_smoothing` above 1.
LABEL_SMOOTHING = "label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}"
# RuntimeError for a target of integers that has the shape of the input, and so would be probabilities.
PROBABILITIES_DTYPE = "Expected floating point type for target with class probabilities, got {found}"
# RuntimeError for an `ignore_index` of 0 or more where the target is probabilities.
IGNORE_INDEX = "ignore_index is not supported for floating point target"


# -- Losses and layers as modules, when they are made ----------------------------------------------
# nn.LinearCrossEntropyLoss, when it is made: RuntimeError for weights and a `label_smoothing` that do not fit.
LINEAR_CLASS_WEIGHTS = "expected weight shape to be {expected}, got {found}"
LINEAR_SMOOTHING = "expected label_smoothing to be in range [0, 1], got {label_smoothing}"
# nn.HuberLoss: TypeError for a `delta` that is no number.
HUBER_DELTA_TYPE = "delta must be a float or int, got: {found}"
# nn.MultiMarginLoss: ValueError for a weight that is no vector.
MULTI_MARGIN_WEIGHT = "MultiMarginLoss: expected weight to be None or 1D tensor, got {ndim}D instead"
# The triplet losses: ValueError for a margin that is not above 0.
TRIPLET_MODULE_MARGIN = "{name}: expected margin to be greater than 0, got {margin} instead"
# nn.Embedding and nn.EmbeddingBag: AssertionError for a `padding_idx` that is no row of the weight.
EMBEDDING_PADDING_IDX = "{word} must be within num_embeddings"
# The same: AssertionError for a weight of another shape, or, in `from_pretrained`, that is no matrix.
EMBEDDING_SHAPE = "Shape of weight does not match num_embeddings and embedding_dim"
EMBEDDING_PRETRAINED = "Embeddings parameter is expected to be 2-dimensional"
# nn.Bilinear: ValueError for no features.
BILINEAR_FEATURES = "in1_features must be > 0, but got (in1_features={features})"


# -- Lazy modules ----------------------------------------------------------------------------------
# RuntimeError for the shape of a parameter or buffer that has none yet.
NO_SHAPE_YET = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
    "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
    "parameters before accessing their attributes."
)
# NotImplementedError for a lazy module that does not say how its parameters are made.
NO_INITIALIZE = "initialize_parameters is not implemented for {name}"
# RuntimeError where a lazy module has made some of its parameters only.
NOT_ALL_INITIALIZED = "module {name} has not been fully initialized"
# nn.LazyLinear: AssertionError for an input that does not fit a weight that was loaded.
LAZY_FEATURES = "The in_features inferred from input: {found} is not equal to in_features from self.weight: {expected}"


# -- init ------------------------------------------------------------------------------------------
# calculate_gain: ValueError for a slope of leaky_relu that is not a number.
SLOPE = "negative_slope {slope} not a valid number"
# calculate_gain: ValueError for a function whose gain torch does not know.
NONLINEARITY = "Unsupported nonlinearity {nonlinearity}"
# eye_ and sparse_: ValueError for a tensor that is not a matrix.
TWO_DIMENSIONS = "Only tensors with 2 dimensions are supported"
# orthogonal_: ValueError for fewer than two dimensions.
TWO_OR_MORE_DIMENSIONS = "Only tensors with 2 or more dimensions are supported"
# The initialisers of Xavier and Kaiming: ValueError for fewer than two dimensions.
NO_FANS = "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
# The Kaiming initialisers: ValueError for a `mode` that is neither "fan_in" nor "fan_out".
FAN_MODE = "Mode {mode} not supported, please use one of {modes}"


# -- Parameters -----------------------------------------------------------------------------------
# nn.Parameter: RuntimeError where a gradient is asked for and the dtype is not floating.
# Parameter: TypeError where `requires_grad` is no bool.
FLAG_TYPE = "Parameter(): argument 'requires_grad' must be bool, not {found}"
FLOATING_ONLY = "Only Tensors of floating point and complex dtype can require gradients"


# -- Module: assigning and registering its parts ---------------------------------------------------
# AttributeError where a parameter is assigned before `Module.__init__()` was called.
PARAMETERS_BEFORE_INIT = "cannot assign parameters before Module.__init__() call"
# The same for a module.
MODULE_BEFORE_INIT = "cannot assign module before Module.__init__() call"
# The same in register_parameter.
PARAMETER_BEFORE_INIT = "cannot assign parameter before Module.__init__() call"
# The same in register_buffer.
BUFFER_BEFORE_INIT = "cannot assign buffer before Module.__init__() call"
# TypeError for another type of value under the name of a parameter, buffer or child module.
CANNOT_ASSIGN = "cannot assign '{found}' as {kind} '{name}' ({expected} or None expected)"
# register_parameter: TypeError for anything but a Parameter or None.
NOT_A_PARAMETER = "cannot assign '{found}' object to parameter '{name}' (torch.nn.Parameter or None required)"
# register_parameter: ValueError for a Parameter that is the result of an operation.
NOT_A_LEAF = (
    "Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To express "
    "'{name}' as a function of another Tensor, compute the value in the forward() method."
)
# register_buffer: TypeError for anything but a tensor or None.
NOT_A_BUFFER = "cannot assign '{found}' object to buffer '{name}' (torch Tensor or None required)"
# add_module: TypeError for anything but a module or None.
NOT_A_MODULE = "{found} is not a Module subclass"
# Registering under a name that is not a string: TypeError.
NAME_TYPE = "{kind} name should be a string. Got {found}"
# Registering under a name with a dot, which could not be told from a path: KeyError.
NAME_WITH_DOT = '{kind} name can\'t contain "."'
# The same in add_module.
MODULE_NAME_WITH_DOT = '{kind} name can\'t contain ".", got: {name}'
# Registering under an empty name: KeyError.
NAME_EMPTY = '{kind} name can\'t be empty string ""'
# Registering under the name of another attribute: KeyError.
NAME_TAKEN = "attribute '{name}' already exists"


# -- Module: looking up its parts ------------------------------------------------------------------
# AttributeError for a name that is neither an attribute nor a parameter, buffer or child module.
NO_ATTRIBUTE = "'{type}' object has no attribute '{name}'"
# get_submodule, get_parameter and get_buffer: AttributeError where a step of the path leads nowhere.
NO_PART = "{type} has no attribute `{name}`"
# get_submodule: AttributeError where a step of the path is not a module.
PART_NOT_A_MODULE = "`{name}` is not an nn.Module"
# get_parameter: AttributeError where the path leads to something else.
PART_NOT_A_PARAMETER = "`{name}` is not an nn.Parameter"
# set_submodule: ValueError for an empty path, and for anything but a module.
NO_TARGET = "Cannot set the submodule without a target name!"
NOT_A_SUBMODULE = "`module` is not an nn.Module, found {found}"
# get_buffer: AttributeError where the path leads to something else.
PART_NOT_A_BUFFER = "`{name}` is not a buffer"


# -- Module: calling and converting ----------------------------------------------------------------
# TypeError for an argument of Module.__init__, unless the class says `call_super_init`: by name, and by position.
INIT_KEYWORD = "{type}.__init__() got an unexpected keyword argument '{name}'"
INIT_POSITION = "{type}.__init__() takes 1 positional argument but {count} were given"
# NotImplementedError from calling a module whose class defines no `forward`.
NO_FORWARD = 'Module [{type}] is missing the required "forward" function'
# RuntimeError for a forward pre-hook with keywords that returns neither None nor a pair.
PRE_HOOK_RESULT = "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
# Module.train: ValueError for anything but a bool.
TRAINING_MODE = "training mode is expected to be boolean"
# Module.to: TypeError for a dtype that is not floating.
NOT_FLOATING = "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"


# The same for a module without data, on the device "meta": NotImplementedError.
NO_DATA_TO_MOVE = (
    "{error} Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() when moving module from meta to a "
    "different device."
)


# -- load_state_dict -------------------------------------------------------------------------------
# TypeError for anything but a mapping.
STATE_TYPE = "Expected state_dict to be dict-like, got {found}."
# RuntimeError for all that was wrong in one load: the texts below, a line for each.
STATE_ERRORS = "Error(s) in loading state_dict for {type}:\n\t{errors}"
# In a strict load: names that the module lacks ("Unexpected"), or that the state lacks ("Missing").
STATE_KEYS = "{kind} key(s) in state_dict: {keys}. "
# A value of the state is not a tensor.
STATE_VALUE = (
    'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint but '
    "received {found}"
)
# A tensor of the state has another shape.
STATE_SIZE = (
    "size mismatch for {key}: copying a param with shape {found} from checkpoint, the shape in current model is "
    "{shape}."
)
# UserWarning where a tensor with data would be copied into one without.
STATE_TO_META = (
    "for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current model, which is "
    "a no-op. (Did you mean to pass `assign=True` to assign items in the state dictionary to their corresponding key "
    "in the module instead of copying them in place?)"
)
# Copying a tensor raised an exception, whose arguments are shown.
STATE_COPY = (
    'While copying the parameter named "{key}", whose dimensions in the model are {shape} and whose dimensions in '
    "the checkpoint are {found}, an exception occurred : {error}."
)
# Arguments of state_dict by position: FutureWarning.
STATE_BY_POSITION = (
    "Positional args are being deprecated, use kwargs instead. Refer to "
    "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details."
)
# RuntimeError: a hook of register_state_dict_post_hook returned something, or is registered in the other way as well.
STATE_HOOK_RESULT = "state_dict post-hook must return None"
PUBLIC_POST_HOOK = (
    "Cannot register the same function as the state dict post hook that was previously registered via "
    "register_state_dict_post_hook"
)
# RuntimeError from get_extra_state and set_extra_state of a class that does not override them.
NO_EXTRA_STATE = (
    "Reached a code path in Module.{method}() that should never be called. Please file an issue at "
    "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug."
)
# AssertionError: a hook of register_load_state_dict_post_hook returned something.
POST_HOOK_RESULT = (
    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new values, if "
    "incompatible_keys need to be modified, it should be done inplace."
)


# -- Containers ------------------------------------------------------------------------------------
# IndexError for a number that is not in the container.
INDEX_RANGE = "index {index} is out of range"
# Sequential.insert: AssertionError for anything but a module.
INSERT_TYPE = "module should be of type: {type}"
# Sequential.insert: IndexError for a place that is not in the container.
INSERT_RANGE = "Index out of range: {index}"
# Sequential times anything but an int: TypeError.
TIMES_TYPE = "unsupported operand type(s) for *: {type} and {found}"
# Sequential times a number that is not above 0: ValueError.
TIMES_NOT_POSITIVE = "Non-positive multiplication factor {factor} for {type}"
# Sequential plus anything but a Sequential: ValueError.
ADD_TYPE = "add operator supports only objects of Sequential class, but {found} is given."
# ModuleList.extend: TypeError for what is not iterable.
MODULE_LIST_EXTEND = "ModuleList.extend should be called with an iterable, but got {found}"
# ModuleDict.update: TypeError for what is not iterable.
MODULE_DICT_UPDATE = "ModuleDict.update should be called with an iterable of key/value pairs, but got {found}"
# ParameterList.extend: TypeError for what is not iterable, and for a single tensor.
PARAMETER_LIST_EXTEND = "ParameterList.extend should be called with an iterable, but got {found}"
# ParameterList: RuntimeError from calling it.
PARAMETER_LIST_CALLED = "ParameterList should not be called."
# ParameterDict: TypeError for a name that is not a string.
PARAMETER_DICT_KEY = (
    "Index given to ParameterDict cannot be used as a key as it is not a string (type is '{found}'). Open an issue "
    "on github if you need non-string keys."
)
# ParameterDict.update: TypeError for what is not iterable; the extra s is torch's.
PARAMETER_DICT_UPDATE = "ParametersDict.update should be called with an iterable of key/value pairs, but got {found}"
# ParameterDict.update: TypeError for an item that is not iterable; the missing space is torch's.
PARAMETER_DICT_PAIR = "ParameterDict update sequence element #{index} should be Iterable; is{found}"
# ParameterDict.update: ValueError for an item that is not a name with a value.
PARAMETER_DICT_LENGTH = "ParameterDict update sequence element #{index} has length {length}; 2 is required"
# ParameterDict: RuntimeError from calling it.
PARAMETER_DICT_CALLED = "ParameterDict should not be called."


# -- Unflatten -------------------------------------------------------------------------------------
# TypeError for sizes that are neither a tuple nor a list.
UNFLATTEN_TYPE = "unflattened_size must be a tuple of ints, but found type {found}"
# TypeError for a size that is not an int.
UNFLATTEN_SIZE_TYPE = "unflattened_size must be tuple of ints, but found element of type {found} at pos {position}"
# RuntimeError for sizes whose product is not the size of the dimension.
UNFLATTEN_SIZES = (
    "unflatten: Provided sizes {sizes} don't multiply up to the size of dim {dim} ({size}) in the input tensor"
)


# -- hooks of modules ------------------------------------------------------------------------------
# A module, or all of them, would have hooks of register_backward_hook and of register_full_backward_hook.
TWO_KINDS_OF_HOOKS = "Cannot use both regular backward hooks and full backward hooks {of}. Please use only one of them."
# A backward hook returns another number of gradients than the module has inputs, or outputs.
BACKWARD_HOOK_RESULT = "Backward hook returned an invalid number of grad_input, got {got}, but expected {expected}"
BACKWARD_PRE_HOOK_RESULT = (
    "Backward pre hook returned an invalid number of grad_output, got {got}, but expected {expected}"
)
# A backward hook returns a gradient where no input requires grad, and the warning that it runs then.
NO_INPUT_GRADIENT = (
    "Backward hook for Modules where no input requires gradient should always return None or None for all gradients."
)
ONLY_OUTPUTS = (
    "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require "
    "gradients. See https://docs.pytorch.org/docs/main/generated/"
    "torch.nn.Module.html#torch.nn.Module.register_full_backward_hook for more details."
)
# The warning for a module with backward hooks whose output is neither a tensor nor a tuple.
MODULE_OUTPUT = (
    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received {found}"
)
# The warning for a hook that is always called, and that fails after the forward has failed.
HOOK_SILENCED = (
    "{kind} forward hook with ``always_call=True`` raised an exception that was silenced as another error was raised "
    "in forward: {error}"
)
# The warnings where a hook of register_backward_hook does not see all gradients: why, and what it misses.
NON_FULL_HOOK = "Using {why} is deprecated and will be removed in future versions. This hook will be missing some "
_FULL = " Please use register_full_backward_hook to get the documented behavior."
NON_FULL_OUTPUTS = (
    "non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors",
    "of the grad_output." + _FULL,
)
NON_FULL_INPUTS = (
    "non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of Tensors",
    "of the grad_input." + _FULL,
)
NON_FULL_NESTED = ("a non-full backward hook when outputs are nested in python data structure", "grad_output.")
NON_FULL_SEVERAL = (
    "a non-full backward hook when outputs are generated by different autograd Nodes", "grad_output." + _FULL
)  # fmt: skip
NON_FULL_NODES = (
    "a non-full backward hook when the forward contains multiple autograd Nodes", "grad_input." + _FULL
)  # fmt: skip
