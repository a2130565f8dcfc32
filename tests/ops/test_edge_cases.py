"""Operators at their edges: signed zeros, infinities, empty shapes, half precision, bools, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import tinygrad_mlp
from support.parity import same

INF = float("inf")


def _functional(torch: Any) -> Any:
    return torch.nn.functional


# Numbers, lower and upper bounds: each number is equal to one of them or both, or the lower bound is above the upper.
AT_BOUNDS = (
    [1.0, 2.0, 1.0, 0.5, 1.0, -1.0, 3.0, 2.0, 0.5],
    [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0],
    [2.0, 2.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5],
)

NAN = float("nan")
UNUSUAL = [[NAN, 1.0], [INF, 2.0], [0.0, 0.0], [-INF, INF], [NAN, INF], [-3.0, 3.0], [NAN, NAN], [0.0, 2.0]]

ORDERS = (INF, -INF, 2, 1, 1.5, 3, 0.5, 0, -2)


def _norm_and_gradient(order: float) -> Any:
    """Without a second gradient, which is a tensor of torch's that its `numpy` refuses."""

    def norm(torch: Any, x: Any) -> Any:
        y = torch.norm(x, order, dim=1)
        return y, torch.autograd.grad(y.sum(), x)[0] if y.requires_grad else None

    return norm


def _scattered(torch: Any, x: Any, y: Any, places: list[int], reduce: str) -> Any:
    z = x.scatter_reduce(0, torch.tensor(places), y, reduce)
    return z, torch.autograd.grad(z.sum(), (x, y)) if z.requires_grad else None


