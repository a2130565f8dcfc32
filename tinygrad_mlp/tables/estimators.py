"""The training of tables in Python, with the method names of scikit-learn: `fit`, `predict`, `score`.

    table = read_table("flowers.csv")
    model = TableClassifier().fit(table.drop(columns="kind"), table["kind"])
    model.predict(read_table("others.csv"))

The estimators follow scikit-learn's conventions without needing it, so that its `cross_val_score`, pipelines and
searches work on them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import tinygrad_mlp

from .errors import DataError
from .model import Model
from .preparation import Settings, prepare
from .refusals import (
    COMPLEX,
    NO_FEATURES_GIVEN,
    NO_PARAMETER,
    NO_SAMPLES,
    NOT_A_TABLE,
    NOT_FITTED,
    ONE_CLASS,
    ONE_SAMPLE,
    SPARSE,
    UNEQUAL,
    WRONG_CLASSES,
    WRONG_WIDTH,
    WRONG_Y,
    Y_MISSING,
    Y_NDIM,
    Y_NOT_GIVEN,
    Y_SHAPE,
)
from .roles import Overrides
from .scores import score
from .targets import Target
from .training import Fitted, fit

if TYPE_CHECKING:
    from typing import Self

__all__ = ["NotFittedError", "TableClassifier", "TableRegressor"]

Array = np.ndarray[Any, np.dtype[Any]]


class NotFittedError(ValueError, AttributeError):
    """An estimator is asked for what only `fit` gives it (sklearn.exceptions.NotFittedError, where that is loaded)."""


class _Estimator:
    """What the two estimators share."""

    _task: ClassVar[Any]

    def __init__(
        self,
        hidden: Sequence[int] = (128, 64),
        epochs: int = 30,
        batch_size: int = 32,
        optimizer: str = "adam",
        lr: float | None = None,
        momentum: float | None = None,
        weight_decay: float | None = None,
        seed: int = 0,
        validation: float = 0.0,
        patience: int | None = 10,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.seed = seed
        self.validation = validation
        self.patience = patience
        self.category = category
        self.number = number
        self.ignore = ignore

    # -- scikit-learn's conventions ----------------------------------------------------------------

    @classmethod
    def _names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the constructor by name; ValueError for another name."""
        for name, value in params.items():
            if name not in self._names():
                raise ValueError(NO_PARAMETER.format(name=name, estimator=self, names=self._names()))
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in inspect.signature(type(self).__init__).parameters.items()}
        changed = (f"{name}={value!r}" for name, value in self.get_params().items() if value != defaults[name])
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        tags = Tags(estimator_type=None, target_tags=TargetTags(required=True))
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    # -- training ----------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any) -> Self:
        """Train on a table X and the target y of its rows.

        X is a pandas DataFrame, whose columns get their roles as the command `train` finds them, or an array of shape
        (n, d), which is taken as numbers; y has n values, none missing. The attributes `model_` (a `Model`), `loss_`,
        `losses_` (of each epoch), `n_iter_` and `n_features_in_` are set. The state of the random numbers is left as
        it was. Raises DataError, a ValueError, for data that cannot be used, and Diverged if the loss grows without
        bound.
        """
        frame = self._frame(X)
        if y is None:
            raise DataError(Y_NOT_GIVEN.format(name=type(self).__name__))
        values = _target_values(y, len(frame))
        if len(values) < 2:
            raise DataError(ONE_SAMPLE.format(name=type(self).__name__))
        target = self._target(values)
        job = prepare(frame, target, self._settings(), self._overrides(X, frame))
        state = tinygrad_mlp.get_rng_state()
        try:
            fitted = fit(tinygrad_mlp, job.parts, job.plan, lambda: None, lambda _: None, steps="exact")
        finally:
            tinygrad_mlp.set_rng_state(state)
        return self._keep(Model.of(job, fitted.model), fitted, X, frame)

    def _keep(self, model: Model, fitted: Fitted | None, X: Any, frame: Any) -> Self:
        self.model_ = model
        self.n_features_in_ = frame.shape[1]
        if hasattr(X, "columns") and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.array(list(X.columns), dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if fitted is not None:
            self.losses_ = [epoch.loss for epoch in fitted.epochs]
            self.loss_ = self.losses_[fitted.best - 1]
            self.n_iter_ = len(fitted.epochs)
        return self

    def _settings(self) -> Settings:
        return Settings(
            hidden=tuple(self.hidden), epochs=self.epochs, batch_size=self.batch_size, optimizer=self.optimizer,
            lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay, seed=self.seed, test_fraction=0.0,
            validation=self.validation, patience=self.patience,
        )  # fmt: skip

    def _overrides(self, X: Any, frame: Any) -> Overrides:
        names = frame.columns if not hasattr(X, "columns") and all(t.kind in "buif" for t in frame.dtypes) else ()
        numbers = tuple(name for name in (*self.number, *names) if name not in self.category)
        return Overrides(ignore=tuple(self.ignore), category=tuple(self.category), number=tuple(dict.fromkeys(numbers)))

    def _target(self, values: Array) -> Target:
        raise NotImplementedError

    # -- predictions -------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Array:
        if not hasattr(self, "model_"):
            raise _not_fitted()(NOT_FITTED.format(name=type(self).__name__))
        frame = self._frame(X)
        if not hasattr(X, "columns") and frame.shape[1] != self.n_features_in_:
            needed = self.n_features_in_
            raise DataError(WRONG_WIDTH.format(found=frame.shape[1], name=type(self).__name__, needed=needed))
        return self.model_.outputs(self.model_.inputs(frame))

    def _frame(self, X: Any) -> Any:
        """Return X as a DataFrame; DataError for what is no table."""
        import pandas

        if isinstance(X, pandas.DataFrame):
            frame = X.rename(columns=str).reset_index(drop=True)
        else:
            if hasattr(X, "toarray") or hasattr(X, "tocsr"):
                raise TypeError(SPARSE)
            array = np.asarray(X)
            if array.dtype.kind == "c":
                raise DataError(COMPLEX.format(name="X"))
            if array.ndim != 2:
                raise DataError(NOT_A_TABLE.format(ndim=array.ndim, shape=array.shape))
            frame = pandas.DataFrame(array, columns=[f"x{k}" for k in range(array.shape[1])]).infer_objects()
        if not len(frame):
            raise DataError(NO_SAMPLES.format(shape=frame.shape, name=type(self).__name__))
        if not frame.shape[1]:
            raise DataError(NO_FEATURES_GIVEN.format(shape=frame.shape, name=type(self).__name__))
        return frame

    # -- the file ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trained model to a file, which the command `predict` reads, too; see `Model.save`."""
        if not hasattr(self, "model_"):
            raise _not_fitted()(NOT_FITTED.format(name=type(self).__name__))
        self.model_.save(path)


class TableClassifier(_Estimator):
    """A multi-layer perceptron that learns to tell classes, from tables with columns of any kind.

    hidden, epochs, batch_size, optimizer ("adam" or "sgd"), lr, momentum, weight_decay and seed are the options of the
    command `train`. With `validation`, a share of the rows, the training ends when the loss on them has not fallen for
    `patience` epochs, and the best epoch is kept. `category`, `number` and `ignore` name columns whose role is given.
    `class_weight` maps classes to factors for their loss (1 for others); with "balanced" all classes count alike.
    """

    _task = "classification"
    _estimator_type = "classifier"

    def __init__(
        self,
        hidden: Sequence[int] = (128, 64),
        epochs: int = 30,
        batch_size: int = 32,
        optimizer: str = "adam",
        lr: float | None = None,
        momentum: float | None = None,
        weight_decay: float | None = None,
        seed: int = 0,
        validation: float = 0.0,
        patience: int | None = 10,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        ignore: Sequence[str] = (),
        class_weight: Mapping[Any, float] | str | None = None,
    ) -> None:
        super().__init__(
            hidden, epochs, batch_size, optimizer, lr, momentum, weight_decay, seed, validation, patience, category,
            number, ignore,
        )  # fmt: skip
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags()
        return tags

    def _settings(self) -> Settings:
        if isinstance(self.class_weight, Mapping):
            weights: Any = tuple(float(self.class_weight.get(name, 1.0)) for name in self.classes_.tolist())
        elif self.class_weight in (None, "balanced"):
            weights = self.class_weight
        else:
            raise DataError(WRONG_CLASSES.format(found=self.class_weight))
        return replace(super()._settings(), class_weights=weights)

    def _target(self, values: Array) -> Target:
        if values.dtype.kind == "f" and not bool((values % 1 == 0).all()):
            raise DataError(WRONG_Y.format(name=type(self).__name__, wanted="classes, not continuous numbers"))
        self.classes_, codes = np.unique(values, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(ONE_CLASS.format(name=type(self).__name__, found=self.classes_[0]))
        names = tuple(str(level) for level in self.classes_)
        return Target("target", "classification", codes.astype(np.int64), names, np.arange(len(values)))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, of shape (n, k), in the order of `classes_`."""
        return self._outputs(X)

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each row of X, of shape (n,)."""
        chosen: Array = self._outputs(X).argmax(1)
        return np.asarray(self.classes_[chosen])

    def score(self, X: Any, y: Any) -> float:
        """Return the share of the rows of X whose class in y is predicted."""
        return float(np.mean(self.predict(X) == np.asarray(y)))


class TableRegressor(_Estimator):
    """A multi-layer perceptron that learns a quantity, from tables with columns of any kind.

    The parameters are those of `TableClassifier`, without `class_weight`.
    """

    _task = "regression"
    _estimator_type = "regressor"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        return tags

    def _target(self, values: Array) -> Target:
        if values.dtype.kind not in "buif":
            raise DataError(WRONG_Y.format(name=type(self).__name__, wanted="numbers"))
        return Target("target", "regression", values.astype(np.float64), (), np.arange(len(values)))

    def predict(self, X: Any) -> Array:
        """Return the value that is predicted for each row of X, of shape (n,), in the unit of y."""
        return self._outputs(X)

    def score(self, X: Any, y: Any) -> float:
        """Return R2, the share of the variance of y that is explained: 1 is perfect, 0 as good as the mean."""
        target = np.asarray(y, dtype=np.float64)[:, None]
        found = score("regression", self.predict(X)[:, None], target)
        return found.value


def _target_values(y: Any, rows: int) -> Array:
    """Return y as an array of shape (rows,); DataError where it is something else or has no value."""
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        import warnings

        warnings.warn(Y_SHAPE, _of_sklearn("DataConversionWarning", UserWarning), stacklevel=3)
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(Y_NDIM.format(shape=values.shape))
    if values.dtype.kind == "c":
        raise DataError(COMPLEX.format(name="y"))
    if len(values) != rows:
        raise DataError(UNEQUAL.format(rows=rows, values=len(values)))
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(Y_MISSING)
    if values.dtype.kind == "O" and any(value is None or value != value for value in values):
        raise DataError(Y_MISSING)
    return values.astype(np.str_) if values.dtype.kind == "O" and all(isinstance(v, str) for v in values) else values


def _not_fitted() -> type[Exception]:
    return _of_sklearn("NotFittedError", NotFittedError)


def _of_sklearn(name: str, otherwise: type[Any]) -> type[Any]:
    """Return the exception of this name that scikit-learn's tools wait for, where it is loaded."""
    exceptions = sys.modules.get("sklearn.exceptions")
    return otherwise if exceptions is None else getattr(exceptions, name)
