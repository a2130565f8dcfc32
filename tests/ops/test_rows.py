"""Every row of the derivative table against torch: the suite walks the table, so no row can be forgotten."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support import oracle
from support.oracle import RTOL, RTOL_SECOND, assert_same, assert_same_refusal, outcome, torch
from support.row_calls import InTorch, Ours, gradients
from support.row_inputs import normal, row_inputs
from tinygrad_mlp.autograd import grad
from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.tensor import INPLACE, wrap

ROWS = sorted(TABLE)
FLOATING = st.sampled_from(["float32", "float64"])
MIXED = ("int64", "bool", "float32", "float64", "int32", "uint8", "int8", "int16", "float16")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch().set_num_threads(1)


@pytest.mark.parametrize("name", ROWS)
def test_row_has_a_strategy_and_a_counterpart(name: str) -> None:
    assert TABLE[name].sample or len(TABLE[name].tensors) == 1 or len(TABLE[name].parameters) == 2
    assert callable(oracle.counterpart(TABLE[name]))


# -- values and gradients --------------------------------------------------------------------------


def close(ours: Any, theirs: Any, what: str, dtype: Any, scale: float, **options: Any) -> None:
    ours, theirs = oracle.to_numpy(ours), oracle.to_numpy(theirs)
    exact = options.pop("rtol", RTOL)
    rtol = exact[dtype] if theirs.dtype.kind == "f" else 0.0
    assert_same(ours, theirs, what, rtol=rtol, scale=max(scale, oracle.magnitude(theirs)), **options)


# Torch ends the series of the matrix exponential where it is exact to so much.
COARSE = {"linalg_matrix_exp": {**RTOL, "float64": 1e-10}}
# Torch's is exact to 1e-9 at some numbers; ours is held against mpmath in test_precision.py.
COARSE |= {"polygamma": {**RTOL, "float64": 1e-8}}


class Errors:
    """How far torch itself is from the truth: the measure of what may be asked of a float.

    In float32 the truth is torch's float64. In float64 it is our own longdouble, where that is so close to torch that
    it can only be the same function; whether it is, float32 finds out. A single error may be small by luck: the largest
    counts, with all numbers a few per cent smaller or larger, too.
    """

    SCALES = (1, 0.94, 0.97, 1.03, 1.06)
    BELIEVED = 1e-6

    def __init__(self, theirs: InTorch, ours: Ours, dtype: str) -> None:
        self.theirs, self.ours, self.dtype = theirs, ours, dtype

    def calls(self) -> list[tuple[InTorch, InTorch]]:
        """The calls in torch, and those that give the true results."""
        single = self.dtype == "float32"
        truth, wider = (self.theirs, "float64") if single else (self.ours, "longdouble")
        return [
            (self.theirs.changed(change), truth.changed(lambda x, change=change: change(x).astype(wider)))
            for change in (lambda x, scale=scale: np.asarray(x * x.dtype.type(scale)) for scale in self.SCALES)
        ]

    def of(self, what: str, i: int) -> Callable[[], tuple[Any, float]]:
        """What gives the truth about the i-th of the results, or of the gradients, and the error of torch's."""

        def measure() -> tuple[Any, float]:
            truths, errors = [], []
            with warnings.catch_warnings(), np.errstate(invalid="ignore"):
                warnings.simplefilter("ignore", UserWarning)
                for calls in self.calls():
                    found, truth = (oracle.to_numpy(getattr(call, what)[i]).astype("float64") for call in calls)
                    error = oracle.magnitude(found - truth)
                    believed = self.dtype == "float32" or error <= self.BELIEVED * oracle.magnitude(found)
                    truths.append(truth if believed else found)
                    errors.append(error if believed else 0.0)
            return truths[0], max(errors)

        return measure


