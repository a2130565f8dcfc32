"""The training loop of `train`, written for any module with torch's names: this package, or torch to compare with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .refusals import DIVERGED
from .scores import Scores, score
from .table import Task

__all__ = ["Diverged", "Epoch", "Fitted", "Parts", "Plan", "build_model", "fit"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Parts:
    """The standardised numbers to train on and to test on.

    Features are float32 of shape (n, d); a target is int64 of shape (n,) for classification, float32 of shape (n, 1)
    for regression.
    """

    train_features: Array
    train_target: Array
    test_features: Array
    test_target: Array


@dataclass(frozen=True)
class Plan:
    """How to train: the sizes of the `layers` from the inputs to the outputs, and the options of the command.

    `unit` is what a standardised target of 1 is in the unit of the target (1 for classification).
    """

    task: Task
    layers: tuple[int, ...]
    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    momentum: float
    seed: int
    unit: float = 1.0


@dataclass(frozen=True)
class Epoch:
    """One epoch: its mean loss over the training rows, the scores on the test part after it, and its training time."""

    number: int
    loss: float
    scores: Scores
    seconds: float


@dataclass(frozen=True)
class Fitted:
    """A trained model, a `torch.nn.Sequential`, and the epochs of its training."""

    model: Any
    epochs: list[Epoch]

    @property
    def seconds(self) -> float:
        """The time of the training in seconds, without that of the tests."""
        return sum(epoch.seconds for epoch in self.epochs)


class Diverged(ArithmeticError):
    """The loss became nan or infinite, so that the training cannot go on."""

    def __init__(self, epoch: int, loss: float, lr: float) -> None:
        super().__init__(DIVERGED.format(epoch=epoch, loss=loss, lr=lr))


def fit(
    torch: Any, parts: Parts, plan: Plan, on_step: Callable[[], object], on_epoch: Callable[[Epoch], object]
) -> Fitted:
    """Train a multi-layer perceptron with `torch`, which is this package or torch itself; both do the same steps.

    The seed determines the initial weights and the order of the rows. The loss is the mean cross entropy, or for
    regression the mean squared error of the standardised target. `on_step` is called after each batch, `on_epoch` after
    each epoch and its test. Raises Diverged if the loss becomes nan or infinite.
    """
    torch.manual_seed(plan.seed)
    model = build_model(torch, plan.layers)
    optimizer = _build_optimizer(torch, model, plan)
    criterion = torch.nn.CrossEntropyLoss() if plan.task == "classification" else torch.nn.MSELoss()
    features, target = torch.from_numpy(parts.train_features), torch.from_numpy(parts.train_target)
    epochs = []
    for number in range(1, plan.epochs + 1):
        start = time.perf_counter()
        loss = 0.0
        for rows in torch.randperm(len(features)).split(plan.batch_size):
            batch_loss = criterion(model(features[rows]), target[rows])
            optimizer.zero_grad()
            batch_loss.backward()
            optimizer.step()
            loss += batch_loss.item() * len(rows) / len(features)
            on_step()
        seconds = time.perf_counter() - start
        if not math.isfinite(loss):
            raise Diverged(number, loss, plan.lr)
        outputs = _outputs(torch, model, parts.test_features, plan.batch_size)
        scores = score(plan.task, outputs, parts.test_target, plan.unit)
        epochs.append(Epoch(number, loss, scores, seconds))
        on_epoch(epochs[-1])
    return Fitted(model, epochs)


def build_model(torch: Any, layers: Sequence[int]) -> Any:
    """Return a `torch.nn.Sequential` of Linear layers of the sizes `layers`, with ReLU between them."""
    modules = []
    for inputs, outputs in pairwise(layers):
        modules += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def _build_optimizer(torch: Any, model: Any, plan: Plan) -> Any:
    if plan.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=plan.lr)
    return torch.optim.SGD(model.parameters(), lr=plan.lr, momentum=plan.momentum)


def _outputs(torch: Any, model: Any, features: Array, batch_size: int) -> Array:
    with torch.no_grad():
        return np.concatenate([model(rows).numpy() for rows in torch.from_numpy(features).split(batch_size)])
