"""Measures how long the import of each package takes, as the time of `python -c "import X"`, in shuffled rounds."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import ROOT


def import_seconds(packages: list[str], rounds: int) -> dict[str, float]:
    """The median seconds for each package, with the start of Python; the first import of each is not counted."""
    seconds: dict[str, list[float]] = {package: [] for package in packages}
    for package in packages:
        import_once(package)
    for _ in range(rounds):
        for package in random.sample(packages, len(packages)):
            seconds[package].append(import_once(package))
    return {package: statistics.median(times) for package, times in seconds.items()}


def import_once(package: str) -> float:
    # With bytecode, as an installed package has it; without it a source tree would be compiled at each import.
    return seconds_of(f"import {package}", ROOT, bytecode=True)


def seconds_of(program: str, folder: Path, *, bytecode: bool) -> float:
    """How long a new Python takes for a program, run in a folder; it may write bytecode or not."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if not bytecode:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True)
    return time.perf_counter() - start


def own_import_ratio(rounds: int, bytecode: bool) -> float:
    """What the import of this package adds to that of NumPy, divided by what that adds to the start of Python.

    Without `bytecode` the package is imported from a copy that has none, and NumPy, which was installed, from its own.
    """
    programs = ["pass", "import numpy", "import tinygrad_mlp"]
    seconds: dict[str, list[float]] = {program: [] for program in programs}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "tinygrad_mlp", f"{folder}/tinygrad_mlp", ignore=shutil.ignore_patterns("__pycache__"))
        for number in range(rounds + 1):
            for program in random.sample(programs, len(programs)):
                time_taken = seconds_of(program, Path(folder), bytecode=bytecode)
                if number:  # the first import of each is not counted
                    seconds[program].append(time_taken)
    start, numpy, own = (statistics.median(seconds[program]) for program in programs)
    return (own - numpy) / (numpy - start)
