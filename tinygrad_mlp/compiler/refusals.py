"""The texts of the compiler's exceptions, in one place, so that a reader sees at a glance what cannot be compiled.

Most belong to `CannotRecord`, which adds the user's line where it is known. A text with words in braces is a template
for `str.format`.
"""

from __future__ import annotations

# -- calling `compile` and the compiled step -------------------------------------------------------

# ValueError: the argument `blas` of `compile` names no library that is known.
UNKNOWN_BLAS = "blas must be 'numpy' or 'scipy', but got {blas!r}"
# ImportError: `backend="loops"` without numba.
NO_NUMBA = "backend='loops' needs numba: pip install 'tinygrad_mlp[fast]'"
# What `explain` prints of a program that has no loops, with a reason.
ALL_IN_NUMPY = "All lines are calls of NumPy: {reason}."
NOT_ASKED = "the backend is 'numpy'"
LATER = "they are compiled in loops when they have run often enough for it to pay"
WITHOUT_NUMBA = "numba is not installed"
# RuntimeError: `source`, `save` or `to_html` is asked for before the step was called.
NOTHING_RECORDED = "nothing is recorded yet: call the step once"
# A page is asked for when the optimiser has lost its state.
OTHER_STATE = "the step makes new optimiser state, as in its first call: call it first, then ask for its page"
# The step calls itself, compiled, while it is recorded.
RECURSIVE = "{title} calls itself, compiled"
# The warning that is given once, with `fallback=True`, for a step that cannot be recorded.
RUNS_EAGERLY = "{title} runs eagerly: {reason}"

# -- what a step is given --------------------------------------------------------------------------

# A dict among the arguments has a key that the guard cannot write down, such as a tuple.
DICT_KEYS = "the argument `{name}` is a dict whose keys are not all texts or integers"
# An argument was computed on the tape before the call.
ARGUMENT_ON_TAPE = "an argument is not a leaf of the tape: its gradient would flow out of the program; pass x.detach()"
# A hook is registered on an argument that requires grad.
ARGUMENT_HAS_HOOKS = "an argument has hooks, which a program would not call"
# An argument is a view of a parameter, or of another tensor that the step reads from its variables.
ARGUMENT_SHARES_MEMORY = (
    "an argument shares its memory with `{path}`, which the step finds by itself: pass that one, or a copy"
)

# -- what a step reads -----------------------------------------------------------------------------

# More Python values are reachable from the step than are compared at each call.
TOO_MANY_PLACES = "the step can see more Python objects than a program can watch"
# A NumPy array in the step's variables is too large to be compared at each call.
LARGE_ARRAY = (
    "the step can see `{path}`, a NumPy array of {nbytes} bytes, which it may read at each call: make it a tensor"
)
# The step uses a tensor that is neither an argument nor reachable from its variables.
UNREACHABLE_TENSOR = (
    "a tensor of shape {shape} comes from somewhere that cannot be seen again: it must be an argument of the step, or "
    "reachable from its variables"
)
# The step uses a tensor that has a history from before the step.
COMPUTED_BEFORE = (
    "a tensor of shape {shape} was computed on the tape before the step: detach it, or compute it in the step"
)
# `Generator.seed` or `initial_seed` is called.
READS_SEED = "{method}() gives a number that may be another at each call"
# `Tensor._version` is read.
SAVED_HOOKS = "saved_tensors_hooks change what the tape saves, which a program does not keep"
READS_VERSION = "_version is a number that may be another at each call"
# A Tensor's element is read: `item`, `tolist`, `numpy`, `bool`, `float`, printing and the like.
READS_TENSOR = "{how} reads a value of a tensor, which a program computes anew at each call"
# The same for an array inside a rule, a module or an optimiser.
READS_ARRAY = "{how} reads a value that a program computes anew at each call"
# A computed Python number, such as a count of steps that is a Tensor's item, is compared or converted.
READS_NUMBER = "a number that a program computes anew at each call decides something"
# Python's `random` or NumPy's global generator was used.
OTHER_RANDOM_NUMBERS = (
    "the step draws from Python's or NumPy's own random numbers, which would be the same at each call: draw from "
    "torch's, or before the step"
)

# -- NumPy calls that cannot be written down -------------------------------------------------------

