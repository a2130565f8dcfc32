"""What autograd's functions refuse and warn of, in torch's words: the texts of exceptions and warnings, by subject.

The checks stand with the code that needs them. A text with values is a template for `str.format`.
"""

# -- backward and grad -----------------------------------------------------------------------------

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

# -- inside a function that one of func's transforms runs (RuntimeError) ----------------------------

# A write into a tensor that was not made in it; `name` is torch's name of the operator.
CAPTURED = (
    "During a grad (vjp, jvp, grad, etc) transform, the function provided attempted to call in-place operation "
    "(aten::{name}) that would mutate a captured Tensor. This is not supported; please rewrite the function being "
    "transformed to explicitly accept the mutated Tensor(s) as inputs."
)
BACKWARD_INSIDE = (
    "backward() called inside a functorch transform. This is not supported, please use functorch.grad or functorch.vjp "
    "instead or call backward() outside of functorch transforms."
)
REQUIRES_GRAD_INSIDE = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) inside of "
    "a function being transformed by a functorch transform. This is unsupported, please attempt to use the functorch "
    "transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside of a function being "
    "transformed instead."
)
RETAIN_GRAD_INSIDE = (
    "You are attempting to call Tensor.retain_grad() inside of a function being transformed by a functorch transform. "
    "This is unsupported, please attempt to use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or "
    "call retain_grad() outside of a function being transformed instead."
)

# -- inference tensors -----------------------------------------------------------------------------

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

# -- grad modes and anomaly mode -------------------------------------------------------------------

# TypeError for a mode that is no bool, in set_grad_enabled and in the functions of anomaly mode.
MODE_TYPE = "{function}(): argument 'enabled' (position 1) must be bool, not {found}"
# A warning: a grad mode decorates a class.
CLASS_DECORATED = (
    "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
    "functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
    "the `__init__` method and nothing else."
)
# A warning: detect_anomaly is made.
ANOMALY_MODE = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging."
)

# -- functional ------------------------------------------------------------------------------------

# TypeError for inputs, outputs or a `v` that are neither a tensor nor a tuple of tensors.
NO_TENSORS = (
    "The {argument} given to {function} must be either a Tensor or a tuple of Tensors but the {where} has type {found}."
)
# RuntimeError for a `v` that does not fit: a tuple of another length than the inputs or outputs that it multiplies, a
# tuple for a single tensor, a tensor of another shape. `entry` tells which one of a tuple it is.
V_LENGTH = "v is a tuple of invalid length: should be {expected} but got {got}."
V_NOT_ONE = "The given v should contain a single Tensor."
V_SIZE = "{entry}v has invalid size: should be {expected} but got {got}."
# RuntimeError where `v` is left out and there is more than one element: of the inputs, in jvp, vhp and hvp.
V_FOR_INPUTS = (
    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
)
# The same of the outputs, in vjp.
V_FOR_OUTPUTS = (
    "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
)
# vhp, hvp and hessian: RuntimeError for a function that returns a tuple, and for one that returns several elements.
NOT_ONE_TENSOR = "The function given to {} should return a single Tensor"
NOT_ONE_ELEMENT = "The Tensor returned by the function given to {} should contain a single element"
# RuntimeError in strict mode where something does not depend on what it is differentiated by. The keys are torch's
# names of the stages at which this is found.
INDEPENDENT = {
    # An output does not require grad.
    "outputs": (
        "Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
        "differentiable manner from the input when running in strict mode."
    ),
    # jvp: the gradients of the inputs do not require grad.
    "grad_inputs": (
        "The gradient with respect to input {i} is independent of the inputs of the user-provided function. This is "
        "not allowed in strict mode."
    ),
    # vhp, hvp and hessian: the gradient of the function does not require grad.
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input {i} "
        "is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
        "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear "
        "function for example)."
    ),
    # hvp, in torch as well, asks this of the gradient, which has passed the same check for "jacobian": it never comes.
    "hessian": (
        "The hessian of the user-provided function with respect to input {i} is independent of the input. This is not "
        "allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
        "depends on the inputs."
    ),
    # vjp: an input has no gradient. Also said of any other gradient that is None where it has to require grad.
    "back": "The output of the user-provided function is independent of input {i}. This is not allowed in strict mode.",
    # jvp: its second backward gives no gradient.
    "back_trick": (
        "The gradient with respect to the input is independent of entry {i} in the grad_outputs when using the double "
        "backward trick to compute forward mode gradients. This is not allowed in strict mode."
    ),
    # vhp: its second backward gives no gradient.
    "double_back": (
        "The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict mode."
    ),
    # hvp: its third backward gives no gradient.
    "double_back_trick": (
        "The hessian of the user-provided function is independent of entry {i} in the grad_jacobian. This is not "
        "allowed in strict mode as it prevents from using the double backward trick to replace forward mode AD."
    ),
}
# RuntimeError in strict mode with create_graph, for a result that cannot be differentiated again.
INDEPENDENT_WITH_GRAPH = (
    "The {what} of the user-provided function is independent of input {i}. This is not allowed in strict mode when "
    "create_graph=True."
)
# jacobian: RuntimeError in strict mode for an output that does not depend on an input.
INDEPENDENT_OUTPUT = (
    "Output {output} of the user-provided function is independent of input {input}. This is not allowed in strict mode."
)
# jacobian: RuntimeError for an output without elements, whose Jacobian has no rows.
NO_ROWS = "stack expects a non-empty TensorList"
# AssertionError for another strategy, of hessian; jacobian adds the hint.
NO_STRATEGY = 'Expected strategy to be either "forward-mode" or "reverse-mode".'
NO_STRATEGY_HINT = (
    ' Hint: If your function has more outputs than inputs, "forward-mode" tends to be more performant. Otherwise, '
    'prefer to use "reverse-mode".'
)
# RuntimeError for strict and vectorize together.
NO_STRICT_VECTORIZE = (
    "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. Please either "
    "set `strict=False` or `vectorize=False`."
)
# The strategy "forward-mode": NotImplementedError with create_graph, RuntimeError with strict.
NO_FORWARD_MODE_WITH = (
    'torch.autograd.functional.jacobian: `{name}=True` and `strategy="forward-mode"` are not supported together (yet). '
    'Please either set `{name}=False` or `strategy="reverse-mode"`.'
)
# NotImplementedError for it without vectorize.
ONLY_VECTORIZED = (
    "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for `vectorize=True`."
)

