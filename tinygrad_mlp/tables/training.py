"""The training loop for tables, written for any module with torch's names: this package, or torch to compare with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from .refusals import DIVERGED
from .scores import Scores, score
from .steps import ExactStep
from .targets import Task

__all__ = [
    "Diverged",
    "Epoch",
    "Fitted",
    "Parts",
    "Plan",
    "build_criterion",
    "build_model",
    "fit",
    "loss_of",
    "outputs_of",
]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Parts:
    """The standardised numbers to train on and to test on.

    Features are float32 of shape (n, d); a target is int64 of shape (n,) for classification, float32 of shape (n, 1)
    for regression. The test part may have no rows. The validation part, if there is one, decides when to stop.
    """

    train_features: Array
    train_target: Array
    test_features: Array
    test_target: Array
    validation_features: Array | None = None
    validation_target: Array | None = None


@dataclass(frozen=True)
class Plan:
    """How to train: the sizes of the `layers` from the inputs to the outputs, and the options of the command.

    `unit` is what a standardised target of 1 is in the unit of the target (1 for classification). With a validation
    part, the training ends when its loss has not fallen for `patience` epochs. `class_weights`, if given, has a factor
    for the loss of each class.
    """

    task: Task
    layers: tuple[int, ...]
    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    seed: int
    unit: float = 1.0
    patience: int | None = None
    class_weights: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Epoch:
    """One epoch: its mean loss over the training rows, the scores on the test part after it, and its training time.

    `scores` is None without a test part, `validation_loss` without a validation part.
    """

    number: int
    loss: float
    scores: Scores | None
    seconds: float
    validation_loss: float | None = None


@dataclass(frozen=True)
class Fitted:
    """A trained model, a `torch.nn.Sequential`, and the epochs of its training.

    The model is that after epoch `best`: the one with the smallest validation loss, or else the last. `backend` is in
    what compiled steps ran at the end: "numpy", "loops", or "exact" for NumPy programs that give the numbers of the
    steps bit for bit; None for steps that were not compiled.
    """

    model: Any
    epochs: list[Epoch]
    best: int = 0
    backend: str | None = None

    @property
    def scores(self) -> Scores | None:
        """The scores of the model on the test part."""
        return self.epochs[self.best - 1].scores

    @property
    def seconds(self) -> float:
        """The time of the training in seconds, without that of the tests."""
        return sum(epoch.seconds for epoch in self.epochs)


class Diverged(ArithmeticError):
    """The loss became nan or infinite, so that the training cannot go on."""

    def __init__(self, epoch: int, loss: float, lr: float) -> None:
        super().__init__(DIVERGED.format(epoch=epoch, loss=loss, lr=lr))


def fit(
    torch: Any,
    parts: Parts,
    plan: Plan,
    on_step: Callable[[], object],
    on_epoch: Callable[[Epoch], object],
    on_model: Callable[[Any], object] = lambda _: None,
    steps: Literal["eager", "exact", "compiled"] = "eager",
) -> Fitted:
    """Train a multi-layer perceptron with `torch`, which is this package or torch itself; both do the same steps.

    The seed determines the initial weights and the order of the rows. The loss is the mean cross entropy, or for
    regression the mean squared error of the standardised target. `on_model` is called with the model before the first
    batch, `on_step` after each batch, and `on_epoch` after each epoch and its test. With a validation part the
    parameters of the best epoch are kept. Raises Diverged if the loss becomes nan or infinite.

    The steps run call by call, or by this package alone "exact": as NumPy programs with the same numbers where there
    are so many steps that this is faster; or "compiled" by its `torch.compile`, which rounds otherwise.
    """
    torch.manual_seed(plan.seed)
    model = build_model(torch, plan.layers)
    on_model(model)
    optimizer = _build_optimizer(torch, model, plan)
    criterion = build_criterion(torch, plan)
    features, target = torch.from_numpy(parts.train_features), torch.from_numpy(parts.train_target)

    def eager_step(x: Any, y: Any) -> Any:
        batch_loss = criterion(model(x), y)
        optimizer.zero_grad()
        batch_loss.backward()
        optimizer.step()
        return batch_loss

    step: Any = eager_step
    if steps == "exact":
        step = ExactStep(eager_step, _calls(len(features), plan))
    elif steps == "compiled":
        step = torch.compile(eager_step)
    epochs: list[Epoch] = []
    best, best_loss, kept = 0, math.inf, None
    for number in range(1, plan.epochs + 1):
        start = time.perf_counter()
        loss = 0.0
        for rows in torch.randperm(len(features)).split(plan.batch_size):
            batch_loss = step(features[rows], target[rows])
            loss += batch_loss.item() * len(rows) / len(features)
            on_step()
        seconds = time.perf_counter() - start
        if not math.isfinite(loss):
            raise Diverged(number, loss, plan.lr)
        epochs.append(_tested(torch, model, criterion, parts, plan, Epoch(number, loss, None, seconds)))
        on_epoch(epochs[-1])
        validation_loss = epochs[-1].validation_loss
        if validation_loss is None:
            best = number
        elif validation_loss < best_loss:
            best, best_loss = number, validation_loss
            kept = {name: parameter.clone() for name, parameter in model.state_dict().items()}
        elif plan.patience is not None and number - best >= plan.patience:
            break
    if kept is not None:
        model.load_state_dict(kept)
    return Fitted(model, epochs, best or len(epochs), _backend(step))


def _calls(rows: int, plan: Plan) -> dict[int, int]:
    """How many batches of each size a training has at most: in each epoch the last may be short."""
    calls = {plan.batch_size: plan.epochs * (rows // plan.batch_size)}
    if rows % plan.batch_size:
        calls[rows % plan.batch_size] = plan.epochs
    return calls


def _backend(step: Any) -> str | None:
    """In what steps ran at the end: a short last batch has a program of its own, which may stay in NumPy."""
    if isinstance(step, ExactStep):
        return "exact" if step.has_program else None
    if not hasattr(step, "programs"):
        return None
    return "loops" if any(program.backend == "loops" for program in step.programs) else "numpy"


def _tested(torch: Any, model: Any, criterion: Any, parts: Parts, plan: Plan, epoch: Epoch) -> Epoch:
    """Return an epoch with its scores on the test part and its loss on the validation part, where there are such."""
    scores = validation_loss = None
    if len(parts.test_features):
        outputs = outputs_of(torch, model, parts.test_features, plan.batch_size)
        scores = score(plan.task, outputs, parts.test_target, plan.unit)
    if parts.validation_features is not None and parts.validation_target is not None:
        outputs = outputs_of(torch, model, parts.validation_features, plan.batch_size)
        validation_loss = loss_of(torch, criterion, outputs, parts.validation_target)
    return replace(epoch, scores=scores, validation_loss=validation_loss)


def build_model(torch: Any, layers: Sequence[int]) -> Any:
    """Return a `torch.nn.Sequential` of Linear layers of the sizes `layers`, with ReLU between them."""
    modules = []
    for inputs, outputs in pairwise(layers):
        modules += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def _build_optimizer(torch: Any, model: Any, plan: Plan) -> Any:
    if plan.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=plan.lr, weight_decay=plan.weight_decay)
    return torch.optim.SGD(model.parameters(), lr=plan.lr, momentum=plan.momentum, weight_decay=plan.weight_decay)


def build_criterion(torch: Any, plan: Plan) -> Any:
    """Return the loss of a plan: mean cross entropy, with weights of the classes if there are any, or mean square."""
    if plan.task == "regression":
        return torch.nn.MSELoss()
    return torch.nn.CrossEntropyLoss(torch.tensor(plan.class_weights) if plan.class_weights else None)


def loss_of(torch: Any, criterion: Any, outputs: Array, target: Array) -> float:
    """Return the loss of outputs that are compared with a target, both NumPy arrays."""
    return criterion(torch.from_numpy(outputs), torch.from_numpy(target)).item()  # type: ignore[no-any-return]


def outputs_of(torch: Any, model: Any, features: Array, batch_size: int) -> Array:
    """Return the outputs of a model for float32 features of shape (n, d), computed in batches."""
    with torch.no_grad():
        return np.concatenate([model(rows).numpy() for rows in torch.from_numpy(features).split(max(batch_size, 256))])