# AttributeError: NumPy looks for a protocol that a recording array does not have, such as `__array_interface__`.
NO_ATTRIBUTE = "'RecordingArray' object has no attribute '{name}'"
# A rule uses an attribute of ndarray that is not recorded.
ATTRIBUTE = "the {name} of an array is not recorded"
# A method of a ufunc other than `reduce`, `accumulate` and `at`, such as `np.add.outer`.
UFUNC_METHOD = "np.{ufunc}.{method} cannot be recorded"
# A NumPy function that is not listed in `recording`, such as `np.unique`: its result's shape may depend on values.
FUNCTION = "np.{function} cannot be recorded: its result depends on values"
# A call gives something other than an array, a number or None.
NO_ARRAY = "{function} gives a {kind}, which the program could not follow"
# An array is indexed by a boolean mask.
MASKED_SHAPE = "the shape of x[mask] depends on the values of the mask"
# The step writes into a view of an array that came from plain NumPy rather than from a tensor.
WRITES_INTO_CONSTANT = "the step writes into a part of an array that it made without a tensor"

# -- what a step changes ---------------------------------------------------------------------------

# The step sets an optimiser's learning rate.
CHANGES_LEARNING_RATE = "the step changes `{path}`: change learning rates between the calls"
# The step sets a variable, an attribute or an item, or (with LENGTH for `what`) adds to a container.
CHANGES_VARIABLE = "the step changes `{path}`{what}, which a program would not do: return the new value instead"
LENGTH = " (its length)"
# `p.data = ...`, or `p.requires_grad_(...)`, on a tensor from outside; `what` is PARAMETER or TENSOR.
OTHER_MEMORY = "the step gives a {what} of shape {shape} other memory, or another requires_grad"
PARAMETER = "parameter"
TENSOR = "tensor"
# The optimiser's state has a new entry after every one of the first calls.
NEVER_SETTLES = "the step leaves an optimiser with new state at every call"
# After `backward(create_graph=True)` a gradient that is itself on the tape is left in `.grad`.
GRADIENT_WITH_GRAPH = "a gradient that has a graph of its own outlives the step: backward(create_graph=True)"

# -- what a step returns ---------------------------------------------------------------------------

# A number that the program takes from an optimiser at each call.
RETURNS_LEARNING_RATE = "the step returns a learning rate, which is read at each call: return the tensors alone"
# An object that is neither a tensor nor a plain value nor reachable from the step's variables.
RETURNS_OBJECT = (
    "the step returns a {kind}, which a program would not make anew: return tensors, numbers and texts in tuples, "
    "lists and dicts"
)
# A tensor through which backward has not been run.
RETURNS_ON_TAPE = (
    "the step returns a tensor that is still on the tape: have it return x.detach(), or run it under torch.no_grad()"
)
# A tensor that the step made, and whose `.grad` it set.
RETURNS_TENSOR_WITH_GRAD = "the step returns a tensor that has a .grad: have it return the gradient by itself"

# -- what a program cannot say ---------------------------------------------------------------------

# A call in the step names the dtype bfloat16.
BFLOAT16 = "the step computes in bfloat16, a dtype that NumPy itself does not have"

# -- two recordings of one step --------------------------------------------------------------------

# The second recording gave another program than the first; `where` is one of the texts that follow.
DIFFERENT_PROGRAMS = (
    "two calls of {title} recorded different programs, so a number in it is not the same at each call: {where}"
)
DIFFERENT_LINES = "{first!r}, then {second!r}"
MORE_LINES = "one has more lines than the other"
OTHER_ARRAY = "`{name}` is another array"
RESULTS_NOT_ALIKE = "what they return is not alike"
OTHER_RESULTS = "they return {first!r} and {second!r}"

# -- saving a program as a file (ValueError) -------------------------------------------------------

# The program draws random numbers by a method other than `bernoulli`, the one that the file can bring along.
DRAWS = "a program that draws with {method} needs tinygrad_mlp: it cannot be saved"
# The program uses an object that is no array.
NOT_AN_ARRAY = "`{name}`, a {kind}, cannot be saved"
# Two tensors of the program are views of one memory, for example a weight and a part of it.
SHARED_MEMORY = "`{first}` and `{second}` share memory, which two files of numbers cannot"
