"""Files with a table in them, what is read from them, and what is said where one cannot be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tinygrad_mlp.tables.errors import DataError, position
from tinygrad_mlp.tables.npz import Arrays, read_npz
from tinygrad_mlp.tables.preparation import Job, Settings, prepare, prepare_arrays
from tinygrad_mlp.tables.reading import Format, naming, read_whole
from tinygrad_mlp.tables.roles import Column, Overrides
from tinygrad_mlp.tables.targets import Target, target_of_array, target_of_column


def write(tmp_path: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def load(path: str | os.PathLike[str], target: str | None = None, task: Any = None, **how: Any) -> tuple[Any, Target]:
    """The features of a file, a DataFrame or `Arrays`, and its target."""
    with naming(path):
        if os.fspath(path).endswith(".npz"):
            arrays = read_npz(path, target)
            assert arrays.target is not None
            return arrays, target_of_array(arrays.target, arrays.target_name, task)
        frame, source = read_whole(os.fspath(path), Format(**how))
        names = list(frame.columns)
        name = names[-1] if target is None else names[position(target, names, "column", " for the target")]
        return frame.drop(columns=name), target_of_column(frame[name], name, task, source.row)


def job(path: str | os.PathLike[str], target: str | None = None, task: Any = None, **how: Any) -> Job:
    """A file, prepared for training; `how` are fields of Settings and of Overrides."""
    roles = {key: how.pop(key) for key in ("ignore", "category", "number", "only") if key in how}
    with naming(path):
        features, found = load(path, target, task)
        settings = Settings(**{"test_fraction": 0.25, **how})
        if isinstance(features, Arrays):
            return prepare_arrays(features.features, features.feature_names, found, settings)
        source = read_whole(os.fspath(path), Format())[1]
        return prepare(features, found, settings, Overrides(**roles), source.row)


def columns(path: str | os.PathLike[str], **how: Any) -> dict[str, Column]:
    """The columns of a file's features, by name."""
    return {column.name: column for column in job(path, **how).columns}


def refusal(path: Path, *args: Any, **how: Any) -> str:
    """The message, less the path that every message begins with."""
    with pytest.raises(DataError) as raised:
        job(path, *args, **how)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")
