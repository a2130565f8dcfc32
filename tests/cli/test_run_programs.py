"""`run` takes what `python` takes: the same program under both prints the same and ends with the same code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import tinygrad_mlp
from support.commands import COMMAND, environment
from tinygrad_mlp.cli import main

# What a program can see of how it was started. (A frozen loader or a spec's repr differs by design.)
LOOK = """
import sys, os
print(sys.argv, sys.path[0] in ("", os.getcwd()), repr(__name__), globals().get("__file__"), __package__ or None)
print(sys.modules["__main__"].__dict__ is globals(), globals().get("__spec__") and __spec__.name)
class Thing: pass
import pickle
print(type(pickle.loads(pickle.dumps(Thing()))) is Thing, __builtins__ is not None)
"""
PROGRAMS = {
    "look": LOOK,
    "exit 3": "import sys; sys.exit(3)",
    "exit text": "raise SystemExit('over')",
    "exit": "raise SystemExit",
    "fails": "def f():\n    return 1 / 0\nf()\n",
    "syntax": "x = (\n",
    "latin": "# -*- coding: latin-1 -*-\nprint('caf\u00e9')\n",
    "future": "from __future__ import annotations\ndef f(x: not_there): pass\nprint(f.__annotations__)\n",
    "arguments": "import sys; print(sys.argv[1:])",
}


def both(folder: Path, *args: str, stdin: bytes | None = None) -> tuple[Any, Any]:
    """What python and `run` do with the same arguments: the exit code, stdout, and the last line of stderr."""
    found = []
    for command in ([sys.executable], [*COMMAND, "run"]):
        done = subprocess.run(
            [*command, *args], cwd=folder, env=environment(), input=stdin, capture_output=True, timeout=60
        )
        lines = [line for line in done.stderr.decode().splitlines() if not line.lstrip().startswith(("^", "~"))]
        found.append((done.returncode, done.stdout.decode(), traced(lines)))
    return found[0], found[1]


def traced(lines: list[str]) -> list[str]:
    """The lines of stderr without the frames of Python's own runpy."""
    kept: list[str] = []
    skip = False
    for line in lines:
        skip = "runpy" in line or (skip and line.startswith("    "))
        if not skip:
            kept.append(re.sub(r"^\S*python\S*: ", "python: ", line))
    return kept


WAYS = ["-", "-c", "-m", "-m package", "folder", "zip", "script"]
# Python itself cannot read the first of these two, and shows frames of its importers for the second.
LEFT_OUT = [("-", "latin"), ("zip", "syntax")]
CASES = [(how, name) for how in WAYS for name in PROGRAMS if (how, name) not in LEFT_OUT]


@pytest.mark.parametrize(("how", "name"), CASES)
def test_a_program_is_what_it_is_under_python(how: str, name: str, tmp_path: Path) -> None:
    text = PROGRAMS[name]
    args = ["one", "--two", "--", "-c", "three"]
    content = text.encode("latin-1" if "latin-1" in text else "utf-8")
    if how == "-":
        python, ours = both(tmp_path, "-", *args, stdin=content)
    elif how == "-c":
        python, ours = both(tmp_path, "-c", text.replace("# -*- coding: latin-1 -*-\n", ""), *args)
    elif how == "zip":
        with zipfile.ZipFile(tmp_path / "program.zip", "w") as archive:
            archive.writestr("__main__.py", content)
        python, ours = both(tmp_path, "program.zip", *args)
    else:
        place = {"-m": "mod.py", "-m package": "pkg/__main__.py", "folder": "prog/__main__.py", "script": "s.py"}[how]
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(content)
        (tmp_path / "pkg").mkdir(exist_ok=True)
        (tmp_path / "pkg" / "__init__.py").write_text("")
        start = {"-m": ["-m", "mod"], "-m package": ["-m", "pkg"], "folder": ["prog"], "script": ["s.py"]}[how]
        python, ours = both(tmp_path, *start, *args)
    assert ours == python


def test_modules_of_a_package_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "part.py").write_text("import torch\nvalue = torch.ones(2).sum().item()\n")
    (tmp_path / "pkg" / "main.py").write_text("from .part import value, torch\nprint(value, torch.__package__)\n")
    done = subprocess.run(
        [*COMMAND, "run", "-m", "pkg.main"], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2.0 tinygrad_mlp\n", "")


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (["-m", "not_there"], 1, "No module named not_there"),
        (["-m", "empty"], 1, "No module named empty.__main__; 'empty' is a package and cannot be directly executed"),
        (["empty"], 1, "can't find '__main__' module in 'empty'"),
        (["-c"], 2, "Argument expected for the -c option"),
        (["-m"], 2, "Argument expected for the -m option"),
        (["not_there.py"], 2, "not_there.py: No such file or directory"),
        (["-c", "import torch\ntorch.no_such_thing"], 2, "<string>:2: torch.no_such_thing is not in tinygrad_mlp"),
        (["-m", "asks"], 2, "asks.py:2: torch.no_such_thing is not in tinygrad_mlp"),
        (["asking"], 2, "asking/__main__.py:3: torch.no_such_thing is not in tinygrad_mlp"),
    ],
)
def test_what_cannot_be_run_is_one_line(args: list[str], code: int, text: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "__init__.py").write_text("")
    (tmp_path / "asks.py").write_text("import torch\ntorch.no_such_thing\n")
    (tmp_path / "asking").mkdir()
    (tmp_path / "asking" / "__main__.py").write_text("import torch\n\ntorch.no_such_thing\n")
    done = subprocess.run(
        [*COMMAND, "run", *args], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr and done.stderr.count("\n") == 1


# -- notebooks -------------------------------------------------------------------------------------


def notebook(tmp_path: Path, *cells: str, version: int = 4, **metadata: Any) -> Path:
    sources: list[dict[str, Any]] = [{"cell_type": "markdown", "source": "# Title"}]
    for i, text in enumerate(cells):
        source: Any = text.splitlines(keepends=True) if i % 2 else text
        sources.append({"cell_type": "code", ("source" if version == 4 else "input"): source, "outputs": []})
    content = {"metadata": metadata, "nbformat": version}
    content |= {"cells": sources} if version == 4 else {"worksheets": [{"cells": sources}]}
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps(content))
    return path


