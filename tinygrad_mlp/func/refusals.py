"""The texts of the exceptions of torch.func, grouped by subject; the words are torch's.

A text with words in braces is a template for `str.format`. `{transform}` is the call as torch names it in a message,
such as VJP or JVP below.
"""

from __future__ import annotations

VJP = "vjp(f, *primals)"
JVP = "jvp(f, primals, tangents)"
GRAD = "grad_and_value(f)(*args)"

# -- which arguments to differentiate (RuntimeError) -----------------------------------------------

# An element of `argnums` is no int.
ARGNUM_TYPE = "argnum must be int, got: {kind}"
# There is no argument at this place.
ARGNUM_RANGE = "Got argnum={argnum}, but only {count} positional inputs"
# `argnums` is neither an int nor a tuple.
ARGNUMS_TYPE = "argnums must be int or Tuple[int, ...], got: {kind}"
# `argnums` is an empty tuple.
NO_ARGNUMS = "argnums must be non-empty"
# Two elements of `argnums` stand for the same argument.
REPEATED_ARGNUMS = "argnums elements must be unique, got {places}"

# -- what the function is given --------------------------------------------------------------------

# ValueError: an argument to differentiate has a leaf that is no Tensor.
NOT_A_TENSOR = "Thing passed to transform API must be Tensor, got {kind}"
# ValueError: a primal or tangent of jvp or jacfwd is a Tensor of integers; `what` is "primal" or "tangent".
NOT_FLOATING = "Expected {what} to be floating point or complex, but got: {dtype}"
# RuntimeError: the primals of jvp are no tuple.
PRIMALS_NO_TUPLE = f"{JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
# RuntimeError: the tangents of jvp are nested in another way than its primals.
PRIMALS_AND_TANGENTS = (
    f"{JVP}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
    "tensors, tangents also must be. Got primals with structure {primals} and tangents with structure {tangents}"
)
# RuntimeError: there is no tensor in the primals or tangents of jvp; `name` says in which.
NO_TENSOR = f"{JVP}: Expected {{name}} to contain at least one Tensor."
# RuntimeError: something else is among them.
NOT_ONLY_TENSORS = f"{JVP}: Expected {{name}} to only contain Tensors, got {{kind}}"
# RuntimeError: a tangent has another shape than its primal.
TANGENT_SHAPE = (
    "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
    "supported. Tensor is of size {shape} while the given forward gradient is of size {tangent_shape}."
)
# RuntimeError: the tangents given to the function that linearize returned are nested in another way than its primals,
# or one of them has another shape or dtype.
TANGENTS = "Expected the tangents {tangents} to have the same argspec as the primals {primals}"
TANGENT_DIFFERS = (
    "tangent:{i} with {what} {own} in flattened pytree doesn't match the {what} {wanted} of the corresponding primal."
)
# RuntimeError: the cotangents given to the function that vjp returned are nested in another way than the output.
COTANGENTS = (
    "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
    "cotangents: {cotangents}, primal output: {outputs}"
)

# -- what the function does and returns (RuntimeError) ---------------------------------------------

# With `has_aux` the function does not return a pair.
NO_PAIR = "{transform}: output of function f should be a tuple: (output, aux) if has_aux is True"
# `grad` of a function that returns something else than a Tensor.
NO_TENSOR_RETURNED = f"{GRAD}: Expected f(*args) to return a Tensor, got {{kind}}"
# `grad` of a function whose Tensor has dimensions.
NO_SCALAR = (
    f"{GRAD}: Expected f(*args) to return a scalar Tensor, got tensor with {{ndim}} dims. Maybe you wanted to use the "
    "vjp or jacrev APIs instead?"
)
# The function returns None or nothing that has leaves.
NO_OUTPUT = "{transform}: Expected f to be a function that has non-empty output (got output = {flat})"
# A leaf of the output is no Tensor.
OUTPUT_TYPE = "{transform}: expected f(*primals) to return only tensors, got unsupported type {kind}"
# A leaf of aux is no Tensor.
RESULT_TYPE = "Expected tensors, got unsupported type {kind}"
# `vjp` of a function that returns integers.
OUTPUT_DTYPE = "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype {dtype}"
# `jvp(strict=True)` of a function whose output does not depend on its input.
INDEPENDENT = (
    "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with "
    "strict=True."
)

# -- options ---------------------------------------------------------------------------------------

