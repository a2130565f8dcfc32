"""Every family against torch: shapes, moments, densities, samples by seed, gradients, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

import tinygrad_mlp
from support.families import BATCHES, DTYPES, FAMILIES, WORLDS, answer, assert_same, pair

RTOL = {"float32": 3e-5, "float64": 1e-11}
# Torch's own digits: its derivatives of samples, and its Bessel functions.
IMPLICIT = 2e-3
COARSE = {("von_mises", "float64"): 1e-6, ("continuous_bernoulli_logits", "float32"): 5e-2}  # formulas that cancel
POLYGAMMA = 1e-7  # of the gradients of entropies
NOT_IN_TORCH = ("generalized_pareto", "float64")  # which raises RuntimeError: ours is held against SciPy's
RIGHT_HERE = {("kumaraswamy", "mode")}  # torch's is nan everywhere; ours is tested by its density below


def every(*, batches: Any = BATCHES) -> Any:
    cases = [(name, dtype, batch) for name in FAMILIES for dtype in DTYPES for batch in batches]
    return pytest.mark.parametrize(("name", "dtype", "batch"), cases)


def tolerance(name: str, dtype: str) -> float:
    return max(RTOL[dtype], COARSE.get((name, dtype), 0.0))


def grads(value: Any, maker: Any) -> Any:
    """The gradients of a weighted sum of a value by all parameters."""
    if isinstance(value, Exception) or not value.requires_grad:
        return []
    weights = maker.tensor(np.cos(np.arange(value.numel())).reshape(tuple(value.shape)), False)
    found = maker.module.autograd.grad((value * weights).sum(), maker.leaves, allow_unused=True, retain_graph=True)
    return [maker.module.zeros_like(x) if g is None else g for x, g in zip(maker.leaves, found, strict=True)]


@every()
def test_what_it_says_of_itself(name: str, dtype: str, batch: Any) -> None:
    (ours, _), (theirs, _) = pair(name, dtype, batch)
    for attribute in ("batch_shape", "event_shape", "has_rsample", "has_enumerate_support"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    assert repr(ours) == repr(theirs)
    assert repr(ours.support) == repr(theirs.support)
    assert str(ours.arg_constraints) == str(theirs.arg_constraints)
    assert ours.support.is_discrete == theirs.support.is_discrete
    assert ours.support.event_dim == theirs.support.event_dim


@every()
def test_moments_and_their_gradients(name: str, dtype: str, batch: Any) -> None:
    (ours, our_maker), (theirs, their_maker) = pair(name, dtype, batch)
    for attribute in ("mean", "mode", "variance", "stddev"):
        if (name, attribute) in RIGHT_HERE:
            continue
        mine, other = (answer(lambda d=d, a=attribute: getattr(d, a)) for d in (ours, theirs))
        assert_same(mine, other, tolerance(name, dtype), attribute)
        if not isinstance(other, Exception) and torch.isfinite(other).all():
            assert_same(grads(mine, our_maker), grads(other, their_maker), 10 * tolerance(name, dtype), attribute)
    for method in ("entropy", "perplexity"):
        mine, other = (answer(getattr(d, method)) for d in (ours, theirs))
        assert_same(mine, other, 3 * tolerance(name, dtype), method)
        rtol = max(POLYGAMMA, 10 * tolerance(name, dtype))
        assert_same(grads(mine, our_maker), grads(other, their_maker), rtol, method)


@every()
def test_samples_have_torchs_numbers(name: str, dtype: str, batch: Any) -> None:
    if is_drawn_twice(name):
        return
    for shape in ((), (5,), (2, 3)):
        drawn = []
        for (d, _), module in zip(pair(name, dtype, batch), WORLDS, strict=True):
            module.manual_seed(7)
            drawn.append((d.sample(shape), d.sample(), module.rand(2)))
        assert_same(*drawn, tolerance(name, dtype), "sample")
        assert not drawn[0][0].requires_grad


@every()
def test_samples_with_gradients(name: str, dtype: str, batch: Any) -> None:
    if is_drawn_twice(name):
        return
    drawn = []
    for (d, maker), module in zip(pair(name, dtype, batch), WORLDS, strict=True):
        module.manual_seed(3)
        value = answer(lambda d=d: d.rsample((6,)))
        drawn.append((value, grads(value, maker)))
    (ours, our_grads), (theirs, their_grads) = drawn
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs)
        return
    assert_same(ours, theirs, tolerance(name, dtype), "rsample")
    implicit = ("beta", "chi2", "dirichlet", "fisher", "gamma", "inverse_gamma", "student")
    rtol = IMPLICIT if name.startswith(implicit) else 10 * tolerance(name, dtype)
    assert_same(our_grads, their_grads, rtol, "the gradients of rsample")


def is_drawn_twice(name: str) -> bool:
    """Whether torch draws a second time, and warns, where it should not."""
    return name.startswith("wishart")


def values_of(name: str, dtype: str, batch: Any) -> np.ndarray:
    """Values of a distribution, drawn in torch."""
    (theirs, _) = pair(name, dtype, batch)[1]
    torch.manual_seed(11)
    draw = theirs._bartlett_sampling if is_drawn_twice(name) else theirs.sample
    return draw((7,)).detach().numpy()


@every()
def test_densities_and_their_gradients(name: str, dtype: str, batch: Any) -> None:
    if (name, dtype) == NOT_IN_TORCH:
        return
    values = values_of(name, dtype, batch)
    for method in ("log_prob", "cdf"):
        found = []
        for (d, maker), module in zip(pair(name, dtype, batch), WORLDS, strict=True):
            x = module.from_numpy(values.copy())
            if values.dtype.kind == "f":
                x.requires_grad_()
                maker.leaves.append(x)
            value = answer(lambda d=d, x=x, method=method: getattr(d, method)(x))
            found.append((value, answer(lambda value=value, maker=maker: grads(value, maker))))
        (ours, our_grads), (theirs, their_grads) = found
        scale = 4 if method == "log_prob" else 1
        assert_same(ours, theirs, scale * tolerance(name, dtype), method)
        assert_same(our_grads, their_grads, 20 * tolerance(name, dtype), f"the gradients of {method}")


@every()
def test_quantiles(name: str, dtype: str, batch: Any) -> None:
    shares = np.random.default_rng(0).uniform(0.05, 0.95, size=(3, *batch)).astype(dtype)
    found = [
        answer(lambda d=d, module=module: d.icdf(module.from_numpy(shares.copy())))
        for (d, _), module in zip(pair(name, dtype, batch), WORLDS, strict=True)
    ]
    if isinstance(found[1], Exception):
        assert type(found[0]) is type(found[1])
    else:
        assert_same(*found, 10 * tolerance(name, dtype), "icdf")


@every()
def test_all_values_of_it(name: str, dtype: str, batch: Any) -> None:
    (ours, _), (theirs, _) = pair(name, dtype, batch)
    for expand in (True, False):
        assert_same(
            answer(lambda expand=expand: ours.enumerate_support(expand)),
            answer(lambda expand=expand: theirs.enumerate_support(expand)),
            0.0,
            "enumerate_support",
        )


@every(batches=((), (4,)))
def test_expanded(name: str, dtype: str, batch: Any) -> None:
    if (name, dtype) == NOT_IN_TORCH or is_drawn_twice(name):
        return
    shape = (3, *batch)
    values = values_of(name, dtype, batch)[:3]
    found = []
    for (d, _), module in zip(pair(name, dtype, batch), WORLDS, strict=True):
        larger = d.expand(shape)
        module.manual_seed(5)
        found.append(
            (tuple(larger.batch_shape), tuple(larger.event_shape), repr(larger), larger.sample((2,)),
             larger.log_prob(module.from_numpy(values.copy())), answer(lambda larger=larger: larger.variance))
        )  # fmt: skip
    assert_same(*found, 4 * tolerance(name, dtype), "expand")


def test_the_mode_of_kumaraswamy() -> None:
    d = tinygrad_mlp.distributions.Kumaraswamy(
        tinygrad_mlp.tensor([2.0, 3.0, 0.5]), tinygrad_mlp.tensor([3.0, 1.5, 2.0]), validate_args=False
    )
    assert d.mode.isnan().tolist() == [False, False, True]
    at, around = d.log_prob(d.mode), [d.log_prob(d.mode + e) for e in (-0.01, 0.01)]
    assert all((at[:2] > other[:2]).all() for other in around)


@pytest.mark.parametrize("c", [-0.7, 0.0, 0.3])
def test_generalized_pareto_in_float64(c: float) -> None:
    x = np.array([1.1, 1.5, 2.0])
    ours = tinygrad_mlp.distributions.GeneralizedPareto(*map(tinygrad_mlp.tensor, (1.0, 2.0, c)))
    ours = tinygrad_mlp.distributions.GeneralizedPareto(
        ours.loc.double(), ours.scale.double(), ours.concentration.double()
    )
    value = tinygrad_mlp.from_numpy(x)
    theirs = stats.genpareto(c, 1.0, 2.0)
    for method, other in (("log_prob", theirs.logpdf), ("cdf", theirs.cdf), ("log_survival_function", theirs.logsf)):
        np.testing.assert_allclose(getattr(ours, method)(value).numpy(), other(x), rtol=1e-7)
    np.testing.assert_allclose(ours.icdf(value / 3).numpy(), theirs.ppf(x / 3), rtol=1e-7)


@pytest.mark.parametrize("name", ["wishart", "wishart_tril"])
def test_samples_of_wishart(name: str) -> None:
    """The first draw is that of torch's sampler, and the mean of many is the mean."""
    drawn = []
    for (d, maker), module in zip(pair(name, "float64", (2,)), WORLDS, strict=True):
        module.manual_seed(3)
        value = (d._bartlett_sampling if module is torch else d.rsample)((4,))
        drawn.append((value, grads(value, maker)))
    assert_same(drawn[0][0], drawn[1][0], 1e-10)
    assert_same(drawn[0][1], drawn[1][1], IMPLICIT, "gradients")
    ours = pair(name, "float64", (2,))[0][0]
    assert ((ours.sample((4000,)).mean(0) - ours.mean).abs() < 5 * (ours.variance / 4000).sqrt()).all()
    assert (ours.expand((3, 2)).sample().shape, ours.expand((3, 2)).mean.shape) == ((3, 2, *ours.event_shape),) * 2
