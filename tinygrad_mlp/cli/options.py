"""The options of `train` and `predict`, and the checks of their values."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .refusals import HTML_ENDING, MUST_BE, SAVE_ENDING, SEPARATOR

__all__ = ["PredictOptions", "TrainOptions", "add_predict_options", "add_train_options"]


@dataclass(frozen=True)
class TrainOptions:
    """The options of `train`, by their names."""

    data: str
    target: str | None
    task: str | None
    separator: str | None
    no_header: bool
    missing: list[str]
    ignore: list[str]
    category: list[str]
    number: list[str]
    only: list[str]
    dry_run: bool
    test_fraction: float
    validation: float
    patience: int
    class_weight: str | None
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    optimizer: str
    lr: float | None
    momentum: float | None
    weight_decay: float | None
    seed: int
    compile: bool
    save: str | None
    html: str | None
    importance: bool
    compare: bool
    json: bool


@dataclass(frozen=True)
class PredictOptions:
    """The options of `predict`, by their names."""

    model: str
    data: str
    out: str | None
    target: str | None
    separator: str | None
    no_header: bool
    rows: int
    json: bool


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `train` to a parser."""
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data", default="digits", metavar="FILE",
        help="'digits' (1,797 handwritten digits, the default), or a table: .csv, .tsv, .jsonl, .parquet (also .gz, "
        ".zip) or .npz; - is standard input",
    )  # fmt: skip
    data.add_argument("--target", metavar="COLUMN", help="what to predict (default: the last column, an .npz's 'y')")
    data.add_argument("--task", choices=("classification", "regression"), help="(default: by the target's values)")
    _add_format(data)
    data.add_argument(
        "--missing", nargs="+", action="extend", default=[], metavar="WORD", help="more words for missing values"
    )
    columns = parser.add_argument_group("columns", "whose role is found from their values; these options override it")
    for name, what in (
        ("ignore", "columns to leave out"),
        ("category", "columns whose values, be they numbers, are names"),
        ("number", "columns that are numbers"),
        ("only", "leave all other columns out"),
    ):
        columns.add_argument(f"--{name}", nargs="+", action="extend", default=[], metavar="COLUMN", help=what)
    columns.add_argument("--dry-run", action="store_true", help="show the columns with their roles, and stop")
    testing = parser.add_argument_group("test and validation")
    testing.add_argument(
        "--test-fraction", type=_fraction, default=0.2, metavar="F", help="share of the rows to test on (default: 0.2)"
    )
    testing.add_argument(
        "--validation", type=_fraction, default=0.0, metavar="F",
        help="share of the training rows that decides when to stop (default: none)",
    )  # fmt: skip
    testing.add_argument(
        "--patience", type=_at_least_1, default=10, metavar="N",
        help="with --validation: stop after N epochs without a smaller loss, and keep the best (default: 10)",
    )  # fmt: skip
    # The default sizes are so small that OpenBLAS computes each product on one core, which is faster on a busy machine.
    network = parser.add_argument_group("network and training")
    network.add_argument(
        "--hidden", type=_hidden, default=(128, 64), metavar="N,N", help="sizes of the hidden layers (default: 128,64)"
    )
    network.add_argument(
        "--epochs", type=_at_least_1, default=30, metavar="N", help="passes over the data (default: 30)"
    )
    network.add_argument("--batch-size", type=_at_least_1, default=32, metavar="N", help="rows a step (default: 32)")
    network.add_argument("--optimizer", choices=("adam", "sgd"), default="adam", help="(default: adam)")
    network.add_argument(
        "--lr", type=_learning_rate, metavar="LR", help="learning rate (default: 0.001 for adam, 0.05 for sgd)"
    )
    network.add_argument("--momentum", type=_momentum, metavar="M", help="momentum of sgd (default: 0.9)")
    network.add_argument(
        "--weight-decay", type=_weight_decay, metavar="W",
        help="factor of the weights in the gradient, against overfitting (default: 2 / the number of training rows)",
    )  # fmt: skip
    network.add_argument("--class-weight", choices=("balanced",), help="let all classes count alike in the loss")
    network.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="the same seed gives the same numbers (default: 0)"
    )
    network.add_argument(
        "--compile", action="store_true",
        help="for long trainings: compile the steps, in loops where numba is installed; the numbers are then rounded "
        "otherwise, and after thousands of steps other ones (default: a NumPy program with the same numbers, where the "
        "training is long enough for it)",
    )  # fmt: skip
    results = parser.add_argument_group("results")
    results.add_argument(
        "--save", type=_save, metavar="FILE", help="write the model, for `predict`: .pt or .safetensors"
    )
    results.add_argument(
        "--html",
        type=_html,
        metavar="FILE.html",
        help="write a page that shows the training, to be opened in a browser",
    )
    results.add_argument("--importance", action="store_true", help="show which columns the network uses")
    results.add_argument("--compare", action="store_true", help="compare the training with torch's, call by call")
    results.add_argument("--json", action="store_true", help="write the results as JSON, and nothing else, to stdout")


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `predict` to a parser."""
    parser.add_argument("model", metavar="MODEL", help="the file that `train --save` has written")
    parser.add_argument("--data", required=True, metavar="FILE", help="the table; - is standard input")
    parser.add_argument("--out", metavar="FILE", help="where to write: .csv or .jsonl (default: stdout, as CSV)")
    parser.add_argument("--target", metavar="COLUMN", help="the column with the truth (default: that of the training)")
    _add_format(parser)
    parser.add_argument(
        "--rows", type=_at_least_1, default=65536, metavar="N", help="rows in memory at a time (default: 65536)"
    )
    parser.add_argument("--json", action="store_true", help="write JSON lines to stdout")


def _add_format(group: Any) -> None:
    group.add_argument("--separator", type=_separator, metavar="C", help="between the cells of a row (default: found)")
    group.add_argument("--no-header", action="store_true", help="the first row holds values")


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


def _fraction(text: str) -> Any:
    return _number(text, float, lambda x: 0 < x < 1, "between 0 and 1")


def _learning_rate(text: str) -> Any:
    return _number(text, float, lambda x: x > 0 and math.isfinite(x), "a number above 0")


def _momentum(text: str) -> Any:
    return _number(text, float, lambda x: 0 <= x < 1, "a number from 0 to below 1")


def _weight_decay(text: str) -> Any:
    return _number(text, float, lambda x: x >= 0 and math.isfinite(x), "a number from 0")


def _seed(text: str) -> Any:
    return _number(text, int, lambda n: 0 <= n < 2**64, "a whole number from 0 to 2**64 - 1")


def _save(text: str) -> str:
    if not text.endswith((".pt", ".pth", ".safetensors")):
        raise argparse.ArgumentTypeError(SAVE_ENDING.format(found=text))
    return text


def _html(text: str) -> str:
    if not text.endswith((".html", ".htm")):
        raise argparse.ArgumentTypeError(HTML_ENDING.format(found=text))
    return text


def _separator(text: str) -> str:
    known = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}
    character = known.get(text, text)
    if len(character) != 1:
        raise argparse.ArgumentTypeError(SEPARATOR.format(found=text))
    return character
