"""Measures all contenders at one size, each in its own process.

First each contender shows that it computes the right step, by its first losses. Then blocks of steps are timed in
rounds, in which the contenders follow each other in a new random order.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from benchmarks.contenders import find, missing

ROOT = Path(__file__).resolve().parents[1]
BLOCK_SECONDS = 0.075
TOLERANCE = 1e-3  # relative, between the losses of a contender and of the reference
QUIET = 0.03  # the disturbance up to which a block counts
ATTEMPTS = 4  # to time a block without disturbance


class WorkerError(RuntimeError):
    """A worker raised an exception, or its process ended."""


class Block(NamedTuple):
    """A timed block: the seconds per step, and the share of the time spent waiting for a core that others used."""

    seconds: float
    disturbance: float

    @property
    def is_quiet(self) -> bool:
        return self.disturbance <= QUIET


class Worker:
    """The process of a contender, which is idle except while it answers a question."""

    def __init__(self, module: str, *arguments: str, variables: Mapping[str, str] = MappingProxyType({})) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, env={**os.environ, **variables}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def ask(self, question: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            print(question, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise WorkerError(f"died with code {self.process.wait()}") from None
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"died with code {self.process.wait()}"}
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def run(self) -> Block:
        """Time a block of steps; if it was disturbed try again, and return the least disturbed of all attempts.

        A product on two threads takes several times as long if one of the threads has to wait for a core.
        """
        blocks: list[Block] = []
        while len(blocks) < ATTEMPTS and not any(block.is_quiet for block in blocks):
            blocks.append(Block(**self.ask(f"run {BLOCK_SECONDS}")))
        return min(blocks, key=lambda block: block.disturbance)


@dataclass
class Run:
    """The result of one contender at one size. `state` is "timed", "absent" (see `missing`), "wrong" or "failed"."""

    state: str = "timed"
    detail: str = ""
    losses: list[float] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)  # one for each round
    peak_bytes: int = 0


def measure(size: str, contenders: list[str], rounds: int, tell: Callable[[str], None]) -> dict[str, Run]:
    """A `Run` for each contender. The first is the reference: the others must have the same losses."""
    runs = {name: Run() for name in contenders}
    reference = runs[contenders[0]]
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name, run in runs.items():
            tell(f"{size}: {name}")
            with failure_noted(run):
                worker = admit(name, size, run, reference, stack)
                if worker:
                    workers[name] = worker
            if reference.state != "timed":
                raise WorkerError(f"{contenders[0]}, the reference, {reference.state}: {reference.detail}")
        for number in range(rounds):
            tell(f"{size}: round {number + 1} of {rounds}")
            one_round(workers, runs)
        for name, worker in workers.items():
            with failure_noted(runs[name]):
                runs[name].peak_bytes = worker.ask("memory")["peak_bytes"]
    return runs


def admit(name: str, size: str, run: Run, reference: Run, stack: ExitStack) -> Worker | None:
    """Start the worker of a contender. None if it cannot be timed; then `run` tells why."""
    if why := missing(find(name)):
        run.state, run.detail = "absent", why
        return None
    worker = stack.enter_context(Worker("benchmarks.worker", name, size))
    proof = worker.answer()
    run.losses = proof["losses"]
    run.detail = disagreement(proof, reference.losses)
    if run.detail:
        run.state = "wrong"
        return None
    return worker


def disagreement(proof: dict[str, Any], reference: list[float]) -> str:
    """The first difference of a contender's losses from the reference's, as a text; empty if there is none."""
    if not proof["dtype"].endswith("float32"):
        return f"computes in {proof['dtype']}, not in float32"
    for number, (loss, expected) in enumerate(zip(proof["losses"], reference, strict=True), start=1):
        if not math.isclose(loss, expected, rel_tol=TOLERANCE):
            return f"loss {loss:.6g} at step {number}, expected {expected:.6g}"
    return ""


def one_round(workers: dict[str, Worker], runs: dict[str, Run]) -> None:
    """Time a block of each contender that has not failed, in a random order: none always follows the same other."""
    standing = [name for name in workers if runs[name].state == "timed"]
    for name in random.sample(standing, len(standing)):
        with failure_noted(runs[name]):
            runs[name].blocks.append(workers[name].run())


@contextmanager
def failure_noted(run: Run) -> Iterator[None]:
    """A block in which the failure of a worker is noted in `run`; the other contenders go on."""
    try:
        yield
    except WorkerError as problem:
        run.state, run.detail = "failed", str(problem)
