"""Samplers that reject, and those by inversion, against torch: numbers, the state that they leave, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import betainc, exp, gamma, gammainc, log, loggamma, mp, mpf

import tinygrad_mlp
from support import streams
from support.families import WORLDS, answer, assert_same
from support.streams import FLOATS, check
from tinygrad_mlp.random.implicit import dirichlet_by_concentration, gamma_by_shape

REALS = ("float32", "float64")
INTEGERS = ("uint8", "int16", "int64")


@pytest.mark.parametrize("dtype", FLOATS)
def test_cauchy_and_log_normal(dtype: str) -> None:
    shapes = (*range(20), (3, 0), (), (77, 11))
    check(1, *[streams.cauchy(shape, dtype, 0.5, 2.0) for shape in shapes])
    check(2, *[streams.log_normal(shape, dtype, 0.5, 0.7) for shape in shapes])
    check(3, *[draw(n, dtype, 0.1, 1.5) for n in (3, 5, 16) for draw in (streams.log_normal, streams.normal)])


@pytest.mark.parametrize("dtype", (*FLOATS, *INTEGERS))
def test_geometric(dtype: str) -> None:
    check(1, *[streams.geometric(shape, dtype, p) for p in (0.3, 0.9, 0.5) for shape in (*range(20), (3, 0), ())])


@pytest.mark.parametrize("dtype", REALS)
def test_gamma_and_dirichlet(dtype: str) -> None:
    rng = np.random.default_rng(0)
    alphas = [np.full(300, a, dtype) for a in (0.01, 0.3, 0.99, 1.0, 2.5, 30.0, 1e4)]
    alphas += [rng.gamma(2.0, size=(7, 11)).astype(dtype), np.array(0.7, dtype), np.zeros((0, 3), dtype)]
    check(1, *[streams.gamma(alpha) for alpha in alphas])
    check(2, streams.gamma(np.array([0.0, 1.0], dtype)), streams.normal(3, dtype, 0.0, 1.0))
    check(3, *[streams.dirichlet(alpha) for alpha in (alphas[7], alphas[1], rng.gamma(0.1, size=(5, 3)).astype(dtype))])


@pytest.mark.parametrize("dtype", REALS)
def test_poisson_and_binomial(dtype: str) -> None:
    rates = [np.full(500, rate, dtype) for rate in (0.0, 0.1, 3.0, 9.99, 10.0, 25.5, 1000.0, 1e7)]
    check(1, *[streams.poisson(rate) for rate in rates])
    pairs = [(1, 0.3), (10, 0.0), (10, 1.0), (10, 0.8), (40, 0.25), (40, 0.5), (40, 0.9), (10**3, 0.013), (10**5, 0.77)]
    check(2, *[streams.binomial(np.full(500, n, dtype), np.full(500, p, dtype)) for n, p in pairs])
    check(3, streams.binomial(np.full((2, 3), 50.0, dtype), np.array([0.1, 0.4, 0.9], dtype)))
    rng = np.random.default_rng(1)
    counts, probabilities = rng.integers(0, 200, (40, 30)).astype(dtype), rng.random((40, 30)).astype(dtype)
    check(4, streams.binomial(counts, probabilities), streams.poisson(counts))


def test_halves() -> None:
    rates = np.array([0.5, 4.0, 30.0] * 10, "float16")
    check(1, streams.poisson(rates))


# -- as functions of tensors -----------------------------------------------------------------------

CALLS: dict[str, Any] = {
    "poisson": lambda m, x: m.poisson(x),
    "poisson_generator": lambda m, x: m.poisson(x, generator=m.default_generator),
    "binomial": lambda m, x: m.binomial((x * 10).floor(), x.sigmoid()),
    "standard_gamma": lambda m, x: m._standard_gamma(x),
    "sample_dirichlet": lambda m, x: m._sample_dirichlet(x.detach()),
    "cauchy_": lambda m, x: m.empty_like(x).cauchy_(),
    "cauchy_2": lambda m, x: m.empty_like(x).cauchy_(1.0, sigma=3.0),
    "log_normal_": lambda m, x: m.empty_like(x).log_normal_(),
    "geometric_": lambda m, x: m.empty_like(x).geometric_(0.2),
    "transposed": lambda m, x: m.empty_like(x).t().cauchy_(),
    "on_the_tape": lambda m, x: (x * 2).log_normal_(0.0, 1.0),
}


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("name", CALLS)
def test_functions(name: str, dtype: str) -> None:
    values = np.random.default_rng(0).gamma(2.0, size=(3, 5)).astype(dtype)
    found = []
    for m in WORLDS:
        m.manual_seed(4)
        x = m.from_numpy(values.copy()).requires_grad_()
        y = CALLS[name](m, x)
        if y.requires_grad and name != "binomial":  # which has no derivative
            y.sum().backward()
        found.append((y, x.grad, m.rand(2)))
    assert_same(*found, 1e-3 if name == "standard_gamma" else 2e-6)


REFUSED: dict[str, Any] = {
    "poisson_negative": lambda m: m.poisson(-m.ones(2)),
    "poisson_nan": lambda m: m.poisson(m.tensor([float("nan")])),
    "poisson_integers": lambda m: m.poisson(m.ones(2).int()),
    "binomial_integers": lambda m: m.binomial(m.ones(2).int(), m.ones(2)),
    "binomial_prob": lambda m: m.binomial(m.ones(2), m.ones(2).int()),
    "binomial_dtypes": lambda m: m.binomial(m.ones(2), m.ones(2).double()),
    "binomial_half": lambda m: m.binomial(m.ones(2).half(), m.ones(2).half()),
    "gamma_integers": lambda m: m._standard_gamma(m.ones(2).int()),
    "gamma_half": lambda m: m._standard_gamma(m.ones(2).half()),
    "dirichlet_half": lambda m: m._sample_dirichlet(m.ones(2).half()),
    "poisson_number": lambda m: m.poisson(3.0),
    "binomial_number": lambda m: m.binomial(3.0, m.ones(2)),
    "binomial_second": lambda m: m.binomial(m.ones(2), 0.5),
    "gamma_number": lambda m: m._standard_gamma(3.0),
    "dirichlet_number": lambda m: m._sample_dirichlet(3.0),
    "cauchy": lambda m: m.empty(2).cauchy_(0, -1),
    "cauchy_zero": lambda m: m.empty(2).cauchy_(0, 0),
    "cauchy_long": lambda m: m.zeros(2).long().cauchy_(),
    "cauchy_short": lambda m: m.zeros(2).short().cauchy_(),
    "cauchy_bool": lambda m: m.zeros(2).bool().cauchy_(),
    "log_normal": lambda m: m.empty(2).log_normal_(0, -1),
    "log_normal_long": lambda m: m.zeros(2).long().log_normal_(),
    "geometric": lambda m: m.empty(2).geometric_(0),
    "geometric_one": lambda m: m.empty(2).geometric_(1.0),
    "geometric_bool": lambda m: m.zeros(2).bool().geometric_(0.5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    assert_same(*(answer(REFUSED[name], m) for m in WORLDS), 0.0, name)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.binomial(x, x * 0.5),
        lambda m, x: m._sample_dirichlet(x),
    ],
)
def test_no_derivative(call: Any) -> None:
    found = []
    for m in WORLDS:
        x = m.ones(3, requires_grad=True)
        found.append(answer(lambda m=m, x=x: call(m, x).sum().backward()))
    assert_same(*found, 0.0)


def test_the_gradient_has_no_derivative() -> None:
    """By the shape, that is; by the cotangent it has one."""
    found = []
    for m in WORLDS:
        m.manual_seed(0)
        x, cotangent = m.ones(2, requires_grad=True), m.ones(2, requires_grad=True)
        (g,) = m.autograd.grad(m._standard_gamma(x), x, cotangent, create_graph=True)
        (again,) = m.autograd.grad(g.sum(), cotangent, retain_graph=True)
        found.append((again, answer(g.sum().backward)))
    assert_same(*found, 1e-3)


# -- derivatives of samples by the parameters ------------------------------------------------------


def test_derivatives_of_gamma_samples() -> None:
    """Against mpmath with 60 digits; torch's own are exact to 1e-3."""
    rng = np.random.default_rng(0)
    alphas = 10 ** rng.uniform(-2.5, 4, 60)
    samples = np.maximum(rng.gamma(alphas), 1e-300)
    ours = gamma_by_shape(alphas, samples)
    theirs = torch._standard_gamma_grad(*map(torch.from_numpy, (alphas, samples))).numpy()
    with mp.workdps(60):
        true = []
        for a, x in zip(map(mpf, alphas), map(mpf, samples), strict=True):
            h = mpf(10) ** -15
            slope = (gammainc(a + h, 0, x, regularized=True) - gammainc(a - h, 0, x, regularized=True)) / (2 * h)
            true.append(float(-slope * exp(-(a - 1) * log(x) + x + loggamma(a))))
    np.testing.assert_allclose(ours, true, rtol=1e-9)
    np.testing.assert_allclose(theirs, true, rtol=2e-3)


