"""What is kept of weights and gradients during a training: histograms whose counts are exact."""

from itertools import pairwise

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.viz.run_history import BINS, MOMENTS, History


def watched(values, grads=None):
    """A history of one weight that has some values, one after the other, and these gradients."""
    model = nn.Linear(values[0].shape[1], len(values[0]), bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(values[0]))
    history = History(1)
    history.start(model)
    for value, grad in zip(values[1:], grads if grads is not None else values[1:], strict=True):
        with torch.no_grad():
            model.weight.copy_(torch.from_numpy(value))
        model.weight.grad = torch.from_numpy(grad)
        history.step()
        history.epoch()
    return history.layers()[0]


def drawn(scale, shape=(40, 50)):
    return (np.random.default_rng(0).standard_normal(shape) * scale).astype(np.float32)


@pytest.mark.parametrize(
    "scales", [(1, 1), (1e-3, 1), (1, 1e-3), (1e-30, 1e30), (1e-44, 1e-44), (0, 1), (1, 0), (0, 0)]
)
def test_weights_are_counted_exactly_in_bins_of_one_width(scales):
    values = [drawn(scale) for scale in scales]
    weights = watched(values).weights
    assert len(weights.edges) - 1 <= BINS
    assert len(set(np.diff(weights.edges).round(60))) <= 2
    for value, counts in zip(values, weights.counts, strict=True):
        places = np.searchsorted(weights.edges, value.astype(np.float64).ravel(), side="right") - 1
        assert np.bincount(places, minlength=len(counts)).tolist() == counts


@pytest.mark.parametrize("scale", [1, 1e-3, 1e-30, 1e30, 1e-42])
def test_gradients_are_counted_by_magnitude(scale):
    grad = drawn(scale)
    grad[0] = 0
    gradients = watched([drawn(1), drawn(1)], [grad]).gradients
    assert gradients.zero == [int((grad == 0).sum())]
    sizes = np.abs(grad[grad != 0]).astype(np.float64)
    edges = np.array(gradients.edges)
    assert edges[0] <= sizes.min() * 1.0001 and sizes.max() < edges[-1] * 1.0001
    assert sum(gradients.counts[0]) == len(sizes)
    inner = [np.sum((sizes > low * 1.0001) & (sizes < high * 0.9999)) for low, high in pairwise(edges)]
    assert np.all(np.array(gradients.counts[0]) >= inner) and sum(inner) > 0.99 * len(sizes)


def test_what_is_not_finite_is_counted_apart():
    value = drawn(1)
    value[0, :3] = [np.nan, np.inf, -np.inf]
    layer = watched([drawn(1), value])
    assert layer.weights.bad == [0, 3] and layer.gradients.bad == [3]
    assert sum(layer.weights.counts[1]) == sum(layer.gradients.counts[0]) == value.size - 3
    assert layer.updates.values == [None]


@pytest.mark.parametrize("epochs", [1, MOMENTS - 1, MOMENTS, 3 * MOMENTS + 1, 1000])
def test_no_more_than_some_epochs_are_kept(epochs):
    layer = watched([drawn(1, (2, 2))] * (epochs + 1))
    kept = layer.weights.epochs
    assert len(kept) <= MOMENTS + 1
    assert kept[0] == 0 and kept[-1] == epochs and kept[1:] == layer.gradients.epochs
    assert len(kept) > min(epochs, MOMENTS // 2)
    assert len(set(np.diff(kept[:-1]))) <= 1  # evenly spaced
    assert len(layer.updates.values) == epochs


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_update_is_that_of_the_last_step(steps):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = History(steps)
    history.start(model)
    expected = []
    for _ in range(2):
        for _ in range(steps):
            before = [model[i].weight.detach().numpy().copy() for i in (0, 2)]
            optimizer.zero_grad()
            model(torch.randn(8, 3)).square().sum().backward()
            optimizer.step()
            history.step()
        history.epoch()
        grads = [model[i].weight.grad.numpy() for i in (0, 2)]
        expected.append([np.linalg.norm(0.1 * g) / np.linalg.norm(w) for g, w in zip(grads, before, strict=True)])
    found = [layer.updates.values for layer in history.layers()]
    assert np.allclose(np.transpose(found), expected, rtol=1e-3)
    assert [layer.name for layer in history.layers()] == ["Layer 1: 3 → 4", "Layer 2: 4 → 2"]
