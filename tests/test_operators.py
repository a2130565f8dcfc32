"""Every row of the derivative table against torch: the suite walks the table, so no row can be forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from tinygrad_mlp.autograd import grad
from tinygrad_mlp.functions import INPLACE
from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.tensor import wrap
from tinygrad_mlp.testing import oracle
from tinygrad_mlp.testing.oracle import RTOL, RTOL_SECOND, assert_same, assert_same_refusal, outcome, torch
from tinygrad_mlp.testing.sampler import Sampler

ROWS = sorted(TABLE)
FLOATING = st.sampled_from(["float32", "float64"])
MIXED = ("int64", "bool", "float32", "float64", "int32", "uint8")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch().set_num_threads(1)


@pytest.mark.parametrize("name", ROWS)
def test_row_has_a_strategy_and_a_counterpart(name: str) -> None:
    assert TABLE[name].sample or len(TABLE[name].tensors) == 1 or len(TABLE[name].parameters) == 2
    assert callable(oracle.counterpart(TABLE[name]))


# -- values and gradients --------------------------------------------------------------------------


def floating(tensors: Any) -> list[int]:
    return [i for i, x in enumerate(tensors) if oracle.to_numpy(x).dtype.kind == "f" and x.requires_grad]


def close(ours: Any, theirs: Any, what: str, dtype: Any, scale: float, **options: Any) -> None:
    ours, theirs = oracle.to_numpy(ours), oracle.to_numpy(theirs)
    rtol = RTOL[dtype] if theirs.dtype.kind == "f" else 0.0
    assert_same(ours, theirs, what, rtol=rtol, scale=max(scale, oracle.magnitude(theirs)), **options)


def gradients(outputs: list[Any], inputs: list[Any], cotangents: list[Any], module: Any, **options: Any) -> list[Any]:
    found = module(outputs, inputs, cotangents, allow_unused=True, **options)
    zeros_like = torch().zeros_like if module is torch().autograd.grad else tinygrad_mlp.zeros_like
    return [zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]


def compare(row: Operator, args: tuple[Any, ...], dtype: str, sampler: Sampler) -> None:
    """Values, gradients (as arrays and as Tensors) and second gradients of one call."""
    ours, theirs, my_leaves, leaves = oracle.leaves(row, args, lambda: sampler.choice([True, True, True, False]))
    scale = oracle.magnitude(*args)
    expected = outcome(oracle.call_torch, row, theirs)
    result = outcome(oracle.call_ours, row, ours)
    if isinstance(expected, Exception):
        assert_same_refusal(result, expected, row.name)
        return
    if isinstance(result, Exception):
        raise result
    result, expected = oracle.outputs(result), oracle.outputs(expected)
    assert len(result) == len(expected)
    for mine, other in zip(result, expected, strict=True):
        close(mine, other, "value", dtype, scale, signs=row.name not in SIGN_OF_ZERO)
        assert mine.requires_grad == other.requires_grad
        compare_node(row, mine, other)
        for x, y in zip(my_leaves, leaves, strict=True):
            if x.numel() and mine.numel():
                assert shares(mine, x) == (other.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()), (
                    "a view"
                )
    roots = floating(expected)
    if not roots:
        return
    result, expected = [result[i] for i in roots], [expected[i] for i in roots]

    cotangents = [sampler.normal(tuple(x.shape)).astype(oracle.to_numpy(x).dtype) for x in expected]
    mine_g, their_g = (
        [wrap(g).requires_grad_() for g in cotangents],
        [oracle.to_torch(g).requires_grad_() for g in cotangents],
    )
    scale = max(scale, oracle.magnitude(*cotangents))
    first = gradients(expected, leaves, their_g, torch().autograd.grad, create_graph=True)
    plain = gradients(result, my_leaves, mine_g, grad, retain_graph=True)
    for mine, other in zip(plain, first, strict=True):
        close(mine, other, "gradient", dtype, scale)
    my_first = gradients(result, my_leaves, mine_g, grad, create_graph=True)
    for mine, other in zip(my_first, first, strict=True):
        close(mine, other, "gradient with create_graph", dtype, scale)

    sources = [i for i, x in enumerate(first) if x.requires_grad]
    if not sources:
        return
    again = [sampler.normal(tuple(first[i].shape)).astype(oracle.to_numpy(first[i]).dtype) for i in sources]
    second = gradients(
        [first[i] for i in sources], [*leaves, *their_g], [oracle.to_torch(g) for g in again], torch().autograd.grad
    )
    for i in sources:
        assert my_first[i].requires_grad, "the gradient cannot be differentiated"
    my_second = gradients([my_first[i] for i in sources], [*my_leaves, *mine_g], [wrap(g) for g in again], grad)
    scale = max(scale, oracle.magnitude(*again, *(oracle.to_numpy(x) for x in first)))
    for i, (mine, other) in enumerate(zip(my_second, second, strict=True)):
        mine, other = oracle.to_numpy(mine), oracle.to_numpy(other)
        finite = np.isfinite(other)  # at a singular point formulas that agree around it may give nan or an infinity
        if i < len(first):
            finite &= np.isfinite(oracle.to_numpy(first[i])) & np.isfinite(oracle.to_numpy(leaves[i]))
        assert_same(np.where(finite, mine, 0), np.where(finite, other, 0), "second gradient",
                    rtol=RTOL_SECOND[dtype], scale=max(scale, oracle.magnitude(other)))  # fmt: skip


# Where the sign of a zero is not compared: a sum that starts from +0 has no -0, one that starts with a term may; and
# of 0 and -0 neither is larger, so that the order and the vector instructions choose.
SIGN_OF_ZERO = {"put_at", "cumsum", "mm", "bmm", "mv", "dot", "matmul", "linear", "maximum", "minimum", "clamp"}
SIGN_OF_ZERO |= {"clamp_max", "clamp_min"}
SIGN_OF_ZERO |= {"index_add", "amax", "amin", "max_all", "min_all", "scatter_add"}


def compare_node(row: Operator, mine: Any, other: Any) -> None:
    ours, theirs = (type(x.grad_fn).__name__ for x in (mine, other))
    if row.name in OVERLOADED:
        ours, theirs = ours.rstrip("01234"), theirs.rstrip("01234")
    if row.name not in NO_NODE_OF_ITS_OWN:
        assert ours == theirs, "the name of the node"


# Torch has a node for each overload (a number, a tensor; all, some dimensions); ours has the name of the first.
OVERLOADED = {"clamp", "div_rounded", "fmod", "masked_fill", "mean", "pow", "prod", "remainder", "squeeze", "sum"}
OVERLOADED |= {"clamp_max", "clamp_min", "fill", "xlogy"}
# Rows for which torch has other nodes by the index, the strides or the number of dimensions, or several nodes for one.
NO_NODE_OF_ITS_OWN = {"slice_along", "unindex"} | {
    "assign",
    "flatten",
    "getitem",
    "linear",
    "matmul",
    "put",
    "put_at",
    "reshape",
    "unslice",
}


def shares(x: Any, y: Any) -> bool:
    return bool(np.shares_memory(x.array, y.array))


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_values_and_gradients(name: str, data: Any) -> None:
    dtype = data.draw(FLOATING)
    sampler = Sampler(data.draw, dtype)
    compare(TABLE[name], sampler.arguments(TABLE[name]), dtype, sampler)


# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_dtypes(name: str, data: Any) -> None:
    """Integers, bools and mixed dtypes give torch's values in torch's dtype, or are refused as torch refuses them."""
    row, sampler = TABLE[name], Sampler(data.draw, *MIXED)
    args = sampler.arguments(row)
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
        raise result
    for mine, other in zip(oracle.outputs(result), oracle.outputs(expected), strict=True):
        dtype = oracle.to_numpy(other).dtype.name
        close(mine, other, "value", dtype, oracle.magnitude(*args))


# -- in place --------------------------------------------------------------------------------------


# Torch's in-place forms that are not here: they change a tensor's shape, not its elements.
OTHER_SHAPE = {"as_strided", "transpose", "t", "squeeze", "unsqueeze"}
IN_PLACE = {"assign_": torch().Tensor.copy_, "put_": torch().Tensor.__setitem__}


@pytest.mark.parametrize("name", [name for name in ROWS if name not in OTHER_SHAPE])
def test_in_place_where_torch_has_it(name: str) -> None:
    assert TABLE[name].inplace == (hasattr(torch().Tensor, f"{name}_") or f"{name}_" in IN_PLACE)


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].inplace])
@given(data=st.data())
def test_in_place(name: str, data: Any) -> None:
    row = TABLE[name]
    dtype = data.draw(FLOATING) if "f" in (row.kinds or "f") else "int64"
    sampler = Sampler(data.draw, dtype)
    args = sampler.arguments(row)
    ours, theirs, my_leaves, leaves = oracle.leaves(row, args, lambda: sampler.choice([True, True, False]))
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
    close(my_x, x, "value", dtype, oracle.magnitude(*args))
    assert my_x.requires_grad == x.requires_grad
    assert my_x._version == x._version
    if not x.requires_grad:
        return
    g = sampler.normal(tuple(x.shape)).astype(dtype)
    theirs = outcome(gradients, [x], leaves, [oracle.to_torch(g)], torch().autograd.grad)
    if isinstance(theirs, NotImplementedError):
        return  # "the derivative for 'inplace version of acosh' is not implemented"; ours is
    for mine, other in zip(gradients([my_x], my_leaves, [wrap(g)], grad), theirs, strict=True):
        close(mine, other, "gradient", dtype, max(oracle.magnitude(*args), oracle.magnitude(g)))


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].differentiable])
@given(data=st.data())
def test_gradients_own_their_memory(name: str, data: Any) -> None:
    """No .grad shares memory with another, with the data of a tensor, or with the cotangent that came in."""
    row = TABLE[name]
    sampler = Sampler(data.draw, "float32")
    ours, _, leaves, _ = oracle.leaves(row, sampler.arguments(row), lambda: True)
    result = outcome(oracle.call_ours, row, ours)
    if isinstance(result, Exception):
        return
    results = [x for x in oracle.outputs(result) if x.requires_grad]
    cotangents = [wrap(sampler.normal(tuple(x.shape)).astype("float32")) for x in results]
    if not results:
        return
    tinygrad_mlp.autograd.backward(results, cotangents)
    grads = [x.grad for x in leaves if x.grad is not None]
    tensors = [*leaves, *results, *cotangents, *grads]
    for g in grads:
        assert not any(shares(g, x) for x in tensors if x is not g)
        assert g.array.flags.writeable
