"""What Functions are refused, and warned of, in torch's words."""

# A warning: an object is made of a Function.
INSTANTIATED = (
    "{} should not be instantiated. Methods on autograd functions are all static, so you should invoke them on the "
    "class itself. Instantiating an autograd function will raise an error in a future version of PyTorch."
)
# Such an object is called.
LEGACY = (
    "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function "
    "with static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
)
# A Function without what is called.
NO_FORWARD = "You must implement the forward function for custom autograd.Function."
# The base class's own, called by a subclass.
NO_SETUP_CONTEXT = "setup_context is not implemented."
# Backward comes to a Function that has none.
NO_BACKWARD = (
    "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
    "backward mode AD."
)
# Forward mode, which tinygrad_mlp does not have.
NO_JVP = "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
# A Function is mapped over by vmap that has neither `vmap` nor `generate_vmap_rule`, or has both.
WITHOUT_VMAP = (
    "You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap "
    "staticmethod or set generate_vmap_rule=True. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
TWO_VMAPS = (
    "You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden vmap staticmethod. "
    "Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity. For more "
    "details, please see https://pytorch.org/docs/main/notes/extending.func.html"
)
# The base class's own `vmap`, called by a subclass.
NO_VMAP = (
    "To use autograd.Function with vmap, you must either override the vmap staticmethod or set generate_vmap_rule=True."
)
# A Function has a backward under both of its names.
BOTH_NAMES = (
    "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of "
    "them."
)
# A Function whose forward takes ctx, within a transform of func.
WITHIN_A_TRANSFORM = (
    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
    "override the setup_context staticmethod. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
# Keyword arguments that do not fit the parameters of forward.
UNEXPECTED_KEYWORD = "forward() got an unexpected keyword argument '{}'"
MULTIPLE_VALUES = "forward() got multiple values for argument '{}'"
MISSING_ARGUMENT = "forward() missing required argument: '{}' (position {})"
# A second derivative of what is once_differentiable.
ONCE_DIFFERENTIABLE = "trying to differentiate twice a function that was marked with @once_differentiable"
# save_for_forward is given something else than tensors.
NO_TENSOR_FOR_FORWARD = (
    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
)
# A warning: mark_shared_storage does nothing.
SHARED_STORAGE = (
    "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that calls "
    "to `set_()` are not tracked"
)
# A warning: an old name.
SAVED_VARIABLES = "'saved_variables' is deprecated; use 'saved_tensors'"
# saved_tensors is read again with clear_saved_tensors_on_access.
READ_TWICE = (
    "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
    "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False."
)
# Backward returns a gradient of a shape that does not expand to that of the input.
INVALID_GRADIENT = "Function {} returned an invalid gradient at index {} - got {} but expected shape compatible with {}"
# Backward returns more or fewer gradients than forward has arguments.
NUMBER_OF_GRADIENTS = "function {} returned an incorrect number of gradients (expected {}, got {})"
# Backward returns a gradient for an argument that is no tensor.
GRADIENT_OF_NO_TENSOR = (
    "function {} returned a gradient different than None at position {}, but the corresponding forward input was "
    "not a Variable"
)
# Backward returns something else than tensors and None.
NO_GRADIENT = "expected Variable or None (got {})"
# What is marked is no tensor.
DIRTY_NO_TENSOR = "mark_dirty can only accept variables, but argument "
NON_DIFFERENTIABLE_NO_TENSOR = "mark_non_differentiable only accepts variable arguments, but got "
# An input is marked as dirty and not returned.
DIRTY_NOT_RETURNED = (
    "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
    "modified inplace must all be outputs of the Function."
)
# Forward wrote into a leaf.
DIRTY_LEAF = "a leaf Variable that requires grad has been used in an in-place operation."
# A warning: what is marked as dirty is no input.
DIRTY_NO_INPUT = (
    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be "
    "passed to ctx.mark_dirty()."
)
# save_for_backward is given something else than tensors.
SAVED_NO_TENSOR = "save_for_backward can only save variables, but argument {} is of type {}"
# setup_context saves an input that is an output as well.
SAVED_INPUT_RETURNED = (
    "An input that has been returned as-is as output is being saved for backward. This is not supported if you "
    "override setup_context. You should return and save a view of the input instead, e.g. with x.view_as(x) or "
    "setup ctx inside the forward function itself."
)
# A recorded write into a view that a Function returned.
MADE_BY_FUNCTION = (
    "Output {index} of {name} is a view and is being modified inplace. This view was created inside a custom Function "
    "(or because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom "
    "backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can "
    "fix this by cloning the output of the custom Function."
)
MADE_WITHOUT_GRAD = MADE_BY_FUNCTION.replace(
    "Output {index} of {name} is a view and is being modified inplace.",
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled.",
)
# Forward wrote into a view and returns several tensors.
VIEW_AND_SEVERAL = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more "
    "than one Tensor. This is not supported by the current autograd engine. You should either make sure the input is "
    "not a view (using .clone() for example) or make your Function only return one Tensor (potentially splitting it "
    "into two Functions: one doing the inplace that returns a single Tensor and a second one that does the other "
    "operations). You can ask on the forum https://discuss.pytorch.org/ if you need help to do this change."
)
