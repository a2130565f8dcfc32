"""Measures how long the import of each package takes, as the time of `python -c "import X"`, in shuffled rounds."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time

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
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {package}"], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - start
