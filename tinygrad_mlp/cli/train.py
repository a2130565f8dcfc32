"""`tinygrad-mlp train`: reads its options and the data, trains a network, shows how good it is, and saves it."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from io import TextIOWrapper
from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_mlp

from .. import serialization
from ..datasets import load_digits
from ..random import Generator
from . import report
from .refusals import (
    BROKEN_TORCH,
    CANNOT_SAVE,
    MOMENTUM_WITHOUT_SGD,
    MUST_BE,
    NO_MEMORY,
    NO_TORCH,
    SAVE_ENDING,
    TARGET_OF_DIGITS,
    TOO_FAR,
)
from .scores import Classification, Scores
from .split import Standardizer, split_rows
from .table import DataError, Table, load_table
from .training import Diverged, Epoch, Fitted, Parts, Plan, fit

__all__ = ["Options", "add_options", "train", "train_command"]

Array = np.ndarray[Any, np.dtype[Any]]

LEARNING_RATES = {"adam": 0.001, "sgd": 0.05}
MOMENTUM = 0.9


class Refused(Exception):
    """The command cannot do what was asked; the message is one line."""


@dataclass(frozen=True)
class Options:
    """The options of the command, by their names."""

    data: str
    target: str | None
    test_fraction: float
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    optimizer: str
    lr: float | None
    momentum: float | None
    seed: int
    save: str | None
    compare: bool
    json: bool


# -- options ---------------------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `train` to a parser."""
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data", default="digits", metavar="FILE",
        help="'digits' (1,797 handwritten digits, the default), a .csv or an .npz file",
    )  # fmt: skip
    data.add_argument(
        "--target", metavar="COLUMN", help="what to predict (default: a CSV's last column, an .npz's array 'y')"
    )
    data.add_argument(
        "--test-fraction",
        type=_test_fraction,
        default=0.2,
        metavar="F",
        help="share of the rows to test on (default: 0.2)",
    )
    # The default sizes are so small that OpenBLAS computes each product on one core, which is faster on a busy machine.
    network = parser.add_argument_group("network and training")
    network.add_argument(
        "--hidden",
        type=_hidden,
        default=(128, 64),
        metavar="N,N",
        help="sizes of the hidden layers (default: 128,64)",
    )
    network.add_argument(
        "--epochs", type=_at_least_1, default=30, metavar="N", help="passes over the data (default: 30)"
    )
    network.add_argument("--batch-size", type=_at_least_1, default=32, metavar="N", help="rows a step (default: 32)")
    network.add_argument("--optimizer", choices=("adam", "sgd"), default="adam", help="(default: adam)")
    network.add_argument(
        "--lr", type=_learning_rate, metavar="LR", help="learning rate (default: 0.001 for adam, 0.05 for sgd)"
    )
    network.add_argument("--momentum", type=_momentum, metavar="M", help=f"momentum of sgd (default: {MOMENTUM})")
    network.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="the same seed gives the same numbers (default: 0)"
    )
    results = parser.add_argument_group("results")
    results.add_argument("--save", type=_save, metavar="FILE.safetensors", help="write the network and what it needs")
    results.add_argument("--compare", action="store_true", help="train the same under torch, side by side")
    results.add_argument("--json", action="store_true", help="write the results as JSON, and nothing else, to stdout")


