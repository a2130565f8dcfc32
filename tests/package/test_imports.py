"""What `import tinygrad_mlp` loads, and that rooms which it leaves out are there when they are asked for."""

import importlib
import shutil
import subprocess
import sys

import pytest

import tinygrad_mlp
from support import ROOT
from tinygrad_mlp import Tensor
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.ops.contents import declared
from tinygrad_mlp.tensor import composite, creation

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


def test_a_file_of_the_table_is_imported_when_a_row_is_asked_for():
    files = "sorted(name[17:] for name in sys.modules if name.startswith('tinygrad_mlp.ops.'))"
    program = f"import sys, tinygrad_mlp as torch; print(*{files}); torch.ones(2).exp(); print(*{files})"
    before, after = run(program).splitlines()
    assert not {"activations", "linalg", "losses", "pointwise", "shape"} & set(before.split())
    assert "pointwise" in after.split() and "losses" not in after.split()


@pytest.mark.parametrize("file", TABLE.files)
def test_the_text_of_a_file_tells_its_rows(file):
    defined = list(vars(importlib.import_module(f"tinygrad_mlp.ops.{file}")).values())
    told = {name: entry for name, entry in TABLE.contents.items() if entry.file == file}
    assert told
    for name, entry in told.items():
        row = TABLE[name]
        said = (row.method, row.inplace, row.function, row.aliases)
        assert row in defined and (row.name, *said) == (name, *entry[1:])


def test_the_texts_tell_all_rows():
    assert set(TABLE) == set(TABLE.contents)


# The text of a row whose name is `double`, and whether it is a method and works in place.
ROWS = {
    "a call": ('double = unary("double", f)\n', True, True),
    "a call of a name of its own": ('double = floating("double", f, inplace=False)\n', True, False),
    "a call of several lines": ('double_ = unary(\n    "double", f,\n    method=False,\n)\n', False, True),
    "a function": ("@operator({})\ndef double(input: Array) -> Array:\n", True, False),
    "a function of another name": ('@operator({}, name="double", node_name="D")\ndef twice(x):\n', True, False),
    "options in lines": ("@operator(\n    {},\n    inplace=True,\n    method=False,\n)\ndef double(x):\n", False, True),
    "two decorators": ("@operator({}, inplace=True)\n@by_value\ndef double(input):\n", True, True),
    "a function alone": ("@operator({}, method=False, function=True)\ndef double(input):\n", False, False, True),
    "a method alone": ('double = unary("double", f, function=False)\n', True, True, False),
    "other names": ('double = unary(\n    "double", f, aliases="twice special_double",\n)\n', True, True, True,
                    ("twice", "special_double")),
}  # fmt: skip
OTHERS = ["", 'half = unary("half", g, method=False, inplace=False)\n', "def inplace(method=False): ...\n"]


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("after", OTHERS)
def test_a_row_is_found_in_the_text(form, after):
    text, *said = ROWS[form]
    said += [said[0], ()][len(said) - 2 :]  # a row is a function where it is a method, and has no other names
    found = dict(declared("file", f'"""A file."""\n\nx = 1\n{text}\n{after}'))
    assert found.pop("double") == ("file", *said)
    assert set(found) <= {"half"}


def test_a_package_without_its_text_has_all_rows(tmp_path):
    shutil.copytree(ROOT / "tinygrad_mlp", tmp_path / "tinygrad_mlp", ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "import compileall, pathlib; compileall.compile_dir('tinygrad_mlp', quiet=1, legacy=True)\n"
        "for file in pathlib.Path('tinygrad_mlp').rglob('*.py'): file.unlink()\n"
        "import tinygrad_mlp as torch; from tinygrad_mlp.ops import TABLE\n"
        "print(torch.__file__[-4:], torch.exp(torch.zeros(2)).tolist(), torch.zeros(2).exp_().tolist(), len(TABLE))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8").stdout
    assert done == f".pyc [1.0, 1.0] [1.0, 1.0] {len(TABLE)}\n"


@pytest.mark.parametrize(
    ("room", "file"), [(room, file) for room in (composite, creation) for file in room.LATER], ids=str
)
def test_the_names_of_a_file_are_those_that_it_has(room, file):
    functions, methods = (names.split() for names in room.LATER[file])
    module = importlib.import_module(f"{room.__name__}.{file}")
    assert sorted(functions) == sorted(getattr(module, "__all__", ()))
    assert sorted(methods) == sorted(getattr(module, "METHODS", ()))
    for name in functions:
        assert getattr(tinygrad_mlp, name) is getattr(module, name)
    for name in methods:
        assert getattr(Tensor, name) is vars(Tensor)[name] is module.METHODS[name]


def test_a_star_import_gives_the_functions_of_rows():
    program = "from tinygrad_mlp import *; print(exp(zeros(2)).tolist(), exp_, is_tensor, '_ROWS' in globals())"
    assert run(program).startswith("[1.0, 1.0] <function exp_ ") and run(program).endswith(" False\n")


def test_threads_that_ask_for_a_row_at_the_same_time_get_one_function():
    program = (
        "import threading, tinygrad_mlp as torch; barrier, found = threading.Barrier(8), []\n"
        "def ask():\n    barrier.wait(); found.append((torch.Tensor.logaddexp, torch.sinh, torch.ones(2).sort()))\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "print(len(found), len({each[:2] for each in found}))"
    )
    assert run(program) == "8 1\n"


def test_functions_are_listed_before_they_are_made():
    program = (
        "from tinygrad_mlp.tensor import FUNCTIONS, INPLACE; from tinygrad_mlp.ops import TABLE; "
        "print('exp_' in INPLACE, 'sum_' in INPLACE, set(FUNCTIONS) == {*TABLE, *TABLE.aliases}, "
        "len(dict(INPLACE.items())) > 80)"
    )
    assert run(program) == "True False True True\n"


def test_dir_has_the_names_before_they_are_asked_for():
    program = "import tinygrad_mlp as torch; print({'exp', 'exp_', 'stack', 'where', 'randn', 'nn'} <= set(dir(torch)))"
    assert run(program) == "True\n"
    program = "import tinygrad_mlp as torch; print({'exp', 'exp_', 'view', 'add_', 'T'} <= set(dir(torch.Tensor)))"
    assert run(program) == "True\n"


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
