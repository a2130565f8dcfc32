"""Every row of the derivative table against torch: the suite walks the table, so no row can be forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from tinygrad_mlp.autograd import grad
from tinygrad_mlp.functions import FUNCTIONS
from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.tensor import wrap
from tinygrad_mlp.testing import oracle
from tinygrad_mlp.testing.oracle import RTOL, RTOL_SECOND, assert_same, assert_same_refusal, outcome, torch
from tinygrad_mlp.testing.sampler import Sampler

ROWS = sorted(TABLE)
FLOATING = st.sampled_from(["float32", "float64"])
MIXED = ("int64", "bool", "float32", "float64", "int32", "uint8", "float16", "int16", "int8")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch().set_num_threads(1)


@pytest.mark.parametrize("name", ROWS)
def test_row_has_a_strategy_and_a_counterpart(name: str) -> None:
    assert TABLE[name].sample or len(TABLE[name].tensors) == 1 or len(TABLE[name].parameters) == 2
    assert callable(oracle.counterpart(TABLE[name]))


# -- values and gradients -----------------------------------------------------------------------------------------------------


def floating(tensors: Any) -> list[int]:
    return [i for i, x in enumerate(tensors) if oracle.to_numpy(x).dtype.kind == "f" and x.requires_grad]


def close(ours: Any, theirs: Any, what: str, dtype: Any, scale: float, **options: Any) -> None:
    ours, theirs = oracle.to_numpy(ours), oracle.to_numpy(theirs)
    rtol = RTOL[dtype] if theirs.dtype.kind == "f" else 0.0
    assert_same(ours, theirs, what, rtol=rtol, scale=max(scale, oracle.magnitude(theirs)), **options)


def gradients(outputs: list[Any], inputs: list[Any], cotangents: list[Any], module: Any, **options: Any) -> list[Any]:
    found = module(outputs, inputs, cotangents, allow_unused=True, **options)
    return [torch().zeros_like(x) if g is None and isinstance(x, torch().Tensor) else tinygrad_mlp.zeros_like(x) if g is None else g
            for g, x in zip(found, inputs, strict=True)]  # fmt: skip


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
    roots = floating(expected)
    if not roots:
        return
    result, expected = [result[i] for i in roots], [expected[i] for i in roots]

    cotangents = [sampler.normal(tuple(x.shape)).astype(oracle.to_numpy(x).dtype) for x in expected]
    mine_g, their_g = [wrap(g).requires_grad_() for g in cotangents], [oracle.to_torch(g).requires_grad_() for g in cotangents]
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
    second = gradients([first[i] for i in sources], [*leaves, *their_g], [oracle.to_torch(g) for g in again], torch().autograd.grad)
    for i in sources:
        assert my_first[i].requires_grad, "the gradient cannot be differentiated"
    my_second = gradients([my_first[i] for i in sources], [*my_leaves, *mine_g], [wrap(g) for g in again], grad)
    scale = max(scale, oracle.magnitude(*again, *(oracle.to_numpy(x) for x in first)))
    for mine, other in zip(my_second, second, strict=True):
        mine, other = oracle.to_numpy(mine), oracle.to_numpy(other)
        finite = np.isfinite(other)  # at a singular point formulas that agree around it may give nan or an infinity
        assert_same(np.where(finite, mine, 0), np.where(finite, other, 0), "second gradient",
                    rtol=RTOL_SECOND[dtype], scale=max(scale, oracle.magnitude(other)))  # fmt: skip


# Torch's sums start from +0 and NumPy's from -0; no result but the sign of a zero differs.
SIGN_OF_ZERO: frozenset[str] = frozenset()


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_values_and_gradients(name: str, data: Any) -> None:
    dtype = data.draw(FLOATING)
    sampler = Sampler(data.draw, dtype)
    compare(TABLE[name], sampler.arguments(TABLE[name]), dtype, sampler)
