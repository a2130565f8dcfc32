"""Reductions, orders and statistics against torch: ties, nan, nothing, numbers, and what is refused."""

import pytest

from support.parity import same
from support.two_worlds import assert_alike

INF, NAN = float("inf"), float("nan")


def arrays(torch):
    """Tensors by the names that the calls below have for them."""
    x = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    return {
        "torch": torch,
        "inf": INF,
        "nan": NAN,
        "x": x,
        "d": x.double(),
        "h": x.half(),
        "i": torch.tensor([[0, 1, 2], [3, 4, 5]]),
        "b": torch.tensor([[False, False, True], [True, True, False]]),
        "n": torch.tensor([1.0, NAN, 2.0, NAN, INF, -1.0]),
        "ties": torch.tensor([[2.0, 1.0, 2.0, 1.0, 1.0, 3.0], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]),
        "zero": torch.tensor(3.0),
    }


VALUES = """
torch.linalg.vector_norm(x, dtype=torch.float64)
torch.linalg.vector_norm(h, dtype=torch.float32)
torch.linalg.vector_norm(x, 2, 0, True, dtype=torch.float64)
torch.linalg.vector_norm(x, 3, -1)
torch.dist(x, d)
torch.dist(x, x + 1, 0)
torch.dist(x, i)
torch.dist(x, x[0] + 1, inf)
torch.dist(x[:0], x[:0])
torch.nansum(n)
torch.nansum(i, 0)
torch.nansum(b, 0)
torch.nansum(x, [])
torch.nansum(x[:0], 0)
torch.nansum(i, dtype=torch.float32)
torch.nanmean(n)
torch.nanmean(x, 0, True, dtype=torch.float64)
torch.nanmean(n[1:2])
torch.count_nonzero(n)
torch.count_nonzero(x, ())
torch.count_nonzero(x, (0, 1))
torch.count_nonzero(b, 0)
torch.count_nonzero(zero, 0)
torch.var_mean(x, 0)
torch.var_mean(x, False)
torch.std_mean(x, 0, True)
torch.std_mean(x, unbiased=False)
torch.std_mean(x, dim=0, correction=0, keepdim=True)
torch.aminmax(x)
torch.aminmax(x, dim=0)
torch.aminmax(x, keepdim=True)
torch.aminmax(b)
torch.aminmax(zero, dim=0)
torch.aminmax(n)
x[:0].median()
i[:0].median()
i[:, :0].median(0)
x.median(0, keepdim=True)
n.median()
n.median(0)
n.nanmedian()
n.nanmedian(0)
n[1:2].nanmedian()
n[1:2].nanmedian(0)
ties.median(1)
ties.median(-1, True)
ties.nanmedian(1)
zero.median(0)
torch.median(i, dim=1)
ties.mode()
ties.mode(0, True)
i.mode()
b.mode()
zero.mode()
x[:, :0].mode(0)
n.kthvalue(5)
n.kthvalue(1)
zero.kthvalue(1)
x[:, :0].kthvalue(1, 0)
i.kthvalue(2, 0, True)
n.cummax(0)
n.cummin(0)
ties.cummax(1)
ties.cummin(-1)
b.cummax(0)
zero.cummax(0)
x[:0].cummin(0)
n.logcumsumexp(0)
torch.tensor([-inf, -inf, 1]).logcumsumexp(0)
torch.tensor([inf, inf, 1]).logcumsumexp(0)
torch.tensor([1000.0, 1000.0, -1000.0]).logcumsumexp(0)
zero.logcumsumexp(0)
h.histc(3)
x[:0].histc(3)
n.histc(3, 0, 2)
torch.tensor([1.0, 1.0]).histc(3)
torch.histc(x, bins=4, min=0, max=3)
torch.histc(x, 2, max=5)
torch.bincount(i[0], minlength=6)
torch.bincount(i[0], x[1])
torch.bincount(i[0], h[1])
torch.bincount(i[0], i[1])
torch.bincount(i[0, :0])
torch.bincount(i[0, :0], minlength=3)
torch.bincount(i[0].to(torch.uint8))
torch.unique(ties)
torch.unique(ties, return_inverse=True)
torch.unique(ties, True, True, True)
torch.unique(ties, dim=1, return_counts=True)
torch.unique(n, return_counts=True, return_inverse=True)
torch.unique(x[:0], return_counts=True, return_inverse=True)
torch.unique(x[:0], dim=0, return_counts=True, return_inverse=True)
torch.unique(zero, return_counts=True, return_inverse=True)
torch.unique(b, return_counts=True)
ties.unique_consecutive()
ties.unique_consecutive(True, True)
ties.unique_consecutive(True, True, 0)
n.unique_consecutive(return_counts=True)
zero.unique_consecutive(True, True)
x[:0].unique_consecutive(True, True)
x[:0].unique_consecutive(True, True, 0)
torch.searchsorted(x[0], 1.0)
torch.searchsorted(x[0], zero)
torch.searchsorted(x[0], i, right=True)
torch.searchsorted(x[0], d, out_int32=True)
torch.searchsorted(x[0], n, side='right')
torch.searchsorted(x, x)
torch.searchsorted(x[0].flip(0), x, sorter=i[0].flip(0))
torch.bucketize(x, x[0])
torch.bucketize(1.0, x[0])
torch.bucketize(i, x[0], right=True, out_int32=True)
torch.isin(x, i)
torch.isin(x, 2)
torch.isin(2, x)
torch.isin(n, n)
torch.isin(x, i[0], invert=True)
torch.isin(x[0], i[0], assume_unique=True)
torch.isin(x[:0], x)
torch.isin(x, x[:0])
torch.msort(x.flip(0))
zero.msort()
torch.quantile(x, 0.5)
torch.quantile(x, 0.3, 0, True)
torch.quantile(x, 0.4, dim=-1, keepdim=True, interpolation='nearest')
torch.quantile(x, 0.4, interpolation='lower')
torch.quantile(x, 0.4, interpolation='higher')
torch.quantile(x, 0.4, interpolation='midpoint')
torch.quantile(x, torch.tensor([0.2, 0.4]), keepdim=True)
torch.quantile(x, torch.tensor([0.2, 0.4]), 1)
torch.quantile(x, torch.tensor([]))
torch.quantile(zero, 0.5, 0)
torch.quantile(zero, 0.5, keepdim=True)
torch.quantile(x, 1)
torch.quantile(n, 0.5)
torch.nanquantile(n, 0.3)
torch.nanquantile(n[1:2], 0.3)
x.diff()
x.diff(n=5)
x.diff(1, 0, x[:1], x[:1])
x.diff(append=i)
x.diff(n=0)
b.diff()
x.cov()
i.cov()
torch.cov(x, fweights=torch.tensor([1, 2, 3]))
torch.cov(x, aweights=x[0])
torch.cov(x, fweights=torch.tensor([1, 2, 3]), aweights=x[0])
x[:0].cov()
ties.corrcoef()
torch.trapezoid(x)
torch.trapezoid(x, dx=2, dim=0)
torch.trapezoid(x, x)
torch.trapezoid(x, x[0])
torch.trapezoid(i)
torch.trapezoid(i, i)
torch.trapezoid(x[:0], dim=0)
x.clone().cumsum_(0, dtype=torch.float32)
i.clone().cumprod_(1)
torch.special.softmax(x, 0)
torch.special.log_softmax(i, -1, dtype=torch.float64)
torch.special.logsumexp(x, [0, 1])
""".strip().splitlines()