def _refusal(text: str, wanted: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(MUST_BE.format(wanted=wanted, found=text))


def _number(text: str, convert: Callable[[str], Any], allowed: Callable[[Any], bool], wanted: str) -> Any:
    try:
        value = convert(text)
    except ValueError:
        raise _refusal(text, wanted) from None
    if not allowed(value):
        raise _refusal(text, wanted)
    return value


def _at_least_1(text: str) -> Any:
    return _number(text, int, lambda n: n >= 1, "a whole number, 1 or more")


def _hidden(text: str) -> tuple[int, ...]:
    wanted = "sizes of 1 or more, as in 128,64"
    try:
        return tuple(_number(part, int, lambda n: n >= 1, wanted) for part in text.split(","))
    except argparse.ArgumentTypeError:
        raise _refusal(text, wanted) from None  # show the whole value, not one part


def _test_fraction(text: str) -> Any:
    return _number(text, float, lambda x: 0 < x < 1, "between 0 and 1")


def _learning_rate(text: str) -> Any:
    return _number(text, float, lambda x: x > 0 and math.isfinite(x), "a number above 0")


def _momentum(text: str) -> Any:
    return _number(text, float, lambda x: 0 <= x < 1, "a number from 0 to below 1")


def _seed(text: str) -> Any:
    return _number(text, int, lambda n: 0 <= n < 2**64, "a whole number from 0 to 2**64 - 1")


def _save(text: str) -> str:
    if not text.endswith(".safetensors"):
        raise argparse.ArgumentTypeError(SAVE_ENDING.format(found=text))
    return text


# -- the command -----------------------------------------------------------------------------------


def train_command(parsed: argparse.Namespace) -> int:
    """Run `train` with parsed options; return 0, or 2 with one line on stderr if that is not possible."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # the terminal may lack the letters of a class's name
    try:
        train(Options(**{field.name: getattr(parsed, field.name) for field in fields(Options)}))
    except (Refused, DataError, Diverged) as error:
        message = str(error)
    except MemoryError:
        message = NO_MEMORY
    else:
        return 0
    print(f"tinygrad-mlp train: error: {message}", file=sys.stderr)
    return 2


def train(options: Options) -> None:
    """Train as the options say and show the results; raises Refused, DataError and Diverged."""
    _check(options)
    job = _prepare(options)
    screen = report.screen(options.json)
    for line in _introduction(job):
        screen.line(line)
    ours = _train_ours(job, screen, options.compare)
    if options.save:
        _save_network(options.save, ours, job)
    theirs = _train_torch(job, screen, ours) if options.compare else None
    screen.line()
    if theirs:
        for line in report.comparison(ours, theirs, importlib.import_module("torch").get_num_threads()):
            screen.line(line)
    for line in report.summary(ours.epochs[-1].scores, ours.seconds, job.table.class_names, job.table.target_name):
        screen.line(line)
    if options.save:
        screen.line(f"saved to {options.save}")
    if options.json:
        print(json.dumps(_results(options, job, ours, theirs), allow_nan=False))


def _check(options: Options) -> None:
    """Refuse options that do not go together or would fail later, before the first step of the training."""
    if options.momentum is not None and options.optimizer != "sgd":
        raise Refused(MOMENTUM_WITHOUT_SGD.format(optimizer=options.optimizer))
    if options.target is not None and options.data == "digits":
        raise Refused(TARGET_OF_DIGITS)
    if options.compare and importlib.util.find_spec("torch") is None:
        raise Refused(NO_TORCH)
    if options.save is not None:
        try:
            serialization.check_writable(options.save)
        except (OSError, ImportError) as error:
            raise _unsaved(options.save, error) from error


def _unsaved(path: str, error: OSError | ImportError) -> Refused:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return Refused(CANNOT_SAVE.format(path=path, reason=reason))


# -- the data --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """What a training needs: the table, its standardised parts, how they were standardised, and the plan."""

    table: Table
    parts: Parts
    plan: Plan
    features_scaling: Standardizer
    target_scaling: Standardizer | None


def _prepare(options: Options) -> Job:
    table = _digits() if options.data == "digits" else load_table(options.data, options.target)
    generator = Generator().manual_seed(options.seed)
    train_rows, test_rows = split_rows(
        tinygrad_mlp.randperm(len(table.target), generator=generator).numpy(), options.test_fraction
    )
    features_scaling = Standardizer.fit(table.features[train_rows], one_unit=options.data == "digits")
    features = _single(features_scaling.apply(table.features), table.feature_names)
    if table.task == "classification":
        target_scaling, target, outputs, unit = None, table.target, len(table.class_names), 1.0
    else:
        target_scaling, outputs = Standardizer.fit(table.target[train_rows]), 1
        target = _single(target_scaling.apply(table.target)[:, None], [table.target_name])
        unit = float(target_scaling.scale)
    plan = Plan(
        task=table.task,
        layers=(features.shape[1], *options.hidden, outputs),
        epochs=options.epochs,
        batch_size=options.batch_size,
        optimizer=options.optimizer,
        lr=LEARNING_RATES[options.optimizer] if options.lr is None else options.lr,
        momentum=_momentum_of(options),
        seed=options.seed,
        unit=unit,
    )
    parts = Parts(features[train_rows], target[train_rows], features[test_rows], target[test_rows])
    return Job(table, parts, plan, features_scaling, target_scaling)


def _momentum_of(options: Options) -> float:
    if options.optimizer != "sgd":
        return 0.0
    return MOMENTUM if options.momentum is None else options.momentum


def _digits() -> Table:
    images, labels = load_digits()
    pixels = tuple(f"pixel {row},{column}" for row in range(8) for column in range(8))
    digits = tuple(map(str, range(10)))
    return Table(images.reshape(-1, 64).astype(np.float64), labels, pixels, "digit", "classification", digits)


def _single(values: Array, names: Sequence[str]) -> Array:
    """Return standardised values in float32; DataError if one is so far from the others that it overflows."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    finite = np.isfinite(single).all(0)
    if not finite.all():
        raise DataError(TOO_FAR.format(column=names[int(finite.argmin())]))
    return single


# -- training --------------------------------------------------------------------------------------


def _train_ours(job: Job, screen: report.Screen, compare: bool) -> Fitted:
    """Train under this package; unless torch's rows are to stand beside them later, show the rows of the epochs."""
    if not compare:
        screen.line(report.epoch_header(job.plan.task))

    def on_epoch(epoch: Epoch) -> None:
        if not compare:
            screen.line(report.epoch_row(epoch))

    with screen.progress("training", _steps(job)) as on_step:
        return fit(tinygrad_mlp, job.parts, job.plan, on_step, on_epoch)


def _train_torch(job: Job, screen: report.Screen, ours: Fitted) -> Fitted:
    """Do the same training under torch, which is imported only now, so that its threads do not slow ours down."""
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:  # OSError if a shared library cannot be loaded
        raise Refused(BROKEN_TORCH.format(reason=str(error).splitlines()[0])) from error
    for line in report.compare_header(job.plan.task):
        screen.line(line)

    def on_epoch(epoch: Epoch) -> None:
        screen.line(report.compare_row([ours.epochs[epoch.number - 1], epoch]))

    with screen.progress("training under torch", _steps(job)) as on_step:
        return fit(torch, job.parts, job.plan, on_step, on_epoch)


def _steps(job: Job) -> int:
    return job.plan.epochs * math.ceil(len(job.parts.train_features) / job.plan.batch_size)


# -- results ---------------------------------------------------------------------------------------


def _introduction(job: Job) -> list[str]:
    table, plan, parts = job.table, job.plan, job.parts
    kind = f"{len(table.class_names)} classes" if table.class_names else "a quantity"
    momentum = f", momentum {plan.momentum:g}" if plan.optimizer == "sgd" else ""
    weights = sum((inputs + 1) * outputs for inputs, outputs in pairwise(plan.layers))
    return [
        f"{table.target_name!r} ({kind}) from {plan.layers[0]:,} features: "
        f"{len(parts.train_target):,} rows to train on, {len(parts.test_target):,} to test on",
        f"network {'-'.join(map(str, plan.layers))} with {weights:,} parameters; "
        f"{plan.optimizer}, lr {plan.lr:g}{momentum}, {plan.batch_size} rows a step, seed {plan.seed}",
        "",
    ]


def _save_network(path: str, fitted: Fitted, job: Job) -> None:
    """Save the parameters, with what turns a row of the table into an input of the network as metadata (in JSON)."""
    table = job.table
    facts = {
        "task": table.task,
        "layers": job.plan.layers,
        "hidden": job.plan.layers[1:-1],
        "feature_names": table.feature_names,
        "feature_mean": job.features_scaling.mean.tolist(),
        "feature_scale": job.features_scaling.scale.tolist(),
        "target_name": table.target_name,
        "class_names": table.class_names,
        "seed": job.plan.seed,
    }
    if job.target_scaling:
        facts["target_mean"] = job.target_scaling.mean.tolist()
        facts["target_scale"] = job.target_scaling.scale.tolist()
    arrays = {name: parameter.numpy() for name, parameter in fitted.model.state_dict().items()}
    try:
        serialization.save_file(arrays, path, {key: json.dumps(value) for key, value in facts.items()})
    except OSError as error:
        raise _unsaved(path, error) from error


def _results(options: Options, job: Job, ours: Fitted, theirs: Fitted | None) -> dict[str, Any]:
    """Return what `--json` writes."""
    table, plan = job.table, job.plan
    results = {
        "data": {
            "source": options.data,
            "target": table.target_name,
            "features": len(table.feature_names),
            "classes": table.class_names,
            "train_rows": len(job.parts.train_target),
            "test_rows": len(job.parts.test_target),
        },
        "plan": {key: value for key, value in asdict(plan).items() if key != "unit"},
        "saved": options.save,
        **_fitted_results(ours),
    }
    if theirs:
        results["torch"] = _fitted_results(theirs)
    return results


def _fitted_results(fitted: Fitted) -> dict[str, Any]:
    last = fitted.epochs[-1].scores
    confusion = {"confusion": last.confusion.tolist()} if isinstance(last, Classification) else {}
    return {
        "epochs": [
            {"epoch": e.number, "loss": e.loss, **_score_results(e.scores), "seconds": e.seconds} for e in fitted.epochs
        ],
        "test": {**_score_results(last), **confusion},
        "seconds": fitted.seconds,
    }


def _score_results(scores: Scores) -> dict[str, Any]:
    if isinstance(scores, Classification):
        return {"accuracy": scores.accuracy}
    return {"rmse": scores.rmse, "r2": None if math.isnan(scores.r2) else scores.r2}  # JSON has no nan