def compare(row: Operator, args: tuple[Any, ...], dtype: str, draw: Callable[[Any], Any]) -> None:
    """Values, gradients (as arrays and as Tensors) and second gradients of one call."""
    needs: list[bool] = []

    def need() -> bool:
        needs.append(draw(st.sampled_from([True, True, True, False])))
        return needs[-1]

    oracle.leaves(row, args, need)
    theirs, ours = InTorch(row, args, needs), Ours(row, args, needs)
    errors = Errors(theirs, ours, dtype)
    scale = oracle.magnitude(*args)
    expected = outcome(lambda: theirs.results)
    result = outcome(lambda: ours.results)
    if isinstance(expected, Exception):
        assert_same_refusal(result, expected, row.name)
        return
    if isinstance(result, Exception):
        raise result
    assert len(result) == len(expected)
    for i, (mine, other) in enumerate(zip(result, expected, strict=True)):
        rtol = COARSE.get(row.name, RTOL)
        close(mine, other, "value", dtype, scale, rtol=rtol, signs=signs(row, mine), noise=errors.of("results", i))
        assert mine.requires_grad == other.requires_grad
        if len(row.tensors) == 1 and row.name not in NO_LAYOUT:
            assert steps(mine) == steps(other), "the layout in memory"
        compare_node(row, mine, other)
        for x, y in zip(ours.arguments[1], theirs.arguments[1], strict=True):
            if x.numel() and mine.numel():
                assert shares(mine, x) == (other.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()), (
                    "a view"
                )
    if not theirs.roots or refused_derivative(row, ours.roots, theirs.roots):
        return

    cotangents = [draw(normal(tuple(x.shape))).astype(oracle.to_numpy(x).dtype) for x in theirs.roots]
    theirs.cotangents = ours.cotangents = cotangents
    theirs.needs_g = ours.needs_g = draw(st.sampled_from([True, True, False]))
    scale = max(scale, oracle.magnitude(*cotangents))
    for mine, other in zip(ours.first, theirs.first, strict=True):
        assert mine.requires_grad >= other.requires_grad or row.name in NO_SECOND, (
            "the gradient cannot be differentiated"
        )
    for what in ("plain", "first"):
        for i, (mine, other) in enumerate(zip(getattr(ours, what), getattr(theirs, what), strict=True)):
            close(mine, other, f"{what} gradient", dtype, scale, signs=signs(row, mine), noise=errors.of(what, i))

    theirs.sources = ours.sources = [i for i, x in enumerate(theirs.first) if x.requires_grad]
    if not theirs.sources or row.name in NO_SECOND:
        return
    differentiable = [theirs.first[i] for i in theirs.sources]
    theirs.again = ours.again = [draw(normal(tuple(x.shape))).astype(oracle.to_numpy(x).dtype) for x in differentiable]
    scale = max(scale, oracle.magnitude(*theirs.again, *(oracle.to_numpy(x) for x in theirs.first)))
    expected, result = outcome(lambda: theirs.second), outcome(lambda: ours.second)
    if isinstance(expected, Exception):
        assert_same_refusal(result, expected, row.name)
        return
    if isinstance(result, Exception):
        raise result
    for i, (mine, other) in enumerate(zip(result, expected, strict=True)):
        close(mine, other, "second gradient", dtype, scale, rtol=RTOL_SECOND, noise=errors.of("second", i))


def refused_derivative(row: Operator, ours: list[Any], theirs: list[Any]) -> bool:
    """Whether torch has no derivative of a row; then ours has none either."""
    if row.name not in NOT_IMPLEMENTED:
        return False
    for mine, other in zip(ours, theirs, strict=True):
        if other.requires_grad:
            expected = outcome(other.sum().backward, None, True)
            if row.name in ONE_DERIVATIVE and expected is None:
                return False  # the argument that has none needs none
            assert isinstance(expected, RuntimeError)
            assert_same_refusal(outcome(mine.sum().backward), expected, row.name, words=2)  # then its name
    return True


