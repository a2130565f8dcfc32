"""What the README says of the engine's files is true: their lengths, and the order in which their functions run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import tinygrad_mlp as torch
from support import ROOT

PACKAGE = ROOT / "tinygrad_mlp"


def section() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.split("### 4. Read the engine\n")[1].split("\n### ")[0]


def calls_of_the_two_lines() -> Iterator[tuple[str, str]]:
    """The functions that run for the program of the section, as their names and files, the first call left out."""
    x, w = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0], requires_grad=True)
    (x * w).sum().backward()  # the callers of the rows are written now
    w.grad = None
    seen: list[tuple[str, str]] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            seen.append((frame.f_code.co_name, frame.f_code.co_filename.removeprefix(f"{PACKAGE}/")))

    sys.setprofile(note)
    try:
        y = (x * w).sum()
        y.backward()
    finally:
        sys.setprofile(None)
    assert w.grad.tolist() == [1.0, 2.0]
    return iter(seen)


def test_the_files_have_as_many_lines_as_it_says() -> None:
    rows = re.findall(r"^\| `(\S+\.py)` \| (\d+) \|", section(), re.MULTILINE)
    lines = {file: len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) for file, _ in rows}
    assert {file: int(count) for file, count in rows} == lines
    assert [file for file in lines if file.startswith("tape/")] == [
        f"tape/{name}.py" for name in ("__init__", "grad_mode", "node", "backward")
    ]
    assert {path.name for path in (PACKAGE / "tape").glob("*.py")} == {
        file[5:] for file in lines if file[:5] == "tape/"
    }
    (total,) = re.findall(r"(\d+) lines altogether", section())
    assert int(total) == sum(lines.values()) <= 500
    assert sum(count for file, count in lines.items() if file.startswith("tape/")) <= 300


def test_the_functions_run_in_the_order_that_it_says() -> None:
    steps = re.findall(r"^\d+\. `(\S+)` \(`(\S+)`\)", section(), re.MULTILINE)
    assert len(steps) == 11
    calls = calls_of_the_two_lines()
    for step in steps:
        assert step in calls, step  # looks on from where the last was found


def test_the_door_to_the_loop_is_as_long_as_it_says() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (count,) = re.findall(r"`autograd/engine.py`, (\d+) lines", text)
    assert int(count) == len((PACKAGE / "autograd/engine.py").read_text(encoding="utf-8").splitlines())
