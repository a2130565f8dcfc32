"""Small programs of which a tape is shown, run forward and backward."""

import tinygrad_mlp as torch
from tinygrad_mlp import nn, viz


def network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    with viz.watching():
        out = model(x)
        loss = nn.functional.cross_entropy(out, y)
    tape = loss.tape()
    loss.backward()
    return tape, model


def twice():
    """h is used three times, by two operators; %1 is h."""
    w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    with viz.watching():
        h = w * 2
        loss = (h * h + h.sin()).sum()
    tape = loss.tape()
    loss.backward()
    return tape, w


def chain(length):
    x = torch.ones(4, requires_grad=True)
    with viz.watching():
        y = x
        for i in range(length - 1):
            y = y * 1.01 if i % 2 else y.tanh()
        y = y.sum()
    tape = y.tape()
    y.backward()
    return tape


def residual(length):
    """Layers each of which adds to what it reads, with three operators to a layer."""
    layers = [nn.Linear(16, 16) for _ in range(length // 3)]
    h = torch.randn(32, 16)
    with viz.watching():
        for layer in layers:
            h = h + layer(h).tanh()
        loss = h[: 1 + (length - 3 * len(layers))].sum()
    tape = loss.tape()
    loss.backward()
    return tape
