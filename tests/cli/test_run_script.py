"""`run_script`: the script is the main program, and all but the name torch is its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import ROOT, script_runner
from support.script_runner import Run
from tinygrad_mlp.cli.run import run_script

# Fixtures, which pytest finds by the names that they have here.
library, run = script_runner.library, script_runner.run
minitorch_is_forgotten = script_runner.minitorch_is_forgotten


# -- the script is the main program ----------------------------------------------------------------


def test_the_script_is_main(run: Run, tmp_path: Path) -> None:
    source = """
        import sys, __main__, inspect, pickle
        class Mine: pass
        assert __name__ == "__main__" and __main__.Mine is Mine and sys.modules["__main__"].__dict__ is globals()
        assert pickle.loads(pickle.dumps(Mine)) is Mine
        assert "class Mine" in inspect.getsource(Mine)
        assert "annotations" not in globals()
        def f(x: int): pass
        assert f.__annotations__ == {"x": int}
        print(sys.argv, __file__, sys.path[0], __builtins__, __spec__, __package__, __doc__)
        """
    code, out, err = run(source, "--lr", "1e-3", "two words")
    assert (code, err) == (0, "")
    assert out == (
        f"['train.py', '--lr', '1e-3', 'two words'] {tmp_path}/train.py {tmp_path} "
        "<module 'builtins' (built-in)> None None None\n"
    )


def test_it_sees_what_python_shows_a_script(run: Run, tmp_path: Path) -> None:
    """The same script under the interpreter itself is the oracle."""
    source = """
        import sys, os
        os.chdir("/")
        names = sorted(k for k in globals() if k not in ("__annotations__", "__conditional_annotations__"))
        print(names, sys.argv, sys.path[0], __file__, __name__, __cached__)
        print(type(__builtins__), type(__loader__).__name__)
        """
    code, out, err = run(source, "a", "-b")
    plain = subprocess.run([sys.executable, "train.py", "a", "-b"], cwd=tmp_path, capture_output=True, text=True)
    assert (code, out, err) == (plain.returncode, plain.stdout, plain.stderr)


def test_a_script_in_another_folder_imports_its_neighbours(run: Run, tmp_path: Path, capsys) -> None:
    run("")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "helper.py").write_text("import torch\n")
    (tmp_path / "sub" / "go.py").write_text("import helper\nhelper.torch.zap\n")
    assert run_script("sub/go.py", [], "minitorch") == 2
    assert capsys.readouterr().err == "sub/go.py:2: torch.zap is not in minitorch\n"


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfprint('\xc3\xa9')\n", b"# coding: latin-1\nprint('\xe9')\r\n"])
def test_the_source_is_decoded_as_python_does(run: Run, capsys, text: bytes) -> None:
    run("")
    Path("train.py").write_bytes(text)
    assert run_script("train.py", [], "minitorch") == 0
    assert capsys.readouterr().out == "é\n"


# -- everything else is the script's own -----------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "None.backward()",
        "'text'.mm",
        "torch.tensor(1).grad.zero_()",
        "import json; json.zap",
        "class Mine: pass\nMine().zap",
        "class Net(nn.Module): pass\nNet().fc3",
        "class Net(nn.Module): pass\nNet.zap",
        "raise AttributeError('zap')",
        "raise AttributeError('zap', name='zap', obj=None)",
        "raise ImportError('zap')",
        "import no_such_module",
        "from json import zap",
        "torch.fails()",
        "torch.tensor(1)\nraise ValueError('a\\nb')",
        "torch.calls(lambda: 1 / 0)",
        "undefined",
        "raise BaseException('base')",
        "try:\n    torch.zap\nexcept AttributeError as e:\n    raise RuntimeError from e",
    ],
)
def test_other_exceptions_end_as_under_python(run: Run, library: Path, tmp_path: Path, statement: str) -> None:
    """The interpreter itself, on the script with the package's own name, is the oracle: same traceback, same code."""
    source = "import minitorch as torch\nimport minitorch.nn as nn\n" + statement
    code, out, err = run(source)
    environment = {**os.environ, "PYTHONPATH": str(library)}
    plain = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30
    )
    assert code == plain.returncode == 1
    assert (out, err) == (plain.stdout, plain.stderr)


def test_an_error_inside_the_packages_imports_is_seen_whole(run: Run) -> None:
    code, _, err = run("import torch.broken")
    assert code == 1
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("ModuleNotFoundError: No module named 'a_module_that_nobody_has'\n")


@pytest.mark.parametrize("source", ["def f(:\n", "x = 1\n  y = 2\n", "print('a')\nreturn\n"])
def test_a_syntax_error_is_pythons(run: Run, tmp_path: Path, source: str) -> None:
    code, out, err = run(source)
    plain = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (code, out, err) == (plain.returncode, plain.stdout, plain.stderr)


@pytest.mark.parametrize(
    ("call", "code", "err"),
    [
        ("sys.exit()", 0, ""),
        ("sys.exit(0)", 0, ""),
        ("sys.exit(7)", 7, ""),
        ("sys.exit(True)", 1, ""),
        ("sys.exit('the data is gone')", 1, "the data is gone\n"),
        ("sys.exit(['a'])", 1, "['a']\n"),
        ("raise SystemExit", 0, ""),
    ],
)
def test_exit_codes_are_passed_on(run: Run, call: str, code: int, err: str) -> None:
    assert run(f"import sys\n{call}\n") == (code, "", err)


def test_the_scripts_own_excepthook_is_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    source = "import sys\nsys.excepthook = lambda kind, error, trace: print(kind.__name__, trace.tb_lineno)\n1 / 0"
    assert run(source) == (1, "ZeroDivisionError 3\n", "")


def test_keyboard_interrupt_is_passed_on(run: Run) -> None:
    with pytest.raises(KeyboardInterrupt):
        run("raise KeyboardInterrupt")
    assert "minitorch" not in getattr(sys.modules.get("torch"), "__name__", "")


def test_ctrl_c_ends_the_process_as_python_does(library: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    program = "import sys; from tinygrad_mlp.cli.run import run_script as r; sys.exit(r('train.py', [], 'minitorch'))"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{library}"}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().endswith("KeyboardInterrupt\n")
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(("path", "reason"), [("none.py", "No such file or directory"), ("folder", "Is a directory")])
def test_a_script_that_cannot_be_read_is_one_line(tmp_path: Path, monkeypatch, capsys, path, reason) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    assert run_script(path, [], "minitorch") == 2
    assert capsys.readouterr() == ("", f"{path}: {reason}\n")