NOT_IMPLEMENTED = {"floor_divide", "heaviside", "scatter_combined", "differentiable_once"}
NOT_IMPLEMENTED |= {"bincount", "unique_all", "unique_dim", "unique_runs"}
ONE_DERIVATIVE = {"igamma", "igammac"}  # that in the second argument
NOT_IMPLEMENTED |= ONE_DERIVATIVE
# Where torch has no second derivative, or fails where some of its inputs need none.
# Ours are in tests/nn/test_layers.py.
NO_SECOND = {"hardsigmoid", "layer_norm", "group_norm", "batch_norm", "cdist", "embedding_bag"}
NO_SECOND |= {"multi_margin_loss", "multilabel_margin_loss"}
# In torch both gradients are of one node, and so either can be differentiated by all that the node depends on; the
# database's test has its second gradients.
NO_SECOND |= {"prelu_kernel"}


def signs(row: Operator, result: Any) -> bool:
    """Whether the signs of zeros are compared; in second gradients, sums over other paths than torch's, never."""
    return row.name not in UNSIGNED and (row.name not in VECTORIZED or result.numel() < 8)


# Where the sign of a zero is not compared. In a product of matrices BLAS chooses whether a sum begins with 0 or with
# its first term: torch's does one or the other, by the sizes.
UNSIGNED = {"trilinear", "mm", "bmm", "mv", "dot", "matmul", "linear", "addmm", "addmv", "addbmm", "baddbmm"}
# So does LAPACK, and rules in which products of matrices are.
UNSIGNED |= {name for name in ROWS if name.startswith("linalg_")} | {"cholesky_solve", "discrete_fourier"}
# Of 0 and -0 neither is larger: the order in which torch goes through them decides, which is another for other strides.
UNSIGNED |= {"amax", "amin", "max_all", "min_all"}
UNSIGNED |= {"median_all", "nanmedian_all", "unique_all", "unique_dim"}
# Torch's kernels add in another order.
UNSIGNED |= {
    "scatter_reduce",
    "layer_norm",
    "group_norm",
    "batch_norm",
    "multi_margin_loss",
    "multilabel_margin_loss",
}
UNSIGNED |= {"prelu_kernel"}  # 0 times what is negative, or no product at all
UNSIGNED |= {"gelu_backward", "log_sigmoid_backward"}  # in torch their slopes are differences, which give another 0
# Where torch takes eight numbers or more at a time its vector instructions give the second of two zeros, in the rest of
# the array the first.
VECTORIZED = {"maximum", "minimum", "clamp", "clamp_max", "clamp_min", "softshrink"}


def steps(x: Any) -> list[int]:
    """The strides along dimensions in which there is a step to take."""
    return [stride for n, stride in zip(x.shape, x.stride(), strict=True) if n > 1] if x.numel() else []


# Rows for use in place, for indices; and those that give C order, whatever they are given.
NO_LAYOUT = {"getitem", "put_at", "unindex", "unslice", "zero", "sort", "topk"}
NO_LAYOUT |= {"unique_dim", "unique_runs"}
# LAPACK's matrices lie in memory by columns, and so do torch's results; NumPy gives C order.
NO_LAYOUT |= {f"linalg_{name}" for name in ("cholesky", "eigh", "inv", "lu_factor_ex", "qr", "svd")}


def compare_node(row: Operator, mine: Any, other: Any) -> None:
    ours, theirs = (type(x.grad_fn).__name__ for x in (mine, other))
    if row.name in OVERLOADED:
        ours, theirs = ours.rstrip("01234"), theirs.rstrip("01234")
    if row.name not in NO_NODE_OF_ITS_OWN:
        assert ours == theirs, "the name of the node"


