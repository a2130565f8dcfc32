"""Mutants that no test can catch, because they compute the same: each with its reason."""

from __future__ import annotations

_SUMMED_BY_TAPE = "The tape sums every cotangent down to the shape of its input."
_ONLY_SHAPE = "Only the shape and the dtype of what is read count, and they are the same."
_SAME_SIDE = "The output is beyond a limit just where the input is."
_BY_1 = "A product with 1 changes nothing."
_NUMBER = "It is a number, which has no transpose."
_VECTOR = "A vector has no transpose."
_NOT_READ = "The rule does not read it: it is named so that the class of the node is known."
_SIGN_AND_SIZE = "x is its sign times its size. (The power of the size is computed faster for the orders 3 and 4.)"
_NOT_TAKEN = "An outer `where` does not take the elements that are other."
_IN_BLOCKS = "In blocks or at once, every element gets the same."
_ANY_NEGATIVE = "NumPy takes any negative size for the one that follows from the others."
_OLDER = "size_average is not None or reduce is not None"
_NO_OLDER = "Where neither is given, the reduction stays what it is."
_TWO_RETURNED = "Inputs of two dimensions have been returned before."
_PLAIN_STEP = "not momentum and (not decay) and (not group[ ..."

EQUIVALENT: dict[str, str] = {
    # arithmetic
    "square/input/pow_input(g, input, 2)/swapped arguments": "It is 2 g x, and so it is with g and x swapped.",
    "pow/input/exponent == 2 and (not hasattr(input, 'requi .../never": "The general formula gives the same, slower.",
    "pow/input/exponent == 2 and (not hasattr(input, 'requi .../dropped condition 2": "The nodes are other ones; "
    "the numbers are the same.",
    "xlogy/input/input/saved out": "Where `other` is at most 0, the output is 0 just where the input is.",
    "expand/input/sum_to(g, input_shape)/dropped sum_to": _SUMMED_BY_TAPE,
    "repeat/input/total(g.reshape(pairs), tuple(range(0, len(p .../dropped reshape": _SUMMED_BY_TAPE,
    # pointwise
    "sinc/input/np.absolute(angle) < 1/< to <=": "At an angle of 1 the series and the quotient agree.",
    "sinc/input/1/plus 1": "The ten terms of the series are exact for angles below 2, too, but for rounding.",
    "sinc/input/0/plus 1": _NOT_TAKEN,
    # slices
    "as_strided/input/1/plus 1": _ANY_NEGATIVE,
    "as_strided/input/memory[index] / times if (times > 1).any() e .../always the first": "A quotient by 1.",
    "as_strided/input/times > 1/> to >=": "A quotient by 1.",
    # comparison
    "maximum/input/input < other/< to <=": _NOT_TAKEN,
    "maximum/other/input > other/> to >=": _NOT_TAKEN,
    "minimum/input/input > other/> to >=": _NOT_TAKEN,
    "minimum/other/input < other/< to <=": _NOT_TAKEN,
    "masked_fill/value/np.add.reduce(np.where(mask, g, 0), axis=None)/dropped reduce": _SUMMED_BY_TAPE,
    "masked_fill/value/np.add.reduce(np.where(mask, g, 0), axis=None)/transposed": _NUMBER,
    "clamp_min/input/min/saved out": _SAME_SIDE,
    "clamp_min/min/min/saved out": _SAME_SIDE,
    "clamp_max/input/max/saved out": _SAME_SIDE,
    "clamp_max/max/max/saved out": _SAME_SIDE,
    "clamp/input/max/saved out": _SAME_SIDE,
    "clamp/min/min/saved out": _SAME_SIDE,
    # indexing
    "take/input/1/plus 1 #2": _ANY_NEGATIVE,
    "put/value/sum_to(g[index], value_shape)/dropped sum_to": _SUMMED_BY_TAPE,
    "fill/value/np.add.reduce(g, axis=None)/dropped reduce": _SUMMED_BY_TAPE,
    "fill/value/np.add.reduce(g, axis=None)/transposed": _NUMBER,
    # linalg
    "matmul/input/len(input_shape) == 2 == other.ndim/never": "The general formula gives the same, slower.",
    "matmul/other/input.ndim == 2 == len(other_shape)/never": "The general formula gives the same, slower.",
    "matmul/input/part.reshape([*part.shape[:-2], part.shape[- .../always the second": _SUMMED_BY_TAPE,
    "matmul/input/part.reshape([*part.shape[:-2], part.shape[-1]])/dropped reshape": _SUMMED_BY_TAPE,
    "matmul/other/input.reshape([1, *input.shape]) if input.nd .../always the first": _SUMMED_BY_TAPE,
    "dot/input/g * other/transposed": _VECTOR,
    "dot/other/g * input/transposed": _VECTOR,
    "mv/vec/input.T @ g/transposed": _VECTOR,
    "addmm/input/g if beta == 1 else g * beta/always the second": _BY_1,
    "addmm/mat1/g @ mat2.T * alpha if alpha != 1 else g @ mat2.T/always the first": _BY_1,
    "addmm/mat2/mat1.T @ g * alpha if alpha != 1 else mat1.T @ g/always the first": _BY_1,
    # losses
    "mse_loss/input/1/plus 1": "It stands for the count where there is no element.",
    "nll_loss/input/own.sum().item()/dropped item": "It is divided in float64, and the tape rounds the same quotient.",
    # normalization
    "batch_norm/input/mean/saved variance": "Of the mean the rule reads whether it is given; so is the variance then.",
    "batch_norm/weight/total(g * standardized, axes)/transposed": _VECTOR,
    "batch_norm/bias/total(g, (0, *range(2, len(g.shape))))/transposed": _VECTOR,
    "linear/input/bias_shape/saved input_shape": _NOT_READ,
    "linear/input/bias_shape/saved weight_shape": _NOT_READ,
    "linear/weight/bias_shape/saved input_shape": _NOT_READ,
    "linear/weight/bias_shape/saved weight_shape": _NOT_READ,
    "linear/input/product(g, weight) if g.ndim == 2 == weight. .../always the second": "`@` gives the same, slower.",
    "linear/input/2/plus 1": "`@` gives the same, slower.",
    "linear/bias/total(_rows(g), 0)/transposed": _VECTOR,
    "linear/bias/total(_rows(g), 0)/dropped total": _SUMMED_BY_TAPE,
    # norms
    "linalg_vector_norm/input/ord == 1/never": "The general formula gives the same, slower.",
    "linalg_vector_norm/input/ord < 1/< to <=": "Order 1 has a formula of its own before.",
    "linalg_vector_norm/input/0/plus 1 #5": "It is multiplied with the sign of 0, which is 0.",
    "linalg_vector_norm/input/0/plus 1 #7": "It is multiplied with a slope that is 0 where the norm is.",
    "linalg_vector_norm/input/sign(input) * size ** (ord - 1) if ord < 2 e .../always the first": _SIGN_AND_SIZE,
    "linalg_vector_norm/input/2/plus 1 #2": _SIGN_AND_SIZE,
    "linalg_vector_norm/input/ord < 2/< to <=": "Order 2 has a formula of its own before.",
    # reduction
    "prod/input/g/transposed": _NUMBER,
    "var/input/g * np.where(input == centre, float('nan'),  .../factor 2": "Twice an infinity is the same infinity.",
    "cumprod/input/not (input == 0).any()/never": "The general formula gives the same, slower.",
    # extremes
    "max_dim/input/np.copy(g)/transposed": _NUMBER,
    # activations
    "threshold_backward/result/result/saved input": _ONLY_SHAPE,
    "threshold_backward/result/result/saved out": _ONLY_SHAPE,
    "hardtanh_backward/result/result/saved input": _ONLY_SHAPE,
    "hardtanh_backward/result/result/saved out": _ONLY_SHAPE,
    "leaky_relu_backward/result/result/saved input": _ONLY_SHAPE,
    "leaky_relu_backward/result/result/saved out": _ONLY_SHAPE,
    "relu/input/out/saved input": _SAME_SIDE,
    "hardtanh/input/input/saved out": _SAME_SIDE,
    "elu/input/g if scale == 1 else g * scale/always the second": _BY_1,
    "elu/input/1/plus 1": "The scale is 1, which changes nothing, or that of selu.",
    "celu/input/input <= 0/<= to <": "From 0 on the exponential of what is below 0 is 1, and so is its factor.",
    "celu/input/np.where(input <= 0, g * _exp_below(input /  .../always the first": "From 0 on that factor is 1.",
    "celu/input/0/plus 1": "From 0 on the exponential of what is below 0 is 1, and so is its factor.",
    "mish/input/20.0/plus 1": "From 20 on log(1 + exp(x)) is x, but for less than rounding.",
    "hardswish/input/(input > -3) & (input < 3)/dropped left side": _NOT_TAKEN,
    "hardswish/input/input > -3/> to >=": _NOT_TAKEN,
    "hardswish/input/3/plus 1": _NOT_TAKEN,
    "hardswish/input/keep(input, inside)/dropped keep": _NOT_TAKEN,
    # shape
    "cat/tensors/parts/factor 2": "Of a list that is twice as long the tape reads the first half.",
    "cat/tensors/np.zeros_like(g, shape=(0,))/zeros_like to ones_like": "There is no element.",
    "cat/tensors/axis(dim, len(shape))/dropped axis": "A dimension counted from the end is the same one.",
    "cat/tensors/axis(dim, len(shape))/dropped axis #2": "A dimension counted from the end is the same one.",
    # nn.functional
    "F._along/function/input if dtype is None else input.to(dtype)/always the second": "`to(None)` is the tensor.",
    f"F.mse_loss/function/{_OLDER}/always": _NO_OLDER,
    f"F.nll_loss/function/{_OLDER}/always": _NO_OLDER,
    f"F.cross_entropy/function/{_OLDER}/always": _NO_OLDER,
    "F.mse_loss/function/input - target/swapped": "The square of the difference is taken.",
    "F.l1_loss/function/input - target/swapped": "The size of the difference is taken.",
    "F.smooth_l1_loss/function/input - target/swapped": "The size of the difference is taken.",
    "F._classes/function/weight is not None/always": "Of None there is no gradient to refuse.",
    "F._classes/function/target.array.dtype is not _INT64/always": "A copy of the same numbers.",
    "F._classes/function/len(shape) > 2/> to >=": _TWO_RETURNED,
    "F._classes/function/1/plus 1 #3": _TWO_RETURNED,
    "F._classes/function/1/plus 1 #5": _ANY_NEGATIVE,
    "F._classes/function/1/plus 1 #6": _TWO_RETURNED,
    "F._check_classes/function/weight is None and len(shape) == 2 and (want .../never": "The checks pass, slower.",
    "F._check_classes/function/1/plus 1": "The checks pass, slower.",
    "F._check_classes/function/len(shape) - 1/swapped": "Counted from behind it is the same dimension.",
    "F._noise/function/None if array.flags.c_contiguous else _memor .../always the second": "The order of an array "
    "that is contiguous is that of its dimensions.",
    "F._memory_order/function/end - 1/dropped right side": "It compares a dimension with itself first.",
    # optimisers
    f"SGD/update/{_PLAIN_STEP}/never": "The general formula gives the same, slower.",
    f"SGD/update/{_PLAIN_STEP}/dropped condition 4": "Only before NumPy 2 a 0-d array is computed in another dtype.",
    f"SGD/update/{_PLAIN_STEP}/dropped condition 5": _IN_BLOCKS,
    "SGD/update/grad.size <= BLOCK/<= to <": _IN_BLOCKS,
    "SGD/update/_as(d, w)/d less 1": "Of `d`, which is no dimension here, only the dtype is read.",
    "SGD/update/_as(d, buf)/d less 1": "Of `d`, which is no dimension here, only the dtype is read.",
    "SGD/update/d if not group['dampening'] else (1 - group[ .../always the second": _BY_1,
    "SGD/as/y if y.dtype is x.dtype else y.astype(x.dtype)/always the second": "A copy of the same numbers.",
    "Adam/update/decay and group['decoupled_weight_decay']/dropped condition 1": _BY_1,
}
