"""`tinygrad-mlp train`: reads the data, trains a network, shows how good it is, and saves it."""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from io import TextIOWrapper
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import tinygrad_mlp

from .. import serialization
from ..datasets import load_digits
from ..tables.errors import DataError, position
from ..tables.inspection import giveaways, importance
from ..tables.model import Model
from ..tables.npz import read_npz
from ..tables.preparation import Columns, Job, Settings, prepare, prepare_arrays
from ..tables.reading import Format, Source, naming, read_whole
from ..tables.roles import Overrides
from ..tables.scores import Classification, Scores, baseline, score
from ..tables.targets import Target, target_of_array, target_of_column
from ..tables.training import Diverged, Epoch, Fitted, fit, outputs_of
from . import columns, report
from .options import TrainOptions
from .refusals import (
    CANNOT_SAVE,
    COLUMNS_OF_A_TABLE,
    MOMENTUM_WITHOUT_SGD,
    NO_MEMORY,
    NO_TORCH,
    NOT_COMPARED,
    TARGET_OF_DIGITS,
)

if TYPE_CHECKING:
    from ..compare.comparison import Comparison
    from .seen import Watch

__all__ = ["train", "train_command"]

Array = np.ndarray[Any, np.dtype[Any]]


class Refused(Exception):
    """The command cannot do what was asked; the message is one line."""


# -- the command -----------------------------------------------------------------------------------


