"""The public package torchviz, unmodified, draws our graphs as it draws torch's."""

from __future__ import annotations

import importlib
import re
import sys

import pytest
import torch as real

import tinygrad_mlp
from tinygrad_mlp.alias import torch_alias


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def _torchviz(torch):
    """The public package, imported afresh, so that `torch` in it is what `torch` means now."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchviz"]:
        del sys.modules[name]
    torchviz = importlib.import_module("torchviz")
    assert torchviz.dot.torch is torch
    return torchviz


def _drawing(source):
    """A drawing's nodes and edges without addresses: each node by its text and colour, and those it leads to."""
    nodes = dict(re.findall(r"^\t(\d+) \[label=(.*?)\]$", source, re.MULTILINE | re.DOTALL))
    texts = {n: re.sub(r"\s+", " ", text) for n, text in nodes.items()}
    edges = re.findall(r"^\t(\d+) -> (\d+)(.*)$", source, re.MULTILINE)
    return sorted(texts.values()), sorted((texts[a], texts[b], style) for a, b, style in edges)


def _mlp(torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    y = model(torch.ones(5, 3))
    return y.pow(2).mean(), dict(model.named_parameters())


def _by_hand(torch):
    x, w1, w2 = torch.ones(2, 3), _leaf(torch, 3, 4), _leaf(torch, 4, 2)
    return x.mm(w1).tanh().mm(w2).exp().sum(), {"w1": w1, "w2": w2}


def _a_view(torch):
    x = _leaf(torch, 2, 3)
    y = x * 2
    return y[0], {"x": x}


def _several(torch):
    x = _leaf(torch, 3)
    y = x * x
    return (y.exp(), y.log()), {"x": x}


OPTIONS = {"plain": {}, "saved": {"show_saved": True}}
DRAWN = [
    (_mlp, "plain"),
    (_by_hand, "plain"),
    (_by_hand, "saved"),
    (_a_view, "plain"),
    (_several, "plain"),
    (_several, "saved"),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torchviz asks distutils for versions
@pytest.mark.parametrize(("program", "options"), DRAWN, ids=lambda p: getattr(p, "__name__", p))
def test_torchviz_draws_the_same(program, options):
    value, params = program(real)
    theirs = _torchviz(real).make_dot(value, params=params, **OPTIONS[options]).source
    with torch_alias():
        value, params = program(tinygrad_mlp)
        ours = _torchviz(tinygrad_mlp).make_dot(value, params=params, **OPTIONS[options]).source
    sys.modules.pop("torchviz", None)
    nodes, edges = _drawing(ours)
    assert nodes
    assert edges
    assert (nodes, edges) == _drawing(theirs)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchviz_shows_attributes():
    with torch_alias():
        value, params = _by_hand(tinygrad_mlp)
        source = _torchviz(tinygrad_mlp).make_dot(value, params=params, show_attrs=True, show_saved=True).source
    sys.modules.pop("torchviz", None)
    assert re.search(r"MmBackward0\n-+\nmat2: \[saved tensor\]\nself: \[saved tensor\]", source)
    assert re.search(r"ExpBackward0\n-+\nresult: \[saved tensor\]", source)
