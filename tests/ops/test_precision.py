"""Values, gradients and second gradients against mpmath, where a formula cancels, overflows or underflows.

An element may be as far from the truth as torch's is at that point, and some units in its last place in any case.
Results that no normal float can hold are left out.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from mpmath import mp, mpf

import tinygrad_mlp
from tinygrad_mlp.ops import TABLE

# -- the points ------------------------------------------------------------------------------------


def both(*sizes: float) -> list[float]:
    """Numbers of both signs."""
    return [sign * size for size in sizes for sign in (1, -1)]


TINY = (1e-30, 1e-12, 1.1e-8, 3e-6, 2e-4, 0.013)
MIDDLE = (0.1, 0.31, 0.7, 1.37, 2.6, 5.3)
TAIL = (8.2, 12.5, 18.3, 28.6, 38.1, 50.7, 80.0)
FAR = (88.4, 103.0, 300.2, 690.4)
HUGE = (3e4, 2e9, 7e15)
POSITIVE = (*TINY, *MIDDLE, *TAIL, *FAR, *HUGE)
EVERYWHERE = both(*POSITIVE)
NEAR = [0.0, *both(*TINY, *MIDDLE, 8.2, 9.3, 12.5, 18.3, 26.1)]
UNIT = (1e-8, 3e-6, 2e-4, 0.013, 0.1, 0.31, 0.52, 0.7, 0.95, 1 - 1e-3, 1 - 1e-6, 1 - 1e-12)
INSIDE = both(1e-30, *UNIT)
ABOVE_ONE = (1 + 1e-12, 1 + 1e-6, 1 + 1e-3, 1.01, 1.4, 2.6, *TAIL, *HUGE)
AROUND_ONE = (*POSITIVE, 1 + 1e-6, 1 - 1e-6)


def grid(*axes: Sequence[float]) -> list[tuple[float, ...]]:
    """Every combination of the numbers of each axis."""
    return list(itertools.product(*axes))


PAIRS = grid(both(1e-5, 0.7, 30.3), both(1e-5, 1.3, 33.1))
EXTREME = grid(both(1e-30, 1e-8, 0.7), (1e-30, -1e-5, 1.3, 1e15))
LOGITS = grid(both(2e-4, 0.7, *TAIL[::2], 103.0, 3e4), (0.0, 0.3, 1.0))
ROWS = [
    (0.1, 0.7, -1.3), (20.5, 0.3, -18.2), (-30.2, 45.1, 44.9), (3e-5, -2e-5, 1e-5), (-91.0, 95.3, -100.6),
    (300.0, -20.0, 301.5), (1e5, 1e5 + 1, 1e5 - 1),
]  # fmt: skip

# -- the functions, as frameworks and as mpmath have them ------------------------------------------


class Case(NamedTuple):
    """A number of `truth` for each of `points`, from `call` of a framework and an array for each parameter.

    `summed` says that the derivatives are sums over several elements, in which an error may be as large as it is in the
    largest term: it is measured by the largest derivative.
    """

    call: Callable[..., Any]
    truth: Callable[..., Any]
    points: Sequence[Any]
    summed: bool = False


def named(name: str, *args: Any, **options: Any) -> Callable[..., Any]:
    """A function of a framework."""
    return lambda m, *xs: getattr(m.nn.functional if hasattr(m.nn.functional, name) else m, name)(*xs, *args, **options)


def first(name: str, *args: Any, **options: Any) -> Callable[..., Any]:
    """The first number of what a function along the last dimension gives, or the only one."""

    def call(m: Any, *xs: Any) -> Any:
        out = named(name, *args, **options)(m, m.stack(xs, -1))
        return out[..., 0] if out.ndim > 1 else out

    return call


def case(name: str, truth: Callable[..., Any], points: Sequence[Any]) -> Case:
    return Case(named(name), truth, points)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    return x if x * beta > threshold else mp.log1p(mp.exp(x * beta)) / beta


def elu(x: Any, alpha: float = 1, scale: float = 1) -> Any:
    return scale * (x if x > 0 else alpha * mp.expm1(x))


def smooth_l1(x: Any, y: Any) -> Any:
    return (x - y) ** 2 / 2 if abs(x - y) < 1 else abs(x - y) - mpf(0.5)


def mean(*xs: Any) -> Any:
    return mp.fsum(xs) / len(xs)


def var(*xs: Any) -> Any:
    return mp.fsum((x - mean(*xs)) ** 2 for x in xs) / (len(xs) - 1)


def standardized(*xs: Any) -> Any:
    return (xs[0] - mean(*xs)) / mp.sqrt(var(*xs) * (len(xs) - 1) / len(xs) + mpf(1e-5))


def logsumexp(*xs: Any) -> Any:
    return mp.log(mp.fsum(mp.exp(x) for x in xs))


def norm(p: float, *xs: Any) -> Any:
    return mp.fsum(abs(x) ** mpf(p) for x in xs) ** (1 / mpf(p))


def with_pos_weight(m: Any, x: Any, y: Any) -> Any:
    weight = m.full_like(x, 2.5, requires_grad=False)
    return m.nn.functional.binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction="none")


def in_special(name: str, *args: Any) -> Callable[..., Any]:
    """A function of torch.special."""
    return lambda m, *xs: getattr(m.special, name)(*args, *xs)


def ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def logaddexp2(x: Any, y: Any) -> Any:
    return mp.log(mpf(2) ** x + mpf(2) ** y) / mp.log(2)


# The first word of a key is the row, or the function that is made of rows.
POINTWISE = {
    "square": case("square", lambda x: x**2, EVERYWHERE),
    "sqrt": case("sqrt", mp.sqrt, POSITIVE),
    "rsqrt": case("rsqrt", lambda x: 1 / mp.sqrt(x), POSITIVE),
    "reciprocal": case("reciprocal", lambda x: 1 / x, EVERYWHERE),
    "exp": case("exp", mp.exp, EVERYWHERE),
    "exp2": case("exp2", lambda x: mpf(2) ** x, EVERYWHERE),
    "expm1": case("expm1", mp.expm1, EVERYWHERE),
    "log": case("log", mp.log, AROUND_ONE),
    "log2": case("log2", lambda x: mp.log(x) / mp.log(2), AROUND_ONE),
    "log10": case("log10", mp.log10, AROUND_ONE),
    "log1p": case("log1p", mp.log1p, [*POSITIVE, *(-x for x in UNIT)]),
    "sin": case("sin", mp.sin, both(*TINY, *MIDDLE, *TAIL)),
    "cos": case("cos", mp.cos, both(*TINY, *MIDDLE, *TAIL)),
    "tan": case("tan", mp.tan, both(*TINY, *MIDDLE, 1.57, 1.5707)),
    "asin": case("asin", mp.asin, INSIDE),
    "acos": case("acos", mp.acos, INSIDE),
    "atan": case("atan", mp.atan, EVERYWHERE),
    "sinh": case("sinh", mp.sinh, EVERYWHERE),
    "cosh": case("cosh", mp.cosh, EVERYWHERE),
    "tanh": case("tanh", mp.tanh, EVERYWHERE),
    "asinh": case("asinh", mp.asinh, EVERYWHERE),
    "acosh": case("acosh", mp.acosh, ABOVE_ONE),
    "atanh": case("atanh", mp.atanh, INSIDE),
    "erf": case("erf", mp.erf, NEAR),
    "erfc": case("erfc", mp.erfc, NEAR),
    "sinc": case("sinc", mp.sincpi, both(*TINY, *MIDDLE, 0.27, 0.33, 8.2, 50.7)),
    "sigmoid": case("sigmoid", sigmoid, EVERYWHERE),
    "logit": case("logit", lambda x: mp.log(x / (1 - x)), UNIT),
    "logsigmoid": case("logsigmoid", lambda x: -mp.log1p(mp.exp(-x)), EVERYWHERE),
    "silu": case("silu", lambda x: x * sigmoid(x), EVERYWHERE),
    "elu": Case(named("elu", 0.5), lambda x: elu(x, 0.5), EVERYWHERE),
    "selu": case("selu", lambda x: elu(x, 1.6732632423543772, 1.0507009873554805), EVERYWHERE),
    "celu": Case(named("celu", 0.5), lambda x: x if x > 0 else mp.expm1(x * 2) / 2, EVERYWHERE),
    "softplus": case("softplus", softplus, EVERYWHERE),
    "softplus of 2 x": Case(named("softplus", 2.0, 60.0), lambda x: softplus(x, 2, 60), EVERYWHERE),
    "mish": case("mish", lambda x: x * mp.tanh(softplus(x)), both(*TINY, *MIDDLE, *TAIL)),
    "gelu": case("gelu", lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, NEAR),
    "gelu by tanh": Case(
        named("gelu", approximate="tanh"),
        lambda x: x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mpf(0.044715) * x**3)),
        [*NEAR, *both(38.1, 103.0)],
    ),
    "softsign": case("softsign", lambda x: x / (1 + abs(x)), EVERYWHERE),
    "tanhshrink": case("tanhshrink", lambda x: x - mp.tanh(x), both(*TINY[2:], *MIDDLE, *TAIL)),
    "hardswish": case("hardswish", lambda x: x * min(max(x + 3, 0), 6) / 6, both(*TINY, *MIDDLE, *TAIL)),
}
SPECIAL = {
    "erfinv": case("erfinv", mp.erfinv, both(*TINY, *MIDDLE[:2], 0.95)),
    "lgamma": case("lgamma", mp.loggamma, [*MIDDLE, *TAIL]),
    "digamma": case("digamma", mp.digamma, [*MIDDLE, *TAIL]),
    "polygamma": Case(in_special("polygamma", 1), lambda x: mp.polygamma(1, x), [*MIDDLE, *TAIL]),
    "mvlgamma": Case(
        lambda m, x: m.mvlgamma(x, 3),
        lambda x: 1.5 * mp.log(mp.pi) + sum(mp.loggamma(x - mp.mpf(j) / 2) for j in range(3)),
        [1.5, 3.0, *TAIL],
    ),
    "i0": case("i0", lambda x: mp.besseli(0, x), both(*MIDDLE, 8.1)),
    "special_i0e": Case(in_special("i0e"), lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), both(*MIDDLE, *TAIL)),
    "special_i1": Case(in_special("i1"), lambda x: mp.besseli(1, x), both(*MIDDLE, 8.1)),
    "special_i1e": Case(in_special("i1e"), lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), both(*MIDDLE, *TAIL)),
    "special_entr": Case(in_special("entr"), lambda x: -x * mp.log(x), POSITIVE),
    "special_erfcx": Case(in_special("erfcx"), lambda x: mp.exp(x * x) * mp.erfc(x), NEAR),
    "special_ndtr": Case(in_special("ndtr"), ndtr, NEAR),
    "special_ndtri": Case(in_special("ndtri"), lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), UNIT[3:-3]),
    "special_log_ndtr": Case(in_special("log_ndtr"), lambda x: mp.log(ndtr(x)), both(*MIDDLE, *TAIL[:3])),
}
OF_SEVERAL = {
    "special_xlog1py": Case(
        in_special("xlog1py"), lambda x, y: x * mp.log1p(y), grid(both(1e-12, 0.7, 1e9), (1e-9, -0.4, 2.6, 1e15))
    ),
    "logaddexp2": case("logaddexp2", logaddexp2, grid(both(1e-5, 0.7, 40.1, 710.2), (0.3, -18.4, 60.3))),
    "mul": case("mul", lambda x, y: x * y, PAIRS),
    "div": case("div", lambda x, y: x / y, EXTREME),
    "pow": case("pow", lambda x, y: x**y, grid((1e-8, 0.3, 1 - 1e-6, 1 + 1e-6, 2.6, 1e5), both(1e-6, 0.5, 3.7))),
    "pow by a number": Case(named("pow", -2.5), lambda x: x ** mpf(-2.5), POSITIVE),
    "pow of a number": Case(lambda m, x: 2.5**x, lambda x: mpf(2.5) ** x, EVERYWHERE),
    "atan2": case("atan2", mp.atan2, EXTREME),
    "hypot": case("hypot", mp.hypot, EXTREME),
    "logaddexp": case("logaddexp", logsumexp, grid(both(1e-5, 0.7, 40.1, 710.2), (0.3, -18.4, 60.3))),
    "xlogy": case("xlogy", lambda x, y: x * mp.log(y), grid(both(1e-12, 0.7, 1e9), (1e-30, 1 - 1e-6, 2.6, 1e15))),
    "addcdiv": case("addcdiv", lambda x, y, z: x + y / z, grid((0.7,), both(1e-9, 2.6), both(1e-9, 1e9))),
    "addcmul": case("addcmul", lambda x, y, z: x + y * z, grid((0.7,), both(2.6), both(1e9))),
    "lerp": case("lerp", lambda x, y, w: x + w * (y - x), grid((0.7,), both(1e-9, 2.6), both(1e-9, 0.4, 0.7))),
    "glu": Case(first("glu"), lambda x, y: x * sigmoid(y), grid((0.7, -1e9), both(*TINY[1:], *MIDDLE, *TAIL, 88.4))),
}
SUMMED = {
    "prod": Case(first("prod", -1), lambda *x: mp.fprod(x), ROWS, True),
    "cumprod": Case(
        lambda m, *x: m.cumprod(m.stack(x, -1), -1)[..., 2], lambda *x: mp.fprod(x), ROWS, True
    ),
    "mean": Case(first("mean", -1), mean, ROWS, True),
    "var": Case(first("var", -1), var, ROWS, True),
    "std": Case(first("std", -1), lambda *x: mp.sqrt(var(*x)), ROWS, True),
    "logsumexp": Case(first("logsumexp", -1), logsumexp, ROWS),
    "logcumsumexp": Case(lambda m, *x: m.logcumsumexp(m.stack(x, -1), -1)[..., 2], logsumexp, ROWS),
    "nansum": Case(first("nansum", -1), lambda *x: mp.fsum(x), ROWS),
    "softmax": Case(first("softmax", -1), lambda x, y, z: 1 / (1 + mp.exp(y - x) + mp.exp(z - x)), ROWS),
    "log_softmax": Case(first("log_softmax", -1), lambda x, *ys: x - logsumexp(x, *ys), ROWS),
    **{
        f"linalg_vector_norm of {p}": Case(
            first("norm", p, -1), functools.partial(norm, p),
            [*ROWS, (1e-12, 2e-12, -1e-12), (1e-30, 1.0, 2.0), (1e-8, 1e8, -1.0)], True,
        )
        for p in (2, 3, 1.5, 4, -2)
    },
    "layer_norm": Case(first("layer_norm", (3,)), standardized, ROWS, True),
    "group_norm": Case(
        lambda m, *x: m.nn.functional.group_norm(m.stack(x, -1)[:, None], 1)[:, 0, 0], standardized, ROWS, True
    ),
    "batch_norm": Case(
        lambda m, *x: m.nn.functional.batch_norm(m.stack(x), None, None, training=True)[0], standardized, ROWS, True
    ),
}  # fmt: skip
LOSSES = {
    "soft_margin_loss": Case(
        lambda m, x: m.nn.functional.soft_margin_loss(x, m.ones_like(x, requires_grad=False), reduction="none"),
        lambda x: mp.log1p(mp.exp(-x)), NEAR,
    ),
    "mse_loss": Case(named("mse_loss", reduction="none"), lambda x, y: (x - y) ** 2, PAIRS),
    "smooth_l1_loss": Case(named("smooth_l1_loss", reduction="none"), smooth_l1, PAIRS),
    "huber_loss": Case(named("huber_loss", reduction="none"), smooth_l1, PAIRS),
    "binary_cross_entropy": Case(
        named("binary_cross_entropy", reduction="none"),
        lambda p, y: -(y * mp.log(p) + (1 - y) * mp.log(1 - p)), grid(UNIT[::2], (0.0, 1e-9, 0.3, 1.0)),
    ),
    "binary_cross_entropy_with_logits": Case(
        named("binary_cross_entropy_with_logits", reduction="none"),
        lambda x, y: mp.log1p(mp.exp(-x)) + (1 - y) * x, LOGITS,
    ),
    "binary_cross_entropy_with_logits of a weight": Case(
        with_pos_weight, lambda x, y: (1 + mpf(1.5) * y) * mp.log1p(mp.exp(-x)) + (1 - y) * x, LOGITS
    ),
    "kl_div": Case(
        named("kl_div", reduction="none"), lambda x, y: y * (mp.log(y) - x), grid(both(1e-5, 0.7, 30.3), UNIT[::2])
    ),
    "kl_div of logs": Case(
        named("kl_div", reduction="none", log_target=True), lambda x, y: mp.exp(y) * (y - x),
        grid(both(1e-5, 0.7, 30.3), both(1e-3, 40.2)),
    ),
}  # fmt: skip
CASES = {**POINTWISE, **SPECIAL, **OF_SEVERAL, **SUMMED, **LOSSES}

# Rows that move, choose, add or multiply numbers, and second gradients that the cases above ask for.
EXACT = """
abs add addmm alias amax amin as_strided assign bmm cast cat ceil clamp clamp_max clamp_min clone contiguous_clone
bincount cummax cummin kthvalue median_all median_dim mode nanmedian_all nanmedian_dim unique_all unique_dim unique_runs
cumsum dist diag_embed diagonal div_rounded dot expand fill flatten flip floor floor_divide fmod frac gather getitem
hardsigmoid hardtanh hardtanh_backward index_add index_select keep leaky_relu leaky_relu_backward linear masked_fill
masked_select matmul max_all max_dim maximum min_all min_dim minimum mm mv narrow neg nll_loss permute put put_at relu
remainder repeat reshape roll round rsub scatter_add select sign slice_along sort squeeze stack sub sum t take threshold
threshold_backward topk trace transpose tril triu trunc unindex unslice unsqueeze where zero
binary_cross_entropy_backward gelu_backward log_sigmoid_backward
addbmm addmv addr baddbmm block_diag cdist constant_pad_nd copysign deg2rad diagonal_scatter differentiable_once
discrete_fourier embedding embedding_bag fmax fmin frexp hardshrink hardshrink_backward heaviside index_copy
index_fill ldexp
linalg_cross linalg_diagonal masked_scatter multi_margin_loss multilabel_margin_loss nan_to_num narrow_copy nextafter
nll_loss_backward prelu_kernel prelu_kernel_backward put_added rad2deg reflection_pad1d reflection_pad2d
reflection_pad3d renorm replication_pad1d replication_pad2d replication_pad3d rot90 rrelu_with_noise
rrelu_with_noise_backward scatter scatter_combined scatter_reduce select_scatter sgn slice_scatter softshrink
softshrink_backward trilinear unfold unpad vdot
"""
# Algorithms, whose error depends on the matrix: tests/ops/test_rows.py holds them to torch's.
LINEAR_ALGEBRA = """
cholesky_solve linalg_cholesky linalg_det linalg_eigh linalg_inv linalg_lu_factor_ex linalg_matrix_exp linalg_pinv
linalg_qr linalg_slogdet linalg_solve linalg_solve_triangular linalg_svd
"""
# Without a derivative in their first argument: tests/ops/test_incomplete_gamma.py has the others.
OF_ONE_DERIVATIVE = "igamma igammac"

# -- the truth -------------------------------------------------------------------------------------


@functools.cache
def truth(name: str, point: tuple[float, ...]) -> Any:
    """The value, the gradient and the Hessian, each as the sum of two floats, by differences of far smaller steps.

    Outside of a function's domain they are nan.
    """
    sizes = [abs(x) for x in point]
    smallest = min((x for x in sizes if x), default=1.0)
    # Digits for the steps, the square of a small number, and an exponential that is added to 1.
    mp.dps = 130 + 2 * max(0, -round(float(np.log10(smallest)))) + min(420, round(max(sizes) ** 2 / 2))
    xs = [mpf(x) for x in point]
    steps = [mpf(10) ** -25 * (abs(x) or 1) for x in xs]
    n = len(xs)

    @functools.cache
    def at(*shifts: int) -> Any:
        try:
            return CASES[name].truth(*(x + s * h for x, s, h in zip(xs, shifts, steps, strict=True)))
        except ZeroDivisionError:
            return mp.nan

    def shifted(i: int, s: int, j: int = 0, t: int = 0) -> Any:
        return at(*(s * (k == i) + t * (k == j) for k in range(n)))

    def second(i: int, j: int) -> Any:
        if i == j:
            return (shifted(i, 1) - 2 * at(*[0] * n) + shifted(i, -1)) / steps[i] ** 2
        corners = [s * t * shifted(i, s, j, t) for s in (1, -1) for t in (1, -1)]
        return mp.fsum(corners) / (4 * steps[i] * steps[j])

    gradient = [(shifted(i, 1) - shifted(i, -1)) / (2 * steps[i]) for i in range(n)]
    hessian = {pair: second(*pair) for pair in itertools.combinations_with_replacement(range(n), 2)}
    numbers = [at(*[0] * n), *gradient, *(hessian[min(i, j), max(i, j)] for i in range(n) for j in range(n))]
    return [(float(x), float(x - mpf(float(x)))) if mp.im(x) == 0 and mp.isfinite(x) else (np.nan, 0) for x in numbers]


# -- how far a framework is from it ----------------------------------------------------------------


def computed(m: Any, call: Callable[..., Any], points: Any) -> Any:
    """The value, the gradient and the Hessian at every point, in a row."""
    xs = [m.tensor(np.array(column)).requires_grad_() for column in points.T]

    def grad(y: Any) -> list[Any]:
        if not y.requires_grad:
            return [m.zeros_like(x) for x in xs]
        found = m.autograd.grad(y.sum(), xs, create_graph=True, allow_unused=True)
        return [m.zeros_like(x) if g is None else g for x, g in zip(xs, found, strict=True)]

    y = call(m, *xs)
    gradient = grad(y)
    return np.stack([np.array(x.detach().numpy()) for x in (y, *gradient, *itertools.chain(*map(grad, gradient)))], -1)


def errors(m: Any, name: str, points: Any) -> Any:
    """The relative errors of all that is computed at every point; nan where no normal number is true."""
    true, rest = np.moveaxis(np.array([truth(name, tuple(point)) for point in points.tolist()]), -1, 0)
    found = computed(m, CASES[name].call, points).astype(float)
    n, limits = points.shape[1], np.finfo(points.dtype)
    size = np.where((np.abs(true) <= limits.max) & ((np.abs(true) >= limits.tiny) | (true == 0)), np.abs(true), np.nan)
    if CASES[name].summed:
        for block in (slice(1, 1 + n), slice(1 + n, None)):
            size[:, block] = np.nanmax(size[:, block], axis=1, keepdims=True, initial=0)
    error = np.abs(found - true - rest)
    error = np.where(np.isfinite(found), error, np.inf)
    return np.where(np.isnan(size), np.nan, np.where(error == 0, 0, error / size))


FEW = {"float64": 1e-12, "float32": 1e-6}
LUCK = 2  # torch's rounding may be this much better by chance
NEIGHBOURS = (0.94, 0.97, 1, 1.03, 1.06)  # or better than beside the point: the largest of its errors counts


@pytest.mark.parametrize("dtype", FEW)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_as_exact_as_torch(name: str, dtype: str) -> None:
    points = np.array(CASES[name].points, dtype).reshape(len(CASES[name].points), -1)
    ours, theirs = (errors(m, name, points) for m in (tinygrad_mlp, torch))
    doubtful = (ours > np.maximum(FEW[dtype], LUCK * theirs)).any(axis=1)
    if not doubtful.any():
        return
    points, ours = points[doubtful], ours[doubtful]
    theirs = np.fmax.reduce([errors(torch, name, (points * scale).astype(dtype)) for scale in NEIGHBOURS])
    wrong = np.argwhere(ours > np.maximum(FEW[dtype], LUCK * theirs))
    assert not len(wrong), [
        f"number {k} at {points[i].tolist()}: error {ours[i, k]:.1e}, torch {theirs[i, k]:.1e}" for i, k in wrong
    ]


def test_no_row_is_forgotten() -> None:
    lists = (EXACT, LINEAR_ALGEBRA, OF_ONE_DERIVATIVE)
    named_rows = {name.split()[0] for name in CASES} | {name for names in lists for name in names.split()}
    differentiable = {name for name, row in TABLE.items() if row.differentiable}
    assert differentiable <= named_rows, sorted(differentiable - named_rows)
