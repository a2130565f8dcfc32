"""Ten programs as people write them, under torch and under `tinygrad-mlp run`: what they print is compared.

Words must be the same, and numbers agree within a hundredth: float32 rounds otherwise in the two, and some steps of
training make that grow.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import COMMAND, environment

FOLDER = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if not path.name.startswith("test_"))
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")


def printed(command: list[str], name: str, folder: Path) -> str:
    """What a program prints; it must end without an error, and say nothing on stderr."""
    done = subprocess.run(
        [*command, str(FOLDER / f"{name}.py")], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_there_are_ten() -> None:
    assert len(PROGRAMS) == 10


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_output_is_torchs(name: str, tmp_path: Path) -> None:
    theirs = printed([sys.executable], name, tmp_path)
    ours = printed([*COMMAND, "run"], name, tmp_path)
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", theirs)
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in (ours, theirs)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-2, abs=1e-2), f"{ours}\n-- torch --\n{theirs}"
