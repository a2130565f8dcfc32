"""Losses of tensors whose dtypes differ, and of targets that are refused: as torch, in the function and at its row."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import tinygrad_mlp
from support import oracle
from support.two_worlds import assert_alike, refusal
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.tensor import FUNCTIONS

REDUCTIONS = ("none", "mean", "sum")
FLOATING = ("float16", "float32", "float64")
SEVERAL = [(a, b) for a, b in itertools.product(FLOATING, FLOATING) if a != b]
RTOL = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-12}


def probabilities(torch: Any, dtype: str, step: float, needs: bool = False) -> Any:
    """Six numbers between 0 and 1."""
    numbers = (torch.arange(6, dtype=torch.float64) * step + 0.2).sin() ** 2
    return numbers.reshape(2, 3).to(getattr(torch, dtype)).requires_grad_(needs)


# -- weights of classes ----------------------------------------------------------------------------

CLASS_LOSSES = {
    "nll_loss": lambda torch, *args: torch.nn.functional.nll_loss(*args),
    "cross_entropy": lambda torch, *args: torch.nn.functional.cross_entropy(*args),
    "with smoothing": lambda torch, *args: torch.nn.functional.cross_entropy(*args, label_smoothing=0.25),
    "the row": lambda torch, *args: (
        torch.nn.functional.nll_loss(*args) if torch is oracle.torch() else FUNCTIONS["nll_loss"](*args)
    ),
}


@pytest.mark.parametrize(("dtype", "other"), [*SEVERAL, ("float16", "int64"), ("float32", "bool")])
@pytest.mark.parametrize("loss", CLASS_LOSSES)
def test_weights_of_classes_of_another_dtype_are_refused(loss, dtype, other) -> None:
    def program(torch):
        x = torch.zeros(2, 3, dtype=getattr(torch, dtype))
        return CLASS_LOSSES[loss](torch, x, torch.tensor([0, 2]), torch.ones(3, dtype=getattr(torch, other)))

    refusal(program, words=7)


@pytest.mark.parametrize("other", ["int64", "bool", "float32"])
@pytest.mark.parametrize("loss", ["nll_loss", "the row"])
@pytest.mark.parametrize("framework", [oracle.torch(), tinygrad_mlp], ids=["torch", "ours"])
def test_of_integers_there_is_no_loss_whatever_the_weights(framework, loss, other) -> None:
    x, target = framework.zeros(2, 3, dtype=framework.int64), framework.tensor([0, 2])
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        CLASS_LOSSES[loss](framework, x, target, framework.ones(3, dtype=getattr(framework, other)))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 2), (2, 3, 1, 2)])
def test_they_are_in_any_number_of_dimensions(shape) -> None:
    def program(torch):
        target = torch.zeros(shape[:1] + shape[2:] if len(shape) > 1 else (), dtype=torch.int64)
        return torch.nn.functional.nll_loss(torch.zeros(shape), target, torch.ones(3).double())

    refusal(program, words=7)


# -- weights of elements ---------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("dtype", "other"), [*SEVERAL, *((dtype, "int64") for dtype in FLOATING)])
def test_a_weight_of_another_dtype_leaves_binary_cross_entropy_its_own(dtype, other, reduction) -> None:
    """The loss and its gradients have the dtype of the input."""

    def program(torch):
        x, target = probabilities(torch, dtype, 0.3, True), probabilities(torch, dtype, 0.5, True)
        weight = (probabilities(torch, "float64", 0.7) * 4).to(getattr(torch, other))
        loss = torch.nn.functional.binary_cross_entropy(x, target, weight, reduction=reduction)
        first = torch.autograd.grad(loss, [x, target], torch.ones_like(loss), create_graph=True)
        second = torch.autograd.grad([g.sum() for g in first], [x, target])
        return loss, first, second

    assert_alike(program, rtol=max(RTOL[dtype], RTOL.get(other, 0)))


# -- float16 beside wider dtypes -------------------------------------------------------------------

MIXED = {
    "binary_cross_entropy_with_logits": lambda f, x, target, weight, reduction: f.binary_cross_entropy_with_logits(
        x, target, weight, reduction=reduction, pos_weight=weight
    ),
    "huber_loss": lambda f, x, target, weight, reduction: f.huber_loss(x, target, reduction=reduction),
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtypes", [d for d in itertools.product(FLOATING, repeat=3) if "float16" in d])
@pytest.mark.parametrize("name", MIXED)
def test_a_loss_of_several_dtypes_has_that_of_torch(name, dtypes, reduction) -> None:
    """Some of the tensors are float16, whose losses alone are rounded to it."""

    def program(torch):
        x, target, weight = (probabilities(torch, d, step) for d, step in zip(dtypes, (0.3, 0.5, 0.7), strict=True))
        return MIXED[name](torch.nn.functional, x, target, weight, reduction)

    assert_alike(program, rtol=RTOL["float16"])


def test_their_rows_promote_nothing() -> None:
    """Else the dtypes would be one before the row sees them."""
    assert [TABLE[name].promotion for name in MIXED] == [None, None]


# -- targets ---------------------------------------------------------------------------------------

REFUSED_TARGETS = {
    "bytes of images": lambda torch, f: f.nll_loss(torch.ones(2, 3, 4), torch.ones(2, 4, dtype=torch.uint8)),
    "no dimension for a batch": lambda torch, f: f.nll_loss(torch.ones(2, 3), torch.tensor(1)),
    "several for one sample": lambda torch, f: f.nll_loss(torch.ones(3), torch.tensor([1, 2])),
    "several of another dtype": lambda torch, f: f.nll_loss(torch.ones(3), torch.tensor([1, 2], dtype=torch.int32)),
    "of no class": lambda torch, f: f.nll_loss(torch.ones(0), torch.tensor(0)),
    "of no class in a batch": lambda torch, f: f.nll_loss(torch.ones(2, 0), torch.tensor([0, 0])),
}


@pytest.mark.parametrize("name", REFUSED_TARGETS)
def test_refused_targets(name) -> None:
    refusal(lambda torch: REFUSED_TARGETS[name](torch, torch.nn.functional), words=9)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_smoothing_refuses_a_dimension_of_one_sample(reduction) -> None:
    def program(torch):
        x, target = torch.rand(3), torch.tensor([1])
        return torch.nn.functional.cross_entropy(x, target, reduction=reduction, label_smoothing=0.25)

    refusal(program, words=9)
