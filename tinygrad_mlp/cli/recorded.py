"""Runs a program under torch or under this package and records it: what `compare` starts, each in its own process.

`python -m tinygrad_mlp.cli.recorded REQUEST.json` reads what is asked for, and leaves the trace in its folder.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import platform
import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from ..compare.kept import Kept
from ..compare.records import Writer
from ..compare.runs import TRAINING
from ..compare.unsure import watching
from .run import run_program

# The calls of the command's training, which are the same for both frameworks, are in this file.
TRAINING_FILE = Path(__file__).parents[1] / "tables" / "training.py"
LINES = 100_000  # of stdout that are kept


class _Tee(io.TextIOBase):
    """Keeps what the program prints; nothing of it is shown, because two programs run."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.count = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.count += text.count("\n")
        if self.count < LINES:
            self.text.append(text)
        return len(text)


def main(request: dict[str, Any]) -> int:
    """Record a program. `request` has the framework, the program, the seed, the folder, and what to keep whole."""
    folder = Path(request["folder"])
    framework = request["framework"]
    writer = Writer(folder)
    began = time.perf_counter()
    package = _seeded(framework, request)
    started = time.perf_counter()
    recording = _recording(framework)
    printed = _Tee()
    program = request["program"]
    calls_from = str(TRAINING_FILE) if program[0] == TRAINING else program[0]
    kept = Kept(package, frozenset(request["keep"]), frozenset(request["judge"]), _given(request.get("given")))
    with (
        recording(writer, calls_from, kept, request.get("steps")) as recorder,
        redirect_stdout(printed),
        watching(calls_from, recorder.is_inside) as unsure,
    ):
        if framework == "torch":
            with _package_means_torch():
                code = _run(package, program, None)
        else:
            code = _run(package, program, "tinygrad_mlp")
    about = {
        "framework": framework,
        "version": str(package.__version__),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "program": [os.path.basename(request["program"][0]), *request["program"][1:]],
        "exit": code,
        "seed": request["seed"],
        "import": started - began,
        "seconds": time.perf_counter() - started,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "steps": recorder.step,
        "printed": "".join(printed.text).splitlines(),
        "described": kept.descriptions,
        "unsure": unsure.finish(),
    }
    end = _at_the_end(recorder, package)
    about["leaves"] = recorder.leaves.names
    writer.close(about, {**end, **kept.arrays})
    return 0


def _run(package: Any, program: list[str], alias: str | None) -> int:
    """Run a program, or the training of the command, which is the same for both frameworks; the exit code."""
    if program[0] != TRAINING:
        return run_program(program, alias)
    from . import build_parser
    from .train import train_quietly

    return train_quietly(package, build_parser().parse_args(["train", *program[1:]]))


def _given(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@contextmanager
def _package_means_torch() -> Iterator[None]:
    """The program's `import tinygrad_mlp` gives torch, so that one written for this package is compared, too."""
    before = builtins.__import__
    own = "tinygrad_mlp"

    def importing(name: str, namespace: Any = None, names: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        asks = str((namespace or {}).get("__name__", ""))
        if level == 0 and (name == own or name.startswith(own + ".")) and not asks.startswith(own + "."):
            return before("torch" + name[len(own) :], namespace, names, fromlist, level)
        return before(name, namespace, names, fromlist, level)

    builtins.__import__ = importing  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.__import__ = before


def _seeded(framework: str, request: dict[str, Any]) -> Any:
    random.seed(request["seed"])
    np.random.seed(request["seed"] % 2**32)
    if framework == "torch":
        import torch as package
    else:
        import tinygrad_mlp as package
    package.manual_seed(request["seed"])
    if request.get("dtype"):
        package.set_default_dtype(getattr(package, request["dtype"]))
    return package


def _recording(framework: str) -> Any:
    if framework == "torch":
        from ..compare.theirs import recording
    else:
        from ..compare.ours import recording
    return recording


def _at_the_end(recorder: Any, package: Any) -> dict[str, Any]:
    """The parameters, gradients and buffers of the modules that were called, and the state of the optimisers."""
    found: dict[str, Any] = {}
    for place, module in enumerate(recorder.modules.values()):
        own = f"{type(module).__name__}" + (f"#{place + 1}" if place else "")
        recorder.leaves.rename({id(parameter): f"{own}.{name}" for name, parameter in module.named_parameters()})
        for name, parameter in module.named_parameters():
            found[f"parameter {own}.{name}"] = parameter.detach().numpy().copy()
            if parameter.grad is not None:
                found[f"gradient {own}.{name}"] = parameter.grad.detach().numpy().copy()
        for name, buffer in module.named_buffers():
            found[f"buffer {own}.{name}"] = buffer.detach().numpy().copy()
    for place, optimizer in enumerate(recorder.optimizers.values()):
        own = f"{type(optimizer).__name__}" + (f"#{place + 1}" if place else "")
        for number, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                if hasattr(value, "detach"):
                    found[f"state {own}.{number}.{name}"] = value.detach().numpy().copy()
    found["random stream"] = package.get_rng_state().numpy()
    return found


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    raise SystemExit(main(asked))
