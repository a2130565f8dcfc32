"""The steps in torch, as functions of the module, so that `torch` and `tinygrad_mlp` run the same source."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Step
from benchmarks.sizes import MOMENTUM, Size, initial_numbers


def build(torch: Any, size: Size) -> Step:
    """The size's program in `torch`, which is whatever module is handed in."""
    programs = {"tutorial": tutorial, "regression": regression}
    return programs.get(size.program, classifier)(torch, size)


def tutorial(torch: Any, size: Size) -> Step:
    """Program (b)."""
    numbers = initial_numbers(size)
    x, y = torch.tensor(numbers.x), torch.tensor(numbers.y)
    w1, w2 = (torch.tensor(w, requires_grad=True) for w in numbers.weights)
    lr = size.lr

    def step() -> Any:
        nonlocal w1, w2
        y_pred = x.mm(w1).clamp(min=0).mm(w2)
        loss = (y_pred - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            w1 -= lr * w1.grad
            w2 -= lr * w2.grad
            w1.grad.zero_()
            w2.grad.zero_()
        return loss

    return step


def regression(torch: Any, size: Size) -> Step:
    """`nn.Sequential`, the mean squared error, plain gradient descent."""
    numbers = initial_numbers(size)
    x, y = torch.tensor(numbers.x), torch.tensor(numbers.y)
    model = make_model(torch, numbers.weights, numbers.biases)
    loss_of = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=size.lr)

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def classifier(torch: Any, size: Size) -> Step:
    """`nn.Sequential`, cross entropy, and the size's optimiser."""
    numbers = initial_numbers(size)
    x, labels = torch.tensor(numbers.x), torch.tensor(numbers.y)
    model = make_model(torch, numbers.weights, numbers.biases)
    loss_of = torch.nn.CrossEntropyLoss()
    if size.program == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=size.lr)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=size.lr, momentum=MOMENTUM)

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def make_model(torch: Any, weights: list[Any], biases: list[Any]) -> Any:
    """Linear, ReLU, ..., Linear with these parameters; `nn.Linear` keeps its weight as (out, in)."""
    layers: list[Any] = []
    state = {}
    for w, b in zip(weights, biases, strict=True):
        state[f"{len(layers)}.weight"] = torch.tensor(w.T)
        state[f"{len(layers)}.bias"] = torch.tensor(b)
        layers += [torch.nn.Linear(*w.shape), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    model.load_state_dict(state)
    return model
