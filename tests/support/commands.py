"""`tinygrad-mlp` as a process, tables to train on, and an import path in which a package is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support import ROOT
from tinygrad_mlp.tables.split import split_rows

COMMAND = [sys.executable, "-m", "tinygrad_mlp"]


TERMINAL = {"NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}  # by these rich takes orders


def environment(*folders: Path) -> dict[str, str]:
    """The environment of a process: `folders` in front of the import path, torch on one core, as others may be busy."""
    inherited = {name: value for name, value in os.environ.items() if name not in TERMINAL}
    return {**inherited, "PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT])), "OMP_NUM_THREADS": "1"}


def run(folder: Path, *args: str, before: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `tinygrad-mlp` in a folder; `before` is one for the front of the import path."""
    env = environment(*([before] if before else []))
    return subprocess.run([*COMMAND, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def succeed(folder: Path, *args: str) -> str:
    """Run `train`, which must succeed without a word on stderr; its stdout."""
    done = run(folder, "train", *args)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def results(folder: Path, *args: str) -> dict[str, Any]:
    return json.loads(succeed(folder, "--json", *args))


@pytest.fixture
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A folder for the import path in which a package cannot be imported."""

    def hide(package: str) -> Path:
        folder = tmp_path_factory.mktemp("hidden")
        (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
        return folder

    return hide


def flowers(rows: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points in the plane, on scales far apart, and the cloud of each."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, rows)
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    return (centres[kind] + random.standard_normal((rows, 2)) * 0.5) * [1e-3, 1e6], kind


def write_csv(path: Path, header: str, columns: list[Any]) -> None:
    path.write_text(
        "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n", "utf-8"
    )


def houses() -> tuple[np.ndarray, np.ndarray]:
    """Prices in a curved dependence on two features, noise of 5 on a spread of some 300."""
    random = np.random.default_rng(1)
    features = np.stack([random.random(400), random.standard_normal(400) * 5], 1)
    return features, 1000 * features[:, 0] ** 2 + 30 * features[:, 1] + random.standard_normal(400) * 5


def rows_to_test_on(rows: int, seed: int = 0, classes: np.ndarray | None = None) -> np.ndarray:
    generator = tinygrad_mlp.Generator().manual_seed(seed)
    return split_rows(tinygrad_mlp.randperm(rows, generator=generator).numpy(), 0.2, classes)[1]
