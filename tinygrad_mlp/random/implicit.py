"""Derivatives of samples by the parameters of their distribution, where the sampler itself has none.

A sample z of a distribution F(z; a) is moved by a change of the parameter so that its rank stays the same:
dz/da = -(dF/da) / (dF/dz) (Figurnov, Mohamed & Mnih 2018). dF/da is a central difference of order 8 of the logarithm
of SciPy's F, or of 1 - F where that is smaller, and so is exact to about 1e-9; torch's own approximations are to 1e-3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from ..arrays.silence import silenced

if TYPE_CHECKING:
    from collections.abc import Callable

_WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)  # of f(a + k h) - f(a - k h), for k = 1, 2, 3, 4 (Fornberg 1988)
_STEP = 0.02  # of the scale on which the distribution changes with its parameter


@silenced
def gamma_by_shape(alpha: Array, sample: Array) -> Array:
    """d sample / d alpha of samples of the gamma distribution with the shapes `alpha` and rate 1."""
    from scipy import special

    a, x = (np.asarray(v, np.float64) for v in np.broadcast_arrays(alpha, sample))
    log_density = special.xlogy(a - 1, x) - x - special.gammaln(a)
    result: Array = _moved(special.gammainc, special.gammaincc, a, x, log_density)
    return result.astype(np.result_type(alpha, sample), copy=False)


@silenced
def dirichlet_by_concentration(sample: Array, alpha: Array, total: Array) -> Array:
    """The derivative by `alpha` of a share that follows Beta(alpha, total - alpha), divided by 1 minus the share."""
    from scipy import special

    x, a, t = (np.asarray(v, np.float64) for v in np.broadcast_arrays(sample, alpha, total))
    x, b = np.minimum(x, 1 - 2.0**-53), t - a  # a share in float32 may be rounded to 1
    log_density = special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b)

    def below(a: Array, x: Array) -> Any:
        return special.betainc(a, b, x)

    def above(a: Array, x: Array) -> Any:
        return special.betainc(b, a, 1 - x)

    result: Array = _moved(below, above, a, x, log_density) / (1 - x)
    return result.astype(np.result_type(sample, alpha, total), copy=False)


def _moved(below: Callable[..., Any], above: Callable[..., Any], a: Array, x: Array, log_density: Array) -> Any:
    """-(dF/da) / density, of F, which is `below`, or of 1 - F, which is `above`: whichever is smaller."""
    lower, upper = below(a, x), above(a, x)
    is_lower = lower < upper
    slope = np.where(is_lower, -_log_derivative(below, a, x), _log_derivative(above, a, x))
    return slope * np.exp(np.log(np.where(is_lower, lower, upper)) - log_density)


def _log_derivative(function: Callable[..., Any], a: Array, x: Array) -> Any:
    """The derivative by `a` of the logarithm of a function."""
    step = _STEP * np.minimum(a, np.sqrt(a))
    differences = (np.log(function(a + k * step, x)) - np.log(function(a - k * step, x)) for k in (1, 2, 3, 4))
    return sum(weight * difference for weight, difference in zip(_WEIGHTS, differences, strict=True)) / step
