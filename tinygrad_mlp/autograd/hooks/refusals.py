"""Why hooks are refused, in torch's words."""

# A hook on a tensor that has no gradient.
NO_GRADIENT = "cannot register a hook on a tensor that doesn't require gradient"
# A hook after accumulation on a tensor that accumulates nothing.
NO_LEAF = "post accumulate grad hooks cannot be registered on non-leaf tensors"
# Such a hook returns something: there is nothing left that it could replace.
RETURNS_AFTER_ACCUMULATION = "Tensor post accumulate grad hooks should return None."
# A hook is given None and returns a gradient.
REPLACES_NONE = "can't replace a None gradient with a non-None value"
# A hook returns something else than a tensor, or for several gradients something else than a tuple.
NO_TENSOR = "expected Variable, but hook returned '{}'"
NO_TUPLE = "expected tuple, but hook returned '{}'"
# A hook returns a tensor of another dtype or shape, or more or fewer than it was given.
CHANGED_TYPE = "hook '{name}' has changed the type of value (was {was} got {got})"
CHANGED_SIZE = "hook '{name}' has changed the size of value"
INCORRECT_NUMBER = "hook '{name}' has returned an incorrect number of values (got {got}, but expected {expected})"
# register_multi_grad_hook with another mode.
NOT_A_MODE = "Expects mode to be one of ('all', 'any') but got {}"
# Such a hook for several tensors, with mode "all", one of which does not require grad.
ONE_WITHOUT_GRADIENT = "Expected gradient function to be set"
# A hook for several tensors, one of them a leaf, while autograd.grad takes the leaf's gradient.
LEAF_IN_GRAD = (
    "A leaf node was passed to _will_engine_execute_node but we are currently running autograd.grad(). This is "
    "currently not supported."
)
# Anomaly mode finds a nan.
NAN = "Function '{name}' returned nan values in its {index}th output."
# A warning: a tensor with hooks is saved to a file.
NOT_SERIALIZED = (
    "backward hook {!r} on tensor will not be serialized.  If this is expected, you can decorate the function with "
    "@torch.utils.hooks.unserializable_hook to suppress this warning"
)