# -- gradcheck and gradgradcheck -------------------------------------------------------------------

# gradcheck: AssertionError for options that contradict each other.
NO_DIRECTION = "Expected at least one of check_forward_ad or check_backward_ad to be True"
BATCHED_GRAD_ALONE = "Setting check_batched_grad=True requires check_backward_ad to be True"
BATCHED_FORWARD_GRAD_ALONE = "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
# gradgradcheck: the same.
NO_DIRECTION_TWICE = "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
UNDEFINED_GRAD_ALONE_TWICE = "Setting check_undefined_grad=True requires check_rev_over_rev to be True"
BATCHED_GRAD_ALONE_TWICE = "Setting check_batched_grad=True requires check_rev_over_rev to be True"
# NotImplementedError, in words of our own, for checks that torch has and this package does not.
NO_FORWARD_AD = "check_forward_ad needs forward mode, which tinygrad_mlp does not have"
NO_BATCHED_GRAD = "check_batched_grad needs vmap, which tinygrad_mlp does not have"
# A warning: an input that requires grad is not float64.
INPUT_NOT_DOUBLE = (
    "Input #{} requires gradient and is not a double precision floating point or complex. This check will likely fail "
    "if all the inputs are not of double precision floating point or complex. "
)
# RuntimeError for an expanded input, several elements of which are one number in memory.
INPUT_OVERLAPS = (
    "The {}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be able "
    "to compute the numerical gradients correctly. You should call .contiguous on the input before passing it to "
    "gradcheck."
)
# ValueError where no input requires grad.
NO_INPUT_REQUIRES_GRAD = (
    "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
)
# AssertionError for outputs whose shape or dtype depends on the values of the inputs.
OUTPUTS_DIFFER = (
    "Expected `func` to return outputs with the same {what} when inputs are perturbed {where}by {eps}, but got: "
    "{what}s {first} and {second}."
)
# The texts from here on are those of GradcheckError. The gradients differ from the central differences.
MISMATCH = (
    "Jacobian mismatch for output {output} with respect to input {input},\nnumerical:{numerical}\n"
    "analytical:{analytical}\n"
)
# What follows after it in fast mode, and after that where slow mode finds nothing.
FAST_MODE = (
    "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast mode. See: "
    "https://github.com/pytorch/pytorch/issues/53876 for more background \nabout fast mode. Below, we recompute "
    "numerical and analytical jacobians in slow mode:\n\nNumerical:\n {}\nAnalytical:\n{}\n\nThe max per-element "
    "difference (slow mode) is: {}.\n"
)
FAST_FAILED_SLOW_OK = (
    "\nFast gradcheck failed but element-wise differences are small. This means that the\ntest might've passed in "
    "slow_mode! Call gradcheck with `fast_mode=False`."
)
# No output requires grad, and yet the outputs change with the inputs.
JACOBIAN_NOT_ZERO = "Numerical gradient for function expected to be zero"
# Two backwards give different gradients.
NOT_REENTRANT = (
    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different "
    "values, although analytical gradient matches numerical gradient.The tolerance for nondeterminism was {}.\n\nNOTE: "
    "If your op relies on non-deterministic operations, pass `nondet_tol=<tol>` to gradcheck."
)
# A cotangent of zeros gives a gradient that is not zero.
NOT_MULTIPLIED = "backward not multiplied by grad_output"
# Cotangents that are None: backward raises, or gives a gradient that is not zero. The notes follow after either.
UNDEFINED_NOT_HANDLED = "Expected backward function to handle undefined output grads. "
UNDEFINED_NOT_ZERO = "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
UNDEFINED_NOTES = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
# A warning that comes before either.
UNDEFINED_IS_NEW = (
    "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may break "
    "existing callers of this function. If this is true for you, you can call this function with "
    '"check_undefined_grad=False" to disable the feature'
)


# -- callbacks at the end of a backward ------------------------------------------------------------
# queue_callback where no backward runs.
CALLBACK_OUTSIDE = "Final callbacks can only be installed during backward pass."

# -- forward_ad ------------------------------------------------------------------------------------

# RuntimeError: a level is entered inside of another.
DUAL_NESTED = "Nested forward mode AD is not supported at the moment"
# RuntimeError: a level is left where there is none.
DUAL_LEVEL = "Dual level must be a positive number."
# RuntimeError: a dual tensor is made where there is none.
DUAL_OUTSIDE = (
    "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
)
# ValueError: the primal or tangent is of integers.
DUAL_NOT_FLOATING = "Expected {what} to be floating point or complex, but got: {dtype}"
# RuntimeError: the tangent has another shape than the primal.
DUAL_SIZE = (
    "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
    "supported. Tensor is of size {shape} while the given forward gradient is of size {tangent}."
)
