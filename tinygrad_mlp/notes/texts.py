"""What the notes say: the sentences, by refusal. A name in braces is filled in.

A note has three parts: the operands, what happened, what to write instead.
"""

from __future__ import annotations

# -- operands --------------------------------------------------------------------------------------

UNNAMED, THIS, DOTS = "the argument `{role}`", "the tensor", "(...)"  # what has no name in the program
GIVEN_TO_MODULE = "the input of `{module}`"
FROM = "from {operator}"
VIEW = "a view of `{base}`"
PARAMETER = "a parameter"
LEAF = "a leaf that requires grad"
NO_HISTORY = "a constant"

# -- backward --------------------------------------------------------------------------------------

PART = "{operator}, from which {root} was computed"
FREED = (
    "A backward has already run through {part}, and has given back what was saved there.",
    "Compute {root} anew before each `backward()`, as a training loop does at every step; or, if both backwards are "
    "wanted, write `retain_graph=True` in the first.",
)
FREED_BEFORE = (
    "A backward has already run through `{name}`, on which {root} depends, and has given back what was saved there.",
    "Compute `{name}` anew for each `backward()`, or write `{name}.detach()` where it is handed on as a constant; if "
    "both backwards are wanted, write `retain_graph=True` in the first.",
)
NO_SCALAR = (
    "Backward begins with the derivative of one number, and {what} has {count} elements.",
    "Write `{root}.sum().backward()` or `{root}.mean().backward()`; or `{root}.backward(g)` with a cotangent `g` of "
    "the shape {shape}.",
)
NOTHING_REQUIRES_GRAD = (
    "No operator was recorded for {what}: nothing that it was computed from requires grad, or it was detached or "
    "computed under `torch.no_grad()`.",
    "Make the tensors that are to get a gradient with `requires_grad=True`, or as `nn.Parameter`, and compute {what} "
    "from them with grad mode on.",
)
CHANGED = (
    "{operator} had saved {value} for its derivative, and since then that has been written to in place {writes}.",
    "Write a new tensor where `{name}` is changed, such as `{name} = {name} + 1` for `{name} += 1`; or change "
    "`{name}.clone()`.",
)
CHANGED_LEAF = (
    CHANGED[0],
    "Call every `backward()` that needs the old value before `{name}` is updated, by `optimizer.step()` or under "
    "`torch.no_grad()`.",
)
CHANGED_UNNAMED = (
    CHANGED[0],
    "Look for an operator in place (`+=`, `x[i] = ...`, a method that ends in `_`) on this value, and compute a new "
    "tensor there.",
)
TIMES = {1: "once", 2: "twice"}
MANY_TIMES = "{count} times"

# -- in place --------------------------------------------------------------------------------------

LEAF_WRITTEN = (
    "{write} into {what}, which is to get a gradient: recorded, the write would make it an operator's output and no "
    "leaf any more.",
    "If this is an update, write it under `with torch.no_grad():`. If it is part of the computation, compute a new "
    "tensor, {instead}.",
)
VIEW_OF_LEAF_WRITTEN = (
    "{write} into a part of {what}, which is to get a gradient: recorded, the write would make it an operator's output "
    "and no leaf any more.",
    "If this is an update, write it under `with torch.no_grad():`. If it is part of the computation, write into "
    "`{code}.clone()`.",
)
WRITES, ASSIGNS = "`{operator}_` writes", "The assignment writes"
NEW_TENSOR = "such as `{code} {symbol} ...` for `{code} {symbol}= ...`"
NEW_TENSOR_FROM_CLONE = "for instance in `{code}.clone()`"
RESULT_LARGER = (
    "`{operator}_` writes its result into {what}, of the shape {shape}, and the result has the shape {result}.",
    "Compute a new tensor: `{new}`.",
)

# -- shapes ----------------------------------------------------------------------------------------

