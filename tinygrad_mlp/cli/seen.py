"""`train --html`: what is watched during a training, and the page that is made of it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

import tinygrad_mlp

from .. import serialization
from ..datasets import load_digits
from ..tables.cells import cells
from ..tables.preparation import Job
from ..tables.reading import Source
from ..tables.scores import Classification, Scores, score
from ..tables.training import Fitted, build_criterion, loss_of, outputs_of
from ..viz.run_history import History
from ..viz.run_model import Chart, Confusion, Line, Mistake, Mistakes, Run
from ..viz.run_page import run_page
from .versions import versions

__all__ = ["Watch", "write_page"]

Array = np.ndarray[Any, np.dtype[Any]]
Json = dict[str, Any]

MOST_IMAGES = 60
MOST_ROWS = 20
MOST_CELLS = 8


class Watch:
    """Watches a training: `model`, `step` and `epoch` are to be called at these moments.

    `measures` has for each epoch what the command does not measure otherwise: the scores of the training and the
    validation part and the loss of the test part. Nothing of it changes the training.
    """

    def __init__(self, job: Job, steps: int) -> None:
        """`steps` is the number of steps in an epoch."""
        self.history = History(steps)
        self.measures: list[Json] = []
        self._job = job
        self._model: Any = None

    def model(self, model: Any) -> None:
        """The model is built."""
        self._model = model
        self.history.start(model)

    def step(self) -> None:
        """A step is done."""
        self.history.step()

    def epoch(self) -> None:
        """An epoch is done."""
        self.history.epoch()
        parts, plan = self._job.parts, self._job.plan
        name = "accuracy" if plan.task == "classification" else "r2"
        measures: Json = {f"train_{name}": self._score(parts.train_features, parts.train_target)}
        if parts.validation_features is not None and parts.validation_target is not None:
            measures[f"validation_{name}"] = self._score(parts.validation_features, parts.validation_target)
        outputs = outputs_of(tinygrad_mlp, self._model, parts.test_features, plan.batch_size)
        measures["test_loss"] = loss_of(tinygrad_mlp, build_criterion(tinygrad_mlp, plan), outputs, parts.test_target)
        self.measures.append(measures)

    def _score(self, features: Array, target: Array) -> float | None:
        plan = self._job.plan
        outputs = outputs_of(tinygrad_mlp, self._model, features, plan.batch_size)
        return _value(score(plan.task, outputs, target, plan.unit))


def _value(scores: Scores) -> float | None:
    if isinstance(scores, Classification):
        return scores.accuracy
    return None if math.isnan(scores.r2) else scores.r2


def write_page(
    path: str, arguments: Sequence[str], job: Job, source: Source, fitted: Fitted, watch: Watch, results: Json
) -> None:
    """Write the page of a training as a whole; `results` are what `--json` writes. OSError if that is not possible."""
    is_classes = job.plan.task == "classification"
    run = Run(
        title=f"Learning {job.target.name!r} from {_short(source.path)}",
        command=shlex.join(["tinygrad-mlp", *arguments]),
        versions=f"tinygrad_mlp {versions()}",
        facts=[("Scores", _scores(job, results)), ("Data", _data(results)), ("Training", _training(job))],
        epochs=[epoch["epoch"] for epoch in results["epochs"]],
        best=results["best_epoch"],
        is_early=job.parts.validation_target is not None,
        target=job.target.name,
        charts=_charts(is_classes, results["epochs"]),
        confusion=_confusion(job, results["test"]) if is_classes else None,
        mistakes=_mistakes(job, source, fitted),
        layers=watch.history.layers(),
    )
    # A path may hold bytes that are no text: they become question marks.
    serialization.atomic_write(path, run_page(run).encode("utf-8", "replace"))


def _short(path: str) -> str:
    return "standard input" if path == "-" else path.replace("\\", "/").rsplit("/", 1)[-1]


# -- figures ---------------------------------------------------------------------------------------


def _charts(is_classes: bool, epochs: list[Json]) -> list[Chart]:
    def line(name: str, key: str, said: str = "") -> list[Line]:
        return [Line(name, [epoch[key] for epoch in epochs], said)] if key in epochs[0] else []

    key = "accuracy" if is_classes else "r2"
    return [
        Chart(
            "Loss",
            line("training", "loss", "the mean over the epoch, while the weights changed")
            + line("validation", "validation_loss", "after the epoch")
            + line("test", "test_loss", "after the epoch"),
        ),
        Chart(
            "Accuracy" if is_classes else "R²",
            line("training", f"train_{key}", "after the epoch")
            + line("validation", f"validation_{key}", "after the epoch")
            + line("test", key, "after the epoch"),
            percent=is_classes,
        ),
    ]


def _confusion(job: Job, test: Json) -> Confusion:
    return Confusion(job.target.classes, test["confusion"], test["precision_recall_f1"])


def _scores(job: Job, results: Json) -> list[tuple[str, str]]:
    test, baseline, best = results["test"], results["baseline"], results["best_epoch"]
    at_best = results["epochs"][best - 1]
    if job.plan.task == "classification":
        counts = np.array(test["confusion"])
        shown = [
            ("Test accuracy", _percent(test["accuracy"])),
            ("Test rows right", f"{counts.trace():,} of {counts.sum():,}"),
            ("The most frequent class alone", _percent(baseline["accuracy"])),
            ("Training accuracy", _percent(at_best["train_accuracy"])),
        ]
    else:
        shown = [
            ("Test R²", _number(test["r2"])),
            ("Training R²", _number(at_best["train_r2"])),
            (f"Test RMSE, in units of {job.target.name}", _number(test["rmse"])),
            ("RMSE of the mean of the training rows", _number(baseline["rmse"])),
        ]
    kept = f"{best} of {len(results['epochs'])}"
    return [*shown, ("Test loss", _number(at_best["test_loss"])), ("Weights of epoch", kept),
            ("Time to train", f"{results['seconds']:.2f} s")]  # fmt: skip


def _data(results: Json) -> list[tuple[str, str]]:
    data = results["data"]
    rows = [
        ("Source", data["source"]),
        ("Target", data["target"]),
        ("Features", f"{data['features']:,}"),
        ("Rows to train on", f"{data['train_rows']:,}"),
        ("Rows to test on", f"{data['test_rows']:,}"),
    ]
    if data["classes"]:
        rows.insert(2, ("Classes", f"{len(data['classes']):,}"))
    if data["validation_rows"]:
        rows.append(("Rows to decide when to stop", f"{data['validation_rows']:,}"))
    if data["rows_without_target"]:
        rows.append(("Rows without a target, left out", f"{data['rows_without_target']:,}"))
    return rows


def _training(job: Job) -> list[tuple[str, str]]:
    plan = job.plan
    rows = [
        ("Network", "-".join(map(str, plan.layers))),
        ("Optimiser", plan.optimizer + (f", momentum {plan.momentum:g}" if plan.optimizer == "sgd" else "")),
        ("Learning rate", f"{plan.lr:g}"),
        ("Weight decay", f"{plan.weight_decay:.2g}"),
        ("Rows a step", f"{plan.batch_size}"),
        ("Epochs at most", f"{plan.epochs}"),
        ("Seed", f"{plan.seed}"),
    ]
    if plan.patience is not None:
        rows.insert(-1, ("Epochs without a smaller loss", f"{plan.patience}"))
    if plan.class_weights is not None:
        rows.insert(-1, ("Class weights", "balanced"))
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.5g}"


# -- the worst rows --------------------------------------------------------------------------------


def _mistakes(job: Job, source: Source, fitted: Fitted) -> Mistakes:
    """The rows of the test part that were misclassified, the surest first, or those with the largest errors."""
    outputs = outputs_of(tinygrad_mlp, fitted.model, job.parts.test_features, job.plan.batch_size).astype(np.float64)
    if job.plan.task == "classification":
        return _misclassified(job, source, softmax(outputs, 1))
    assert job.scaling is not None
    predicted, true = job.scaling.invert(outputs[:, 0]), job.target.values[job.test_rows]
    order = np.argsort(-np.abs(predicted - true), kind="stable")[:MOST_ROWS]
    places = _Places(job, source, order)
    shown = [
        Mistake(row, float(true[i]), float(predicted[i]), cells=values)
        for i, row, values in zip(order, places.rows, places.cells, strict=True)
    ]
    return Mistakes(shown, len(true), len(true), places.columns, places.columns_in_all)


def _misclassified(job: Job, source: Source, probabilities: Array) -> Mistakes:
    true, predicted = job.parts.test_target, probabilities.argmax(1)
    wrong = np.flatnonzero(predicted != true)
    is_digits = source.path == "digits"
    order = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")]
    order = order[: MOST_IMAGES if is_digits else MOST_ROWS]
    places = _Places(job, source, order)
    image = _digits(job) if is_digits else lambda _: None
    shown = [
        Mistake(
            row, job.target.classes[true[i]], job.target.classes[predicted[i]],
            float(probabilities[i, predicted[i]]), float(probabilities[i, true[i]]), values, image(int(i)),
        )
        for i, row, values in zip(order, places.rows, places.cells, strict=True)
    ]  # fmt: skip
    return Mistakes(shown, len(wrong), len(true), places.columns, places.columns_in_all)


def _digits(job: Job) -> Callable[[int], list[list[float]] | None]:
    images = load_digits()[0][job.test_rows] / 16
    return lambda place: images[place].tolist()


class _Places:
    """Where rows of the test part stand in the file, and what stands there."""

    def __init__(self, job: Job, source: Source, order: Array) -> None:
        rows = job.test_rows[order]
        used = [column for column in job.columns if column.used]
        self.rows = _numbers(source, job.target.rows[rows].tolist())
        self.columns = tuple(column.name for column in used[:MOST_CELLS])
        self.columns_in_all = len(used)
        by_column = [cells(column.values, rows) for column in used[:MOST_CELLS]]
        self.cells = [tuple(column[i] for column in by_column) for i in range(len(rows))]


def _numbers(source: Source, indices: list[int]) -> list[int]:
    if source.path == "digits":
        return indices  # of the arrays that `load_digits` returns
    try:
        return source.rows(indices)
    except (OSError, KeyError):  # the file is gone since, or is another one
        return [index + 1 for index in indices]
