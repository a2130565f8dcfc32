"""Layers and losses beyond torch's database: numbers that are drawn, lazy modules, and arguments that it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support.oracle import outcome, to_numpy, torch

Program = Callable[[Any], Any]


def agree(program: Program) -> None:
    """A program that takes a framework gives the same numbers, or the same type of exception, in both."""
    ours, theirs = (outcome(program, world) for world in (tinygrad_mlp, torch()))
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), f"{ours!r}, torch {theirs!r}"
        return
    if isinstance(ours, Exception):
        raise ours
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(to_numpy(mine), to_numpy(other), rtol=2e-5, atol=1e-6)


def numbers(world: Any, *shape: int) -> Any:
    return world.from_numpy(np.cos(np.arange(int(np.prod(shape)), dtype=np.float32)).reshape(shape))


DRAWN: dict[str, Callable[[Any, Any], Any]] = {
    "rrelu": lambda nn, x: nn.functional.rrelu(x, 0.1, 0.9, training=True),
    "rrelu_": lambda nn, x: nn.functional.rrelu(x * 1, 0.1, 0.9, training=True, inplace=True),
    "rrelu of equal bounds": lambda nn, x: nn.functional.rrelu(x, 0.5, 0.5, training=True),
    "alpha_dropout": lambda nn, x: nn.functional.alpha_dropout(x, 0.3, True),
    "alpha_dropout in place": lambda nn, x: nn.functional.alpha_dropout(x * 1, 0.3, True, True),
    "feature_alpha_dropout": lambda nn, x: nn.functional.feature_alpha_dropout(x, 0.3, True),
    "dropout1d": lambda nn, x: nn.functional.dropout1d(x, 0.4),
    "dropout1d of one sample": lambda nn, x: nn.functional.dropout1d(x[0], 0.4),
    "AlphaDropout": lambda nn, x: nn.AlphaDropout(0.6)(x),
    "FeatureAlphaDropout": lambda nn, x: nn.FeatureAlphaDropout(0.6)(x),
    "Dropout1d": lambda nn, x: nn.Dropout1d()(x),
    "RReLU": lambda nn, x: nn.RReLU()(x),
}


@pytest.mark.parametrize("name", DRAWN)
def test_random_layers_draw_the_same_numbers(name: str) -> None:
    def program(world: Any) -> Any:
        world.manual_seed(3)
        x = numbers(world, 3, 4, 5).requires_grad_()
        out = DRAWN[name](world.nn, x)
        (out * out).sum().backward()
        return out.detach(), x.grad, world.rand(2)

    agree(program)


LAZY: dict[str, Callable[[Any], Any]] = {
    "LazyLinear": lambda nn: nn.LazyLinear(3),
    "LazyLinear without bias": lambda nn: nn.LazyLinear(3, bias=False),
    "LazyBatchNorm1d": lambda nn: nn.LazyBatchNorm1d(),
    "LazyInstanceNorm1d": lambda nn: nn.LazyInstanceNorm1d(affine=True, track_running_stats=True),
}


@pytest.mark.parametrize("name", LAZY)
def test_lazy_modules_become_usual_ones(name: str) -> None:
    def program(world: Any) -> Any:
        world.manual_seed(5)
        module = LAZY[name](world.nn)
        assert module.has_uninitialized_params()
        before = repr(module), list(module.state_dict())
        out = module(numbers(world, 2, 4, 5))
        shown.append((before, repr(module), type(module).__name__))
        return [out.detach(), *module.state_dict().values()]

    shown: list[Any] = []
    agree(program)
    assert shown[0] == shown[1]


def test_a_lazy_module_takes_the_shapes_of_a_state_that_it_loads() -> None:
    def program(world: Any) -> Any:
        world.manual_seed(5)
        usual, lazy = world.nn.Linear(4, 3), world.nn.LazyLinear(3)
        lazy.load_state_dict(usual.state_dict())
        x = numbers(world, 2, 4)
        return lazy(x).detach(), usual(x).detach()

    agree(program)


def test_the_shape_of_an_uninitialised_parameter_is_refused() -> None:
    agree(lambda world: world.nn.LazyLinear(3).weight.shape)
    assert repr(tinygrad_mlp.nn.LazyLinear(3).weight) == "<UninitializedParameter>"


def _embedded(world: Any, indices: Any = (1, 2, 1), **options: Any) -> Any:
    weight = numbers(world, 5, 3).requires_grad_()
    out = world.nn.functional.embedding(world.tensor(indices), weight.clone() if "max_norm" in options else weight,
                                        **options)  # fmt: skip
    (out * out).sum().backward()
    return out.detach(), weight.grad


def _bag(world: Any, indices: Any, offsets: Any = None, **options: Any) -> Any:
    weight = numbers(world, 5, 3).requires_grad_()
    starts = None if offsets is None else world.tensor(offsets)
    out = world.nn.functional.embedding_bag(world.tensor(indices), weight, starts, **options)
    (out * out).sum().backward()
    return out.detach(), weight.grad


CALLS: dict[str, Program] = {
    "embedding by frequency": lambda world: _embedded(world, scale_grad_by_freq=True),
    "embedding by frequency with padding": lambda world: _embedded(world, scale_grad_by_freq=True, padding_idx=1),
    "embedding of one index": lambda world: _embedded(world, 3),
    "embedding of a negative index": lambda world: _embedded(world, (-1,)),
    "embedding of an index behind": lambda world: _embedded(world, (5,)),
    "embedding of floats": lambda world: _embedded(world, (1.0,)),
    "embedding with another padding": lambda world: _embedded(world, padding_idx=5),
    "empty bags": lambda world: _bag(world, (1, 2, 1), (0, 0, 3), mode="max"),
    "bags with padding": lambda world: _bag(world, (1, 1, 2), (0, 2), mode="mean", padding_idx=-4),
    "bags with an end": lambda world: _bag(world, (1, 1, 2), (0, 2, 3), include_last_offset=True),
    "bags that do not begin": lambda world: _bag(world, (1, 1, 2), (1, 2)),
    "bags that end behind": lambda world: _bag(world, (1, 1, 2), (0, 4)),
    "bags of an index behind": lambda world: _bag(world, (1, 7, 2), (0, 2)),
    "bags in no mode": lambda world: _bag(world, ((1, 2),), mode="least"),
    "bags without offsets": lambda world: _bag(world, (1, 2)),
    "prelu of a number": lambda world: [world.nn.functional.prelu(world.tensor(-2.0), world.tensor([0.5]))],
    "prelu of two channels": lambda world: [world.nn.functional.prelu(numbers(world, 3, 4), numbers(world, 2))],
    "prelu of two dtypes": lambda world: [world.nn.functional.prelu(numbers(world, 3), numbers(world, 1).double())],
    "softshrink by less than 0": lambda world: [world.nn.functional.softshrink(numbers(world, 3), -1.0)],
    "rrelu of bounds out of order": lambda world: [world.nn.functional.rrelu(numbers(world, 3), 0.5, 0.2)],
    "rrelu of integers": lambda world: [world.nn.functional.rrelu(world.arange(3))],
    "pdist of three dimensions": lambda world: [world.nn.functional.pdist(numbers(world, 2, 2, 2))],
    "pdist of one row": lambda world: [world.nn.functional.pdist(numbers(world, 1, 3))],
    "cosine of integers": lambda world: [world.nn.functional.cosine_similarity(*[world.ones(2, 3).long()] * 2)],
    "group_norm of three groups": lambda world: [world.nn.functional.group_norm(numbers(world, 2, 4, 2), 3)],
    "instance_norm of one element": lambda world: [world.nn.functional.instance_norm(numbers(world, 2, 4, 1))],
    "rms_norm of integers": lambda world: [world.nn.functional.rms_norm(world.arange(4), (4,))],
    "batch_norm without eps": lambda world: [
        world.nn.functional.batch_norm(numbers(world, 2, 4), None, None, training=True, eps=0.0)
    ],
    "bilinear of another batch": lambda world: [
        world.nn.functional.bilinear(numbers(world, 2, 3), numbers(world, 4, 3), numbers(world, 2, 3, 3))
    ],
    "a margin of 0": lambda world: [world.nn.functional.triplet_margin_loss(*[numbers(world, 2, 3)] * 3, margin=0)],
    "a negative variance": lambda world: [
        world.nn.functional.gaussian_nll_loss(*[numbers(world, 2, 3)] * 2, -numbers(world, 2, 3).abs())
    ],
    "labels behind": lambda world: [
        world.nn.functional.multilabel_margin_loss(numbers(world, 1, 2), world.tensor([[0, 2]]))
    ],
    "gelu by no approximation": lambda world: [world.nn.functional.gelu(numbers(world, 2), approximate="fast")],
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call(name: str) -> None:
    agree(CALLS[name])


def test_max_norm_scales_the_rows_that_are_taken_in_place() -> None:
    def program(world: Any) -> Any:
        weight = numbers(world, 5, 3)
        out = world.nn.functional.embedding(world.tensor([1, 1, 2]), weight, max_norm=0.5)
        return out, weight

    agree(program)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_gradients_of_bags_by_frequency(mode: str) -> None:
    # Each row's gradient divided by how often its index occurs. Torch's kernel divides by the count of another index.
    gradients = []
    for by_frequency in (False, True):
        weight = tinygrad_mlp.zeros(3, 2, requires_grad=True)
        bags = tinygrad_mlp.tensor([0, 0, 1, 0, 2]), weight, tinygrad_mlp.tensor([0, 3])
        result = tinygrad_mlp.nn.functional.embedding_bag(*bags, mode=mode, scale_grad_by_freq=by_frequency)
        (result * tinygrad_mlp.tensor([[1.0, 2.0], [3.0, 5.0]])).sum().backward()
        gradients.append(weight.grad.numpy())
    np.testing.assert_allclose(gradients[1], gradients[0] / [[3], [1], [1]])
