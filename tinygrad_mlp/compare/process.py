"""Starts a program that is to be recorded in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, and what it said on stderr."""

    code: int
    stderr: str


def start(recorder: str, request: Path, stdin: bytes) -> Ended:
    """Run a module of the package with the file of a request as its argument, and wait for its end.

    Both runs of a comparison hash strings alike, so that they walk through their sets in the same order.
    """
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", recorder, str(request)]
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment)
    return Ended(done.returncode, done.stderr.decode(errors="replace"))
