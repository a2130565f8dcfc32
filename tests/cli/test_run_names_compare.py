"""After the traceback of a script, `run` names `compare` to a person at a terminal, and to nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

from support.commands import COMMAND, environment

FAILING = "import torch\ntorch.ones(2).mm(torch.ones(2, 2))\n"


def test_at_a_terminal_the_last_line_names_compare(tmp_path: Path) -> None:
    tmp_path.joinpath("script.py").write_text(FAILING)
    parent, child = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "run", "script.py"], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=child
    )
    os.close(child)
    said = os.read(parent, 100_000).decode().splitlines()
    os.close(parent)
    assert done.returncode == 1
    assert said[-1] == "tinygrad-mlp run: whether torch does the same is told by: tinygrad-mlp compare script.py"
    assert any(line.startswith("RuntimeError: ") for line in said)


def test_elsewhere_all_is_as_pythons(tmp_path: Path) -> None:
    tmp_path.joinpath("script.py").write_text(FAILING)
    done = subprocess.run(
        [*COMMAND, "run", "script.py"], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("RuntimeError: ")
