"""What backward, grad and inference tensors are refused, and warned of, in torch's words."""

# `inputs` is another mapping than a dict, or empty, or has what is no place on the tape.
INPUTS_NO_DICT = "`inputs` argument to `{}()` must be a dict, not {}. Other Mapping types are not supported."
NO_INPUTS = "`inputs` argument to `{}()` cannot be empty."
INPUT_NO_TENSOR = "all inputs have to be Tensors or GradientEdges, but got {}"
# A gradient with respect to a tensor that does not require grad, or of one.
INPUT_NEEDS_NO_GRAD = "One of the differentiated Tensors does not require grad"
OUTPUT_NEEDS_NO_GRAD = "element {} of tensors does not require grad and does not have a grad_fn"
# More or fewer cotangents than outputs.
NUMBERS_DIFFER = "got {} tensors and {} gradients"
# An output, or the cotangent that is given for one, is something else.
OUTPUT_NO_TENSOR = "Expected output to be a torch.Tensor"
COTANGENT_NO_TENSOR = "gradients can be either Tensors or None, but got {}"
# A cotangent of another shape than its output.
SHAPES_DIFFER = (
    "Mismatch in shape: grad_output[{}] has a shape of torch.Size({}) and output[{}] has a shape of torch.Size({})."
)
# A warning: an old name.
GRAD_VARIABLES = "`grad_variables` is deprecated. Use `grad_tensors` instead."
# The cotangents are given under both names.
BOTH_GIVEN = (
    "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use "
    "`grad_tensors`."
)
# materialize_grads with allow_unused=False, which contradict each other.
MATERIALIZE_UNUSED = (
    "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
)
# A warning: an argument that does nothing.
ONLY_INPUTS = (
    "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other "
    "parts of the graph, please use torch.autograd.backward."
)
# materialize_grads for an edge, whose shape torch does not know.
MATERIALIZE_EDGE = "materialize_grads cannot be used when the given input is a GradientEdge"
# The gradient with respect to something that the outputs do not depend on.
UNUSED = (
    "The differentiated Tensor at index {} appears to not have been used in the graph. Set allow_unused=True if "
    "this is the desired behavior."
)
# is_grads_batched without cotangents.
NOTHING_BATCHED = (
    "vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for some input, but that input is a Tensor of "
    "dimensionality 0 so expected in_dim to satisfy 0 <= in_dim < 0."
)
# Cotangents of another shape than the output's with one more dimension.
BATCHED_SHAPES_DIFFER = (
    "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. The "
    "sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch was "
    "detected: grad_output[{}] has a shape of {} and output[{}] has a shape of torch.Size({}). If you only want "
    "some tensors in `grad_output` to be considered batched, consider using vmap."
)
# Batches of different sizes.
BATCHES_DIFFER = (
    "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {} for the mapped dimension"
)
# A warning, once: backward(create_graph=True), where torch's graph would hold itself.
A_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
    "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you "
    "have to use this function, make sure to reset the .grad fields of your parameters to None after use to break the "
    "cycle and avoid the leak."
)
# The version of an inference tensor, and outside inference mode: one that is saved for backward, or written to.
INFERENCE_NO_VERSION = "Inference tensors do not track version counter."
INFERENCE_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
    "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in "
    "autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
)
INFERENCE_WRITTEN = (
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
    "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
)
