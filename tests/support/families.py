"""Distributions of every family, made alike in torch and in tinygrad_mlp, and questions that both answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import tinygrad_mlp

WORLDS = (tinygrad_mlp, torch)
DTYPES = ("float32", "float64")


class Maker:
    """Makes tensors of one of the two, of the same random numbers; those that are parameters require grad."""

    def __init__(self, module: Any, dtype: str, batch: tuple[int, ...], seed: int = 0) -> None:
        self.module, self.dtype, self.batch = module, dtype, batch
        self.rng = np.random.default_rng(seed)
        self.leaves: list[Any] = []

    def tensor(self, values: Any, requires_grad: bool = True) -> Any:
        x = self.module.from_numpy(np.array(values, self.dtype, order="C")).requires_grad_(requires_grad)
        if requires_grad:
            self.leaves.append(x)
        return x

    def real(self, *event: int) -> Any:
        return self.tensor(self.rng.normal(size=(*self.batch, *event)))

    def positive(self, *event: int) -> Any:
        return self.tensor(self.rng.gamma(3.0, 0.7, size=(*self.batch, *event)) + 0.2)

    def large(self, *event: int) -> Any:
        return self.tensor(self.rng.gamma(3.0, 0.7, size=(*self.batch, *event)) + 4.5)

    def unit(self, *event: int) -> Any:
        return self.tensor(self.rng.uniform(0.05, 0.95, size=(*self.batch, *event)))

    def counts(self, most: int) -> Any:
        return self.tensor(self.rng.integers(1, most, size=self.batch), False)

    def simplex(self, n: int) -> Any:
        return self.tensor(self.rng.dirichlet(np.full(n, 2.0), size=self.batch))

    def triangle(self, n: int) -> Any:
        x = np.tril(self.rng.normal(size=(*self.batch, n, n)), -1)
        return self.tensor(x + np.eye(n) * self.rng.uniform(0.5, 2.0, size=(*self.batch, 1, n)))

    def covariance(self, n: int) -> Any:
        x = self.rng.normal(size=(*self.batch, n, n))
        return self.tensor(x @ np.swapaxes(x, -1, -2) + np.eye(n))


FAMILIES: dict[str, Callable[[Any, Maker], Any]] = {
    "bernoulli": lambda d, m: d.Bernoulli(m.unit()),
    "bernoulli_logits": lambda d, m: d.Bernoulli(logits=m.real()),
    "beta": lambda d, m: d.Beta(m.positive(), m.positive()),
    "binomial": lambda d, m: d.Binomial(m.counts(30), m.unit()),
    "binomial_logits": lambda d, m: d.Binomial(12, logits=m.real()),
    "categorical": lambda d, m: d.Categorical(m.simplex(4)),
    "categorical_logits": lambda d, m: d.Categorical(logits=m.real(3)),
    "cauchy": lambda d, m: d.Cauchy(m.real(), m.positive()),
    "chi2": lambda d, m: d.Chi2(m.positive()),
    "continuous_bernoulli": lambda d, m: d.ContinuousBernoulli(m.unit()),
    "continuous_bernoulli_half": lambda d, m: d.ContinuousBernoulli(m.tensor(np.full(m.batch, 0.5003))),
    "continuous_bernoulli_logits": lambda d, m: d.ContinuousBernoulli(logits=m.real()),
    "dirichlet": lambda d, m: d.Dirichlet(m.positive(3)),
    "dirichlet_large": lambda d, m: d.Dirichlet(m.large(4)),
    "exponential": lambda d, m: d.Exponential(m.positive()),
    "fisher_snedecor": lambda d, m: d.FisherSnedecor(m.positive(), m.large()),
    "gamma": lambda d, m: d.Gamma(m.positive(), m.positive()),
    "generalized_pareto": lambda d, m: d.GeneralizedPareto(m.real(), m.positive(), m.real()),
    "geometric": lambda d, m: d.Geometric(m.unit()),
    "geometric_logits": lambda d, m: d.Geometric(logits=m.real()),
    "gumbel": lambda d, m: d.Gumbel(m.real(), m.positive()),
    "half_cauchy": lambda d, m: d.HalfCauchy(m.positive()),
    "half_normal": lambda d, m: d.HalfNormal(m.positive()),
    "inverse_gamma": lambda d, m: d.InverseGamma(m.positive(), m.positive()),
    "inverse_gamma_large": lambda d, m: d.InverseGamma(m.large(), m.positive()),
    "kumaraswamy": lambda d, m: d.Kumaraswamy(m.positive(), m.positive()),
    "laplace": lambda d, m: d.Laplace(m.real(), m.positive()),
    "lkj_cholesky": lambda d, m: d.LKJCholesky(3, m.positive()),
    "log_normal": lambda d, m: d.LogNormal(m.real(), m.positive()),
    "logistic_normal": lambda d, m: d.LogisticNormal(m.real(3), m.positive(3)),
    "logit_relaxed_bernoulli": lambda d, m: d.relaxed_bernoulli.LogitRelaxedBernoulli(
        m.tensor(0.7, False), logits=m.real()
    ),
    "lowrank_multivariate_normal": lambda d, m: d.LowRankMultivariateNormal(m.real(4), m.real(4, 2), m.positive(4)),
    "multinomial": lambda d, m: d.Multinomial(9, m.simplex(3)),
    "multivariate_normal": lambda d, m: d.MultivariateNormal(m.real(3), m.covariance(3)),
    "multivariate_normal_precision": lambda d, m: d.MultivariateNormal(m.real(3), precision_matrix=m.covariance(3)),
    "multivariate_normal_tril": lambda d, m: d.MultivariateNormal(m.real(3), scale_tril=m.triangle(3)),
    "negative_binomial": lambda d, m: d.NegativeBinomial(m.positive(), m.unit()),
    "negative_binomial_logits": lambda d, m: d.NegativeBinomial(5, logits=m.real()),
    "normal": lambda d, m: d.Normal(m.real(), m.positive()),
    "normal_of_a_number": lambda d, m: d.Normal(m.real(), 2.0),
    "one_hot_categorical": lambda d, m: d.OneHotCategorical(m.simplex(4)),
    "one_hot_straight_through": lambda d, m: d.OneHotCategoricalStraightThrough(logits=m.real(4)),
    "pareto": lambda d, m: d.Pareto(m.positive(), m.positive()),
    "pareto_large": lambda d, m: d.Pareto(m.positive(), m.large()),
    "poisson": lambda d, m: d.Poisson(m.large()),
    "relaxed_bernoulli": lambda d, m: d.RelaxedBernoulli(m.tensor(0.6, False), m.unit()),
    "relaxed_one_hot": lambda d, m: d.RelaxedOneHotCategorical(m.tensor(0.6, False), logits=m.real(3)),
    "student_t": lambda d, m: d.StudentT(m.positive(), m.real(), m.positive()),
    "student_t_large": lambda d, m: d.StudentT(m.large()),
    "uniform": lambda d, m: d.Uniform(m.real(), m.large()),
    "von_mises": lambda d, m: d.VonMises(m.real(), m.positive()),
    "weibull": lambda d, m: d.Weibull(m.positive(), m.positive()),
    "wishart": lambda d, m: d.Wishart(m.large(), m.covariance(3)),
    "wishart_tril": lambda d, m: d.Wishart(m.large(), scale_tril=m.triangle(2).tril()),
    # made of others
    "independent": lambda d, m: d.Independent(d.Normal(m.real(3), m.positive(3)), 1),
    "independent_bernoulli": lambda d, m: d.Independent(d.Bernoulli(m.unit(2, 3)), 2),
    "independent_of_nothing": lambda d, m: d.Independent(d.Categorical(m.simplex(3)), 0),
    "mixture": lambda d, m: d.MixtureSameFamily(
        d.Categorical(m.simplex(3)), d.Normal(m.real(3), m.positive(3))
    ),
    "mixture_of_vectors": lambda d, m: d.MixtureSameFamily(
        d.Categorical(logits=m.real(3)), d.Independent(d.Laplace(m.real(3, 2), m.positive(3, 2)), 1)
    ),
    "transformed": lambda d, m: d.TransformedDistribution(
        d.Normal(m.real(), m.positive()), [d.AffineTransform(1.0, -2.0), d.SigmoidTransform()]
    ),
    "transformed_vectors": lambda d, m: d.TransformedDistribution(
        d.Independent(d.Normal(m.real(3), m.positive(3)), 1), d.StickBreakingTransform()
    ),
}  # fmt: skip
BATCHES = ((), (2, 3))


def pair(name: str, dtype: str, batch: tuple[int, ...], validate: bool = True) -> list[tuple[Any, Maker]]:
    """A distribution in each of the two, with what made it."""
    made = []
    for module in WORLDS:
        maker = Maker(module, dtype, batch, seed=sum(map(ord, name)) + len(batch))
        made.append((FAMILIES[name](module.distributions, maker), maker))
    return made


def answer(question: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or what it raises."""
    try:
        return question(*args)
    except Exception as error:
        return error


def assert_same(ours: Any, theirs: Any, rtol: float, what: str = "") -> None:
    """Equal tensors up to a tolerance, equal other values, or exceptions of one type and text."""
    if isinstance(theirs, Exception):
        if not isinstance(ours, Exception):
            raise AssertionError(f"{what}: torch raises {theirs!r}, and we give {ours}")
        assert type(ours) is type(theirs), f"{what}: {ours!r} in place of {theirs!r}"
        words = (str(x).replace("tinygrad_mlp", "torch").split() for x in (ours, theirs))  # torch's have odd spaces
        assert next(words) == next(words), what
        return
    if isinstance(ours, Exception):
        raise ours
    if isinstance(theirs, torch.Tensor):
        assert str(ours.dtype).removeprefix("tinygrad_mlp.").removeprefix("torch.") == str(theirs.dtype)[6:], what
        ours, theirs = ours.detach().numpy(), theirs.detach().numpy()
        assert ours.shape == theirs.shape, what
        scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0) if theirs.size else 0.0
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * min(scale, 1.0), err_msg=what)
        return
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs), what
        for mine, other in zip(ours, theirs, strict=True):
            assert_same(mine, other, rtol, what)
        return
    assert ours == theirs or repr(ours) == repr(theirs), what
