"""Classes of tensors and whole modules, which are pickled by the names of their classes."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.checkpoints import described, loaded, saved


class Labelled(tinygrad_mlp.Tensor):
    """A class of tensors of one's own."""


class Reduced(tinygrad_mlp.Tensor):
    """One that says how it is pickled."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return str, ("reduced",)


def test_classes_of_tensors() -> None:
    x = tinygrad_mlp.ones(2)
    x.__class__ = Labelled
    x.label = "left"
    content = saved(tinygrad_mlp, [x, x[0].detach()])
    with pytest.raises(pickle.UnpicklingError, match="Labelled was not an allowed global"):
        loaded(tinygrad_mlp, content)
    with tinygrad_mlp.serialization.safe_globals([Labelled]):
        again = loaded(tinygrad_mlp, content)[0]
    assert type(again) is Labelled and again.label == "left" and again.tolist() == [1, 1]
    x.__class__ = Reduced
    assert loaded(tinygrad_mlp, saved(tinygrad_mlp, x), weights_only=False) == "reduced"


# -- whole modules ---------------------------------------------------------------------------------


class Net(tinygrad_mlp.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = tinygrad_mlp.nn.Linear(2, 3), tinygrad_mlp.nn.Linear(3, 1, bias=False)
        self.register_buffer("steps", tinygrad_mlp.zeros(1))
        self.act = tinygrad_mlp.nn.functional.relu

    def forward(self, x: Any) -> Any:
        return self.second(self.act(self.first(x)))


def test_whole_modules_of_ours() -> None:
    net, x = Net(), tinygrad_mlp.ones(4, 2)
    net.first.weight.requires_grad_(False)
    content = saved(tinygrad_mlp, {"net": net, "optimizer": tinygrad_mlp.optim.SGD(net.second.parameters(), 0.1)})
    with pytest.raises(pickle.UnpicklingError, match="Net was not an allowed global"):
        loaded(tinygrad_mlp, content)
    again = loaded(tinygrad_mlp, content, weights_only=False)
    assert again["net"](x).tolist() == net(x).tolist()
    assert again["optimizer"].param_groups[0]["params"][0] is again["net"].second.weight
    assert [p.requires_grad for p in again["net"].parameters()] == [p.requires_grad for p in net.parameters()]
    lazy = loaded(tinygrad_mlp, saved(tinygrad_mlp, tinygrad_mlp.nn.LazyLinear(3)), weights_only=False)
    assert lazy(x).shape == (4, 3)


LAYERS = {
    "Linear": lambda nn: nn.Linear(4, 4),
    "Sequential": lambda nn: nn.Sequential(OrderedDict(a=nn.Linear(4, 4), b=nn.Tanh())),
    "BatchNorm1d": lambda nn: nn.BatchNorm1d(4),
    "LayerNorm": lambda nn: nn.LayerNorm(4),
    "activations": lambda nn: nn.Sequential(nn.ReLU(), nn.GELU(), nn.LeakyReLU(0.2), nn.PReLU(), nn.Softmax(-1)),
    "ModuleList": lambda nn: nn.Sequential(*nn.ModuleList([nn.Linear(4, 4), nn.Dropout(0.0), nn.Identity()])),
    "Embedding": lambda nn: nn.Embedding(10, 3),
    "Flatten": lambda nn: nn.Sequential(nn.Flatten(), nn.Linear(4, 2)),
    "loss": lambda nn: nn.Sequential(nn.Linear(4, 4), nn.CrossEntropyLoss()),
}


@pytest.mark.parametrize("name", LAYERS)
def test_whole_modules_of_torch(name: str) -> None:
    torch.manual_seed(0)
    theirs = LAYERS[name](torch.nn)
    ours = loaded(tinygrad_mlp, saved(torch, theirs), weights_only=False)
    assert type(ours).__module__.startswith("tinygrad_mlp.") and repr(ours) == repr(theirs)
    assert described(ours.state_dict()) == described(theirs.state_dict())
    if name == "loss":
        ours, theirs = ours[0], theirs[0]
    x = [[1, 2, 3, 4], [5, 6, 7, 8]] if name == "Embedding" else [[0.5, -1.0, 2.0, 0.0], [1.0, 3.0, -2.0, 0.1]]
    assert np.allclose(ours(tinygrad_mlp.tensor(x)).tolist(), theirs(torch.tensor(x)).tolist(), rtol=1e-5, atol=1e-6)
    for framework, net in ((torch, theirs), (tinygrad_mlp, ours)):
        optimizer = framework.optim.SGD(net.parameters(), 0.1) if list(net.parameters()) else None
        net(framework.tensor(x)).sum().backward()
        if optimizer:
            optimizer.step()
    assert np.allclose(
        [p.sum().item() for p in ours.parameters()], [p.sum().item() for p in theirs.parameters()], rtol=1e-4, atol=1e-5
    )


def test_what_is_not_here_is_named() -> None:
    content = saved(torch, torch.nn.Conv2d(1, 1, 3))
    with pytest.raises(NotImplementedError, match=r"<BytesIO>: torch\.nn\.Conv2d is not in tinygrad_mlp"):
        loaded(tinygrad_mlp, content, weights_only=False)
