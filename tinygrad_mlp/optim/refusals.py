"""What the optimisers refuse, in torch's words: every text of an exception, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- Options, when an optimiser is made ------------------------------------------------------------
# ValueError for a learning rate below 0, or nan in Adam.
LEARNING_RATE = "Invalid learning rate: {lr}"
# ValueError for an option that is a tensor of several elements.
SEVERAL_ELEMENTS = "Tensor {name} must be 1-element"
# ValueError for another option below 0, such as a weight decay, or nan.
OPTION = "Invalid {name} value: {value}"
# SGD: ValueError for Nesterov's momentum without a momentum, or with dampening.
NESTEROV = "Nesterov momentum requires a momentum and zero dampening"
# ValueError for an `eps` below 0, or nan.
EPSILON = "Invalid epsilon value: {eps}"
# ValueError for a beta outside [0, 1).
BETA = "Invalid beta parameter at index {index}: {beta}"
# Adam: ValueError where one beta is a float and the other a tensor, and for anything else.
BETAS_TYPES = "betas must be either both floats or both Tensors"
# Adam: ValueError for a learning rate that is a tensor with `foreach`, unless it is `capturable`.
LR_TENSOR_FOREACH = "lr as a Tensor is not supported for capturable=False and foreach=True"
# The same for betas that are tensors.
BETA_TENSOR_FOREACH = "betas[0] as a Tensor is not supported for capturable=False and foreach=True"
# Rprop: ValueError for factors that do not shrink and grow the steps.
ETAS = "Invalid eta values: {less}, {more}"
# Adafactor and Muon: ValueError for an option below 0, and their own bounds.
AT_LEAST_ZERO = "{name} should be >= 0 but is: {value}"
BETA2_DECAY = "beta2_decay should be <= 0 but is: {value}"
CLIPPING = "Clipping threshold d should be >= 1 but is: {value}"
ADJUST_LR = "Adjust learning rate function {name} is not supported"
NOT_A_MATRIX = "Muon only supports 2D parameters whereas we found a parameter with size: {size}"
NS_STEPS = "Number of steps must be less than 100 for computational efficiency"
NS_COEFFICIENTS = "Coefficients must be a tuple of exactly 3 values"
# LBFGS: ValueError for several groups; RuntimeError for another line search.
ONE_GROUP = "LBFGS doesn't support per-parameter options (parameter groups)"
LINE_SEARCH = "only 'strong_wolfe' is supported"
# RuntimeError for `fused` with `differentiable`.
FUSED_DIFFERENTIABLE = "`fused` does not support `differentiable`"
# RuntimeError for `fused` with `foreach`.
FUSED_FOREACH = "`fused` and `foreach` cannot be `True` together."


# -- Parameters and their groups -------------------------------------------------------------------
# TypeError for a single tensor in the place of a list of them.
PARAMS_TYPE = "params argument given to the optimizer should be an iterable of Tensors or dicts, but got {found}"
# ValueError for an empty list.
NO_PARAMETERS = "optimizer got an empty parameter list"
# add_param_group: TypeError for anything but a dict.
GROUP_TYPE = "param_group must be a dict, but got {found}"
# TypeError for a set, which has no order.
SET_OF_PARAMETERS = (
    "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
    "change between runs. Please use a list instead."
)
# TypeError for a parameter that is not a tensor.
NOT_A_TENSOR = "optimizer can only optimize Tensors, but one of the params is {module}.{type}"
# ValueError for the result of an operation, unless the optimiser is `differentiable`.
NOT_A_LEAF = "can't optimize a non-leaf Tensor"
# ValueError where only some parameters of a group have names.
NAMES_MISSING = "all optimizer params should be with/without names. Some param names are missing"
# ValueError for a group with names beside one without, or the other way round.
NAMES_DIFFER = "all optimizer param groups should be with/without names. cannot add param group {own} to the optimizer"
# ValueError for a parameter that another group has.
IN_TWO_GROUPS = "some parameters appear in more than one parameter group"


# -- step ------------------------------------------------------------------------------------------
# AssertionError with `capturable`, which the CPU does not support.
CAPTURABLE = "If capturable=True, params and state_steps must be on supported devices: []."
# RuntimeError with `differentiable` for a leaf that requires grad: it cannot be changed in place.
LEAF_IN_PLACE = "a leaf Variable that requires grad is being used in an in-place operation."
# NotImplementedError with `differentiable` where torch would record the update, which this package does not do.
NOT_RECORDED = "differentiable=True: this optimizer does not record its own steps"


# -- load_state_dict -------------------------------------------------------------------------------
# ValueError for another number of groups.
GROUPS_DIFFER = "loaded state dict has a different number of parameter groups"
# ValueError for a group of another number of parameters.
GROUP_SIZES_DIFFER = "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"


# -- swa_utils -------------------------------------------------------------------------------------
# AveragedModel: AssertionError for two functions.
TWO_AVERAGES = "Only one of avg_fn and multi_avg_fn should be provided"
# ValueError for a share outside [0, 1].
DECAY = "Invalid decay value {value} provided. Please provide a value in [0,1] range."
# SWALR: ValueError for a number of epochs that is no integer, or below 0.
ANNEAL_EPOCHS = "anneal_epochs must be equal or greater than 0, got {value}"
NEW_ARGUMENTS = "{step} must return None or a tuple of (new_args, new_kwargs), but got {found}."
