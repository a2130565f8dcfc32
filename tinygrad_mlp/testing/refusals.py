"""The texts of the exceptions of this package; the texts of failed assertions stand where they are put together."""

from __future__ import annotations

# LookupError: a row of more than two arrays, or with other parameters, has no `sample`.
NO_SAMPLE = "the row {name} says neither by its parameters nor by `sample` how to call it"
# ValueError: the arguments of strategies.
UNKNOWN_AWKWARD = "there are no awkward numbers {kind!r}; there are {known}"
UNKNOWN_LAYOUT = "there is no layout {layout!r}; there are {known}"
# LookupError: operator_inputs of a name that no row has.
NO_ROW = "the derivative table has no row {name!r}{near}"

# -- assert_gradients ------------------------------------------------------------------------------
# ValueError: what cannot be checked.
NO_FLOATING_INPUT = "there is no floating input, so there is no gradient to check"
NO_FLOATING_OUTPUT = "the function returns no floating tensor or array, so it has no gradient to check"
NAMES_COUNT = "there are {names} names for {inputs} inputs"
# ValueError: a vjp of NumPy functions that returns more gradients than there are inputs.
MORE_GRADIENTS = "the vjp returns {given} gradients for {inputs} inputs"
# TypeError: what is no function, Function class, module or pair.
NOT_TO_CHECK = "a function, a Function class, a module or a pair of NumPy functions can be checked, not {f!r}"
# TypeError and ValueError: a judge that cannot judge this.
NOT_EXACT = "this judge needs a forward apart from the gradient: a Function class or a pair of NumPy functions"
NOT_RECORDED_AGAIN = (
    "the forward leaves the tape (by .detach(), .numpy() or .data), so that it cannot be differentiated"
)
NOT_COMPLEX = "the forward takes no complex numbers, or is not analytic: it has no derivative by complex steps"
NO_SUCH_TORCH_FUNCTION = "torch has no function named {name}; give the one to compare with, as against=torch.relu"
# ValueError: options.
ORDER = "order must be 1 or 2, not {order!r}"
CHOICES = "{what} must be one of {choices}, not {value!r}"
# RuntimeError: the second derivative of a Function whose backward is marked.
ONCE = "a backward is marked as once_differentiable"

# -- by_hand ---------------------------------------------------------------------------------------
# RuntimeError: a backward came before, and did not retain the graph.
FREED = "the tape of the loss is freed: call by_hand before backward(), or call backward(retain_graph=True)"
# ValueError: no variable has a gradient beside it.
NO_PAIR = "no variable has a gradient beside it: for x it would be called one of {patterns}"
# TypeError: neither variables nor names are given.
NOTHING_TO_CHECK = "nothing to check: by_hand(loss, dx=x) or by_hand(loss, locals())"
# NameError: a keyword names no variable.
NO_GRADIENT = "there is no variable {name} where by_hand is called; {name}=(gradient, x) gives it directly"
# TypeError: what has no gradient.
NO_TENSOR = "{name}: its gradient was to be checked, but {found} is no tensor that is on a tape"
# TypeError: what is no array, beside a function of arrays.
NO_ARRAY = "{name}: a function of arrays has the gradients of arrays, not of {found}"
# TypeError: the gradient is of a type without numbers.
NO_NUMBERS = "{name} is to be a gradient, but it is {found}: it has no numbers"
# TypeError: there is neither a tape nor a function.
NO_LOSS = "{found} has no tape: give the tensor loss, or a function of arrays that returns it"
# TypeError: a tensor is compared with the tape of another framework.
TWO_FRAMEWORKS = "{name}: {of} is not a tensor of the loss's framework"
# NameError: a function of arrays has a parameter that is nowhere.
NO_ARGUMENT = "there is no variable {name}, which {function} takes"
# ValueError: a gradient of something that the function does not take.
NO_PARAMETER = "{function} takes no {of}, so that the gradient {name} cannot be checked"
# ValueError: the function returns more than one number.
ONE_NUMBER = "{function} must return one number, the loss, not an array of shape {shape}"

# -- gradient_test ---------------------------------------------------------------------------------
# ValueError: gradient_test leaves out a check that there is not.
UNKNOWN_CHECK = "there is no check {name!r} to leave out; there are {known}"
# TypeError: the reference of a gradient test could be called with none of the things that it may take.
NO_REFERENCE = "the reference takes neither arrays nor tensors: {errors}"
# CheckFailed: what a gradient test found.
NOT_FLOATING = "the result has no floating tensor, so there is nothing to differentiate"
CHANGED = "input {i} was changed in place"
NOT_REPEATED = "output {i} when it is computed again"
APART = "{what} is {given} at {index}, right is {right}; {wrong} of {entries} entries differ"
OTHER_SHAPE = "{what} has the shape {shape}, right is {right}"
OTHER_DTYPE = "{what} is {dtype} where the inputs are float32"
EMPTY_GRADIENT = "gradient {i} is not 0 although there is no sample that it could come from"
# Skipped.
FIRST_IS_WRONG = "the gradient itself is wrong: see the check `gradient`"
NOT_COMPILED = "a function of torch's is not compiled here"
