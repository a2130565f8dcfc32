"""Why a node refuses, in torch's words."""

# A tensor that a node has saved was written to since; the hints depend on anomaly mode.
CHANGED = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.{kind} "
    "{shape}]{made} is at version {version}; expected version {expected} instead. Hint: {hint}"
)
WITHOUT_ANOMALY_MODE = (
    "enable anomaly detection to find the operation that failed to compute its gradient, with "
    "torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
WITH_ANOMALY_MODE = (
    "the backtrace further above shows the operation that failed to compute its gradient. The variable in question was "
    "changed in there or anywhere later. Good luck!"
)
# A tensor that a node has saved was detached in place since.
DETACHED = (
    "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not supported, please "
    "use out-of-place `.detach()` instead"
)
# A write into one of several views that came out of one operator.
ONE_OF_SEVERAL = (
    "Output {index} of {name} is a view and is being modified inplace. This view is the output of a function that "
    "returns multiple views. Such functions do not allow the output views to be modified inplace. You should replace "
    "the inplace operation by an out-of-place one."
)
# Hooks on a saved tensor that has such hooks, is gone, or was not saved.
HOOKED = (
    "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks is "
    "allowed at a time."
)
GONE = (
    "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph are "
    "freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved variables after calling backward."
)
NOTHING_SAVED = "Calling register_hooks on a saved tensor with value None is forbidden"
# What these hooks do wrong.
PACK_HOOK_WRITES = (
    "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
    "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to "
    "perform in-place operations on the input to a pack hook."
)
NO_TENSOR_UNPACKED = "Output of saved tensor unpack_hook expected to be a Tensor but got result of type {}"
# allow_mutation_on_saved_tensors within such a block, or a backward after it.
NESTED = "allow_mutation_on_saved_tensors contexts cannot be nested"
BACKWARD_OUTSIDE = (
    "Trying to backward outside of the 'allow_mutation_on_saved_tensors' contextin which the graph was originally "
    "recorded."
)
# The place on the tape of a tensor that has none.
NO_PLACE = "It is not possible to get the gradient edge for a Tensor that does not require gradients"
# increment_version of what is neither a tensor nor iterable.
NOT_ITERABLE = "increment_version expect a Iterable[Tensor] as input"
# A node, called as a function.
NOT_CALLABLE = "'{}' object is not callable"
NUMBER_OF_ARGUMENTS = "expected {expected} arguments, got {got} instead"
NO_VARIABLE = "argument {} is not a Variable"


def stale(refusal: str) -> str:
    """Why a view may not be used after a write that it cannot follow, from why it may not be written to."""
    return refusal.replace("is being modified", "its base or another view of its base has been modified", 1)
