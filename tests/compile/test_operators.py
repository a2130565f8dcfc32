"""Every row of the derivative table goes through the recorder: forward and backward, compiled and eager."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as torch
from support.compiled import assert_equal, values
from support.row_inputs import row_inputs
from tinygrad_mlp.compiler import CannotRecord, compile
from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.tensor import FUNCTIONS, INPLACE, Tensor, wrap


def depends_on_values(row: Operator, args: tuple[Any, ...], needs: list[bool]) -> bool:
    """Whether a shape depends on values: of x[mask], which masked_select is too, and some gradients are."""
    if row.name == "masked_select":
        return True
    if row.name == "getitem":
        index = args[1]
    elif row.name == "put_at" and needs[0]:
        index = args[2]
    elif row.name == "put" and isinstance(args[2], np.ndarray) and needs[1]:
        index = args[1]
    else:
        return False
    parts = index if isinstance(index, tuple) else (index,)
    return any(getattr(part, "dtype", None) == np.dtype(bool) for part in parts)


def tensors_of(row: Operator, args: tuple[Any, ...], needs: list[bool]) -> tuple[list[Any], list[Tensor]]:
    """The arguments with fresh leaves for arrays, and the leaves."""
    ours, found = list(args), []

    def leaf(x: Any, differentiable: bool) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        tensor = wrap(x.copy(order="K"))
        if differentiable and x.dtype.kind == "f" and needs[len(found) % len(needs)]:
            tensor.requires_grad_()
        found.append(tensor)
        return tensor

    for i in row.tensors:
        differentiable = i in row.differentiable
        if row.listed and i == 0:
            ours[i] = [leaf(x, differentiable) for x in args[i]]
        else:
            ours[i] = leaf(args[i], differentiable)
    return ours, found


def outcome(function: Any, leaves: list[Tensor]) -> Any:
    """What a call gives, or raises, and the gradients that it leaves."""
    try:
        result = values(function())
    except CannotRecord:
        raise
    except Exception as error:
        return type(error).__name__, str(error)
    return [result, [values(leaf.grad) for leaf in leaves], [values(leaf) for leaf in leaves]]


def rounding(row: Operator, args: tuple[Any, ...]) -> float:
    """By how much a compiled row may differ: its gradient, of those that the pass `softmax_of_exp` computes anew."""
    if row.name != "log_softmax":
        return 0.0
    return 1e-12 if args[0].dtype == np.float64 else 1e-6


def agree(row: Operator, args: tuple[Any, ...], needs: list[bool], call: Any) -> bool:
    """Hold three calls of a compiled step to eager ones; whether a program ran, or eager raised as well."""

    def step(*operands: Any) -> Any:
        result = call(*operands)
        outputs = [x for x in (result if isinstance(result, (tuple, list)) else [result]) if isinstance(x, Tensor)]
        roots = [x for x in outputs if x.requires_grad]
        if roots:
            weights = [torch.arange(1.0, x.numel() + 1, dtype=x.dtype).reshape(x.shape) for x in roots]
            torch.autograd.backward(roots, weights)
        return [x.detach() for x in outputs]

    compiled = compile(step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            ours, leaves = tensors_of(row, args, needs)
            theirs, twins = tensors_of(row, args, needs)
            eager = outcome(lambda theirs=theirs: step(*theirs), twins)
            assert_equal(outcome(lambda ours=ours: compiled(*ours), leaves), eager, rounding(row, args), row.name)
    return isinstance(eager, tuple) or any(program.confirmed for program in compiled.programs)


# Rows whose results have a size that depends on values.
SIZED_BY_VALUES = {"bincount", "unique_all", "unique_dim", "unique_runs"}


@pytest.mark.parametrize("name", sorted(TABLE))
@settings(max_examples=4)
@given(st.data())
def test_a_row(name: str, data: st.DataObject) -> None:
    row = TABLE[name]
    args = data.draw(row_inputs(row, data.draw(st.sampled_from(["float32", "float64"]))))
    needs = data.draw(st.lists(st.booleans(), min_size=2, max_size=3))
    if depends_on_values(row, args, needs):
        with pytest.raises(CannotRecord, match="depends on the values of the mask"):
            agree(row, args, needs, FUNCTIONS[name])
    elif name in SIZED_BY_VALUES:
        with pytest.raises(CannotRecord):
            agree(row, args, [False], FUNCTIONS[name])
    else:
        assert agree(row, args, needs, FUNCTIONS[name])


def test_one_hot() -> None:
    step = compile(lambda x: torch.nn.functional.one_hot(x, 3))
    for classes in ([0, 1], [1, 2], [2, 0], [1, 1]):
        assert step(torch.tensor(classes)).tolist() == [[int(i == c) for i in range(3)] for c in classes]
    with pytest.raises(RuntimeError, match="smaller than num_classes"):
        step(torch.tensor([0, 3]))


@pytest.mark.parametrize("name", sorted(row.name for row in TABLE.values() if row.inplace))
@settings(max_examples=3)
@given(st.data())
def test_a_row_in_place(name: str, data: st.DataObject) -> None:
    row = TABLE[name]
    args = data.draw(row_inputs(row))
    write = INPLACE[name + "_"]
    agree(row, args, [True, False], lambda first, *rest: write(first * 1, *rest))
    agree(row, args, [False], write)


@pytest.mark.parametrize("exponent", [0.5, -1, -1.0, 2, 1.5, 0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_have_the_bits_of_eager_ones(exponent: float, dtype: str) -> None:
    """NumPy's operator takes a square root for 0.5 and a reciprocal for -1; np.power did not before NumPy 2.3."""
    x = torch.rand(2000, dtype=getattr(torch, dtype))

    def written(x: Tensor, exponent: float) -> Tensor:
        result = x + 0
        result **= exponent
        return result

    for power in (lambda x, _: (x + 0) ** exponent, lambda x, changed: (x + 0) ** changed, written):
        step = compile(power)
        for changed in (exponent, exponent, exponent, 3.25, exponent):
            np.testing.assert_array_equal(step(x, changed).numpy(), power(x, changed).numpy())
