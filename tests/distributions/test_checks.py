"""What distributions refuse, in torch's words: arguments, values and shapes; and classes of one's own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support.families import WORLDS, answer, assert_same

ARGUMENTS: dict[str, Any] = {
    "bernoulli_none": lambda m, d: d.Bernoulli(),
    "bernoulli_both": lambda m, d: d.Bernoulli(0.5, 0.5),
    "bernoulli_text": lambda m, d: d.Bernoulli("a"),
    "bernoulli": lambda m, d: d.Bernoulli(m.tensor([0.5, 1.5])),
    "bernoulli_number": lambda m, d: d.Bernoulli(1.5),
    "bernoulli_nan": lambda m, d: d.Bernoulli(logits=m.tensor([0.0, float("nan")])),
    "beta": lambda m, d: d.Beta(m.tensor([1.0, -1.0]), 1.0),
    "beta_number": lambda m, d: d.Beta(0.0, 1.0),
    "binomial": lambda m, d: d.Binomial(-1, m.tensor(0.5)),
    "binomial_fraction": lambda m, d: d.Binomial(m.tensor(1.5), m.tensor(0.5)),
    "binomial_probs": lambda m, d: d.Binomial(3, m.tensor(-0.5)),
    "binomial_none": lambda m, d: d.Binomial(3),
    "binomial_entropy": lambda m, d: d.Binomial(m.tensor([1.0, 2.0]), m.tensor(0.5)).entropy(),
    "binomial_values": lambda m, d: d.Binomial(m.tensor([1.0, 2.0]), m.tensor(0.5)).enumerate_support(),
    "categorical_none": lambda m, d: d.Categorical(),
    "categorical_0d": lambda m, d: d.Categorical(m.tensor(0.5)),
    "categorical_0d_logits": lambda m, d: d.Categorical(logits=m.tensor(0.5)),
    "categorical": lambda m, d: d.Categorical(m.tensor([-1.0, 2.0])),
    "categorical_nan": lambda m, d: d.Categorical(logits=m.tensor([float("nan"), 2.0])),
    "cauchy": lambda m, d: d.Cauchy(0.0, -1.0),
    "chi2": lambda m, d: d.Chi2(m.tensor(-1.0)),
    "continuous_bernoulli": lambda m, d: d.ContinuousBernoulli(m.tensor(1.5), validate_args=True),
    "continuous_bernoulli_none": lambda m, d: d.ContinuousBernoulli(),
    "dirichlet_0d": lambda m, d: d.Dirichlet(m.tensor(1.0)),
    "dirichlet": lambda m, d: d.Dirichlet(m.tensor([1.0, 0.0])),
    "exponential": lambda m, d: d.Exponential(m.tensor([1.0, 0.0])),
    "fisher": lambda m, d: d.FisherSnedecor(1.0, -1.0),
    "gamma": lambda m, d: d.Gamma(m.tensor([1.0, -1.0]), m.tensor([1.0, 1.0])),
    "geometric": lambda m, d: d.Geometric(m.tensor([0.5, 0.0])),
    "geometric_1": lambda m, d: d.Geometric(m.tensor([0.5, 1.5])),
    "gumbel": lambda m, d: d.Gumbel(0.0, m.tensor([1.0, -1.0])),
    "half_cauchy": lambda m, d: d.HalfCauchy(m.tensor([-1.0])),
    "half_normal": lambda m, d: d.HalfNormal(-1.0),
    "independent": lambda m, d: d.Independent(d.Normal(m.zeros(2), 1.0), 2),
    "independent_values": lambda m, d: d.Independent(d.Bernoulli(m.ones(2)), 1).enumerate_support(),
    "inverse_gamma": lambda m, d: d.InverseGamma(m.tensor(-1.0), m.tensor(1.0)),
    "kumaraswamy": lambda m, d: d.Kumaraswamy(m.tensor(-1.0), 1.0),
    "laplace": lambda m, d: d.Laplace(m.tensor([1.0, 2.0]), m.tensor([1.0, -2.0])),
    "lkj": lambda m, d: d.LKJCholesky(1, 1.0),
    "lkj_concentration": lambda m, d: d.LKJCholesky(3, -1.0),
    "log_normal": lambda m, d: d.LogNormal(0.0, -1.0),
    "low_rank_0d": lambda m, d: d.LowRankMultivariateNormal(m.tensor(0.0), m.ones(1, 1), m.ones(1)),
    "low_rank_1d": lambda m, d: d.LowRankMultivariateNormal(m.zeros(2), m.ones(2), m.ones(2)),
    "low_rank_factor": lambda m, d: d.LowRankMultivariateNormal(m.zeros(2), m.ones(3, 1), m.ones(2)),
    "low_rank_diagonal": lambda m, d: d.LowRankMultivariateNormal(m.zeros(2), m.ones(2, 1), m.ones(3)),
    "low_rank_batches": lambda m, d: d.LowRankMultivariateNormal(m.zeros(3, 2), m.ones(2, 2, 1), m.ones(2)),
    "mixture": lambda m, d: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(m.zeros(2), 1.0)),
    "mixture_components": lambda m, d: d.MixtureSameFamily(d.Categorical(m.ones(2)), 1),
    "mixture_count": lambda m, d: d.MixtureSameFamily(d.Categorical(m.ones(3)), d.Normal(m.zeros(2), 1.0)),
    "mixture_batch": lambda m, d: d.MixtureSameFamily(d.Categorical(m.ones(3, 2)), d.Normal(m.zeros(4, 2), 1.0)),
    "multinomial": lambda m, d: d.Multinomial(m.tensor([1, 2]), m.ones(2, 3)),
    "multivariate_none": lambda m, d: d.MultivariateNormal(m.zeros(2)),
    "multivariate_two": lambda m, d: d.MultivariateNormal(m.zeros(2), m.eye(2), m.eye(2)),
    "multivariate_0d": lambda m, d: d.MultivariateNormal(m.tensor(0.0), m.eye(1)),
    "multivariate_1d": lambda m, d: d.MultivariateNormal(m.zeros(2), m.ones(2)),
    "multivariate_1d_precision": lambda m, d: d.MultivariateNormal(m.zeros(2), precision_matrix=m.ones(2)),
    "multivariate_1d_tril": lambda m, d: d.MultivariateNormal(m.zeros(2), scale_tril=m.ones(2)),
    "multivariate_indefinite": lambda m, d: d.MultivariateNormal(m.zeros(2), -m.eye(2)),
    "multivariate_not_tril": lambda m, d: d.MultivariateNormal(m.zeros(2), scale_tril=m.ones(2, 2)),
    "negative_binomial": lambda m, d: d.NegativeBinomial(m.tensor(-1.0), m.tensor(0.5)),
    "negative_binomial_1": lambda m, d: d.NegativeBinomial(m.tensor(1.0), m.tensor(1.0)),
    "normal": lambda m, d: d.Normal(m.tensor([0.0, 1.0]), m.tensor([1.0, 0.0])),
    "normal_nan": lambda m, d: d.Normal(float("nan"), 1.0),
    "normal_list": lambda m, d: d.Normal([0.0], 1.0),
    "one_hot_0d": lambda m, d: d.OneHotCategorical(m.tensor(0.5)),
    "pareto": lambda m, d: d.Pareto(m.tensor([1.0, -1.0]), 1.0),
    "poisson": lambda m, d: d.Poisson(m.tensor(-1.0)),
    "relaxed_none": lambda m, d: d.RelaxedBernoulli(m.tensor(0.5)),
    "relaxed": lambda m, d: d.RelaxedBernoulli(m.tensor(0.5), m.tensor(1.5)),
    "relaxed_0d": lambda m, d: d.RelaxedOneHotCategorical(m.tensor(0.5), m.tensor(1.5)),
    "student": lambda m, d: d.StudentT(m.tensor([-1.0])),
    "transformed": lambda m, d: d.TransformedDistribution(d.Normal(0.0, 1.0), 1),
    "transformed_list": lambda m, d: d.TransformedDistribution(d.Normal(0.0, 1.0), [1]),
    "transformed_shape": lambda m, d: d.TransformedDistribution(d.Normal(0.0, 1.0), d.SoftmaxTransform()),
    "uniform": lambda m, d: d.Uniform(1.0, 1.0),
    "uniform_tensors": lambda m, d: d.Uniform(m.tensor([0.0, 2.0]), m.tensor([1.0, 1.0])),
    "von_mises": lambda m, d: d.VonMises(m.tensor(0.0), m.tensor(-1.0)),
    "weibull": lambda m, d: d.Weibull(m.tensor(-1.0), 1.0),
    "wishart_none": lambda m, d: d.Wishart(m.tensor(4.0)),
    "wishart_df": lambda m, d: d.Wishart(m.tensor(0.5), m.eye(2)),
    "wishart_1d": lambda m, d: d.Wishart(m.tensor(4.0), m.ones(2)),
    "wishart_indefinite": lambda m, d: d.Wishart(m.tensor(4.0), -m.eye(2)),
    "default": lambda m, d: d.Distribution.set_default_validate_args(2),
}

VALUES: dict[str, Any] = {
    "no_tensor": lambda m, d: d.Normal(0.0, 1.0).log_prob(1.0),
    "nan": lambda m, d: d.Normal(0.0, 1.0).log_prob(m.tensor(float("nan"))),
    "negative": lambda m, d: d.Exponential(1.0).log_prob(m.tensor([1.0, -1.0])),
    "event": lambda m, d: d.MultivariateNormal(m.zeros(3), m.eye(3)).log_prob(m.zeros(2)),
    "event_0d": lambda m, d: d.Dirichlet(m.ones(3)).log_prob(m.tensor(1.0)),
    "broadcast": lambda m, d: d.Normal(m.zeros(3), 1.0).log_prob(m.zeros(2)),
    "broadcast_event": lambda m, d: d.Dirichlet(m.ones(2, 3)).log_prob(m.ones(4, 3) / 3),
    "boolean": lambda m, d: d.Bernoulli(0.5).log_prob(m.tensor(0.5)),
    "simplex": lambda m, d: d.Dirichlet(m.ones(3)).log_prob(m.ones(3)),
    "one_hot": lambda m, d: d.OneHotCategorical(m.ones(3)).log_prob(m.ones(3)),
    "categorical": lambda m, d: d.Categorical(m.ones(3)).log_prob(m.tensor(3)),
    "multinomial": lambda m, d: d.Multinomial(3, m.ones(3)).log_prob(m.tensor([1.0, 1.0, 2.0])),
    "binomial": lambda m, d: d.Binomial(3, m.tensor(0.5)).log_prob(m.tensor(4.0)),
    "poisson": lambda m, d: d.Poisson(1.0).log_prob(m.tensor(0.5)),
    "geometric": lambda m, d: d.Geometric(0.5).log_prob(m.tensor(-1.0)),
    "uniform": lambda m, d: d.Uniform(0.0, 1.0).log_prob(m.tensor(2.0)),
    "uniform_cdf": lambda m, d: d.Uniform(0.0, 1.0).cdf(m.tensor(2.0)),
    "gamma_cdf": lambda m, d: d.Gamma(1.0, 1.0).cdf(m.tensor(-2.0)),
    "gamma_number": lambda m, d: d.Gamma(1.0, 1.0).log_prob(-2.0),
    "multinomial_count": lambda m, d: d.Multinomial(-1, m.ones(2)),
    "half_normal": lambda m, d: d.HalfNormal(1.0).log_prob(m.tensor(-1.0)),
    "half_normal_cdf": lambda m, d: d.HalfNormal(1.0).cdf(m.tensor(-1.0)),
    "log_normal": lambda m, d: d.LogNormal(0.0, 1.0).log_prob(m.tensor(-1.0)),
    "log_normal_cdf": lambda m, d: d.LogNormal(0.0, 1.0).cdf(m.tensor(-1.0)),
    "pareto": lambda m, d: d.Pareto(m.tensor([1.0, 2.0]), 1.0).log_prob(m.tensor([1.5, 1.5])),
    "independent": lambda m, d: d.Independent(d.Exponential(m.ones(2)), 1).log_prob(m.tensor([1.0, -1.0])),
    "mixture": lambda m, d: d.MixtureSameFamily(
        d.Categorical(m.ones(2)), d.Exponential(m.ones(2))
    ).log_prob(m.tensor(-1.0)),
    "lkj": lambda m, d: d.LKJCholesky(2, 1.0).log_prob(m.ones(2, 2)),
    "gamma_by_its_shape": lambda m, d: d.Gamma(m.ones(2, requires_grad=True), 1.0).cdf(m.ones(2)).sum().backward(),
    "not_a_bijection": lambda m, d: d.TransformedDistribution(
        d.Normal(m.zeros(3), 1.0), d.SoftmaxTransform()
    ).log_prob(m.ones(3) / 3),
    "no_mode": lambda m, d: d.MixtureSameFamily(d.Categorical(m.ones(2)), d.Normal(m.zeros(2), 1.0)).mode,
    "no_rsample": lambda m, d: d.Bernoulli(0.5).rsample(),
    "no_cdf": lambda m, d: d.Beta(1.0, 1.0).cdf(m.tensor(0.5)),
    "no_entropy": lambda m, d: d.Poisson(1.0).entropy(),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name: str) -> None:
    ours, theirs = (answer(ARGUMENTS[name], m, m.distributions) for m in WORLDS)
    assert isinstance(theirs, Exception)
    assert_same(ours, theirs, 0.0, name)


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    ours, theirs = (answer(VALUES[name], m, m.distributions) for m in WORLDS)
    assert isinstance(theirs, Exception)
    assert_same(ours, theirs, 0.0, name)


UNCHECKED: dict[str, Any] = {
    "exponential": lambda m, d: d.Exponential(m.tensor(1.0), validate_args=False).log_prob(m.tensor(-1.0)),
    "uniform": lambda m, d: d.Uniform(0.0, 1.0, validate_args=False).log_prob(m.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])),
    "uniform_cdf": lambda m, d: d.Uniform(0.0, 1.0, validate_args=False).cdf(m.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])),
    "half_normal": lambda m, d: d.HalfNormal(1.0, validate_args=False).log_prob(m.tensor([-1.0, 0.0, 1.0])),
    "half_cauchy": lambda m, d: d.HalfCauchy(1.0, validate_args=False).log_prob(m.tensor([-1.0, 0.0, 1.0])),
    "normal": lambda m, d: d.Normal(0.0, -1.0, validate_args=False).log_prob(m.tensor(1.0)),
    "continuous": lambda m, d: d.ContinuousBernoulli(0.3, validate_args=False).cdf(m.tensor([-1.0, 0.4, 2.0])),
    "multinomial": lambda m, d: d.Multinomial(3, m.ones(2), validate_args=False).log_prob(m.tensor([[4.0, 1.0]])),
    "expanded": lambda m, d: d.Exponential(m.tensor(1.0), validate_args=False).expand((2,)).log_prob(m.tensor(-1.0)),
    "geometric_certain": lambda m, d: d.Geometric(m.tensor([1.0, 0.5])).log_prob(m.tensor([0.0, 3.0])),
    "multinomial_never": lambda m, d: d.Multinomial(2, m.tensor([1.0, 0.0])).log_prob(m.tensor([2.0, 0.0])),
    "categorical_never": lambda m, d: d.Categorical(m.tensor([0.0, 1.0])).entropy(),
    "bernoulli_half": lambda m, d: d.Bernoulli(m.tensor([0.2, 0.5, 0.7])).mode,
    "dirichlet_corner": lambda m, d: d.Dirichlet(m.tensor([[0.3, 0.5, 0.2], [2.0, 0.5, 3.0]])).mode,
    "student_moments": lambda m, d: d.StudentT(m.tensor([0.5, 1.0, 1.5, 2.0, 3.0])).variance,
    "student_mean": lambda m, d: d.StudentT(m.tensor([0.5, 1.0, 1.5, 2.0, 3.0])).mean,
    "fisher_moments": lambda m, d: d.FisherSnedecor(m.tensor([1.0, 3.0, 3.0]), m.tensor([1.0, 3.0, 5.0])).variance,
    "fisher_mode": lambda m, d: d.FisherSnedecor(m.tensor([1.0, 3.0, 3.0]), m.tensor([1.0, 3.0, 5.0])).mode,
    "pareto_moments": lambda m, d: d.Pareto(1.0, m.tensor([0.5, 1.0, 1.5, 2.0, 3.0])).variance,
    "pareto_mean": lambda m, d: d.Pareto(1.0, m.tensor([0.5, 1.0, 1.5, 2.0, 3.0])).mean,
    "numbers": lambda m, d: d.Normal(0, 1).sample((2,)).shape,
    "double": lambda m, d: d.Normal(m.zeros(2).double(), 1).log_prob(m.ones(2).double()),
    "negative_binomial_none": lambda m, d: d.NegativeBinomial(m.tensor(0.0), m.tensor(0.5)).log_prob(m.tensor(0.0)),
    "poisson_none": lambda m, d: d.Poisson(m.tensor(0.0)).log_prob(m.tensor([0.0, 1.0])),
    "binomial_certain": lambda m, d: d.Binomial(3, m.tensor([0.0, 1.0])).log_prob(m.tensor([[0.0, 3.0], [1.0, 1.0]])),
    "repr_number": lambda m, d: repr(d.Normal(m.tensor([1.0]), 2.0)),
    "repr_mixture": lambda m, d: repr(d.MixtureSameFamily(d.Categorical(m.ones(2)), d.Normal(m.zeros(2), 1.0))),
    "repr_transformed": lambda m, d: repr(d.TransformedDistribution(d.Normal(0.0, 1.0), d.ExpTransform())),
    "gamma_of_numbers": lambda m, d: m.stack([d.Gamma(2.0, 3.0).log_prob(0.5), d.Chi2(3.0).log_prob(2)]),
    "gamma_of_double": lambda m, d: d.Gamma(2.0, 3.0).log_prob(m.tensor([0.5, 1.0]).double()),
    "half_cauchy_of_double": lambda m, d: d.HalfCauchy(2.0).log_prob(m.tensor([0.5, 1.0]).double()),
    "support_of_nothing": lambda m, d: repr(d.TransformedDistribution(d.Normal(0.0, 1.0), []).support),
}  # fmt: skip


@pytest.mark.parametrize("name", UNCHECKED)
def test_edges(name: str) -> None:
    assert_same(*(answer(UNCHECKED[name], m, m.distributions) for m in WORLDS), 3e-6, name)


def test_the_default_for_checks() -> None:
    for m in WORLDS:
        d = m.distributions
        try:
            d.Distribution.set_default_validate_args(False)
            assert d.Normal(0.0, -1.0).scale == -1
            with pytest.raises(ValueError, match="Expected parameter scale"):
                d.Normal(0.0, -1.0, validate_args=True)
        finally:
            d.Distribution.set_default_validate_args(True)
        with pytest.raises(ValueError, match="Expected parameter scale"):
            d.Normal(0.0, -1.0)


def test_sample_n_is_an_old_name() -> None:
    said = []
    for m in WORLDS:
        m.manual_seed(0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            said.append(
                (m.distributions.Normal(0.0, 1.0).sample_n(3).shape, [(w.category, str(w.message)) for w in caught])
            )
    assert_same(*said, 0.0)


def own_classes(m: Any) -> dict[str, Any]:
    d = m.distributions

    class Nothing(d.Distribution):
        pass

    class Half(d.Normal):
        def __init__(self, loc: Any) -> None:
            super().__init__(loc, 0.5)

    class Point(d.Distribution):
        arg_constraints = {"at": d.constraints.real}
        support = d.constraints.real

        def __init__(self, at: Any) -> None:
            self.at = at
            super().__init__(at.shape)

        def rsample(self, sample_shape: Any = ()) -> Any:
            return self.at.expand(self._extended_shape(sample_shape))

    return {"nothing": Nothing, "half": Half, "point": Point}


QUESTIONS: dict[str, Any] = {
    "made": lambda m, own: own["nothing"](),
    "mean": lambda m, own: own["nothing"](validate_args=False).mean,
    "mode": lambda m, own: str(answer(lambda: own["nothing"](validate_args=False).mode)),
    "sample": lambda m, own: own["nothing"](validate_args=False).sample(),
    "log_prob": lambda m, own: own["nothing"](validate_args=False)._validate_sample(m.tensor(1.0)),
    "expand_half": lambda m, own: own["half"](m.zeros(2)).expand((3, 2)),
    "expand_nothing": lambda m, own: own["nothing"](validate_args=False).perplexity(),
    "half": lambda m, own: own["half"](m.zeros(2)).log_prob(m.ones(2)),
    "point": lambda m, own: own["point"](m.ones(3)).sample((2,)),
    "point_repr": lambda m, own: repr(own["point"](m.ones(3))),
    "point_check": lambda m, own: own["point"](m.tensor(float("nan"))),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_classes_of_ones_own(name: str) -> None:
    found = []
    for m in WORLDS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = answer(QUESTIONS[name], m, own_classes(m))
            said = [(w.category, str(w.message).replace("tinygrad_mlp", "torch")) for w in caught]
        found.append((result if not hasattr(result, "batch_shape") else None, said))
    assert_same(found[0][0], found[1][0], 1e-6)
    assert found[0][1] == found[1][1]


def test_samples_follow_the_distribution() -> None:
    """The means and variances of many samples, for those families whose sampler is an algorithm of its own."""
    d = tinygrad_mlp.distributions
    tinygrad_mlp.manual_seed(0)
    for made in (
        d.Gamma(0.4, 2.0), d.Gamma(9.0, 0.5), d.Beta(0.7, 2.0), d.Poisson(4.0), d.Poisson(60.0), d.StudentT(9.0),
        d.Binomial(100, tinygrad_mlp.tensor(0.3)), d.Binomial(9, tinygrad_mlp.tensor(0.8)), d.Geometric(0.2),
        d.NegativeBinomial(3.0, tinygrad_mlp.tensor(0.4)), d.Kumaraswamy(2.0, 3.0), d.Weibull(1.0, 1.5),
    ):  # fmt: skip
        x = made.sample((20000,))
        spread = (made.variance / 20000).sqrt()
        assert abs(x.mean() - made.mean) < 5 * spread, made
        np.testing.assert_allclose(x.var().item(), made.variance.item(), rtol=0.1)
