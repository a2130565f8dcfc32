"""Products, reductions, normalisations, losses and indexing."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logsumexp

from .cases import Case, normal

M, EPS = (3, 4), 1e-2


def softmax(x):
    return np.exp(x - logsumexp(x, axis=-1, keepdims=True))


def softmax_vjp(g, x):
    p = softmax(x)
    return p * (g - (g * p).sum(-1, keepdims=True))


def layer_norm(x, w):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPS) * w


def layer_norm_vjp(g, x, w, *, means=(True, True), eps=lambda v: np.sqrt(v + EPS)):
    s = eps(x.var(-1, keepdims=True))
    n = (x - x.mean(-1, keepdims=True)) / s
    h = g * w
    first = h.mean(-1, keepdims=True) if means[0] else 0
    second = n * (h * n).mean(-1, keepdims=True) if means[1] else 0
    return (h - first - second) / s, (g * n).sum(0)


def rms_norm(x):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)


def rms_norm_vjp(g, x, *, count=True, eps=lambda m: np.sqrt(m + EPS)):
    r = eps((x * x).mean(-1, keepdims=True))
    inner = (g * x).mean(-1, keepdims=True) if count else (g * x).sum(-1, keepdims=True)
    return g / r - x * inner / r**3


def labels(r):
    return r.normal(size=(4, 3)), r.integers(0, 3, 4)


def one_hot(t, n):
    return np.eye(n)[t]


def cross_entropy(x, t):
    return (logsumexp(x, axis=1) - x[np.arange(len(t)), t]).mean()


def rows_vjp(g, x, i):
    dx = np.zeros_like(x)
    np.add.at(dx, i, g)
    return dx


def overwritten(g, x, i):
    dx = np.zeros_like(x)
    dx[i] = g
    return dx


def mask_of_max(x):
    return x == x.max(1, keepdims=True)


def correlate(x, w):
    return np.array([x[k : k + len(w)] @ w for k in range(len(x) - len(w) + 1)])


def correlate_vjp(g, x, w):
    dx = np.zeros_like(x)
    for k, c in enumerate(g):
        dx[k : k + len(w)] += c * w
    return dx, correlate(x, g)


def unit(x):
    return x / np.sqrt((x * x).sum())


CASES = [
    Case("matmul", np.matmul, lambda g, a, b: (g @ b.T, a.T @ g), normal((3, 4), (4, 2)))
    .sign(0)
    .twice(1)
    .zero(1)
    .fault("transposed", "the second transposed", lambda g, a, b: (g @ b.T, (a.T @ g).T))
    .fault("other", "the cotangent forgotten", lambda g, a, b: (np.ones_like(g) @ b.T, a.T @ g)),
    Case("square matmul", np.matmul, lambda g, a, b: (g @ b.T, a.T @ g), normal((3, 3), (3, 3)))
    .half(0)
    .fault("transposed", "the first transposed", lambda g, a, b: ((g @ b.T).T, a.T @ g))
    .fault("other", "no transpose of b", lambda g, a, b: (g @ b, a.T @ g))
    .fault("other", "no transpose of a", lambda g, a, b: (g @ b.T, a @ g))
    .fault("swapped", "the gradients exchanged", lambda g, a, b: (a.T @ g, g @ b.T)),
    Case(
        "linear",
        lambda x, w, b: x @ w.T + b,
        lambda g, x, w, b: (g @ w, g.T @ x, g.sum(0)),
        normal((3, 4), (2, 4), (2,)),
    )
    .sign(1)
    .fault("transposed", "the weight transposed", lambda g, x, w, b: (g @ w, x.T @ g, g.sum(0)))
    .fault("sum", "the sum of the bias forgotten", lambda g, x, w, b: (g @ w, g.T @ x, g))
    .fault("factor", "the mean for the sum of the bias", lambda g, x, w, b: (g @ w, g.T @ x, g.mean(0)))
    .fault("other", "the bias summed over the other axis", lambda g, x, w, b: (g @ w, g.T @ x, g.sum(1)[:2])),
    Case(
        "bilinear",
        lambda x, a, y: x @ a @ y,
        lambda g, x, a, y: (g * (a @ y), g * np.outer(x, y), g * (a.T @ x)),
        normal((3,), (3, 3), (3,)),
    )
    .twice(1)
    .sign(2)
    .fault(
        "transposed",
        "the outer product the other way",
        lambda g, x, a, y: (g * (a @ y), g * np.outer(y, x), g * (a.T @ x)),
    )
    .fault(
        "other", "no transpose for the right side", lambda g, x, a, y: (g * (a @ y), g * np.outer(x, y), g * (a @ x))
    )
    .fault(
        "factor",
        "the cotangent forgotten, which is one number",
        lambda g, x, a, y: (a @ y, g * np.outer(x, y), g * (a.T @ x)),
    ),
    Case("mean", lambda x: x.mean(1), lambda g, x: np.repeat(g[:, None], 4, 1) / 4, normal(M))
    .sign()
    .zero()
    .fault("factor", "not divided", lambda g, x: np.repeat(g[:, None], 4, 1))
    .fault("factor", "divided by the other count", lambda g, x: np.repeat(g[:, None], 4, 1) / 3)
    .fault("factor", "divided by both counts", lambda g, x: np.repeat(g[:, None], 4, 1) / 12),
    Case("var", lambda x: x.var(1), lambda g, x: 2 * g[:, None] * (x - x.mean(1, keepdims=True)) / 4, normal(M))
    .sign()
    .fault("factor", "the 2 forgotten", lambda g, x: g[:, None] * (x - x.mean(1, keepdims=True)) / 4)
    .fault("factor", "divided by n - 1", lambda g, x: 2 * g[:, None] * (x - x.mean(1, keepdims=True)) / 3)
    .fault("other", "the mean not taken off", lambda g, x: 2 * g[:, None] * x / 4)
    .fault("other", "the mean of the other axis", lambda g, x: 2 * g[:, None] * (x - x.mean(0)) / 4),
    Case("norm", lambda x: np.sqrt((x * x).sum()), lambda g, x: g * unit(x), normal((5,)))
    .sign()
    .twice()
    .fault("factor", "not divided", lambda g, x: g * x)
    .fault("scaled", "the input forgotten", lambda g, x: g * np.ones_like(x) / np.sqrt((x * x).sum()))
    .fault("factor", "the square of the norm", lambda g, x: g * x / (x * x).sum()),
    Case("logsumexp", lambda x: logsumexp(x, axis=1), lambda g, x: g[:, None] * softmax(x), normal(M))
    .sign()
    .half()
    .fault("other", "not normalised", lambda g, x: g[:, None] * np.exp(x - x.max(1, keepdims=True)))
    .fault("other", "the softmax of the other axis", lambda g, x: g[:, None] * softmax(x.T).T)
    .fault("other", "the largest alone", lambda g, x: g[:, None] * mask_of_max(x)),
    Case("prod", lambda x: x.prod(1), lambda g, x: g[:, None] * x.prod(1)[:, None] / x, normal(M))
    .sign()
    .twice()
    .fault("scaled", "not divided", lambda g, x: g[:, None] * x.prod(1)[:, None] + 0 * x)
    .fault("other", "multiplied", lambda g, x: g[:, None] * x.prod(1)[:, None] * x)
    .fault("other", "the product of everything", lambda g, x: g[:, None] * x.prod() / x),
    Case("max", lambda x: x.max(1), lambda g, x: g[:, None] * mask_of_max(x), normal(M))
    .sign()
    .zero()
    .fault("shifted", "off by one", lambda g, x: np.roll(g[:, None] * mask_of_max(x), 1, axis=1))
    .fault("other", "the smallest", lambda g, x: g[:, None] * mask_of_max(-x))
    .fault("other", "no mask", lambda g, x: g[:, None] + 0 * x),
    Case("cumsum", lambda x: x.cumsum(1), lambda g, x: g[:, ::-1].cumsum(1)[:, ::-1], normal(M))
    .sign()
    .twice()
    .fault("other", "from the wrong end", lambda g, x: g.cumsum(1))
    .fault("other", "the other axis", lambda g, x: g[::-1].cumsum(0)[::-1])
    .fault("other", "not turned back", lambda g, x: g[:, ::-1].cumsum(1)),
    Case("softmax", softmax, softmax_vjp, normal(M))
    .sign()
    .twice()
    .fault("other", "the second term dropped", lambda g, x: softmax(x) * g)
    .fault("other", "summed over the other axis", lambda g, x: softmax(x) * (g - (g * softmax(x)).sum(0)))
    .fault("other", "the output not in the sum", lambda g, x: softmax(x) * (g - g.sum(-1, keepdims=True))),
    Case("log softmax", lambda x: np.log(softmax(x)), lambda g, x: g - softmax(x) * g.sum(-1, keepdims=True), normal(M))
    .sign()
    .half()
    .fault("other", "the second term dropped", lambda g, x: g + 0 * x)
    .fault("other", "the cotangent not summed", lambda g, x: g - softmax(x) * g)
    .fault("other", "a plus for the minus", lambda g, x: g + softmax(x) * g.sum(-1, keepdims=True)),
    Case("layer norm", layer_norm, layer_norm_vjp, normal((3, 5), (5,)))
    .sign(1)
    .fault("other", "the mean dropped", lambda g, x, w: layer_norm_vjp(g, x, w, means=(False, True)))
    .fault("other", "the variance dropped", lambda g, x, w: layer_norm_vjp(g, x, w, means=(True, False)))
    .fault("other", "eps outside the root", lambda g, x, w: layer_norm_vjp(g, x, w, eps=lambda v: np.sqrt(v) + EPS))
    .fault("sum", "the weight not summed", lambda g, x, w: (layer_norm_vjp(g, x, w)[0], g * layer_norm(x, 1))),
    Case("rms norm", rms_norm, rms_norm_vjp, normal((3, 5)))
    .sign()
    .zero()
    .fault("other", "the sum for the mean", lambda g, x: rms_norm_vjp(g, x, count=False))
    .fault("other", "eps outside the root", lambda g, x: rms_norm_vjp(g, x, eps=lambda m: np.sqrt(m) + EPS))
    .fault("other", "the second term dropped", lambda g, x: g / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)),
    Case("cross entropy", cross_entropy, lambda g, x, t: g * (softmax(x) - one_hot(t, 3)) / len(t), labels)
    .sign()
    .fault("factor", "not divided by the batch", lambda g, x, t: g * (softmax(x) - one_hot(t, 3)))
    .fault("other", "the labels forgotten", lambda g, x, t: g * softmax(x) / len(t))
    .fault("other", "the labels off by one", lambda g, x, t: g * (softmax(x) - one_hot((t + 1) % 3, 3)) / len(t))
    .fault("other", "no softmax", lambda g, x, t: g * (x - one_hot(t, 3)) / len(t)),
    Case(
        "mse",
        lambda x, y: ((x - y) ** 2).mean(),
        lambda g, x, y: (2 * g * (x - y) / x.size, -2 * g * (x - y) / x.size),
        normal(M, M),
    )
    .zero(1)
    .fault("factor", "the 2 forgotten", lambda g, x, y: (g * (x - y) / x.size, -2 * g * (x - y) / x.size))
    .fault("factor", "not divided", lambda g, x, y: (2 * g * (x - y), -2 * g * (x - y) / x.size))
    .fault("sign", "the same sign for both", lambda g, x, y: (2 * g * (x - y) / x.size, 2 * g * (x - y) / x.size))
    .fault("factor", "divided by the batch alone", lambda g, x, y: (2 * g * (x - y) / 3, -2 * g * (x - y) / x.size)),
    Case(
        "bce with logits",
        lambda x, y: (np.logaddexp(0, x) - x * y).mean(),
        lambda g, x, y: (g * (expit(x) - y) / x.size, -g * x / x.size),
        lambda r: (r.normal(size=M), r.random(M)),
    )
    .sign(0)
    .twice(0)
    .fault("sign", "the sign of the target", lambda g, x, y: (g * (expit(x) - y) / x.size, g * x / x.size))
    .fault("other", "no sigmoid", lambda g, x, y: (g * (x - y) / x.size, -g * x / x.size))
    .fault(
        "other",
        "divided by p (1 - p)",
        lambda g, x, y: (g * (expit(x) - y) / expit(x) / expit(-x) / x.size, -g * x / x.size),
    ),
    Case("rows by index", lambda x, i: x[i], rows_vjp, lambda r: (r.normal(size=(4, 3)), np.array([1, 3, 1, 0, 1])))
    .sign()
    .twice()
    .fault("row", "written instead of added", overwritten)
    .fault("shifted", "off by one", lambda g, x, i: rows_vjp(g, x, (i + 1) % 4))
    .fault("row", "the last one left out", lambda g, x, i: rows_vjp(g[:-1], x, i[:-1])),
    Case(
        "concatenate",
        lambda x, y: np.concatenate([x, y], 1),
        lambda g, x, y: (g[:, :2], g[:, 2:]),
        normal((3, 2), (3, 2)),
    )
    .sign(1)
    .zero(0)
    .fault("swapped", "the parts exchanged", lambda g, x, y: (g[:, 2:], g[:, :2]))
    .fault("other", "off by one", lambda g, x, y: (g[:, 1:3], g[:, 2:]))
    .fault("swapped", "the same part twice", lambda g, x, y: (g[:, :2], g[:, :2])),
    Case("correlation", correlate, correlate_vjp, normal((7,), (3,)))
    .sign(0)
    .twice(1)
    .fault("other", "the kernel turned around", lambda g, x, w: (correlate_vjp(g, x, w[::-1])[0], correlate(x, g)))
    .fault("shifted", "off by one", lambda g, x, w: (np.roll(correlate_vjp(g, x, w)[0], 1), correlate(x, g)))
    .fault(
        "other",
        "the gradient of the kernel turned around",
        lambda g, x, w: (correlate_vjp(g, x, w)[0], correlate(x, g)[::-1]),
    ),
]
