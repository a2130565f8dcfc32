"""`tinygrad-mlp predict`: runs the rows of a table through a trained model in parts, and writes the predictions."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TextIO

import numpy as np

from ..serialization import written_whole
from ..tables.encoders import Number
from ..tables.errors import DataError, count, position, shown
from ..tables.model import Model
from ..tables.npz import read_npz
from ..tables.preparation import Columns
from ..tables.reading import Format, naming, read_chunks
from ..tables.scores import Classification
from ..tables.values import numbers, texts
from . import report
from .options import PredictOptions
from .refusals import ARRAYS_NEEDED, CANNOT_WRITE, COLUMNS_NEEDED, NO_MEMORY, OUT_ENDING

__all__ = ["predict_command"]

Array = np.ndarray[Any, np.dtype[Any]]


def predict_command(parsed: argparse.Namespace) -> int:
    """Run `predict` with parsed options; return 0, or 2 with one line on stderr if that is not possible."""
    try:
        predict(PredictOptions(**{field.name: getattr(parsed, field.name) for field in fields(PredictOptions)}))
    except (DataError, ImportError) as error:
        message = str(error)
    except MemoryError:
        message = NO_MEMORY
    else:
        return 0
    print(f"tinygrad-mlp predict: error: {message}", file=sys.stderr)
    return 2


def predict(options: PredictOptions) -> None:
    """Predict as the options say; raises DataError. A file is written whole or not at all."""
    model = Model.load(options.model)
    screen = report.screen(options.out is None)
    judge = _Judge(model)
    rows, done = 0, 0.0
    with _output(options) as stream, screen.progress("predicting", 1000) as on_step, naming(options.data):
        writer = _Writer(stream, _kind(options), model)
        for inputs, truth, share in _parts(options, model):
            outputs = model.outputs(inputs)
            writer.write(outputs)
            judge.add(outputs, truth)
            rows += len(outputs)
            while done < share:
                on_step()
                done += 0.001
    where = f" to {options.out}" if options.out else ""
    for line in [f"{count(rows, 'row')} predicted{where}", *_told(model), *judge.lines()]:
        if options.out:
            screen.line(line)
        else:
            print(line, file=sys.stderr)  # stdout has the predictions


# -- reading ---------------------------------------------------------------------------------------


def _parts(options: PredictOptions, model: Model) -> Iterator[tuple[Array, Any, float]]:
    """Yield inputs of the network with the truth about them, None where it is not known, and the share that is read."""
    target = options.target or model.target
    if options.data.lower().endswith(".npz"):
        yield from _parts_of_arrays(options, model, target)
        return
    if not isinstance(model.features, Columns):
        raise DataError(ARRAYS_NEEDED)
    text = {encoder.name: str for encoder in model.features.encoders if not isinstance(encoder, Number)}
    if model.task == "classification":
        text[target] = str
    format = Format(options.separator, False if options.no_header else None, model.decimal, model.missing)
    for frame, _, share in read_chunks(options.data, format, options.rows, text):
        names = [str(name) for name in frame.columns]
        if options.target is not None:
            position(options.target, names, "column", " for --target")
        yield model.inputs(frame), frame[target] if target in names else None, share


def _parts_of_arrays(options: PredictOptions, model: Model, target: str) -> Iterator[tuple[Array, Any, float]]:
    arrays = read_npz(options.data, target, needs_target=options.target is not None)
    table: Any = arrays.features
    if isinstance(model.features, Columns):
        raise DataError(COLUMNS_NEEDED)
    for start in range(0, len(table), options.rows):
        place = slice(start, start + options.rows)
        truth = None if arrays.target is None else arrays.target[place]
        yield model.inputs(table[place]), truth, min(1.0, (start + options.rows) / len(table))


# -- writing ---------------------------------------------------------------------------------------

_ENDINGS = {".csv": ",", ".tsv": "\t", ".jsonl": "json", ".ndjson": "json"}


def _kind(options: PredictOptions) -> str:
    """Return "json", or the separator of the cells."""
    if options.out is None:
        return "json" if options.json else ","
    return _ENDINGS[os.path.splitext(options.out)[1].lower()]


@contextmanager
def _output(options: PredictOptions) -> Iterator[TextIO]:
    """Give the stream for the predictions: stdout, or a file that is replaced as a whole when all is written."""
    if options.out is None:
        yield sys.stdout
        return
    if os.path.splitext(options.out)[1].lower() not in _ENDINGS:
        raise DataError(OUT_ENDING.format(path=options.out))
    try:
        with written_whole(options.out) as stream:
            text = io.TextIOWrapper(stream, "utf-8", newline="")
            yield text
            text.flush()
            text.detach()
    except OSError as error:
        raise DataError(CANNOT_WRITE.format(path=options.out, reason=error.strerror or error)) from error


class _Writer:
    """Writes predictions as rows: the label and the probability of each class, or the value."""

    def __init__(self, stream: TextIO, kind: str, model: Model) -> None:
        self.stream, self.kind, self.model = stream, kind, model
        self.names = [model.target, *(f"p({name})" for name in model.classes)]
        self.csv = csv.writer(stream, delimiter=kind, lineterminator="\n") if kind != "json" else None
        self.begun = False

    def write(self, outputs: Array) -> None:
        """Write the outputs of the model for some rows, after a header before the first of them."""
        if self.csv and not self.begun:
            self.csv.writerow(self.names)
        self.begun = True
        if self.model.classes:
            labels = [self.model.classes[k] for k in outputs.argmax(1)]
            rows: Iterator[list[Any]] = (
                [label, *map(_short, row)] for label, row in zip(labels, outputs.tolist(), strict=True)
            )
        else:
            rows = ([_short(value)] for value in outputs.tolist())
        if self.csv:
            self.csv.writerows(rows)
            return
        for row in rows:
            line: dict[str, Any] = {self.model.target: row[0]}
            if self.model.classes:
                line["probabilities"] = dict(zip(self.model.classes, row[1:], strict=True))
            self.stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _short(value: float) -> float:
    """Return a number with seven digits, as many as the network computes with."""
    return float(f"{value:.7g}")


# -- what is told ----------------------------------------------------------------------------------


def _told(model: Model) -> list[str]:
    """Return sentences on what the table has that the training had not."""
    return [
        f"column {name!r}: {count(unseen.count, 'value')} {unseen.what}, such as {shown(unseen.example)}"
        for name, unseen in model.unseen.items()
    ]


class _Judge:
    """Scores predictions where the table has the truth."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.confusion = np.zeros((len(model.classes),) * 2, np.int64)
        self.unknown = 0
        self.sums = np.zeros(4)  # of rows, squared errors, values and squared values

    def add(self, outputs: Array, truth: Any) -> None:
        """Compare some outputs with the truth, a column or an array."""
        if truth is None:
            return
        if self.model.classes:
            codes = _codes(truth, self.model.classes)
            self.unknown += int((codes == -2).sum())
            known = codes >= 0
            np.add.at(self.confusion, (codes[known], outputs.argmax(1)[known]), 1)
            return
        values = truth.astype(np.float64) if isinstance(truth, np.ndarray) else numbers(truth)[0]
        given = np.isfinite(values)
        values, error = values[given], (outputs - values)[given]
        self.sums += [len(values), np.square(error).sum(), values.sum(), np.square(values).sum()]

    def lines(self) -> list[str]:
        """Return the score in a line; none where no truth was given."""
        strange = [f"{count(self.unknown, 'row')} of a class that the training had not"] if self.unknown else []
        if self.model.classes:
            if not self.confusion.sum():
                return strange
            scores = Classification(self.confusion)
            return [*strange, f"accuracy {scores.accuracy:.2%} ({scores.right:,} of {scores.rows:,})"]
        rows, squares, total, total_squares = self.sums
        if not rows:
            return []
        variance = total_squares / rows - (total / rows) ** 2
        r2 = f"{1 - squares / rows / variance:.4f}" if variance > 0 else "undefined"
        rmse = math.sqrt(squares / rows)
        return [f"RMSE {rmse:.5g} (in units of {self.model.target!r}), R2 {r2}, {count(int(rows), 'row')}"]


def _codes(truth: Any, classes: Sequence[str]) -> Array:
    """Return the index of each row's class: -1 where it is missing, -2 where the training had no such class."""
    if isinstance(truth, np.ndarray):
        names = [str(int(v)) if isinstance(v, np.floating) and v % 1 == 0 else str(v) for v in truth]
        index = {name: k for k, name in enumerate(classes)}
        return np.array([index.get(name, -2) for name in names], np.int64)
    found = texts(truth)
    index = {name.casefold(): k for k, name in enumerate(classes)}
    return np.array([*(index.get(level.casefold(), -2) for level in found.levels), -1], np.int64)[found.codes]