REFUSALS = """
torch.linalg.vector_norm(i, dtype=torch.float32)
torch.linalg.vector_norm(d, dtype=torch.float32)
torch.linalg.vector_norm(x, dtype=torch.int64)
torch.dist(i, i)
torch.dist(b, x)
torch.dist(x, 2.0)
torch.dist(x[:0], x[:0], inf)
torch.nanmean(i)
torch.nanmean(i, dtype=torch.float32)
torch.count_nonzero(x, (0, 0))
torch.var_mean(i)
torch.aminmax(x[:0])
torch.aminmax(x, dim=5)
torch.aminmax(x, 0)
i[:0].median(0)
x.median(5)
x.median(keepdim=True)
torch.median(x, dim=None)
x.kthvalue(0)
x.kthvalue(4)
zero.kthvalue(2)
b.kthvalue(1)
x[:0].kthvalue(1, 0)
x[:0].mode(0)
x.histc(0)
x.histc(3, 2, 1)
n.histc(3)
torch.bincount(torch.tensor([1, -2]))
torch.bincount(i)
torch.bincount(i[0], minlength=-1)
torch.bincount(i[0], i[0, :2])
torch.unique(x[:0], dim=1)
torch.unique(zero, dim=0)
torch.unique(x, dim=3)
x[:, :0].unique_consecutive(True, True, 0)
torch.searchsorted(x[0], x, side='righ')
torch.searchsorted(x[0], x, side='left', right=True)
torch.searchsorted(x, x[0])
torch.searchsorted(x, 1.0)
torch.searchsorted(zero, 1.0)
torch.searchsorted(x[0], x, sorter=x[0])
torch.searchsorted(x[0], x, sorter=i)
torch.searchsorted(x[0], x, sorter=i[0] + 1)
torch.bucketize(x, x)
torch.isin(x, b)
torch.quantile(x, 2)
torch.quantile(x, nan)
torch.quantile(x, 0.5, interpolation='near')
torch.quantile(x, torch.tensor([0.5], dtype=torch.float64))
torch.quantile(x, [0.5])
torch.quantile(i, 0.5)
torch.quantile(h, 0.5)
torch.quantile(x[:0], 0.5)
torch.quantile(x, x)
torch.quantile(x, q=0.5, dim=5)
x.diff(n=-1)
zero.diff()
x.diff(prepend=x[0])
x.diff(prepend=x[:1])
x.diff(dim=4)
b.cov()
torch.cov(x[None])
torch.cov(x, fweights=x[0])
torch.cov(x, aweights=torch.tensor([0.0, 0, 0]))
torch.cov(x, fweights=torch.tensor([1, 2, -3]))
torch.cov(x, fweights=torch.tensor([1, 2]))
torch.corrcoef(x[None])
torch.trapezoid(b)
torch.trapezoid(zero)
torch.trapezoid(x, 2)
torch.trapezoid(x, x[0], dim=0)
x.cumsum_(0, dtype=torch.float64)
i.cumprod_(0, dtype=torch.float32)
""".strip().splitlines()

