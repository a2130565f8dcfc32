"""The README shows a tape as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_table_in_the_readme_is_what_its_program_prints(tmp_path):
    section = README.read_text().partition("## See the tape")[2]
    program, shown = re.findall(r"```(?:python|text)\n(.*?)```", section, re.DOTALL)[:2]
    script = tmp_path / "script.py"
    script.write_text(program)
    printed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert printed == shown
