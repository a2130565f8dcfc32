"""Small programs as data, run under torch and under tinygrad_mlp, statement by statement.

A program is a list of steps, tuples of a kind and three small integers. A step becomes one statement of a torch
script (`statement`), made with a look at torch's own state so that most of them are valid; that script is then what
both frameworks run. What can be seen of every live tensor is compared on the way and at the end.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch

import tinygrad_mlp
from support.program_state import Run, differences, gradients, looked_at, node_name, snapshot
from support.statements import KINDS, LOOKING, OFTEN, Step, statement

__all__ = ["KINDS", "OFTEN", "compare"]

LAST = (
    "sum((x * x).sum() for x in list(globals().values()) if isinstance(x, torch.Tensor) and x.requires_grad).backward()"
)


def compare(steps: list[Step], watch: bool = True) -> list[str]:
    """Run a program under both frameworks; AssertionError with the program, up to where they part. Its statements.

    With `watch` everything is compared after every statement, and so looked at: a look gives a stale view its new node.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _compare(steps, watch)


def _compare(steps: list[Step], watch: bool) -> list[str]:
    theirs, ours = Run(torch), Run(tinygrad_mlp)
    lines: list[str] = []
    tolerance = 1e-9
    try:
        for i, step in enumerate([*steps, ("last", 0, 0, 0)]):
            last = step[0] == "last"
            for run in (theirs, ours) if step[0] in LOOKING else ():
                for x in run.tensors().values():
                    looked_at(x, node_name)
            line = LAST if last else statement(step, theirs, f"t{i}")
            if line is None:
                continue
            lines.append(line)
            tolerance = max(tolerance, precision(line))
            before = gradients(theirs), gradients(ours)
            expected, got = theirs.execute(line), ours.execute(line)
            if expected is not None:
                lines[-1] += f"  # {': '.join(expected)}"
            assert got == expected, _told(lines, [f"{got} is not torch's {expected}"])
            refused = expected is not None and ("backward(" in line or "grad(" in line)
            if refused and "moved into" in expected[1]:
                return lines  # in torch the hooks of what was a leaf once are also those of its old node
            if refused and stopped_halfway(before, (gradients(theirs), gradients(ours)), tolerance):
                return lines
            if watch or last or refused:
                found = sorted(differences(snapshot(ours), snapshot(theirs), tolerance))
                assert not found, _told(lines, found)
    finally:
        torch.set_grad_enabled(True)
        tinygrad_mlp.set_grad_enabled(True)
    return lines


def precision(line: str) -> float:
    """How far apart two frameworks may be after a statement that makes numbers of a dtype."""
    if "float16" in line or "half()" in line:
        return 2e-2
    makes = ("tensor(" in line and "float64" not in line) or any(word in line for word in ("zeros(", "linspace("))
    return 1e-4 if makes or "float()" in line else 1e-9


def stopped_halfway(before: tuple[Any, Any], after: tuple[Any, Any], tolerance: float) -> bool:
    """Whether torch added to the gradient of a leaf before it refused to go on, where ours is as it was.

    That is by design: a backward that is refused adds to no leaf, except to leaves whose hooks have been called.
    """
    halfway = False
    for name, theirs in after[0].items():
        ours = after[1][name]
        if list(differences(ours, theirs, tolerance)):
            assert not list(differences(ours, before[1].get(name), 0)), f"the gradient of {name} is neither old nor new"
            halfway |= bool(list(differences(theirs, before[0].get(name), 0)))
    return halfway


def _told(lines: list[str], found: list[str]) -> str:
    return "\n".join(["the frameworks part:", *lines, "---", *found[:8]])
