"""The fixture `compare` of the plugin of pytest, in processes of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.commands import environment

PLUGIN = "tinygrad_mlp.testing.tinygrad_mlp_pytest"

TESTS = """
import sys
import numpy as np
import pytest
import torch

import tinygrad_mlp

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)

@pytest.fixture(scope="module")
def pair(compare):
    ours, theirs = tinygrad_mlp.nn.Linear(4, 2), torch.nn.Linear(4, 2)
    compare.copy_weights(theirs, ours)
    return ours, theirs

def test_it_is_the_package(compare):
    assert compare is sys.modules["tinygrad_mlp.compare"]

def test_models_that_are_the_same(compare, pair):
    compare.models(*pair, X).assert_same()

def test_models_that_are_not(compare, pair):
    pair[1].bias.data += 1
    compare.models(*pair, X).assert_same()

def test_functions(compare):
    compare.functions(torch.tanh, X).assert_same()
"""

OWN = """
import pytest

@pytest.fixture
def compare():
    return "one's own"

def test_a_fixture_of_ones_own_goes_first(compare):
    assert compare == "one's own"
"""

UNUSED = """
import sys

def test_nothing_is_imported(request):
    assert not {'torch', 'numpy'} & set(sys.modules) and 'tinygrad_mlp.compare' not in sys.modules
    request.getfixturevalue("compare")
    assert 'tinygrad_mlp.compare' in sys.modules and 'torch' not in sys.modules
"""


def run(folder: Path, program: str, plugin: str = PLUGIN, *path: Path) -> tuple[str, dict[str, str]]:
    """Run a test module with the plugin: what pytest prints, and what became of each test."""
    folder.joinpath("test_it.py").write_text(program)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", plugin, "-rA", "--color=no"]
    env = {**environment(*path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=200)
    words = [line.split() for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED", "ERROR"))]
    return done.stdout, {word[1].split("::")[1]: word[0] for word in words}


def test_a_test_says_in_a_line_what_is_to_be_the_same(tmp_path: Path) -> None:
    printed, found = run(tmp_path, TESTS)
    assert found == {
        "test_it_is_the_package": "PASSED", "test_models_that_are_the_same": "PASSED",
        "test_models_that_are_not": "FAILED", "test_functions": "PASSED",
    }, printed  # fmt: skip
    assert "AssertionError: they differ in 2 of 5 rows, first in: parameter bias (by 1)" in printed


def test_a_fixture_of_ones_own_goes_first(tmp_path: Path) -> None:
    printed, found = run(tmp_path, OWN)
    assert found == {"test_a_fixture_of_ones_own_goes_first": "PASSED"}, printed


def test_nothing_is_imported_before_a_test_asks_for_it(tmp_path: Path) -> None:
    """The plugin as it is installed, beside the package."""
    folder = Path(__file__).parents[2] / "tinygrad_mlp" / "testing"
    printed, found = run(tmp_path, UNUSED, "tinygrad_mlp_pytest", folder)
    assert found == {"test_nothing_is_imported": "PASSED"}, printed