# Torch has a node for each overload (a number, a tensor; all, some dimensions); ours has the name of the first.
OVERLOADED = {"div_rounded", "fmod", "masked_fill", "mean", "pow", "prod", "remainder", "squeeze", "sum"}
OVERLOADED |= {"clamp_max", "clamp_min", "copysign", "fill", "lerp", "round", "rsub", "special_xlog1py", "xlogy"}
OVERLOADED |= {"index_fill", "scatter"}
# Rows for which torch has other nodes by the index, the strides or the number of dimensions, or several nodes for one.
NO_NODE_OF_ITS_OWN = {"discrete_fourier", "slice_along", "unindex", "differentiable_once", "unpad"} | {
    "flatten",
    "getitem",
    "linear",
    "matmul",
    "put",
    "put_at",
    "reshape",
    "rrelu_with_noise",
    "special_ndtr",
    "trilinear",
    "unslice",
}


def shares(x: Any, y: Any) -> bool:
    return bool(np.shares_memory(x.array, y.array))


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_values_and_gradients(name: str, data: Any) -> None:
    dtype = data.draw(FLOATING)
    compare(TABLE[name], data.draw(row_inputs(TABLE[name], dtype)), dtype, data.draw)


# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_dtypes(name: str, data: Any) -> None:
    """Integers, bools and mixed dtypes give torch's values in torch's dtype, or are refused as torch refuses them."""
    row = TABLE[name]
    args = data.draw(row_inputs(row, *MIXED))
    ours, theirs, _, _ = oracle.leaves(row, args, lambda: False)
    expected = outcome(oracle.call_torch, row, theirs)
    result = outcome(oracle.call_ours, row, ours)
    if isinstance(expected, Exception):
        if row.promotion == "same":  # torch has words of its own in every product, and sees first this fault or that
            assert isinstance(result, RuntimeError)
        else:
            assert_same_refusal(result, expected, name, words=1)
        return
    if isinstance(result, Exception):
        empty = any(not x.size for x in args if isinstance(x, np.ndarray))
        if isinstance(result, RuntimeError) and (empty or not any(x.numel() for x in oracle.outputs(expected))):
            return  # where nothing is to be computed torch starts no kernel, and so misses none
        if row.promotion == "same" and isinstance(result, RuntimeError):
            return  # in its way for strided integers torch does not look at the dtype of a bias
        raise result
    for i, (mine, other) in enumerate(zip(oracle.outputs(result), oracle.outputs(expected), strict=True)):
        dtype = coarsest(row, args, oracle.to_numpy(other))
        noise = error_in_torch(row, args, other, i)
        close(mine, other, "value", dtype, oracle.magnitude(*args), rtol=COARSE.get(name, RTOL), noise=noise)


def error_in_torch(row: Operator, args: tuple[Any, ...], result: Any, i: int) -> Callable[[], tuple[Any, float]]:
    """What gives the i-th result of a row as torch computes it in float64, and how far torch's own is from it."""

    def measure() -> tuple[Any, float]:
        _, theirs, _, _ = oracle.leaves(row, oracle.changed(args, lambda x: x.astype("float64")), lambda: False)
        truth = oracle.to_numpy(oracle.outputs(oracle.call_torch(row, theirs))[i])
        return truth, oracle.magnitude(oracle.to_numpy(result).astype("float64") - truth)

    return measure


