"""Why a write into a tensor is refused, in torch's words."""

# A recorded write into a view that was made in inference mode, or without grad.
MADE_IN_INFERENCE = (
    "A view was created in inference mode and is being modified inplace in normal mode. Given that this use case is "
    "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
    "either both inside the inference_mode block (if you don't want the inplace to be tracked) or both outside (if you "
    "want the inplace to be tracked)."
)
MADE_WITHOUT_GRAD = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case "
    "is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
    "either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want "
    "the inplace to be tracked)."
)
# A write into a tensor that has an element twice, or reads what it writes at another place.
OVERLAPPING = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
    "clone() the tensor before performing the operation."
)
PARTLY_THE_SAME = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
    "location. Please clone() the tensor before performing the operation."
)
# A write into a leaf, or into a view of one: its value would not be what the gradient is of.
LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation."
# Backward comes to a leaf that was written to since it was used, and is an operator's output now.
NO_LEAF_ANY_MORE = "leaf variable has been moved into the graph interior"