# ValueError: `chunk_size` is not positive.
CHUNK_SIZE = "jacrev: `chunk_size` should be greater than 0."
# RuntimeError: `randomness` is none of the three words.
RANDOMNESS = "Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"

# -- functional_call -------------------------------------------------------------------------------

# ValueError: the parameters are neither a dict nor a sequence.
PARAMETERS_TYPE = "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {kind}"
# ValueError: the sequence holds something else than dicts.
PARAMETERS_PARTS = "Expected all elements of parameter_and_buffer_dicts to be dictionaries"
# ValueError: a name is in two of the dicts.
AMBIGUOUS = "{names} appeared in multiple dictionaries; behavior of functional call is ambiguous"
# ValueError: two tensors are given for what is one tensor in the module.
TIED = "functional_call got multiple values for keys {names}, which are tied. Consider using tie_weights=False"
# RuntimeError: with `strict` names are missing or unknown; `problems` has a line for each kind.
WRONG_NAMES = "Error(s) in reparametrizing for {module}:\n\t{problems}"
UNEXPECTED = "Unexpected"
MISSING = "Missing"
WRONG_KEYS = "{word} key(s): {names}."
# AttributeError: a name leads to a submodule that there is not.
NO_SUBMODULE = "{module} has no attribute `{name}`"
# TypeError: a given parameter is no Tensor.
PARAMETER_TYPE = "{value} is not an instance of torch.Tensor"
# TypeError: a name is that of an attribute that is no Tensor.
ATTRIBUTE_TYPE = "attribute `{name}`: {value} is not an instance of torch.Tensor"

# -- vmap (ValueError) -----------------------------------------------------------------------------

# `chunk_size` is not positive.
VMAP_CHUNK_SIZE = "vmap: chunk_size should be None or greater than 0. (got {chunk_size})"
# `in_dims` is neither an int nor a tuple.
IN_DIMS_TYPE = (
    "vmap({name}, in_dims={in_dims}, ...)(<inputs>): expected `in_dims` to be int or a (potentially nested) tuple "
    "matching the structure of inputs, got: {kind}."
)
# The function is called without positional arguments.
NO_INPUTS = (
    "vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function "
    "with no inputs. The latter is unsupported."
)
# `in_dims` is nested in another way than the arguments.
IN_DIMS_STRUCTURE = (
    "vmap({name}, in_dims={in_dims}, ...)(<inputs>): in_dims is not compatible with the structure of `inputs`. "
    "in_dims has structure {own} but inputs has structure {inputs}."
)
# An element of `in_dims` is neither an int nor None.
IN_DIM_TYPE = (
    "vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for an input but in_dim must be either an "
    "integer dimension or None."
)
# It is an int for an argument that is no Tensor.
IN_DIM_NO_TENSOR = (
    "vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for an input but the input is of type {kind}. "
    "We cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
)
# The Tensor has no such dimension.
IN_DIM_RANGE = (
    "vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for some input, but that input is a Tensor of "
    "dimensionality {ndim} so expected in_dim to satisfy -{ndim} <= in_dim < {ndim}."
)
# There is no Tensor to map over.
NOTHING_TO_MAP = "vmap: Expected at least one Tensor to vmap over"
# The Tensors have different sizes in the dimension that is mapped over.
SIZES_DIFFER = (
    "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
    "dimension"
)
# `out_dims` has something else than ints and None, or is nested in another way than the result.
OUT_DIMS_TYPE = (
    "vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of ints "
    "representing where in the outputs the vmapped dimension should appear."
)
OUT_DIMS_STRUCTURE = (
    "vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. "
    "out_dims has structure {own} but outputs has structure {outputs}."
)
# The function returns something else than Tensors.
NOT_A_TENSOR_RETURNED = (
    "vmap({name}, ...): `{name}` must only return Tensors, got type {kind}. Did you mean to set out_dims= to None for "
    "output?"
)
# What it returns for `out_dims` None differs from element to element.
BATCHED_OUTPUT = "vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"

# -- stack_module_state (RuntimeError) -------------------------------------------------------------

NO_MODELS = "stack_module_state: Expected at least one model, got 0."
MODES_DIFFER = "stack_module_state: Expected all models to have the same training/eval mode."
MODELS_DIFFER = "stack_module_state: Expected all models to be of the same class."
REQUIRES_GRAD_DIFFERS = "Expected {name} from each model to have the same .requires_grad"