def coarsest(row: Operator, args: tuple[Any, ...], result: Any) -> str:
    """The dtype that says how exact a result is: without promotion, that of its least exact part."""
    parts = [] if row.promotion else [x for x in args if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    return min((x.dtype for x in (result, *parts)), key=lambda dtype: dtype.itemsize).name


# -- in place --------------------------------------------------------------------------------------


# Torch's in-place forms that are not here: they change a tensor's shape, not its elements.
OTHER_SHAPE = {"as_strided", "transpose", "t", "squeeze", "unsqueeze"}


def _scatter_reduce_(x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool = True) -> Any:
    return x.scatter_reduce_(dim, index, src, reduce, include_self=include_self)


IN_PLACE = {
    "assign_": torch().Tensor.copy_,
    "div_rounded_": lambda x, y, mode: x.div_(y, rounding_mode=mode),
    "put_added_": lambda x, index, value: x.index_put_(index, value, True),
    "scatter_combined_": lambda x, dim, index, src, reduce: x.scatter_(dim, index, src, reduce=reduce),
    "scatter_reduce_": _scatter_reduce_,
    "put_": torch().Tensor.__setitem__,
    # The gradient of x ** False is nan at 0, as in support.oracle.COUNTERPARTS.
    "pow_": lambda x, y: x.pow_(float(y) if y is False and x.is_floating_point() else y),
}


# Whose first argument is no tensor: what it does in place is not the row's.
NUMBER_FIRST = {"polygamma"}


@pytest.mark.parametrize("name", [name for name in ROWS if name not in OTHER_SHAPE | NUMBER_FIRST])
def test_in_place_where_torch_has_it(name: str) -> None:
    assert TABLE[name].inplace == (hasattr(torch().Tensor, f"{name}_") or f"{name}_" in IN_PLACE)


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].inplace])
@given(data=st.data())
def test_in_place(name: str, data: Any) -> None:
    row = TABLE[name]
    dtype = data.draw(FLOATING) if "f" in (row.kinds or "f") else "int64"
    args = data.draw(row_inputs(row, dtype))
    needs: list[bool] = []

    def need() -> bool:
        needs.append(data.draw(st.sampled_from([True, True, False])))
        return needs[-1]

    ours, theirs, my_leaves, leaves = oracle.leaves(row, args, need)
    theirs_in_place = IN_PLACE.get(f"{name}_") or getattr(torch().Tensor, f"{name}_")
    my_x, x = ours[0] * 1, theirs[0] * 1
    expected = outcome(oracle.call_torch, row, [x, *theirs[1:]], theirs_in_place)
    result = outcome(INPLACE[f"{name}_"], my_x, *ours[1:])
    if isinstance(expected, Exception):  # where there are several faults, torch may see another of them first
        assert isinstance(
            result, (type(expected), RuntimeError) if isinstance(expected, RuntimeError) else type(expected)
        )
        return
    if isinstance(result, Exception):
        raise result
    assert result is my_x
    errors = Errors(InTorch(row, args, needs), Ours(row, args, needs), dtype)
    close(my_x, x, "value", dtype, oracle.magnitude(*args), noise=errors.of("results", 0))
    assert my_x.requires_grad == x.requires_grad
    assert my_x._version == x._version
    if not x.requires_grad or refused_derivative(row, [my_x], [x]):
        return
    g = data.draw(normal(tuple(x.shape))).astype(dtype)
    errors.theirs.cotangents = errors.ours.cotangents = [g]
    theirs = outcome(gradients, [x], leaves, [oracle.to_torch(g)], torch().autograd.grad)
    if isinstance(theirs, NotImplementedError):
        return  # "the derivative for 'inplace version of acosh' is not implemented"; ours is
    scale = max(oracle.magnitude(*args), oracle.magnitude(g))
    for i, (mine, other) in enumerate(zip(gradients([my_x], my_leaves, [wrap(g)], grad), theirs, strict=True)):
        close(mine, other, "gradient", dtype, scale, noise=errors.of("plain", i))


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].differentiable and name not in NOT_IMPLEMENTED])
@given(data=st.data())
def test_gradients_own_their_memory(name: str, data: Any) -> None:
    """No .grad shares memory with another, with the data of a tensor, or with the cotangent that came in."""
    row = TABLE[name]
    ours, _, leaves, _ = oracle.leaves(row, data.draw(row_inputs(row)), lambda: True)
    result = outcome(oracle.call_ours, row, ours)
    if isinstance(result, Exception):
        return
    results = [x for x in oracle.outputs(result) if x.requires_grad]
    cotangents = [wrap(data.draw(normal(tuple(x.shape))).astype("float32")) for x in results]
    if not results:
        return
    tinygrad_mlp.autograd.backward(results, cotangents)
    grads = [x.grad for x in leaves if x.grad is not None]
    tensors = [*leaves, *results, *cotangents, *grads]
    for g in grads:
        assert not any(shares(g, x) for x in tensors if x is not g)
        assert g.array.flags.writeable