# The function of some numbers, and the numbers; 1 / x shows the sign of a zero.
CASES = {
    # The sign of a zero.
    "relu keeps -0": (lambda torch, x: 1 / torch.relu(x), [-0.0, 0.0]),
    "clamp keeps -0": (lambda torch, x: 1 / x.clamp(0, 0) + 1 / x.clamp_min(0), [-0.0, 0.0]),
    "maximum of -0 and 0": (lambda torch, x, y: 1 / torch.maximum(x, y), [-0.0, 0.0], [0.0, -0.0]),
    "minimum of -0 and 0": (lambda torch, x, y: 1 / torch.minimum(x, y), [-0.0, 0.0], [0.0, -0.0]),
    "fmax of -0 and 0": (lambda torch, x, y: 1 / torch.fmax(x, y), [-0.0, 0.0], [0.0, -0.0]),
    "fmin of -0 and 0": (lambda torch, x, y: 1 / torch.fmin(x, y), [-0.0, 0.0], [0.0, -0.0]),
    "fmax of nan": (lambda torch, x, y: torch.fmax(x, y) * 2, [NAN, 1.0, NAN, 2.0], [1.0, NAN, NAN, 2.0]),
    "fmin of nan": (lambda torch, x, y: torch.fmin(x, y) * 2, [NAN, 1.0, NAN, 2.0], [1.0, NAN, NAN, 2.0]),
    "erfinv keeps -0": (lambda torch, x: 1 / torch.erfinv(x), [-0.0, 0.0]),
    "copysign of zeros": (lambda torch, x, y: torch.copysign(x, y) * 3, [0.0, -0.0, 1.0], [-1.0, -0.0, 0.0]),
    "signbit": (lambda torch, x: torch.signbit(x), [-0.0, 0.0, -1.0, NAN, -INF]),
    "elu of 0 downwards": (lambda torch, x: 1 / _functional(torch).elu(x.detach(), -0.5), [0.0, -0.0, -1.0]),
    "cumsum of -0": (lambda torch, x: 1 / torch.cumsum(x, 0), [-0.0, -0.0]),
    "amax of scattered numbers beside nan": (
        lambda torch, x, y: _scattered(torch, x, y, [0, 0], "amax"),
        [1.0, NAN, 2.0],
        [3.0, NAN],
    ),
    "amax of scattered nan": (lambda torch, x, y: _scattered(torch, x, y, [1, 1], "amax"), [1.0, NAN], [NAN, 2.0]),
    "mse_loss at its target": (
        lambda torch, x, y: 1 / torch.autograd.grad(_functional(torch).mse_loss(x, y), y)[0],
        [1.0],
        [1.0],
    ),
    "nll_loss of 0": (
        lambda torch, x: 1 / _functional(torch).nll_loss(x, torch.tensor([0]), reduction="sum"),
        [[0.0, 1.0]],
    ),
    # Points where a formula has another branch.
    "softplus at its threshold": (lambda torch, x: _functional(torch).softplus(x, 2.0, 3.0), [1.5, 1.0, 2.0]),
    "sinc at 0 and beside it": (lambda torch, x: torch.sinc(x), [0.0, 0.25, -0.5]),
    "atan2 at the origin": (lambda torch, x, y: torch.atan2(x, y), [0.0, 1.0], [0.0, 2.0]),
    "pow: the square of a matrix": (lambda torch, x: x**2, [[1.0, 2.0], [3.0, 4.0]]),
    "clamp with the larger bounds": (lambda torch, x, y: torch.clamp(x, min=y), [[1.0]], [[0.5, 1.5]]),
    "clamp at one bound": (
        lambda torch, x: x.clamp(min=1.0) + 2 * x.clamp(max=1.0) + 4 * x.clamp(1, 1),
        [0.5, 1.0, 2.0],
    ),
    "clamp at bounds that are tensors": (lambda torch, x, y, z: torch.clamp(x, y, z) ** 2, *AT_BOUNDS),
    "clamp at one bound that is a tensor": (
        lambda torch, x, y, z: torch.clamp(x, min=y) ** 2 + torch.clamp(x, max=z) ** 3,
        *AT_BOUNDS,
    ),
    "addmm with factors": (
        lambda torch, x, y: torch.addmm(x, x, y, beta=2, alpha=2) * torch.addmm(x, y, x, beta=3, alpha=0.5),
        [[1.0, 2.0], [3.0, 4.0]],
        [[5.0, 6.0], [7.0, 8.0]],
    ),
    **{f"vector_norm {order} of nan and infinity": (_norm_and_gradient(order), UNUSUAL) for order in ORDERS},
    "logit at its limits": (lambda torch, x: torch.logit(x, 0.125), [0.0, 0.125, 0.25, 0.875, 0.9375, 1.0, 1.5]),
    "clamp of a matrix at its upper bound": (lambda torch, x: x.clamp(max=2.0), [[1.0, 2.0], [3.0, 1.0]]),
    "amax and amin along the rows of a square": (lambda torch, x: x.amax(1) * x.amin(1), [[1.0, 5.0], [4.0, 3.0]]),
    "binary_cross_entropy of several": (
        lambda torch, x, y: _functional(torch).binary_cross_entropy(x, y),
        [0.5, 0.25, 0.125],
        [0.5, 0.75, 0.25],
    ),
    "std of equal numbers": (lambda torch, x: x.std(0), [0.1, 0.1, 0.1]),
    "std of rows of equal numbers": (lambda torch, x: x.std(1), [[0.1, 0.1, 0.1], [0.7, 0.7, 0.7]]),
    "var without freedom": (lambda torch, x: torch.var(x, correction=2), [1.0, 2.0]),
    "var with less than none": (lambda torch, x: torch.var(x, correction=3), [1.0, 2.0]),
    "var of one number, without freedom": (lambda torch, x: torch.var(x, 0, correction=2), 3.0),
    "var of nothing, with more freedom": (lambda torch, x: torch.var(x, correction=-1), []),
    "var of empty rows, with more freedom": (lambda torch, x: torch.var(x, 1, correction=-1), [[], []]),
    "norms of nothing": (lambda torch, x: torch.norm(x, INF), []),
    "norms of nothing along a dimension": (lambda torch, x: torch.norm(x, -INF, 0), []),
    "norms of nothing along the last dimension": (lambda torch, x: torch.norm(x, -1, -1), [[], []]),
    "norms of nothing along two dimensions": (lambda torch, x: torch.norm(x, INF, (0, 1)), [[], []]),
    "nan_to_num": (
        lambda torch, x: torch.nan_to_num(x) / 2 + torch.nan_to_num(x, 1.0, 2.0, 3.0),
        [NAN, INF, -INF, 1.0, -0.0],
    ),
    "round to decimals": (
        lambda torch, x: torch.round(x, decimals=2) + torch.round(x, decimals=-1) + torch.round(x, decimals=0),
        [1.005, 2.675, -15.0, 25.0, INF, NAN],
    ),
    "lgamma at its poles": (lambda torch, x: torch.lgamma(x).detach(), [0.0, -1.0, -INF, INF, NAN, 1.0, 2.0]),
    "digamma at its pole": (lambda torch, x: torch.digamma(x).detach(), [0.0, -0.0, -1.0, INF, -INF, NAN]),
    "heaviside": (lambda torch, x, y: torch.heaviside(x.detach(), y.detach()), [-1.0, 0.0, 2.0, NAN], [7.0] * 4),
    "renorm of zeros": (lambda torch, x: torch.renorm(x.reshape(2, 2), 2, 0, 1.0), [0.0, 0.0, 3.0, 4.0]),
    "renorm by the largest": (
        lambda torch, x: torch.renorm(x.reshape(2, 2), float("inf"), 1, 0.5),
        [0.25, -1.0, 0.5, 1.0],
    ),
    "nextafter": (lambda torch, x, y: torch.nextafter(x, y), [1.0, 2.0, 0.0], [2.0, 2.0, -1.0]),
    "the normal distribution": (lambda torch, x: torch.special.log_ndtr(x) + torch.special.ndtr(x), [-1.0, 0.0, 2.0]),
    "the normal distribution far from its mean": (
        lambda torch, x: torch.special.log_ndtr(x).detach(),
        [-40.0, 6.0, -INF],
    ),
    "ndtri at its ends": (lambda torch, x: torch.special.ndtri(x).detach(), [0.0, 1.0, 0.5, -1.0, 2.0]),
    "entr at 0 and below": (lambda torch, x: torch.special.entr(x).detach(), [0.0, 1.0, -1.0, INF, NAN]),
    "Bessel functions at 0": (
        lambda torch, x: sum(getattr(torch.special, name)(x) for name in ("i0", "i0e", "i1", "i1e")),
        [0.0, 1.0, -2.0],
    ),
    "xlog1py at its edges": (lambda torch, x, y: torch.special.xlog1py(x, y), [0.0, 0.0, 2.0], [-1.0, 1.0, -0.5]),
    # Infinities, and zeros in a product.
    "softmax of one infinity": (lambda torch, x: torch.softmax(x, 0) + torch.log_softmax(x, -1), INF),
    "prod of zeros and infinity": (lambda torch, x: torch.prod(x), [0.0, 0.0, INF]),
    "prod of a zero": (lambda torch, x: torch.prod(x), [3.0, 0.0, 2.0]),
    "prod of rows with a zero": (lambda torch, x: torch.prod(x, 1), [[0.0, 2.0], [3.0, 0.0]]),
    "prod of a zero and infinity": (lambda torch, x: torch.prod(x, 1), [[0.0, INF], [2.0, 3.0]]),
    "cumprod of zeros and infinity": (lambda torch, x: torch.cumprod(x, 0), [2.0, 0.0, 3.0, 0.0, INF, 4.0]),
    "cumprod of zeros alone": (lambda torch, x: torch.cumprod(x, 0), [0.0, 0.0, 0.0]),
    "prod of rows of one number": (lambda torch, x: torch.prod(x, 1), [[0.0], [2.0]]),
    "cumprod from behind": (lambda torch, x: torch.cumprod(x, -1), [[0.0, 2.0, 0.0], [3.0, 4.0, 5.0]]),
    "nll_loss where all is ignored": (
        lambda torch, x: torch.autograd.grad(_functional(torch).nll_loss(x, torch.tensor([0, 0]), ignore_index=0), x),
        [[1.0, 2.0], [3.0, 4.0]],
    ),
    "nll_loss ignores infinity": (
        lambda torch, x: _functional(torch).nll_loss(x.detach(), torch.tensor([0, 1]), None, None, 0, None, "none"),
        [[INF, 1.0], [2.0, 3.0]],
    ),
    # One number, none, or no dimension.
    "softmax of one number": (lambda torch, x: torch.softmax(x, 0) + torch.log_softmax(x, -1), 3.0),
    "prod of one number": (lambda torch, x: torch.prod(x) + torch.prod(x, 0), 40.3),
    "max of one number": (lambda torch, x: torch.max(x, 0).values, 3.0),
    "squeeze of no dimension": (lambda torch, x: x.squeeze(()), [[1.0]]),
    "linear of nothing": (lambda torch, x, w: _functional(torch).linear(x, w), [[], []], [[], [], []]),
    "logsumexp over none": (lambda torch, x: torch.logsumexp(x, []), [1.0, 2.0]),
    "logsumexp over none, kept": (lambda torch, x: torch.logsumexp(x, [], True), [1.0, 2.0]),
    "amax over none of nothing": (lambda torch, x: torch.amax(x, []), []),
    # Positions.
    "narrow from behind to the end": (lambda torch, x: x.narrow(0, -2, 2), [1.0, 2.0, 3.0]),
    "narrow from behind": (lambda torch, x: x.narrow(0, -2, 1) * x.narrow(0, -3, 1), [1.0, 2.0, 3.0]),
    "permute from behind": (
        lambda torch, x: x.reshape(2, 3, 1).permute(-1, 0, 1) ** 2,
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    ),
    "roll twice": (lambda torch, x: torch.roll(x, [1, 1], [0, 0]), [1.0, 2.0, 3.0]),
    "roll by nothing": (lambda torch, x: torch.roll(x, []), [1.0, 2.0]),
    "roll one, without dimensions": (lambda torch, x: torch.roll(x, 1, 0), 1.0),
    "roll too much": (lambda torch, x: torch.roll(x, [1, 2], [0]), [1.0, 2.0]),
    "as_strided of elements that lie at one place": (
        lambda torch, x: x.expand(3, 2).as_strided((2, 2), (0, 1)) * torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        [[5.0, 6.0]],
    ),
    "as_strided where some elements lie at one place": (
        lambda torch, x: x.as_strided((2, 2), (1, 1)).as_strided((3,), (1,)) * torch.tensor([1.0, 2.0, 3.0]),
        [4.0, 5.0, 6.0],
    ),
    # Half precision, integers and bools.
    "3-norm of halves": (lambda torch: torch.tensor([50.0, 300.0]).half().norm(3),),
    "norm of halves": (lambda torch: torch.tensor([50.0, 300.0]).half().norm(),),
    "std of small halves": (lambda torch: torch.tensor([1e-5, 2e-5, -3e-5]).half().std(),),
    "erf of halves": (lambda torch: torch.erf(torch.tensor([0.5, -1.0]).half()),),
    "pow of bools": (lambda torch: (torch.tensor([True, False]) ** True, torch.tensor([True, False]) ** False),),
    "pow by bools": (lambda torch: torch.tensor([True, False]) ** torch.tensor([True, False]),),
    "lerp by one number": (lambda torch: torch.lerp(torch.tensor([2]), torch.tensor([4]), torch.tensor(0.5)),),
    "lerp of integers": (lambda torch: torch.lerp(torch.tensor([2]), torch.tensor([4]), 0.5),),
    "lerp of two dtypes": (lambda torch: torch.zeros(3).lerp(torch.zeros(3, dtype=torch.float64), 0.5),),
    "masked_fill with too little": (
        lambda torch: torch.zeros(1, dtype=torch.uint8).masked_fill(torch.tensor([True]), torch.tensor(-0.5)),
    ),
}


