"""Compiled steps of which a page is shown: each function makes one, calls it until its program runs, and returns it."""

import tinygrad_mlp as torch
from support.compiled import mlp
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def called(function, *args, times=4, **options):
    """A compiled function after some calls."""
    step = torch.compile(function, **options)
    for _ in range(times):
        step(*args)
    return step


def batch(size=8):
    torch.manual_seed(0)
    return torch.randn(size, 4), torch.randint(0, 3, (size,))


def seed(**options):
    """Two layers by hand; the first product is too large for a call of gemm, the second is not."""
    torch.manual_seed(1)
    x, y = torch.randn(64, 1000), torch.randn(64, 10)
    w1, w2 = torch.randn(1000, 100, requires_grad=True), torch.randn(100, 10, requires_grad=True)

    def seed(x, y):
        y_pred = x.mm(w1).clamp(min=0).mm(w2)
        loss = (y_pred - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            w1.sub_(1e-6 * w1.grad)
            w2.sub_(1e-6 * w2.grad)
            w1.grad.zero_()
            w2.grad.zero_()
        return loss

    return called(seed, x, y, **options)


def trained(optimizer_of, model_of=lambda: mlp(4, 8, 3), **options):
    x, y = batch()
    model = model_of()
    optimizer = optimizer_of(model.parameters())

    def step(x, y):
        optimizer.zero_grad(**options)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return called(step, x, y)


def sgd():
    return trained(lambda parameters: torch.optim.SGD(parameters, lr=0.1))


def momentum():
    return trained(lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True))


def adam():
    return trained(lambda parameters: torch.optim.Adam(parameters, lr=0.01))


def zeroed():
    return trained(lambda parameters: torch.optim.SGD(parameters, lr=0.1), set_to_none=False)


def dropout():
    return trained(
        lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        lambda: nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3)),
    )


def inference():
    torch.manual_seed(0)
    model = torch.compile(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)))
    with torch.no_grad():
        for _ in range(3):
            model(torch.ones(2, 4))
    return model


def of_weight(function):
    """A step on a weight of three elements, which is the function's second argument."""
    w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)

    def step(x):
        return function(x, w)

    return called(step, torch.ones(3))


def used_thrice():
    def step(x, w):
        w.grad = None
        h = w * x
        loss = (h * h + h.sin()).sum()
        loss.backward()
        return loss

    return of_weight(step)


def two_backwards():
    def step(x, w):
        (w * x).sum().backward()
        first = w.grad.clone()
        w.grad = None
        w.exp().sum().backward()
        second, w.grad = w.grad, None
        return first + second

    return of_weight(step)


def second_derivative():
    def step(x, w):
        (g,) = torch.autograd.grad((w**3 * x).sum(), w, create_graph=True)
        (gg,) = torch.autograd.grad(g.sum(), w)
        return gg

    return of_weight(step)


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def own_function():
    def step(x, w):
        loss = Doubled.apply(w * x).sum()
        loss.backward()
        w.grad = None
        return loss

    return of_weight(step)


def unread():
    def step(x, w):
        w.cos()
        with torch.no_grad():
            w.mul_(2.0)
            w.copy_(x)
        return (w * x).detach()

    return of_weight(step)


def blocks():
    torch.manual_seed(0)
    w = torch.randn(1000, 300, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.01)

    def step(x):
        optimizer.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    return called(step, torch.ones(300))


def chain(length):
    x = torch.ones(4, requires_grad=True)

    def step():
        y = x
        for i in range(length - 1):
            y = y * 1.01 if i % 2 else y.tanh()
        y.sum().backward()
        x.grad = None

    return called(step)


def scipy():
    return seed(blas="scipy")


EVERY = (
    seed, scipy, sgd, momentum, adam, zeroed, dropout, inference, used_thrice, two_backwards, second_derivative,
    own_function, unread, blocks,
)  # fmt: skip
