"""Divergences of every pair of families against torch, which function a pair gets, and what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions.kl import _KL_REGISTRY as THEIRS

import tinygrad_mlp
from support.families import FAMILIES, WORLDS, Maker, answer, assert_same
from tinygrad_mlp.distributions.kl import _KL_REGISTRY as OURS

# One maker of distributions for each class that has divergences.
MADE: dict[str, Any] = {
    "Bernoulli": "bernoulli", "Beta": "beta", "Binomial": "binomial_logits", "Categorical": "categorical",
    "Cauchy": "cauchy", "ContinuousBernoulli": "continuous_bernoulli", "Dirichlet": "dirichlet",
    "Exponential": "exponential", "Gamma": "gamma", "Geometric": "geometric", "Gumbel": "gumbel",
    "HalfNormal": "half_normal", "Independent": "independent", "Laplace": "laplace",
    "LowRankMultivariateNormal": lambda d, m: d.LowRankMultivariateNormal(m.real(3), m.real(3, 2), m.positive(3)),
    "MultivariateNormal": "multivariate_normal", "Normal": "normal", "OneHotCategorical": "one_hot_categorical",
    "Pareto": "pareto_large", "Poisson": "poisson", "TransformedDistribution": "log_normal", "Uniform": "uniform",
    "ExponentialFamily": "dirichlet",
}  # fmt: skip
PAIRS = sorted((p.__name__, q.__name__) for p, q in THEIRS)
# Torch gives infinity where the ends of the two intervals are the same, though the divergence is finite.
FINITE_HERE = {("ContinuousBernoulli", "Uniform"), ("Uniform", "ContinuousBernoulli")}


def both(name: str, dtype: str, seed: int, batch: tuple[int, ...] = (2, 3)) -> list[tuple[Any, Maker]]:
    make = MADE[name]
    make = FAMILIES[make] if isinstance(make, str) else make
    made = []
    for module in WORLDS:
        maker = Maker(module, dtype, batch, seed)
        made.append((make(module.distributions, maker), maker))
    return made


def test_the_pairs_are_torchs() -> None:
    assert sorted((p.__name__, q.__name__) for p, q in OURS) == PAIRS


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_divergences_and_their_gradients(p: str, q: str, dtype: str) -> None:
    found = []
    for (one, first), (other, second), module in zip(both(p, dtype, 1), both(q, dtype, 2), WORLDS, strict=True):
        value = module.distributions.kl_divergence(one, other)
        weights = first.tensor(np.cos(np.arange(value.numel())).reshape(tuple(value.shape)), False)
        leaves = [*first.leaves, *second.leaves]
        grads = []
        if value.requires_grad:
            grads = module.autograd.grad((value * weights).sum(), leaves, allow_unused=True)
            grads = [module.zeros_like(x) if g is None else g for x, g in zip(leaves, grads, strict=True)]
        found.append((value, list(grads)))
    (ours, our_grads), (theirs, their_grads) = found
    rtol = {"float32": 2e-4, "float64": 1e-10}[dtype]
    assert_same(ours, theirs, rtol)
    assert_same(our_grads, their_grads, max(10 * rtol, 1e-7), "gradients")


def test_intervals() -> None:
    """Uniform distributions within another, beyond it, and on [0, 1]."""
    for p, q in (("Uniform", "Uniform"), ("Beta", "Uniform"), ("Uniform", "Beta"), ("Uniform", "Gamma"),
                 ("Uniform", "Exponential"), ("Uniform", "Pareto"), ("ContinuousBernoulli", "Uniform"),
                 ("Uniform", "ContinuousBernoulli")):  # fmt: skip
        for low, high in ((0.2, 0.7), (-0.5, 1.5), (0.3, 2.0), (-1.0, 0.5)):
            found = []
            for world, module in enumerate(WORLDS):
                uniform = module.distributions.Uniform(module.tensor(low), module.tensor(high))
                one = uniform if p == "Uniform" else both(p, "float32", 3, ())[world][0]
                other = uniform if q == "Uniform" and p != "Uniform" else both(q, "float32", 3, ())[world][0]
                found.append(module.distributions.kl_divergence(one, other))
            assert_same(*found, 1e-4, f"{p} {q} {low} {high}")


@pytest.mark.parametrize(("p", "q"), sorted(FINITE_HERE))
def test_the_same_interval(p: str, q: str) -> None:
    """By the mean over many points of the interval."""
    d = tinygrad_mlp.distributions
    made = {"Uniform": d.Uniform(0.0, 1.0, validate_args=False), "ContinuousBernoulli": d.ContinuousBernoulli(0.3)}
    one, other = made[p], made[q]
    x = (tinygrad_mlp.arange(10000) + 0.5) / 10000
    expected = (one.log_prob(x).exp() * (one.log_prob(x) - other.log_prob(x))).mean()
    np.testing.assert_allclose(d.kl_divergence(one, other).item(), expected.item(), rtol=1e-4)


def test_special_probabilities() -> None:
    for p in (0.0, 0.3, 1.0):
        for q in (0.0, 0.3, 1.0):
            found = [
                m.distributions.kl_divergence(
                    m.distributions.Bernoulli(m.tensor(p)), m.distributions.Bernoulli(m.tensor(q))
                )
                for m in WORLDS
            ]
            assert_same(*found, 1e-5, f"{p} {q}")
    for p, q in (([0.0, 1.0], [0.5, 0.5]), ([0.5, 0.5], [0.0, 1.0]), ([0.0, 1.0], [0.0, 1.0])):
        found = [
            m.distributions.kl_divergence(
                m.distributions.Categorical(m.tensor(p)), m.distributions.Categorical(m.tensor(q))
            )
            for m in WORLDS
        ]
        assert_same(*found, 1e-5, f"{p} {q}")


@pytest.mark.parametrize(
    "pair",
    [
        lambda m, d: (d.Normal(0.0, 1.0), d.Poisson(1.0)),
        lambda m, d: (d.Bernoulli(0.5), d.Categorical(m.ones(2))),
        lambda m, d: (d.Binomial(3, m.tensor(0.5)), d.Binomial(4, m.tensor(0.5))),
        lambda m, d: (d.Binomial(5, m.tensor(0.5)), d.Binomial(4, m.tensor(0.5))),
        lambda m, d: (d.Gamma(m.ones(()), 1.0), d.Dirichlet(m.ones(3))),
        lambda m, d: (d.LogNormal(0.0, 1.0), d.HalfNormal(1.0)),
        lambda m, d: (d.Independent(d.Normal(m.zeros(2, 3), 1.0), 1), d.Independent(d.Normal(m.zeros(2, 3), 1.0), 2)),
        lambda m, d: (d.MultivariateNormal(m.zeros(2), m.eye(2)), d.MultivariateNormal(m.zeros(3), m.eye(3))),
        lambda m, d: (
            d.MultivariateNormal(m.zeros(2), m.eye(2)),
            d.LowRankMultivariateNormal(m.zeros(3), m.ones(3, 1), m.ones(3)),
        ),
        lambda m, d: (
            d.LowRankMultivariateNormal(m.zeros(2), m.ones(2, 1), m.ones(2)),
            d.LowRankMultivariateNormal(m.zeros(3), m.ones(3, 1), m.ones(3)),
        ),
        lambda m, d: (
            d.LowRankMultivariateNormal(m.zeros(2), m.ones(2, 1), m.ones(2)),
            d.MultivariateNormal(m.zeros(3), m.eye(3)),
        ),
        lambda m, d: (d.Uniform(0.0, 1.0), d.Uniform(0.5, 1.0)),
        lambda m, d: (d.Pareto(1.0, 0.5), d.Exponential(1.0)),
        lambda m, d: (d.Pareto(1.0, 1.5), d.Normal(1.0, 1.0)),
        lambda m, d: (d.Chi2(3.0), d.Chi2(4.0)),
        lambda m, d: (d.Chi2(3.0), d.Gamma(4.0, 1.0)),
    ],
)
def test_refusals_and_edges(pair: Any) -> None:
    found = [answer(lambda m=m: m.distributions.kl_divergence(*pair(m, m.distributions))) for m in WORLDS]
    assert_same(*found, 1e-5)


def test_any_class_is_registered_and_nothing_else() -> None:
    """A library's own base of distributions may stand beside Distribution, as pyro's does."""

    class Base:
        pass

    for m in WORLDS:
        d = m.distributions
        Both = type("Both", (d.Distribution, Base), {})
        before = dict(d.kl._KL_REGISTRY)
        try:
            d.register_kl(Both, Base)(lambda p, q: "beside")
            assert d.kl_divergence(Both(validate_args=False), Both(validate_args=False)) == "beside"
            with pytest.raises(TypeError, match=r"issubclass\(\) arg 1 must be a class"):
                d.register_kl(Base, "x")
        finally:
            d.kl._KL_REGISTRY.clear()
            d.kl._KL_REGISTRY.update(before)
            getattr(d.kl, "_KL_MEMOIZE", {}).clear()


def test_a_pair_of_ones_own() -> None:
    """The nearest function is taken, and two that are as near are warned of."""
    said = []
    for m in WORLDS:
        d = m.distributions
        registry = d.kl._KL_REGISTRY
        before = dict(registry)
        try:

            class Left(d.Normal):
                pass

            class Right(d.Normal):
                pass

            assert d.kl_divergence(Left(0.0, 1.0), Right(1.0, 1.0)).item() == 0.5
            d.register_kl(Left, d.Normal)(lambda p, q: "left")
            assert d.kl_divergence(Left(0.0, 1.0), Right(1.0, 1.0)) == "left"
            d.register_kl(d.Normal, Right)(lambda p, q: "right")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result = d.kl_divergence(Left(0.0, 1.0), Right(1.0, 1.0))
            assert len(caught) == 1
            assert m is torch or caught[0].filename == __file__
            said.append((result, caught[0].category, str(caught[0].message)))
            d.register_kl(Left, Right)(lambda p, q: "both")
            assert d.kl_divergence(Left(0.0, 1.0), Right(1.0, 1.0)) == "both"
        finally:
            registry.clear()
            registry.update(before)
            getattr(d.kl, "_KL_MEMOIZE", {}).clear()
    assert said[0] == said[1]


def test_names_of_modules() -> None:
    d = tinygrad_mlp.distributions
    assert d.kl.kl_divergence is d.kl_divergence and d.kl.register_kl is d.register_kl
    for module in (
        "normal", "bernoulli", "studentT", "fishersnedecor", "multivariate_normal", "transforms", "utils",
        "constraints", "constraint_registry", "exp_family", "distribution", "relaxed_categorical",
    ):  # fmt: skip
        ours, theirs = getattr(d, module), getattr(torch.distributions, module)
        assert [name for name in getattr(theirs, "__all__", ()) if not hasattr(ours, name)] == []
    assert set(torch.distributions.__all__) <= set(d.__all__)