# Refused in other words.
REFUSALS_BY_TYPE = """
torch.aminmax(x[:0], dim=0)
b.median()
i.logcumsumexp(0)
i.histc(3)
torch.bincount(x[0])
torch.searchsorted(b[0], b[0])
torch.isin(2, 3)
""".strip().splitlines()

NO_METHODS = "var_mean std_mean trapezoid bucketize searchsorted isin logcumsumexp_ cummax_ max_dim min_dim unique_all"

# Functions of ties, of the tensor that requires grad as `x`.
GRADIENTS = """
x.median()
x.median(1)[0]
x.nanmedian()
x.nanmedian(0)[0]
x.mode(1)[0]
x.mode()[0]
x.cummax(1)[0]
x.cummin(0)[0]
torch.aminmax(x)[0] + torch.aminmax(x)[1]
torch.aminmax(x, dim=1)[1]
x.nansum()
x.nanmean(0)
x.logcumsumexp(1)
torch.dist(x, x.detach() + 1, 3)
torch.dist(x.detach(), x)
torch.quantile(x[:2], 0.3)
torch.quantile(x, 0.3, 1, interpolation='midpoint')
torch.quantile(x, torch.tensor([0.2, 0.7], dtype=x.dtype), 0)
torch.quantile(x.detach(), x[1, :2] / 2)
torch.nanquantile(x, 0.3, 1)
x.cov()
x.cov(aweights=x[0].detach() + 1)
torch.corrcoef(x[:, :4])
x.diff(2, 0, x[:1])
torch.trapezoid(x, dim=0)
torch.trapezoid(x.detach(), x)
x.msort()
torch.linalg.vector_norm(x, 3, 1, dtype=torch.float64)
torch.var_mean(x, 0)[0] * torch.var_mean(x, 0)[1]
x[:, :0].nansum(1)
x[:0].cummax(0)[0]
x[:, 0].unique_consecutive()
x.unique()
x.unique(dim=0)
""".strip().splitlines()
TIES = [[2.0, 1.0, 2.0, 1.0, 1.0, 3.0], [0.0, 0.0, 0.5, 0.0, 1.0, 1.0], [1.0, 1.0, 0.25, -1.0, -2.0, 0.0]]


@pytest.mark.parametrize("call", VALUES)
def test_values(call):
    assert_alike(lambda torch: eval(call, arrays(torch)), rtol=2e-6)


@pytest.mark.parametrize("call", REFUSALS)
def test_refusals(call):
    assert_alike(lambda torch: eval(call, arrays(torch)), words=1)


@pytest.mark.parametrize("call", REFUSALS_BY_TYPE)
def test_types_of_refusals(call):
    assert_alike(lambda torch: eval(call, arrays(torch)), words=0)


@pytest.mark.parametrize("call", GRADIENTS)
@pytest.mark.parametrize("rows", [TIES, [[*TIES[0][:5], NAN], *TIES[1:]]], ids=["ties", "nan"])
def test_gradients(call, rows):
    def program(torch):
        x = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        result = eval(call, {"torch": torch, "x": x})
        weights = torch.arange(1.0, result.numel() + 1).reshape(result.shape)
        return torch.autograd.grad((result * weights).sum(), x)

    assert_alike(program, rtol=1e-9, scale=1.0, words=1)


@pytest.mark.parametrize("call", ["x.cov(correction=5)", "zero.cov()", "x[:, :0].cov()", "zero.corrcoef()"])
def test_too_few_observations(call):
    same(lambda torch: eval(call, arrays(torch)))  # with a warning


@pytest.mark.parametrize("name", NO_METHODS.split())
def test_functions_that_are_no_methods(name):
    assert_alike(lambda torch: hasattr(torch.Tensor, name))


def test_the_gradient_of_bincount_is_refused():
    assert_alike(lambda torch: torch.bincount(torch.tensor([1, 2]), torch.ones(2, requires_grad=True)).sum().backward())
