"""Runs a program and notes the values of its variables: what a comparison by names starts, each in its own process.

`python -m tinygrad_mlp.cli.watched REQUEST.json` reads what is asked for, and leaves the trace in its folder.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import sys
import traceback
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..compare.names.statements import source_text
from ..compare.names.variables import Variables
from ..compare.names.watching import watching
from ..compare.records import Writer
from .run import run_program

OWN = "tinygrad_mlp"


def main(request: dict[str, Any]) -> int:
    """Watch a program. `request` has the program, what torch is, the seed, the folder, and what to keep and to give."""
    folder = Path(request["folder"])
    writer = Writer(folder)
    program = request["program"]
    given = _given(request)
    kept = {"keep": request.get("keep", ()), "first": request.get("first", 0)}
    variables = Variables(writer, program[0], **kept, given=given, turned=request.get("turned", ()))
    packages = _seeded(request)
    raised: dict[str, Any] = {}
    sys.excepthook = _noting(raised, variables)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, watching(variables, packages), redirect_stdout(nowhere):
        code = run_program(program, None if request["under"] == "torch" else request["under"])
    about = {
        "program": [os.path.basename(program[0]), *program[1:]],
        "under": request["under"],
        "exit": code,
        "raised": raised or None,
        "losses": variables.losses,
        "leaves": sorted(variables.leaves),
        "differentiable": sorted(variables.differentiable),
        "handed": variables.handed,
        "files": {shown: file for file, shown in variables.files.items()},
    }
    writer.close(about, variables.arrays)
    return 0


def _given(request: dict[str, Any]) -> dict[tuple[str, int], Any]:
    """The arrays by which some values are overwritten, by name and place."""
    if not request.get("given"):
        return {}
    with np.load(request["given"], allow_pickle=False) as file:
        arrays = [file[f"arr_{i}"] for i in range(len(file.files))]
    return {(name, place): array for (name, place), array in zip(request["given_names"], arrays, strict=True)}


def _seeded(request: dict[str, Any]) -> list[str]:
    """Seed the random numbers of Python, NumPy and the frameworks, and return the frameworks' names."""
    import tinygrad_mlp

    random.seed(request["seed"])
    np.random.seed(request["seed"] % 2**32)
    packages: list[Any] = [tinygrad_mlp]
    if request["under"] == "torch" and _speaks_of_torch(request["program"][0]):
        with suppress(ModuleNotFoundError):  # which the program then says itself
            packages.append(importlib.import_module("torch"))
    for package in packages:
        package.manual_seed(request["seed"])
        if request.get("dtype"):
            package.set_default_dtype(getattr(package, request["dtype"]))
    return [package.__package__ for package in packages]


def _speaks_of_torch(program: str) -> bool:
    """Whether a program, or a file beside it that it imports, may import torch, which takes seconds."""
    folder = Path(os.path.abspath(program)).parent
    left, seen = [Path(program)], set()
    while left:
        file = left.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        text = file.read_text(encoding="utf-8", errors="replace")
        if "torch" in text:
            return True
        left += [folder / f"{name}.py" for name in re.findall(r"(?:import|from|,)\s+(\w+)", text)]
    return False


def _noting(raised: dict[str, Any], variables: Variables) -> Any:
    """A hook for the exception that ends the program: what it says, and the program's line."""

    def hook(kind: Any, error: BaseException, trace: Any) -> None:
        raised["says"] = "".join(traceback.format_exception_only(kind, error)).strip()
        own = [
            (f.f_code.co_filename, line)
            for f, line in traceback.walk_tb(trace)
            if variables.watches(f.f_code.co_filename)
        ]
        if own:
            file, line = own[-1]
            raised.update(file=os.path.relpath(file, os.path.dirname(variables.file)), line=line)
            raised["text"] = source_text(file, line)
        sys.__excepthook__(kind, error, trace)

    return hook


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as request_file:
        asked = json.load(request_file)
    raise SystemExit(main(asked))