def train_command(parsed: argparse.Namespace, arguments: Sequence[str]) -> int:
    """Run `train` with parsed options, which were `arguments` on the command line.

    Returns 0, 1 if `--compare` finds that torch's training is another, or 2 with one line on stderr if the training is
    not possible.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # the terminal may lack the letters of a class's name
    try:
        return train(_options(parsed), arguments)
    except (Refused, DataError, Diverged) as error:
        message = str(error)
    except MemoryError:
        message = NO_MEMORY
    print(f"tinygrad-mlp train: error: {message}", file=sys.stderr)
    return 2


def _options(parsed: argparse.Namespace) -> TrainOptions:
    return TrainOptions(**{field.name: getattr(parsed, field.name) for field in fields(TrainOptions)})


def train(options: TrainOptions, arguments: Sequence[str]) -> int:
    """Train as the options say and show the results; raises Refused, DataError and Diverged.

    `arguments` are those of the command line, which the page of `--html` shows, and with which the same training is
    compared with torch's. Returns 1 if these two are not the same, else 0.
    """
    _check(options)
    job, source = _prepare(options)
    notes = list(source.notes)
    screen = report.screen(options.json)
    warned = [columns.giveaway(name, job.target.name) for name in giveaways(job.columns, job.target)]
    for line in [*notes, *columns.table(job), *warned, *_introduction(job)]:
        screen.line(line)
    if options.dry_run:
        if options.json:
            print(json.dumps({"data": _data_results(options, job, notes)}, allow_nan=False))
        return 0
    watch = _watch(job) if options.html else None
    ours = _train_ours(job, screen, watch, "compiled" if options.compile else "exact")
    model = Model.of(job, ours.model, source.decimal, options.missing)
    if options.save:
        _save(options.save, model)
    screen.line()
    scores, guess = _scores(ours), _guess(job)
    for line in report.summary(scores, guess, ours, job.target.classes, job.target.name):
        screen.line(line)
    used = _importance(job, ours, options.seed) if options.importance else []
    for line in report.importance(used, job.plan.task):
        screen.line(line)
    if options.save:
        screen.line(f"saved to {options.save}")
    compared = _compared(arguments, screen) if options.compare else None
    if compared:
        screen.line(f"\n{compared}")
    code = 0 if compared is None or compared.same else 1
    if not (watch or options.json):
        return code
    found = _results(options, job, notes, ours, compared, used, watch)
    if watch:
        _write_page(options, arguments, job, source, ours, watch, found)
        screen.line(f"the training as a page: {options.html}")
    if options.json:
        print(json.dumps(found, allow_nan=False))
    return code


def _check(options: TrainOptions) -> None:
    """Refuse options that do not go together or would fail later, before the first step of the training."""
    if options.momentum is not None and options.optimizer != "sgd":
        raise Refused(MOMENTUM_WITHOUT_SGD.format(optimizer=options.optimizer))
    if options.target is not None and options.data == "digits":
        raise Refused(TARGET_OF_DIGITS)
    if options.data == "digits" or options.data.lower().endswith(".npz"):
        for name in ("ignore", "category", "number", "only", "missing", "separator", "no_header", "importance"):
            if getattr(options, name):
                raise Refused(COLUMNS_OF_A_TABLE.format(option="--" + name.replace("_", "-")))
    if options.compare and importlib.util.find_spec("torch") is None:
        raise Refused(NO_TORCH)
    if options.save is not None:
        try:
            Model.check_path(options.save)
        except (OSError, ImportError) as error:
            raise _unsaved("--save", options.save, error) from error
    if options.html is not None:
        try:
            serialization.check_replaceable(options.html)
        except OSError as error:
            raise _unsaved("--html", options.html, error) from error


def _unsaved(option: str, path: str, error: OSError | ImportError) -> Refused:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return Refused(CANNOT_SAVE.format(option=option, path=path, reason=reason))


# -- the data --------------------------------------------------------------------------------------


def _prepare(options: TrainOptions) -> tuple[Job, Source]:
    """Return what a training needs, and where it comes from."""
    settings = Settings(
        hidden=options.hidden, epochs=options.epochs, batch_size=options.batch_size, optimizer=options.optimizer,
        lr=options.lr, momentum=options.momentum, weight_decay=options.weight_decay, seed=options.seed,
        test_fraction=options.test_fraction, validation=options.validation, patience=options.patience,
        class_weights="balanced" if options.class_weight else None,
    )  # fmt: skip
    if options.data == "digits":
        return _digits(settings), Source(options.data)
    with naming(options.data):
        if os.path.splitext(options.data)[1].lower() == ".npz":
            return _arrays(options, settings), Source(options.data)
        return _table(options, settings)


def _table(options: TrainOptions, settings: Settings) -> tuple[Job, Source]:
    format = Format(options.separator, False if options.no_header else None, None, tuple(options.missing))
    frame, source = read_whole(options.data, format)
    names = [str(name) for name in frame.columns]
    target = (
        names[-1] if options.target is None else names[position(options.target, names, "column", " for the target")]
    )
    found = target_of_column(frame[target], target, options.task, source.row)  # type: ignore[arg-type]
    overrides = Overrides(tuple(options.ignore), tuple(options.category), tuple(options.number), tuple(options.only))
    overrides.check(names)
    return prepare(frame.drop(columns=target), found, settings, overrides, source.row), source


def _arrays(options: TrainOptions, settings: Settings) -> Job:
    arrays = read_npz(options.data, options.target)
    assert arrays.target is not None
    target = target_of_array(arrays.target, arrays.target_name, options.task)  # type: ignore[arg-type]
    return prepare_arrays(arrays.features, arrays.feature_names, target, settings)


def _digits(settings: Settings) -> Job:
    images, labels = load_digits()
    names = [f"pixel {row},{column}" for row in range(8) for column in range(8)]
    target = Target("digit", "classification", labels, tuple(map(str, range(10))), np.arange(len(labels)))
    return prepare_arrays(images.reshape(-1, 64).astype(np.float64), names, target, settings, one_unit=True)


# -- training --------------------------------------------------------------------------------------


def _watch(job: Job) -> Watch:
    from .seen import Watch

    return Watch(job, _steps(job) // job.plan.epochs)


def _train_ours(job: Job, screen: report.Screen, watch: Watch | None, steps: Literal["exact", "compiled"]) -> Fitted:
    """Train under this package, and show the rows of the epochs."""
    screen.line(report.epoch_header(job.plan.task))

    def on_epoch(epoch: Epoch) -> None:
        if watch:
            watch.epoch()
        screen.line(report.epoch_row(epoch))

    with screen.progress("training", _steps(job)) as on_step:
        if watch is None:
            return fit(tinygrad_mlp, job.parts, job.plan, on_step, on_epoch, steps=steps)

        def on_watched_step() -> None:
            on_step()
            watch.step()

        return fit(tinygrad_mlp, job.parts, job.plan, on_watched_step, on_epoch, watch.model, steps)


def _compared(arguments: Sequence[str], screen: report.Screen) -> Comparison:
    """Do the same training twice more, call by call: under this package and under torch, each in its own process."""
    from ..compare.runs import TRAINING, CannotRun, scripts

    screen.line("comparing with torch, call by call")
    try:
        return scripts([TRAINING, *arguments[1:]])
    except CannotRun as error:
        raise Refused(NOT_COMPARED.format(reason=error)) from error


def train_quietly(torch: Any, parsed: argparse.Namespace) -> int:
    """Do the training that parsed options ask for under a framework, for `compare`, which looks on; the exit code."""
    options = _options(parsed)
    options_alone = replace(options, save=None, html=None, compare=False, dry_run=False)
    try:
        job, _ = _prepare(options_alone)
        fit(torch, job.parts, job.plan, lambda: None, lambda epoch: print(report.epoch_row(epoch)))
    except (DataError, Diverged) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _steps(job: Job) -> int:
    return job.plan.epochs * math.ceil(len(job.parts.train_features) / job.plan.batch_size)


def _scores(fitted: Fitted) -> Scores:
    scores = fitted.scores
    assert scores is not None  # there is always a test part
    return scores


def _guess(job: Job) -> Scores:
    parts, plan = job.parts, job.plan
    return baseline(plan.task, parts.train_target, parts.test_target, plan.layers[-1], plan.unit)


def _importance(job: Job, fitted: Fitted, seed: int) -> list[tuple[str, float]]:
    plan, parts = job.plan, job.parts
    if not isinstance(job.features, Columns):
        return []

    def scored(inputs: Array) -> Scores:
        outputs = outputs_of(tinygrad_mlp, fitted.model, inputs, plan.batch_size)
        return score(plan.task, outputs, parts.test_target, plan.unit)

    return importance(job.features.encoders, parts.test_features, scored, seed)


# -- results ---------------------------------------------------------------------------------------


def _introduction(job: Job) -> list[str]:
    target, plan, parts = job.target, job.plan, job.parts
    kind = f"{len(target.classes)} classes" if target.classes else "a quantity"
    momentum = f", momentum {plan.momentum:g}" if plan.optimizer == "sgd" else ""
    weights = sum((inputs + 1) * outputs for inputs, outputs in pairwise(plan.layers))
    held = 0 if parts.validation_target is None else len(parts.validation_target)
    validation = f", {held:,} to decide when to stop" if held else ""
    without = f"; {target.left_out:,} without a target left out" if target.left_out else ""
    return [
        f"{target.name!r} ({kind}) from {plan.layers[0]:,} features: {len(parts.train_target):,} rows to train on, "
        f"{len(parts.test_target):,} to test on{validation}{without}",
        f"network {'-'.join(map(str, plan.layers))} with {weights:,} parameters; "
        f"{plan.optimizer}, lr {plan.lr:g}{momentum}, weight decay {plan.weight_decay:.2g}, "
        f"{plan.batch_size} rows a step, seed {plan.seed}",
        "",
    ]


def _save(path: str, model: Model) -> None:
    try:
        model.save(path)
    except OSError as error:
        raise _unsaved("--save", path, error) from error


def _write_page(
    options: TrainOptions,
    arguments: Sequence[str],
    job: Job,
    source: Source,
    ours: Fitted,
    watch: Watch,
    results: dict[str, Any],
) -> None:
    from .seen import write_page

    assert options.html is not None
    try:
        write_page(options.html, arguments, job, source, ours, watch, results)
    except OSError as error:
        raise _unsaved("--html", options.html, error) from error


def _results(
    options: TrainOptions,
    job: Job,
    notes: list[str],
    ours: Fitted,
    compared: Comparison | None,
    used: list[tuple[str, float]],
    watch: Watch | None,
) -> dict[str, Any]:
    """Return what `--json` writes."""
    results = {
        "data": _data_results(options, job, notes),
        "plan": {k: v for k, v in asdict(job.plan).items() if k not in ("unit", "class_weights") and v is not None},
        "saved": options.save,
        **_fitted_results(ours),
        "baseline": _score_results(_guess(job)),
    }
    if options.importance:
        results["importance"] = dict(used)
    if compared:
        results["compared"] = json.loads(compared.to_json())
    if watch:
        results["page"] = options.html
        for epoch, more in zip(results["epochs"], watch.measures, strict=True):
            epoch |= more
    return results


def _data_results(options: TrainOptions, job: Job, notes: list[str]) -> dict[str, Any]:
    parts = job.parts
    return {
        "source": options.data,
        "target": job.target.name,
        "features": len(job.features.inputs),
        "classes": job.target.classes,
        "train_rows": len(parts.train_target),
        "validation_rows": 0 if parts.validation_target is None else len(parts.validation_target),
        "test_rows": len(parts.test_target),
        "rows_without_target": job.target.left_out,
        "columns": columns.facts(job),
        "gives_away": giveaways(job.columns, job.target),
        "notes": notes,
    }


def _fitted_results(fitted: Fitted) -> dict[str, Any]:
    scores = _scores(fitted)
    more: dict[str, Any] = {}
    if isinstance(scores, Classification):
        by_class = [[None if math.isnan(x) else x for x in row] for row in scores.by_class.tolist()]
        more = {"confusion": scores.confusion.tolist(), "precision_recall_f1": by_class}
    return {
        "epochs": [
            {
                "epoch": e.number, "loss": e.loss, **_score_results(e.scores), "seconds": e.seconds,
                **({} if e.validation_loss is None else {"validation_loss": e.validation_loss}),
            }
            for e in fitted.epochs
        ],
        "best_epoch": fitted.best,
        "test": {**_score_results(scores), **more},
        "seconds": fitted.seconds,
        **({} if fitted.backend is None else {"backend": fitted.backend}),
    }  # fmt: skip


def _score_results(scores: Scores | None) -> dict[str, Any]:
    if scores is None:
        return {}
    if isinstance(scores, Classification):
        return {"accuracy": scores.accuracy}
    return {"rmse": scores.rmse, "r2": None if math.isnan(scores.r2) else scores.r2}  # JSON has no nan
