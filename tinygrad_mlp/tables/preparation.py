"""From a table to what a network is trained on: the roles of the columns, the split, the inputs and the target.

Everything that is learnt from data (medians, scales, levels) is learnt from the training rows alone, without those of
the test and the validation part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..random import Generator
from .encoders import Encoder, at_rows, encode, encoders_of
from .errors import DataError, listed
from .refusals import ALL_LEFT_OUT, NO_FEATURES, TOO_FAR
from .roles import Column, Overrides, find_roles
from .split import Standardizer, split_rows
from .targets import Target
from .training import Parts, Plan

__all__ = [
    "LEARNING_RATES",
    "MOMENTUM",
    "Columns",
    "Features",
    "Job",
    "Pixels",
    "Settings",
    "prepare",
    "prepare_arrays",
]

Array = np.ndarray[Any, np.dtype[Any]]

LEARNING_RATES = {"adam": 0.001, "sgd": 0.05}
MOMENTUM = 0.9
DECAY = 2.0  # the weight decay times the number of training rows: a prior counts for less the more rows there are


@dataclass(frozen=True)
class Settings:
    """How to split and to train; the same names as the options of the command `train`.

    `lr` and `momentum` of None are the defaults of the optimiser, a `weight_decay` of None is 2 / the number of rows to
    train on; a `test_fraction` or `validation` of 0 takes no rows.
    `class_weights` is a factor for the loss of each class, or "balanced", by which all classes count alike.
    """

    hidden: tuple[int, ...] = (128, 64)
    epochs: int = 30
    batch_size: int = 32
    optimizer: str = "adam"
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    seed: int = 0
    test_fraction: float = 0.2
    validation: float = 0.0
    patience: int | None = None
    class_weights: Literal["balanced"] | tuple[float, ...] | None = None


@dataclass(frozen=True)
class Columns:
    """The features of a table with named columns, by the encoder of each column that is used."""

    encoders: list[Encoder]

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs of the network."""
        return [name for encoder in self.encoders for name in encoder.inputs]


@dataclass(frozen=True)
class Pixels:
    """The features of an array without named columns, standardised."""

    names: tuple[str, ...]
    scaling: Standardizer

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs of the network."""
        return list(self.names)


Features = Columns | Pixels


@dataclass(frozen=True)
class Job:
    """What a training needs, and what has to be said of the table before it.

    `train_rows` and `test_rows` are indices into the target's values.
    """

    target: Target
    features: Features
    columns: list[Column]
    parts: Parts
    plan: Plan
    scaling: Standardizer | None  # of the target, for a quantity
    train_rows: Array
    test_rows: Array


def prepare(
    frame: Any,
    target: Target,
    settings: Settings,
    overrides: Overrides | None = None,
    row: Callable[[int], int] | None = None,
) -> Job:
    """Prepare a pandas DataFrame of features for training; `row` gives the number of a row in the file by its index.

    Raises DataError for a table that cannot be used.
    """
    names = [str(name) for name in frame.columns]
    if not names:
        raise DataError(NO_FEATURES.format(target=target.name))
    if overrides:
        overrides.check(names)
    columns = find_roles(frame.iloc[target.rows] if target.left_out else frame, names, overrides, _among(target, row))
    used = [column for column in columns if column.used]
    if not used:
        reasons = listed([f"{column.name} ({column.reason})" for column in columns], 5)
        raise DataError(ALL_LEFT_OUT.format(target=target.name, reasons=reasons))
    rows = _split(target, settings)
    encoders = encoders_of(columns, rows[0])

    def inputs(rows: Array) -> Array:
        return encode(encoders, [at_rows(column.values, rows) for column in used], len(rows))

    return _job(target, Columns(encoders), columns, settings, inputs, rows)


def _among(target: Target, row: Callable[[int], int] | None) -> Callable[[int], int]:
    """Return the number of a row in the file by its index among the rows that have a target."""
    at = row or (lambda index: index + 1)
    return lambda index: at(int(target.rows[index]))


def prepare_arrays(
    features: Array, names: Sequence[str], target: Target, settings: Settings, one_unit: bool = False
) -> Job:
    """Prepare features of shape (n, d) for training; with `one_unit` they share one scale, as pixels do."""
    rows = _split(target, settings)
    features = features[target.rows]
    scaling = Standardizer.fit(features[rows[0]], one_unit=one_unit)

    def inputs(rows: Array) -> Array:
        return single(scaling.apply(features[rows]), names)

    return _job(target, Pixels(tuple(names), scaling), [], settings, inputs, rows)


def single(values: Array, names: Sequence[str]) -> Array:
    """Return standardised values in float32; DataError if one is so far from the others that it overflows."""
    with np.errstate(over="ignore"):
        converted = values.astype(np.float32)
    finite = np.isfinite(converted).all(0)
    if not finite.all():
        raise DataError(TOO_FAR.format(column=names[int(finite.argmin())]))
    return converted


def _split(target: Target, settings: Settings) -> tuple[Array, Array, Array]:
    """Return the rows of the target's values for training, validation and test, drawn by the seed."""
    import tinygrad_mlp

    generator = Generator().manual_seed(settings.seed)
    train = tinygrad_mlp.randperm(len(target.values), generator=generator).numpy()
    classes = target.values if target.task == "classification" else None
    test = validation = train[:0]
    if settings.test_fraction:
        train, test = split_rows(train, settings.test_fraction, classes)
    if settings.validation:
        train, validation = split_rows(train, settings.validation, classes, "validation")
    return train, validation, test


def _job(
    target: Target,
    features: Features,
    columns: list[Column],
    settings: Settings,
    inputs: Callable[[Array], Array],
    rows: tuple[Array, Array, Array],
) -> Job:
    train, validation, test = rows
    if target.task == "classification":
        scaling, values, outputs, unit = None, target.values, len(target.classes), 1.0
    else:
        scaling, outputs = Standardizer.fit(target.values[train]), 1
        values = single(scaling.apply(target.values)[:, None], [target.name])
        unit = float(scaling.scale)
    parts = Parts(
        inputs(train), values[train], inputs(test), values[test],
        inputs(validation) if len(validation) else None, values[validation] if len(validation) else None,
    )  # fmt: skip
    momentum = MOMENTUM if settings.momentum is None else settings.momentum
    plan = Plan(
        task=target.task,
        layers=(parts.train_features.shape[1], *settings.hidden, outputs),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        optimizer=settings.optimizer,
        lr=LEARNING_RATES[settings.optimizer] if settings.lr is None else settings.lr,
        momentum=momentum if settings.optimizer == "sgd" else 0.0,
        weight_decay=DECAY / len(train) if settings.weight_decay is None else settings.weight_decay,
        seed=settings.seed,
        unit=unit,
        patience=settings.patience if settings.validation else None,
        class_weights=None if scaling else _weights(settings, values[train], outputs),
    )
    return Job(target, features, columns, parts, plan, scaling, train, test)


def _weights(settings: Settings, values: Array, classes: int) -> tuple[float, ...] | None:
    """Return a weight for each class; "balanced" is scikit-learn's class_weight of that name."""
    if settings.class_weights != "balanced":
        return settings.class_weights
    counts = np.bincount(values, minlength=classes)
    return tuple(float(weight) for weight in len(values) / (classes * np.maximum(counts, 1)))