def _cotangent(torch: Any, y: Any) -> Any:
    """A number for each element, below and above 0."""
    return (torch.arange(y.numel()) * 0.5 - 0.75).reshape(y.shape).to(y.dtype)


@pytest.mark.parametrize("name", CASES)
def test_same_as_torch(name: str) -> None:
    """Values, gradients, plain and recorded, and second gradients, or the refusal."""
    function, *numbers = CASES[name]

    def program(torch: Any) -> Any:
        xs = [torch.tensor(x).requires_grad_() for x in numbers]
        y = function(torch, *xs)
        if not xs or isinstance(y, tuple) or not y.requires_grad:
            return y
        g = _cotangent(torch, y)
        plain = torch.autograd.grad(y, xs, g, retain_graph=True)
        first = torch.autograd.grad(y, xs, g, create_graph=True)
        roots = [x for x in first if x.requires_grad]
        again = [_cotangent(torch, x) for x in roots]
        return y, plain, first, roots and torch.autograd.grad(roots, xs, again, allow_unused=True)

    same(program)


@pytest.mark.parametrize(("shape", "dim"), [((0,), None), ((0, 3), None), ((0, 3), 0), ((2, 0), (0, 1))])
def test_the_mean_of_nothing_hands_back_nothing(shape, dim):
    """The derivative of its gradient is a sum over no elements, which is 0 and not nan."""
    found = []
    for package in (torch, tinygrad_mlp):
        x = package.zeros(shape, requires_grad=True)
        out = x.mean() if dim is None else x.mean(dim)
        g = package.ones(tuple(out.shape), requires_grad=True)
        (first,) = package.autograd.grad(out, x, g, create_graph=True)
        (second,) = package.autograd.grad(first.sum(), g)
        found.append((tuple(first.shape), second.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_of_two_reasons_to_refuse_a_mean_of_bools_the_dtypes_come_first(dtype: str) -> None:
    def mean(torch: Any) -> Any:
        source = torch.ones(1, dtype=getattr(torch, dtype))
        return torch.tensor([False]).scatter_reduce(0, torch.tensor([0]), source, "mean")

    with pytest.raises((RuntimeError, NotImplementedError)) as theirs:
        mean(torch)
    with pytest.raises(type(theirs.value)) as ours:
        mean(tinygrad_mlp)
    assert type(ours.value) is type(theirs.value)
