"""A fixed sample of the mutants of rules: every one is caught, or listed as equivalent. All of them are run by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_sample_is_caught() -> None:
    options = ["--rules", "--sample", "60", "--seed", "0", "--tests", "tests/ops", "--json"]
    command = [sys.executable, "-m", "tests.mutants", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) == 60
    assert {result["outcome"] for result in results} <= {"caught", "equivalent"}
