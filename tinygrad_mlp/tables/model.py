"""A trained network with all that a new table needs to go through it: predictions, and a file to keep it in.

The file holds the parameters and everything else as JSON has it: a .safetensors file has the latter in its metadata, a
.pt file of torch's format is a dict of both. Reading either executes nothing of it.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_mlp

from .. import serialization
from .encoders import Unseen, encode, from_json, to_json
from .errors import DataError, guess_of, listed, shown
from .preparation import Columns, Features, Job, Pixels, single
from .refusals import COLUMN_MISSING, FEATURES_NUMBER, NOT_A_MODEL
from .split import Standardizer
from .targets import Task
from .training import build_model, outputs_of

__all__ = ["Model"]

Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = "tinygrad-mlp model 2"
BATCH = 4096
TORCH_ENDINGS = (".pt", ".pth")  # of files in torch's format
STATE = "state_dict"  # the key of the parameters in those


@dataclass
class Model:
    """A trained multi-layer perceptron for tables.

    `network` maps the inputs, which `features` makes of a table, to outputs: a score for each of `classes`, or the
    standardised value of a quantity, which `scaling` brings into the unit of the target.
    """

    task: Task
    target: str
    classes: tuple[str, ...]
    layers: tuple[int, ...]
    features: Features
    scaling: Standardizer | None
    network: Any
    seed: int = 0
    decimal: str = "."
    missing: tuple[str, ...] = ()
    unseen: dict[str, Unseen] = field(default_factory=dict)

    @classmethod
    def of(cls, job: Job, network: Any, decimal: str = ".", missing: Sequence[str] = ()) -> Model:
        """Return the model of a job whose network has been trained; `decimal` and `missing` are those of the file."""
        return cls(
            job.target.task, job.target.name, job.target.classes, job.plan.layers, job.features, job.scaling, network,
            job.plan.seed, decimal, tuple(missing),
        )  # fmt: skip

    # -- predictions -------------------------------------------------------------------------------

    @property
    def columns(self) -> list[str]:
        """The names of the columns that the model reads."""
        return [encoder.name for encoder in self.features.encoders] if isinstance(self.features, Columns) else []

    def inputs(self, table: Any) -> Array:
        """Return the inputs of the network, float32 of shape (n, inputs), for a DataFrame or an array of features.

        A DataFrame has the model's columns by name, in any order, and may have others. What it has that the training
        had not is counted in `unseen`. DataError for a column that is missing, and for an array of another width.
        """
        if isinstance(self.features, Pixels):
            needed = self.features.names
            if table.ndim != 2 or table.shape[1] != len(needed):
                found = table.shape[1] if table.ndim == 2 else f"shape {table.shape} and no"
                raise DataError(FEATURES_NUMBER.format(name="X", found=found, needed=len(needed)))
            return single(self.features.scaling.apply(table), needed)
        there = [str(name) for name in table.columns]
        values = []
        for encoder in self.features.encoders:
            if encoder.name not in there:
                guess, names = guess_of(encoder.name, there), listed(there)
                raise DataError(COLUMN_MISSING.format(name=shown(encoder.name), guess=guess, names=names))
            converted, unseen = encoder.convert(table[encoder.name])
            values.append(converted)
            if unseen.count:
                known = self.unseen.setdefault(encoder.name, Unseen(0, unseen.example, unseen.what))
                known.count += unseen.count
        return encode(self.features.encoders, values, len(table))

    def outputs(self, inputs: Array) -> Array:
        """Return what the network gives for its inputs: probabilities of shape (n, k), or values of shape (n,)."""
        if not len(inputs):
            return np.zeros((0, len(self.classes))) if self.classes else np.zeros(0)
        raw = outputs_of(tinygrad_mlp, self.network, inputs, BATCH).astype(np.float64)
        if self.scaling is not None:
            return np.asarray(self.scaling.invert(raw[:, 0]))
        raw = np.exp(raw - raw.max(1, keepdims=True))
        return np.asarray(raw / raw.sum(1, keepdims=True))

    # -- the file ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, which is replaced as a whole.

        A name that ends with .pt or .pth gives a file of torch's format, which torch.load reads, too: a dict of facts,
        and of the "state_dict" of an nn.Sequential of Linear layers with ReLU between them. Any other name gives a
        .safetensors file. Raises OSError as `open(path, "wb")` would, and ImportError without the package safetensors
        where that is needed.
        """
        facts: dict[str, Any] = {
            "format": FORMAT, "task": self.task, "layers": self.layers, "seed": self.seed,
            "target_name": self.target, "class_names": self.classes, "decimal": self.decimal, "missing": self.missing,
        }  # fmt: skip
        if isinstance(self.features, Columns):
            facts["columns"] = to_json(self.features.encoders)
        else:
            facts["feature_names"] = self.features.names
            facts["feature_mean"] = self.features.scaling.mean.tolist()
            facts["feature_scale"] = self.features.scaling.scale.tolist()
        if self.scaling is not None:
            facts["target_mean"], facts["target_scale"] = float(self.scaling.mean), float(self.scaling.scale)
        if _is_torchs(path):
            tinygrad_mlp.save({**json.loads(json.dumps(facts)), STATE: self.network.state_dict()}, path)
            return
        arrays = {name: parameter.numpy() for name, parameter in self.network.state_dict().items()}
        metadata = {key: json.dumps(value, ensure_ascii=False) for key, value in facts.items()}
        serialization.save_file(arrays, path, metadata)

    @staticmethod
    def check_path(path: str | os.PathLike[str]) -> None:
        """Raise the errors that `save` would raise for this path, before a training whose result is saved."""
        (serialization.check_replaceable if _is_torchs(path) else serialization.check_writable)(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model from the file that `save` has written.

        Raises DataError for a file that is damaged or something else, and for one that is not there.
        """
        name = os.fspath(path)
        try:
            facts, state = _facts_and_state(path)
        except FileNotFoundError as error:
            raise DataError(f"{name}: no such file") from error
        except OSError as error:
            raise DataError(f"{name}: {error.strerror or error}") from error
        except (ValueError, RuntimeError, pickle.UnpicklingError) as error:
            raise DataError(NOT_A_MODEL.format(path=name, reason="the file is damaged or another one")) from error
        if facts.get("format") != FORMAT:
            raise DataError(NOT_A_MODEL.format(path=name, reason=f"its metadata does not say {FORMAT!r}"))
        try:
            return cls._from(facts, state)
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise DataError(NOT_A_MODEL.format(path=name, reason="its metadata and arrays do not fit")) from error

    @classmethod
    def _from(cls, facts: Mapping[str, Any], state: Mapping[str, Any]) -> Model:
        layers = tuple(int(size) for size in facts["layers"])
        _check_sizes(layers, state.values())
        network = build_model(tinygrad_mlp, layers)
        network.load_state_dict(state)
        features: Features
        if "columns" in facts:
            features = Columns(from_json(facts["columns"]))
        else:
            scaling = Standardizer(np.array(facts["feature_mean"]), np.array(facts["feature_scale"]))
            features = Pixels(tuple(facts["feature_names"]), scaling)
        classes = tuple(map(str, facts["class_names"]))
        if len(features.inputs) != layers[0] or layers[-1] != (len(classes) or 1):
            raise ValueError
        target = None
        if facts["task"] == "regression":
            target = Standardizer(np.array(facts["target_mean"]), np.array(facts["target_scale"]))
        return cls(
            facts["task"], str(facts["target_name"]), classes, layers, features, target, network, int(facts["seed"]),
            str(facts["decimal"]), tuple(map(str, facts["missing"])),
        )  # fmt: skip


def _check_sizes(layers: Sequence[int], tensors: Iterable[Any]) -> None:
    """ValueError unless these are the parameters: a network takes memory by what a file says of its layers."""
    wanted = [shape for inputs, outputs in pairwise(layers) for shape in ((outputs, inputs), (outputs,))]
    found = [tuple(x.shape) for x in tensors if x.is_contiguous() and x.dtype is tinygrad_mlp.float32 and not x.is_meta]
    if sorted(found) != sorted(wanted):
        raise ValueError(found)


def _is_torchs(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).lower().endswith(TORCH_ENDINGS)


def _facts_and_state(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a file says of the model, and its parameters; ValueError for a file of torch's that is not of this kind."""
    if not _is_torchs(path):
        facts = {key: json.loads(text) for key, text in serialization.load_metadata(path).items()}
        arrays = serialization.load_file(path)
        return facts, {name: tinygrad_mlp.from_numpy(array) for name, array in arrays.items()}
    content = tinygrad_mlp.load(path)
    if not isinstance(content, dict):
        raise ValueError(type(content))
    return content, content.pop(STATE, {})