def test_derivatives_of_shares() -> None:
    rng = np.random.default_rng(1)
    a, b = 10 ** rng.uniform(-1.5, 2, (2, 60))
    x = np.clip(rng.beta(a, b), 1e-200, 1 - 1e-9)
    ours = dirichlet_by_concentration(x, a, a + b)
    theirs = torch._dirichlet_grad(*map(torch.from_numpy, (x, a, a + b))).numpy()
    with mp.workdps(60):
        true = []
        for p, q, y in zip(*(map(mpf, values) for values in (a, b, x)), strict=True):
            h = mpf(10) ** -15
            slope = (betainc(p + h, q, 0, y, regularized=True) - betainc(p - h, q, 0, y, regularized=True)) / (2 * h)
            density = y ** (p - 1) * (1 - y) ** (q - 1) * gamma(p + q) / gamma(p) / gamma(q)
            true.append(float(-slope / density / (1 - y)))
    np.testing.assert_allclose(ours, true, rtol=1e-7)
    np.testing.assert_allclose(theirs, true, rtol=5e-3)


def test_shares_that_are_rounded_to_1() -> None:
    x, one = np.ones(1, "float32"), np.ones(1, "float32")
    found = dirichlet_by_concentration(x, one, one * 2)
    assert np.isfinite(found).all() and found.dtype == np.float32
    assert tinygrad_mlp._dirichlet_grad(*(tinygrad_mlp.from_numpy(v) for v in (x, one, one * 2))).isfinite().all()
