"""What `import tinygrad_mlp` loads, and that rooms which it leaves out are there when they are asked for."""

import importlib
import subprocess
import sys

import pytest

from support import ROOT
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.ops.contents import FILES, HOMES

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


def test_files_of_the_table_are_imported_when_a_row_is_asked_for():
    files = "sorted(name[17:] for name in sys.modules if name.startswith('tinygrad_mlp.ops.'))"
    program = f"import sys, tinygrad_mlp as torch; print(*{files}); torch.ones(2).exp(); print(*{files})"
    before, after = run(program).splitlines()
    assert not {"activations", "linalg", "losses", "pointwise", "shape"} & set(before.split())
    assert "pointwise" in after.split() and "losses" not in after.split()


@pytest.mark.parametrize("file", FILES)
def test_the_contents_of_the_table_are_its_rows(file):
    methods, others = (names.split() for names in FILES[file])
    defined = list(vars(importlib.import_module(f"tinygrad_mlp.ops.{file}")).values())
    rows = [row for name, row in TABLE.items() if HOMES.get(name) == file]
    assert len(rows) == len(methods) + len(others)
    for row in rows:
        assert row in defined and row.name + "_" * row.inplace in (methods if row.method else others)


def test_all_rows_stand_in_the_contents():
    assert set(TABLE) == set(HOMES)


def test_a_star_import_gives_the_functions_of_rows():
    program = "from tinygrad_mlp import *; print(exp(zeros(2)).tolist(), exp_, is_tensor, '_ROWS' in globals())"
    assert run(program).startswith("[1.0, 1.0] <function exp_ ") and run(program).endswith(" False\n")


def test_threads_that_ask_for_a_row_at_the_same_time_get_one_function():
    program = (
        "import threading, tinygrad_mlp as torch; barrier, found = threading.Barrier(8), []\n"
        "def ask():\n    barrier.wait(); found.append((torch.Tensor.logaddexp, torch.flip, torch.ones(2).sort()))\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "print(len(found), len({each[:1] for each in found}), len({each[1].__wrapped__ for each in found}))"
    )
    assert run(program) == "8 1 1\n"


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


def test_functions_are_listed_before_they_are_made():
    program = "from tinygrad_mlp.tensor import FUNCTIONS, INPLACE; from tinygrad_mlp.ops import TABLE; "
    program += (
        "print('exp_' in INPLACE, 'sum_' in INPLACE, set(FUNCTIONS) == set(TABLE), len(dict(INPLACE.items())) > 80)"
    )
    assert run(program) == "True False True True\n"
