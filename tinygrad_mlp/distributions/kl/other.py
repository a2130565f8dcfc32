"""Divergences of two distributions of two families."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..bernoulli import Bernoulli
from ..beta import Beta
from ..binomial import Binomial
from ..continuous_bernoulli import ContinuousBernoulli
from ..exponential import Exponential
from ..functions import full_like, where
from ..gamma import Gamma
from ..gumbel import Gumbel
from ..laplace import Laplace
from ..normal import Normal
from ..pareto import Pareto
from ..poisson import Poisson
from ..uniform import Uniform
from ..utils import euler_constant
from .registry import register_kl
from .same import x_log_x

_LOG_2_PI = math.log(2 * math.pi)


def _infinite(p: Any, q: Any) -> Any:
    """The divergence where q has no density at some values of p."""
    given = p.concentration if isinstance(p, Gamma) else p.mean
    return full_like(given, math.inf)


for _p, _q in (
    (Beta, (Pareto,)),
    (ContinuousBernoulli, (Pareto,)),
    (Exponential, (Beta, ContinuousBernoulli, Pareto, Uniform)),
    (Gamma, (Beta, ContinuousBernoulli, Pareto, Uniform)),
    (Gumbel, (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Laplace, (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Normal, (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Pareto, (Beta, ContinuousBernoulli, Uniform)),
    (Poisson, (Bernoulli, Binomial)),
):
    for _other in _q:
        register_kl(_p, _other)(_infinite)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


# -- from the beta distribution --------------------------------------------------------------------


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


@register_kl(Beta, Exponential)
def _beta_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    mean_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return (
        -p.entropy()
        + q.concentration.lgamma()
        - q.concentration * q.rate.log()
        - ((q.concentration - 1) * mean_log - q.rate * p.mean)
    )


def _to_normal(p: Any, q: Any) -> Any:
    """-H(p) - E_p[log q] for a normal q, which follows from the mean and the variance of p."""
    variance = q.scale.pow(2)
    return -p.entropy() + 0.5 * (variance.log() + _LOG_2_PI) + 0.5 * (p.variance + (p.mean - q.loc).pow(2)) / variance


for _family in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Uniform):
    register_kl(_family, Normal)(_to_normal)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Any:
    return _inside(-p.entropy() + (q.high - q.low).log(), q.low <= 0, q.high >= 1)


def _inside(result: Any, *conditions: Any) -> Any:
    """A divergence, and infinity where one of the conditions does not hold: where p goes beyond q."""
    for condition in conditions:
        result = where(condition, result, math.inf)
    return result


# -- from the continuous Bernoulli, the exponential and the gamma distribution ---------------------


@register_kl(ContinuousBernoulli, Exponential)
def _continuous_bernoulli_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    return _inside(-p.entropy() + (q.high - q.low).log(), q.low <= 0, q.high >= 1)


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    logs = -q.concentration * ratio.log() + ratio + q.concentration.lgamma()
    return logs + q.concentration * euler_constant - (1 + euler_constant)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Any:
    scaled = p.rate * q.scale
    loc = q.loc / q.scale
    return scaled.log() - 1 + loc.exp() * scaled / (scaled + 1) - loc + scaled.reciprocal()


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Any:
    scaled, loc = p.rate * q.scale, q.loc / q.scale
    a = p.concentration
    entropy = (a - 1) * a.digamma() - a.lgamma() - a
    return entropy + scaled.log() + a / scaled - loc + loc.exp() * (1 + scaled.reciprocal()).pow(-a)


# -- from Gumbel's, Laplace's and the normal distribution ------------------------------------------


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Any:
    means, ratio = p.loc / q.scale, (p.scale / q.scale).pow(2)
    loc = q.loc / q.scale
    return -0.5 * ratio.log() + means - loc + (-means + 0.5 * ratio + loc).exp() - 0.5 * (1 + _LOG_2_PI)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    distance = p.loc - q.loc
    ratio = distance / p.scale
    absolute = (
        math.sqrt(2 / math.pi) * p.scale * (-0.5 * ratio.pow(2)).exp() + distance * (math.sqrt(0.5) * ratio).erf()
    )
    return -(p.scale / q.scale).log() + absolute / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


# -- from Pareto's distribution --------------------------------------------------------------------


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    scaled = p.scale * q.rate
    result = (p.alpha / scaled).log() - p.alpha.reciprocal() + p.alpha * scaled / (p.alpha - 1) - 1
    return where(p.alpha <= 1, math.inf, result)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    mean_log = p.scale.log() + p.alpha.reciprocal()
    normalizer = q.concentration.lgamma() - q.concentration * q.rate.log()
    mean = q.rate * p.alpha * p.scale / (p.alpha - 1)
    result = p.alpha.log() - p.scale.log() + normalizer + (1 - q.concentration) * mean_log + mean
    result = result - (1 + p.alpha.reciprocal())
    return where(p.alpha <= 1, math.inf, result)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    return where(p.alpha <= 2, math.inf, _to_normal(p, q))


# -- from the uniform distribution -----------------------------------------------------------------


def _mean_log(p: Any, at: Callable[[Any], Any] = lambda x: x) -> Any:
    """E[log(at(x))] of a uniform distribution, for a function `at` of slope 1 or -1."""
    return (x_log_x(at(p.high)) - x_log_x(at(p.low))) / (at(p.high) - at(p.low)) - 1


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    total = q.concentration1 + q.concentration0
    normalizer = q.concentration1.lgamma() + q.concentration0.lgamma() - total.lgamma()
    logs = (q.concentration1 - 1) * _mean_log(p) + (q.concentration0 - 1) * _mean_log(p, lambda x: 1 - x)
    return _inside(-p.entropy() - logs + normalizer, p.high <= 1, p.low >= 0)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    result = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()
    return _inside(result, p.high <= 1, p.low >= 0)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Any:
    return _inside(q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log(), p.low >= 0)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    normalizer = q.concentration.lgamma() - q.concentration * q.rate.log()
    result = -p.entropy() + normalizer + (1 - q.concentration) * _mean_log(p) + q.rate * (p.high + p.low) / 2
    return _inside(result, p.low >= 0)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Any:
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return (q.scale / (p.high - p.low)).log() + 0.5 * (high + low) - ((-high).exp() - (-low).exp()) / (high - low)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    result = (q.alpha + 1) * _mean_log(p) - p.entropy() - (q.alpha.log() + q.alpha * q.scale.log())
    return _inside(result, p.low >= q.scale)
