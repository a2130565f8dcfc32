"""What `import tinygrad_mlp` loads, and that rooms which it leaves out are there when they are asked for."""

import subprocess
import sys

import pytest

from support import ROOT

LATER = [
    "nn", "optim", "utils", "func", "compile", "set_printoptions", "autograd.Function", "autograd.functional",
    "autograd.Variable", "autograd.gradcheck", "autograd.gradgradcheck", "autograd.function", "utils.data",
    "utils.checkpoint",
]  # fmt: skip


def run(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout


def test_what_few_programs_need_is_not_loaded_at_once():
    loaded = run("import sys, tinygrad_mlp; print(*sys.modules)").split()
    rooms = (
        "nn",
        "optim",
        "utils",
        "func",
        "compiler",
        "notes",
        "autograd.function",
        "autograd.functional",
        "autograd.gradcheck",
    )
    assert not [room for room in rooms if f"tinygrad_mlp.{room}" in loaded]
    assert not {"scipy", "scipy.special", "numpy.random", "traceback", "dataclasses", "ast"} & (
        set(loaded) - set(run("import sys, numpy; print(*sys.modules)").split())
    )


@pytest.mark.parametrize("name", LATER)
def test_it_is_there_when_it_is_asked_for(name):
    own, _, last = f"tinygrad_mlp.{name}".rpartition(".")
    asked = f"import tinygrad_mlp; x = tinygrad_mlp.{name}; print(x is tinygrad_mlp.{name}, {last!r} in dir({own}))"
    assert run(asked).split() == ["True", "True"]


def test_gradcheck_is_the_function_though_its_module_has_the_same_name():
    program = "import tinygrad_mlp.autograd.gradcheck as module, tinygrad_mlp; print(tinygrad_mlp.autograd.gradcheck)"
    assert run(program).startswith("<function gradcheck")


@pytest.mark.parametrize("package", ["tinygrad_mlp", "tinygrad_mlp.autograd", "tinygrad_mlp.utils"])
def test_an_unknown_name_is_refused(package):
    program = f"import {package}\ntry: {package}.no_such_room\nexcept AttributeError as error: print(error)"
    assert run(program) == f"module '{package}' has no attribute 'no_such_room'\n"
