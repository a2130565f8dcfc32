"""Random small networks: compiled and eager agree over several steps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run

nn, F = torch.nn, torch.nn.functional

ACTIVATIONS = (
    "ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "LeakyReLU", "ELU", "Softplus", "Softmax", "LogSoftmax", "Hardtanh",
)  # fmt: skip
NORMS = ("none", "none", "BatchNorm1d", "LayerNorm")
LOSSES = ("mse", "l1", "smooth_l1", "huber", "bce_with_logits", "cross_entropy", "nll")
OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")
WRITES = ("none", "none", "add", "row", "relu_", "view", "mask", "scale by norm")
WEIGHT_WRITES = ("none", "none", "decay", "clip", "average")

networks = st.fixed_dictionaries(
    {
        "widths": st.lists(st.integers(1, 6), min_size=0, max_size=3),
        "bias": st.booleans(),
        "activation": st.sampled_from(ACTIVATIONS),
        "norm": st.sampled_from(NORMS),
        "dropout": st.sampled_from([0.0, 0.0, 0.5]),
        "loss": st.sampled_from(LOSSES),
        "reduction": st.sampled_from(["mean", "sum"]),
        "optimizer": st.sampled_from(OPTIMIZERS),
        "weight_decay": st.sampled_from([0, 0.1]),
        "write": st.sampled_from(WRITES),
        "weight_write": st.sampled_from(WEIGHT_WRITES),
        "set_to_none": st.booleans(),
        "zero_last": st.booleans(),
        "batch": st.integers(2, 5),
        "features": st.integers(1, 4),
        "outputs": st.integers(2, 4),
        "residual": st.booleans(),
        "dtype": st.sampled_from(["float32", "float32", "float64"]),
        "passes": st.integers(1, 2),
        "last_batch": st.integers(2, 5),
    }
)


class Network(nn.Module):
    """Linear layers with what a description says between them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__()
        self.plan = plan
        widths = [plan["features"], *plan["widths"], plan["outputs"]]
        # A bias in front of a batch norm has a gradient of rounding errors alone, which Adam would make large.
        bias = plan["bias"] and plan["norm"] != "BatchNorm1d"
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(widths))
        self.norms = nn.ModuleList(
            nn.Identity() if plan["norm"] == "none" else getattr(nn, plan["norm"])(width) for width in plan["widths"]
        )
        name = plan["activation"]
        self.activation = getattr(nn, name)(1) if "oftmax" in name else getattr(nn, name)()
        self.dropout = nn.Dropout(plan["dropout"])

    def forward(self, x: Any) -> Any:
        for layer, norm in zip(self.layers, self.norms, strict=False):
            h = self.dropout(self.activation(norm(layer(x))))
            h = written(h, self.plan["write"])
            x = x + h if self.plan["residual"] and x.shape == h.shape else h
        return self.layers[-1](x)


def written(h: Any, write: str) -> Any:
    """A hidden tensor after a write into it, or into a part of it."""
    if write == "none":
        return h
    h = h * 1.5
    if write == "add":
        h += 0.25
    elif write == "row":
        h[0] = h[-1].detach() * 0.5
    elif write == "relu_":
        h.relu_()
    elif write == "view":
        h[:, :1].mul_(2).sub_(0.1)
    elif write == "mask":
        h = h.masked_fill(h > 1, 1.0)
    else:
        h /= h.detach().norm() + 1
    return h


def loss_of(plan: dict[str, Any], out: Any, x: Any) -> Any:
    """The loss against targets made of the inputs."""
    name, reduction = plan["loss"], plan["reduction"]
    if name in ("cross_entropy", "nll"):
        classes = (x.sum(1).abs() * 10).long() % plan["outputs"]
        if name == "nll":
            return F.nll_loss(F.log_softmax(out, 1), classes, reduction=reduction)
        return F.cross_entropy(out, classes, reduction=reduction)
    target = x.sum(1, keepdim=True).expand(out.shape)
    if name == "bce_with_logits":
        return F.binary_cross_entropy_with_logits(out, target.sigmoid(), reduction=reduction)
    losses = {"mse": F.mse_loss, "l1": F.l1_loss, "smooth_l1": F.smooth_l1_loss, "huber": F.huber_loss}
    return losses[name](out, target, reduction=reduction)


def world_of(plan: dict[str, Any]) -> World:
    """The network, its optimiser, and a training step for them."""
    model = Network(plan).to(getattr(torch, plan["dtype"]))
    average = [p.detach().clone() for p in model.parameters()]
    optimizer = getattr(torch.optim, plan["optimizer"])(model.parameters(), lr=1e-2, weight_decay=plan["weight_decay"])

    def step(x: Any) -> Any:
        if not plan["zero_last"]:
            optimizer.zero_grad(plan["set_to_none"])
        total = torch.zeros((), dtype=x.dtype)
        for _ in range(plan["passes"]):
            loss = loss_of(plan, model(x), x)
            loss.backward()
            total += loss.detach()
        optimizer.step()
        if plan["zero_last"]:
            optimizer.zero_grad(plan["set_to_none"])
        with torch.no_grad():
            for p, mean in zip(model.parameters(), average, strict=True):
                if plan["weight_write"] == "decay":
                    p.mul_(0.99)
                elif plan["weight_write"] == "clip":
                    p.clamp_(-0.5, 0.5)
                elif plan["weight_write"] == "average":
                    mean.lerp_(p, 0.1)
        return total, loss

    return World(step, model, optimizer, *average)


def is_rewritten(plan: dict[str, Any]) -> bool:
    """Whether a pass rounds otherwise than eager code: the softmax of a loss, a descent that goes into a product."""
    softmax = plan["loss"] in ("cross_entropy", "nll") or plan["activation"] == "LogSoftmax"
    return softmax or (plan["optimizer"] == "SGD" and plan["zero_last"])


@settings(max_examples=max(40, settings().max_examples))
@given(networks, st.integers(0, 100))
def test_random_networks(backend: str, plan: dict[str, Any], seed: int) -> None:
    # In float64, where rounding is no matter, or else to the last bit.
    rtol = 1e-9 if backend == "loops" or is_rewritten(plan) else 0.0
    plan = {**plan, "dtype": "float64" if rtol else plan["dtype"]}
    random = np.random.RandomState(seed)
    sizes = [plan["batch"]] * 6 + [plan["last_batch"]] + [plan["batch"]] * 2
    calls = [(torch.tensor(random.randn(n, plan["features"]).astype(plan["dtype"])),) for n in sizes]
    step = assert_same_run(lambda: world_of(plan), calls, rtol=rtol, programs=None)
    assert any(program.confirmed for program in step.programs)