PRODUCT = "A matrix product needs as many columns on the left as rows on the right: here {columns} and {rows}."
PRODUCT_OF_VECTORS = "The product of two vectors needs two of one length: here {columns} and {rows}."
TRANSPOSE = "Write `{code}.T` in place of `{code}`."
OTHER_SIZES = "Give `{b}` {columns} rows, or `{a}` {rows} columns."
OTHER_LENGTHS = "Give `{b}` the length {columns}, or `{a}` the length {rows}."
LAYER = "{layer} takes {features} features, the last size of its input, and was given {size}."
NEW_LAYER = "Make the layer as `nn.Linear({size}, {outputs})`, or give it an input whose last size is {features}."
THIS_LAYER = "This layer"
FLATTEN = "Write `{layer}({code}.flatten(1))`, which makes one row of {features} features of each sample."
LINEAR = (
    "linear multiplies by the transposed weight, whose shape is (outputs, inputs): the input has {size} features, the "
    "weight takes {features}."
)
NEW_WEIGHT = "Give `{code}` the shape ({outputs}, {size}), or the input {features} features."
BROADCAST = (
    "Shapes are compared from the last dimension backwards, and there the sizes must be equal, or one of them 1: in "
    "dimension {dim} they are {m} and {n}."
)
NEW_DIMENSIONS = "Write `{code}[{index}]`, of the shape {shape}, if `{code}` has one value for each row of `{other}`."
OTHER_SHAPE = "Give one of them the other's size there, or 1, by `reshape`, `unsqueeze` or a slice."
CAT = (
    "cat joins along dimension {dim}, and all other sizes must be equal: in dimension {other} they are {expected} and "
    "{found}."
)
OTHER_DIM = "Write `dim={dim}`, along which these shapes can be joined."
BRING_TO_SIZE = "Bring them to one size in dimension {other} first, by a slice, `reshape` or padding."
STACK = "stack puts tensors of one shape side by side along a new dimension, and these have two shapes."
CAT_INSTEAD = "Write `torch.cat(..., dim={dim})` to join them along dimension {dim}, which they have."
BRING_TO_SHAPE = "Bring them to one shape first, by a slice, `reshape` or padding."
ELEMENTS = "{what} has {count} elements, and the shape {shape} has {wanted}."
ELEMENTS_INSTEAD = "Write a shape of {count} elements; a size of -1 stands for what is left."

# -- dtypes ----------------------------------------------------------------------------------------

DTYPES = (
    "A product of matrices or vectors takes one dtype and does not convert, as `+` would: here {first} and {second}."
)
CONVERT = "Write `{code}{conversion}`."
CONVERT_FROM_NUMPY = "Write `{code}{conversion}`: NumPy's arrays are float64 unless they are made otherwise."

# -- losses ----------------------------------------------------------------------------------------

CLASS = "{target} holds the class {found}{place}, and {input} has scores for {count} classes: 0 to {last}."
AT = ", at `{code}[{place}]`"
FROM_ZERO = "Count the classes from 0: `{code} - 1`."
MORE_OUTPUTS = "Give the last layer {wanted} outputs, or look for the label that is wrong."
NO_NEGATIVE = (
    "Classes count from 0. Labels that are to be left out have the value of `ignore_index`, which is -100 if it is not "
    "given."
)
FLOAT_TARGET = (
    "A target of the shape {shape} holds one class for each sample, and a class is an integer: int64, not {dtype}.",
    "Write `{code}.long()` if these are classes. Probabilities would have the shape {wanted} of {input}, and for "
    "numbers that are to be approximated there is `mse_loss`.",
)
INTEGER_PROBABILITIES = (
    "A target of the input's shape {shape} holds the probability of each class: floating point, not {dtype}.",
    "Write `{code}.float()` for probabilities, or `{code}.argmax(1)` for the classes of a one-hot target.",
)
SAMPLES = (
    "Each sample has one target: the first sizes must be equal, and here they are {samples} and {targets}.",
    "Take the targets of the same samples as {input}; where one of the two was reshaped, keep its first dimension.",
)
ONE_CLASS_EACH = (
    "A target of classes has one for each sample, so that its shape is {wanted}, not {shape}.",
    "Write `{code}`.",
)
SAME_SHAPE = (
    "Each output is compared with one target, so the shapes must be the same: here {wanted} and {shape}.",
    "{instead}",
)
RESHAPED = "Write `{target}.reshape({input}.shape)`."
AS_MANY = "Make as many outputs as there are targets."

# -- optimisers ------------------------------------------------------------------------------------

PLAIN_CONTAINER = (
    "`{path}` is a plain {kind} of {what}: a module finds those in its own attributes and in `nn.{wanted}`, so that "
    "`{model}.parameters()` is empty.",
    "Write `self.{name} = nn.{wanted}(...)` in the class of `{model}`.",
)
NO_PARAMETER = (
    "`{path}` is a tensor that requires grad, but no `nn.Parameter`: `{model}.parameters()` does not find it.",
    "Write `self.{name} = nn.Parameter(...)` in the class of `{model}`.",
)
USED_UP = (
    "`{name}` is an iterator, and has been gone through before: an iterator gives its elements once.",
    "Call `model.parameters()` again, or keep a list: `{name} = list(model.parameters())`.",
)
NO_PARAMETERS = (
    "What was given as parameters is empty.",
    "Pass what is to be learnt, such as `model.parameters()` or `[weight, bias]`; an iterator gives its elements only "
    "once.",
)
