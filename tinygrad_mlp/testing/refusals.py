"""The texts of the exceptions of this package; the texts of failed assertions stand where they are put together."""

from __future__ import annotations

# LookupError: a row of more than two arrays, or with other parameters, has no `sample`.
NO_SAMPLE = "the row {name} says neither by its parameters nor by `sample` how to call it"
# ValueError: the arguments of strategies.
UNKNOWN_AWKWARD = "there are no awkward numbers {kind!r}; there are {known}"
UNKNOWN_LAYOUT = "there is no layout {layout!r}; there are {known}"
# LookupError: operator_inputs of a name that no row has.
NO_ROW = "the derivative table has no row {name!r}{near}"
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
