"""Contenders in turn: each proves that it computes the step, then blocks of steps are timed in shuffled rounds."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contenders import find, is_installed

ROOT = Path(__file__).resolve().parents[1]
BLOCK_SECONDS = 0.075
TOLERANCE = 1e-3
QUIET = 0.03  # the disturbance that a block may have
ATTEMPTS = 4


class WorkerError(RuntimeError):
    """A worker raised or died."""


class Block(NamedTuple):
    """Seconds per step, and the share of the block spent waiting for a core that other work had."""

    seconds: float
    disturbance: float

    @property
    def is_quiet(self) -> bool:
        return self.disturbance <= QUIET


class Worker:
    """A contender's process, idle unless asked."""

    def __init__(self, contender: str, size: str) -> None:
        command = [sys.executable, "-m", "benchmarks.worker", contender, size]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

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
        """A block of steps: the least disturbed of a few attempts, the first if it is quiet.

        Products on two threads are slower by factors, not by percents, when one of the threads has to wait.
        """
        blocks: list[Block] = []
        while len(blocks) < ATTEMPTS and not any(block.is_quiet for block in blocks):
            blocks.append(Block(**self.ask(f"run {BLOCK_SECONDS}")))
        return min(blocks, key=lambda block: block.disturbance)


@dataclass
class Run:
    """What became of one contender at one size: `timed`, `absent`, `wrong` or `failed`."""

    state: str = "timed"
    detail: str = ""
    losses: list[float] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)  # one for each round
    peak_bytes: int = 0


def measure(size: str, contenders: list[str], rounds: int, tell: Callable[[str], None]) -> dict[str, Run]:
    """A `Run` for each contender; the first is the reference whose losses the others must have."""
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
    """Start a contender's worker; None, with the reason in `run`, if it is not to be timed."""
    if not is_installed(find(name)):
        run.state, run.detail = "absent", "not installed"
        return None
    worker = stack.enter_context(Worker(name, size))
    proof = worker.answer()
    run.losses = proof["losses"]
    run.detail = disagreement(proof, reference.losses)
    if run.detail:
        run.state = "wrong"
        return None
    return worker


def disagreement(proof: dict[str, Any], reference: list[float]) -> str:
    """Where a contender's first steps part from the reference; empty if they do not."""
    if not proof["dtype"].endswith("float32"):
        return f"computes in {proof['dtype']}, not in float32"
    for number, (loss, expected) in enumerate(zip(proof["losses"], reference, strict=True), start=1):
        if not math.isclose(loss, expected, rel_tol=TOLERANCE):
            return f"loss {loss:.6g} at step {number}, expected {expected:.6g}"
    return ""


def one_round(workers: dict[str, Worker], runs: dict[str, Run]) -> None:
    """One block for each contender that still stands, in a new order each time: nobody always follows the same one."""
    standing = [name for name in workers if runs[name].state == "timed"]
    for name in random.sample(standing, len(standing)):
        with failure_noted(runs[name]):
            runs[name].blocks.append(workers[name].run())


@contextmanager
def failure_noted(run: Run) -> Iterator[None]:
    """A worker's failure rules out that contender alone."""
    try:
        yield
    except WorkerError as problem:
        run.state, run.detail = "failed", str(problem)