def run_notebook(path: Path, *args: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, "run", path.name, *args],
        cwd=path.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("version", [3, 4])
def test_cells_run_in_order_in_one_namespace(version: int, tmp_path: Path) -> None:
    cells = [
        "import torch, sys\nx = torch.ones(2)\nx",
        "x * 2;",
        "y = x + _.sum()",
        "print(y)\nNone",
        "sys.argv, __name__",
    ]
    path = notebook(tmp_path, *cells, version=version)
    assert run_notebook(path, "a", "--b") == (
        0, "tensor([1., 1.])\ntensor([5., 5.])\n(['book.ipynb', 'a', '--b'], '__main__')\n", "",
    )  # fmt: skip


def test_what_is_for_ipython_is_passed_over_with_a_note(tmp_path: Path) -> None:
    path = notebook(
        tmp_path, "%matplotlib inline\n!pip install torch\nx = 3\nx?", "%%time\nx + 1", "%%bash\necho hello",
        "if x:\n    !ls\n    files = !ls\nprint('%d' % x)", "text = '''\n% not a magic\n'''\nlen(text)",
        "display(x, 'y')",
    )  # fmt: skip
    code, out, err = run_notebook(path)
    assert (code, out) == (0, "4\n3\n15\n3\n'y'\n")
    assert err.splitlines() == [
        "book.ipynb, cell 1: passed over: %matplotlib inline",
        "book.ipynb, cell 1: passed over: !pip install torch",
        "book.ipynb, cell 1: passed over: x?",
        "book.ipynb, cell 3: passed over: %%bash",
        "book.ipynb, cell 4: passed over: !ls",
        "book.ipynb, cell 4: passed over: files = !ls",
    ]


def test_an_exception_names_the_cell_and_the_line(tmp_path: Path) -> None:
    path = notebook(tmp_path, "def f(n):\n    return 1 / n", "x = 1\nf(0)", "print('never')")
    code, out, err = run_notebook(path)
    assert (code, out) == (1, "")
    lines = [line.strip() for line in err.splitlines() if set(line.strip()) - set("^~")]
    assert lines == [
        "Traceback (most recent call last):",
        'File "book.ipynb, cell 2", line 2, in <module>', "f(0)",
        'File "book.ipynb, cell 1", line 2, in f', "return 1 / n",
        "ZeroDivisionError: division by zero",
    ]  # fmt: skip
    path = notebook(tmp_path, "x = (", "1")
    code, out, err = run_notebook(path)
    assert code == 1 and 'File "book.ipynb, cell 1", line 1' in err and "SyntaxError" in err
    path = notebook(tmp_path, "1", "import torch\ntorch.no_such_thing")
    assert run_notebook(path) == (2, "1\n", "book.ipynb, cell 2:2: torch.no_such_thing is not in tinygrad_mlp\n")
    path = notebook(tmp_path, "import sys\nsys.exit(5)", "print('never')")
    assert run_notebook(path) == (5, "", "")


def test_await_outside_of_functions(tmp_path: Path) -> None:
    path = notebook(
        tmp_path, "import asyncio\nasync def f(): return 7", "x = await f()\nx", "await asyncio.sleep(0, 8)"
    )
    assert run_notebook(path) == (0, "7\n8\n", "")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "book.ipynb: not a notebook (Expecting property name enclosed in double quotes"),
        ("[]", "book.ipynb: not a notebook (it has no cells)"),
        ("{}", "book.ipynb: not a notebook (it has no cells)"),
        ('{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "book.ipynb: a notebook in R, not in Python"),
    ],
)
def test_what_is_no_notebook(content: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "book.ipynb"
    path.write_text(content)
    code, out, err = run_notebook(path)
    assert (code, out) == (2, "") and err.startswith(text) and err.count("\n") == 1


def test_classes_say_that_they_are_torchs(tmp_path, capsys):
    program = "import torch\nx = torch.ones(2)\nlayer = torch.nn.Linear(1, 1)\n"
    program += "for a in (x, x.shape, x.dtype, layer, layer.weight, torch.optim.SGD([x], 0.1)): print(type(a))\n"
    path = tmp_path / "classes.py"
    path.write_text(program)
    theirs = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True).stdout
    before = [tinygrad_mlp.Tensor.__module__, tinygrad_mlp.nn.Linear.__module__]
    assert main(["run", str(path)]) == 0
    assert capsys.readouterr().out == theirs
    assert [tinygrad_mlp.Tensor.__module__, tinygrad_mlp.nn.Linear.__module__] == before
