"""Functions of single numbers, and of broadcast arrays."""

from __future__ import annotations

import numpy as np
from scipy.special import erf, expit

from .cases import Case, normal, positive, summed

M = (3, 4)


def phi(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def gelu_slope(x):
    return 0.5 * (1 + erf(x / np.sqrt(2))) + x * phi(x)


def ties(r):
    """Numbers of which some are exactly at a kink."""
    return (np.round(r.normal(size=M) * 4) / 4,)


CASES = [
    Case("exp", np.exp, lambda g, x: g * np.exp(x), normal(M))
    .sign()
    .twice()
    .fault("scaled", "the cotangent forgotten", lambda g, x: np.exp(x))
    .fault("other", "the input saved for the output", lambda g, x: g * x)
    .fault("other", "the factor exp(x) forgotten", lambda g, x: g + 0 * x),
    Case("log", np.log, lambda g, x: g / x, positive(M))
    .sign()
    .half()
    .fault("other", "the output saved for the input", lambda g, x: g / np.log(x))
    .fault("scaled", "divided twice", lambda g, x: g / x / x)
    .fault("other", "eps beside the input", lambda g, x: g / (x + 1e-4)),
    Case("sqrt", np.sqrt, lambda g, x: g / (2 * np.sqrt(x)), positive(M))
    .zero()
    .fault("factor", "the 2 forgotten", lambda g, x: g / np.sqrt(x))
    .fault("factor", "multiplied by the 2", lambda g, x: 2 * g / np.sqrt(x))
    .fault("other", "the input saved for the output", lambda g, x: g / (2 * x))
    .fault("other", "eps outside the root", lambda g, x: g / (2 * (np.sqrt(x) + 1e-3))),
    Case("tanh", np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2), normal(M))
    .sign()
    .twice()
    .fault("other", "the square forgotten", lambda g, x: g * (1 - np.tanh(x)))
    .fault("other", "a plus for the minus", lambda g, x: g * (1 + np.tanh(x) ** 2))
    .fault("other", "the input saved for the output", lambda g, x: g * (1 - x**2)),
    Case("sigmoid", expit, lambda g, x: g * expit(x) * (1 - expit(x)), normal(M))
    .sign()
    .zero()
    .fault("other", "the second factor forgotten", lambda g, x: g * expit(x))
    .fault("other", "a plus for the minus", lambda g, x: g * expit(x) * (1 + expit(x)))
    .fault("other", "the derivative taken of the output", lambda g, x: g * expit(expit(x)) * (1 - expit(expit(x)))),
    Case("softplus", lambda x: np.logaddexp(0, x), lambda g, x: g * expit(x), normal(M))
    .half()
    .twice()
    .fault("other", "the other side", lambda g, x: g * expit(-x))
    .fault("other", "tanh for the sigmoid", lambda g, x: g * np.tanh(x))
    .fault("other", "a step for the sigmoid", lambda g, x: g * (x > 0)),
    Case("gelu", lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))), lambda g, x: g * gelu_slope(x), normal(M))
    .sign()
    .twice()
    .fault("other", "the second term dropped", lambda g, x: g * 0.5 * (1 + erf(x / np.sqrt(2))))
    .fault("other", "the first term dropped", lambda g, x: g * x * phi(x))
    .fault("other", "a minus between the terms", lambda g, x: g * (0.5 * (1 + erf(x / np.sqrt(2))) - x * phi(x))),
    Case("reciprocal", lambda x: 1 / x, lambda g, x: -g / x**2, positive(M))
    .sign()
    .twice()
    .fault("scaled", "the square forgotten", lambda g, x: -g / x)
    .fault("scaled", "the cotangent forgotten", lambda g, x: -1 / x**2)
    .fault("other", "eps beside the square", lambda g, x: -g / (x**2 + 1e-3)),
    Case("cube", lambda x: x**3, lambda g, x: 3 * g * x**2, normal(M))
    .sign()
    .zero()
    .fault("factor", "the 3 forgotten", lambda g, x: g * x**2)
    .fault("scaled", "the exponent one too small", lambda g, x: 3 * g * x)
    .fault("scaled", "the exponent one too large", lambda g, x: 3 * g * x**3),
    Case("relu", lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0), ties)
    .sign()
    .twice()
    .fault("other", "the wrong side", lambda g, x: g * (x < 0))
    .fault("mask", "the mask of the cotangent", lambda g, x: g * (g > 0))
    .fault("other", "no mask", lambda g, x: g + 0 * x),
    Case("leaky relu", lambda x: np.where(x > 0, x, x / 8), lambda g, x: g * np.where(x > 0, 1, 1 / 8), ties)
    .half()
    .sign()
    .fault("other", "the slopes exchanged", lambda g, x: g * np.where(x > 0, 1 / 8, 1))
    .fault("other", "no slope on the left", lambda g, x: g * (x > 0))
    .fault("other", "the slope squared", lambda g, x: g * np.where(x > 0, 1, 1 / 64)),
    Case("elu", lambda x: np.where(x > 0, x, np.expm1(x)), lambda g, x: g * np.where(x > 0, 1, np.exp(x)), normal(M))
    .sign()
    .twice()
    .fault("other", "the output saved for its exponential", lambda g, x: g * np.where(x > 0, 1, np.expm1(x)))
    .fault("other", "the wrong side", lambda g, x: g * np.where(x > 0, np.exp(x), 1))
    .fault("other", "nothing on the left", lambda g, x: g * (x > 0)),
    Case("abs", np.abs, lambda g, x: g * np.sign(x), ties)
    .sign()
    .zero()
    .fault("other", "one on both sides", lambda g, x: g + 0 * x)
    .fault("sign", "the sign of the cotangent", lambda g, x: np.abs(g) * np.sign(x))
    .fault("other", "the input for its sign", lambda g, x: g * x),
    Case("clamp", lambda x: np.clip(x, -0.8, 0.8), lambda g, x: g * (np.abs(x) < 0.8), normal(M))
    .sign()
    .twice()
    .fault("other", "outside for inside", lambda g, x: g * (np.abs(x) > 0.8))
    .fault("other", "one bound only", lambda g, x: g * (x < 0.8))
    .fault("other", "the clamped value for the mask", lambda g, x: g * np.clip(x, -0.8, 0.8)),
    Case(
        "where",
        lambda c, x, y: np.where(c, x, y),
        lambda g, c, x, y: (None, np.where(c, g, 0), np.where(c, 0, g)),
        lambda r: (r.random(M) < 0.5, r.normal(size=M), r.normal(size=M)),
    )
    .fault("swapped", "the branches exchanged", lambda g, c, x, y: (None, np.where(c, 0, g), np.where(c, g, 0)))
    .fault("other", "no mask for the first", lambda g, c, x, y: (None, g, np.where(c, 0, g)))
    .fault("other", "the value for the cotangent", lambda g, c, x, y: (None, np.where(c, x, 0), np.where(c, 0, g)))
    .fault("sign", "the second negated", lambda g, c, x, y: (None, np.where(c, g, 0), np.where(c, 0, -g)))
    .fault("zero", "the second forgotten", lambda g, c, x, y: (None, np.where(c, g, 0), 0 * y)),
    Case("mul", np.multiply, lambda g, x, y: (summed(g * y, x.shape), summed(g * x, y.shape)), normal(M, (4,)))
    .sign(1)
    .twice(0)
    .fault("scaled", "the factor forgotten", lambda g, x, y: (g, summed(g * x, y.shape)))
    .fault("sum", "the sum forgotten", lambda g, x, y: (g * y, g * x))
    .fault("other", "the mean for the sum", lambda g, x, y: (g * y, (g * x).max(0))),
    Case(
        "div",
        np.divide,
        lambda g, x, y: (g / y, summed(-g * x / y**2, y.shape)),
        lambda r: (r.normal(size=M), 0.3 + r.gamma(2.0, size=(3, 1))),
    )
    .sign(1)
    .zero(0)
    .fault("scaled", "the square forgotten", lambda g, x, y: (g / y, summed(-g * x / y, y.shape)))
    .fault("sum", "the sum forgotten", lambda g, x, y: (g / y, -g * x / y**2))
    .fault("other", "multiplied", lambda g, x, y: (g * y, summed(-g * x / y**2, y.shape))),
    Case("add", np.add, lambda g, x, b: (g, summed(g, b.shape)), normal((3, 4), (4,)))
    .sign(0)
    .twice(1)
    .fault("sum", "the sum forgotten", lambda g, x, b: (g, g))
    .fault("factor", "the mean for the sum", lambda g, x, b: (g, g.mean(0)))
    .fault("sum", "one row for the sum", lambda g, x, b: (g, g[0])),
    Case("maximum", np.maximum, lambda g, x, y: (g * (x > y), g * (x < y)), normal(M, M))
    .sign(1)
    .zero(0)
    .fault("swapped", "the masks exchanged", lambda g, x, y: (g * (x < y), g * (x > y)))
    .fault("other", "the mask by zero", lambda g, x, y: (g * (x > 0), g * (x < y)))
    .fault("other", "no mask", lambda g, x, y: (g, g * (x < y))),
]
