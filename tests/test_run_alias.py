"""`run_script`: torch means the package, what is missing is named in one line, everything else is the script's own.

The package here is `minitorch`, a few lines in a temporary folder, so these tests need no engine and show what the
runner may rely on: nothing but the package's name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tinygrad_mlp.cli.run import MODULE_API, run_script, torch_alias

ROOT = Path(__file__).parent.parent

MINITORCH = {
    "__init__.py": """
        from . import nn
        from .tensor import Tensor, tensor, fails, calls

        def __getattr__(name):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        """,
    "tensor.py": """
        class Tensor:
            grad = None

        def tensor(value):
            return Tensor()

        def fails():
            return Tensor().a_slip_of_the_package

        def calls(function):
            return function()
        """,
    "nn/__init__.py": """
        from .module import Linear, Module
        """,
    "nn/module.py": """
        class Module:
            def __getattr__(self, name):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

            def __call__(self):
                return self.forward()

        class Linear(Module):
            pass
        """,
    "nn/functional.py": "def relu(x): return x\n",
    "optim.py": "class SGD: pass\n",
    "utils/__init__.py": "",
    "utils/data.py": "class DataLoader: pass\n",
    "broken.py": "import a_module_that_nobody_has\n",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for sys.path: minitorch, and a third party's package that imports torch."""
    folder = tmp_path_factory.mktemp("library")
    for name, source in MINITORCH.items():
        file = folder / "minitorch" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))
    (folder / "thirdparty.py").write_text("import torch\nfrom torch.nn import Module\n\ndef ask():\n    torch.jit\n")
    (folder / "thirdparty_c.py").write_text("import torch._C\n")
    return folder


Run = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def run(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a script's text as train.py in an empty folder; its code, stdout and stderr."""
    monkeypatch.syspath_prepend(library)
    monkeypatch.chdir(tmp_path)

    def run(source: str, *args: str) -> tuple[int, str, str]:
        Path("train.py").write_text(textwrap.dedent(source))
        code = run_script("train.py", args, "minitorch")
        return code, *capsys.readouterr()

    return run


@pytest.fixture(autouse=True)
def minitorch_is_forgotten() -> Iterator[None]:
    yield
    for name in [n for n in sys.modules if n.split(".")[0] in ("minitorch", "thirdparty", "thirdparty_c", "helper")]:
        del sys.modules[name]


# -- torch is the package --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "expression", "real"),
    [
        ("import torch", "torch", "minitorch"),
        ("import torch as t", "t", "minitorch"),
        ("import torch.nn", "torch.nn", "minitorch.nn"),
        ("import torch.nn as nn", "nn", "minitorch.nn"),
        ("import torch.nn.functional as F", "F", "minitorch.nn.functional"),
        ("import torch.optim", "torch.optim", "minitorch.optim"),
        ("import torch.utils.data", "torch.utils.data", "minitorch.utils.data"),
        ("from torch import nn", "nn", "minitorch.nn"),
        ("from torch import nn, optim", "optim", "minitorch.optim"),
        ("from torch.nn import functional", "functional", "minitorch.nn.functional"),
        ("from torch.utils import data", "data", "minitorch.utils.data"),
        ("import importlib", "importlib.import_module('torch.optim')", "minitorch.optim"),
        ("import importlib", "importlib.import_module('.data', 'torch.utils')", "minitorch.utils.data"),
    ],
)
def test_modules_are_the_same_objects_under_both_names(run: Run, statement, expression, real) -> None:
    alias = "torch" + real.removeprefix("minitorch")
    code, out, err = run(
        f"""
        {statement}
        found = {expression}
        import sys, importlib
        assert found is sys.modules[{real!r}] is importlib.import_module({alias!r}) is sys.modules[{alias!r}]
        assert found.__name__ == found.__spec__.name == {real!r}
        assert importlib.import_module({real!r}) is found
        print("ran")
        """
    )
    assert (code, out, err) == (0, "ran\n", "")


@pytest.mark.parametrize(
    ("statement", "expression"),
    [
        ("from torch import Tensor", "Tensor is minitorch.Tensor"),
        ("from torch import tensor as t", "type(t(1)) is minitorch.Tensor"),
        ("from torch.nn import Module, Linear", "Linear is minitorch.nn.Linear"),
        ("from torch.nn.functional import relu", "relu(3) == 3"),
        ("from torch.optim import SGD", "SGD is __import__('minitorch.optim').optim.SGD"),
        ("from torch.utils.data import DataLoader", "DataLoader.__module__ == 'minitorch.utils.data'"),
        ("from torch import *", "Tensor is minitorch.Tensor"),
        ("import torch", "torch.nn.Module is minitorch.nn.Module"),
        ("import torch.nn as nn, torch.optim as optim", "optim.SGD and nn.Linear"),
    ],
)
def test_names_come_from_the_package(run: Run, statement: str, expression: str) -> None:
    assert run(f"{statement}\nimport minitorch\nassert {expression}\n") == (0, "", "")


def test_no_module_is_executed_twice(run: Run, library: Path) -> None:
    counted = library / "minitorch" / "counted.py"
    counted.write_text("print('executed')\n")
    code, out, _ = run("import torch.counted, minitorch.counted\nfrom torch import counted\nimport torch.counted as c")
    assert (code, out) == (0, "executed\n")


def test_import_torch_alone_makes_the_loaded_submodules_known(run: Run) -> None:
    assert run("import torch, sys\nassert sys.modules['torch.nn'] is torch.nn") == (0, "", "")


def test_find_spec_answers_without_importing(run: Run) -> None:
    source = """
        import importlib.util, sys
        assert importlib.util.find_spec("torch") is not None
        assert importlib.util.find_spec("torch.optim") is not None
        assert importlib.util.find_spec("torch.cuda") is None
        assert "minitorch.optim" not in sys.modules
        """
    assert run(source) == (0, "", "")


def test_the_scripts_own_modules_and_third_parties_get_the_alias(run: Run, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("import torch\nfrom torch import nn\n")
    source = """
        import helper, thirdparty, minitorch
        assert helper.torch is thirdparty.torch is minitorch and thirdparty.Module is helper.nn.Module
        """
    assert run(source) == (0, "", "")


def test_names_that_only_begin_with_torch_are_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "torchhelper.py").write_text("name = 'mine'\n")
    try:
        assert run("import torchhelper, torch\nprint(torchhelper.name)") == (0, "mine\n", "")
    finally:
        del sys.modules["torchhelper"]


def test_the_real_torch_stays_out(library: Path, tmp_path: Path) -> None:
    """In a fresh process in which torch is installed, and with a package that looks for torch in every way."""
    (tmp_path / "train.py").write_text(
        textwrap.dedent(
            """
            import sys, importlib, contextlib
            import thirdparty
            for name in ("torch._C", "torch.cuda", "torch.library", "torch.nn.modules"):
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
            print(sorted(name for name in sys.modules if name.split(".")[0] == "torch"))
            """
        )
    )
    program = "import sys; from tinygrad_mlp.cli.run import run_script as r; c = r('train.py', [], 'minitorch'); "
    program += "print([m for m in sys.modules.values() if 'site-packages/torch/' in str(getattr(m, '__file__', ''))])"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{library}"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    known, real = done.stdout.splitlines()
    assert known == "['torch', 'torch.nn', 'torch.nn.module', 'torch.tensor']"
    assert real == "[]"


def test_an_earlier_torch_is_set_aside_and_put_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = {"torch": ModuleType("torch"), "torch.nn": ModuleType("torch.nn"), "torch.only": ModuleType("torch.only")}
    for name, module in earlier.items():
        monkeypatch.setitem(sys.modules, name, module)
    before, meta_path = {n for n in sys.modules if n.split(".")[0] == "torch"}, list(sys.meta_path)
    source = "import torch, torch.utils.data, sys\nassert 'torch.only' not in sys.modules\nprint(torch.__name__)"
    assert run(source) == (0, "minitorch\n", "")
    assert {n for n in sys.modules if n.split(".")[0] == "torch"} == before
    assert all(sys.modules[name] is module for name, module in earlier.items())
    assert sys.meta_path == meta_path


def test_everything_is_put_back_after_an_error_too(run: Run) -> None:
    main, argv, path, meta_path = sys.modules["__main__"], sys.argv, sys.path, list(sys.meta_path)
    contents = list(argv), list(path)
    source = "import torch, sys\nsys.argv.append('x')\nsys.path.append('y')\nsys.meta_path = []\n1 / 0"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "meta_path", sys.meta_path)
        assert run(source)[0] == 1
    assert sys.modules["__main__"] is main
    assert sys.argv is argv
    assert sys.path is path
    assert (list(argv), list(path)) == contents
    assert sys.meta_path == meta_path
    assert "torch.nn" not in sys.modules or sys.modules["torch.nn"].__name__ == "torch.nn"


def test_a_missing_package_never_falls_through_to_torch() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"), torch_alias("no_such_package"):
        raise AssertionError("entered")


def test_by_default_torch_is_tinygrad_mlp() -> None:
    with torch_alias():
        import tinygrad_mlp

        assert sys.modules.get("torch") is None or sys.modules["torch"] is tinygrad_mlp
        assert __import__("torch") is tinygrad_mlp


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


# -- what is missing is one line -------------------------------------------------------------------

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n"  # so the line below is line 5


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("import torch.cuda", "torch.cuda"),
        ("import torch.cuda.amp", "torch.cuda"),
        ("import torch.nn.utils.rnn as rnn", "torch.nn.utils"),
        ("import torch.optim.lr_scheduler", "torch.optim.lr_scheduler"),
        ("from torch.cuda.amp import autocast", "torch.cuda"),
        ("from torch.utils.tensorboard import SummaryWriter", "torch.utils.tensorboard"),
        ("from torch import fft_something", "torch.fft_something"),
        ("from torch import nn, jit, cuda", "torch.jit"),
        ("from torch.nn import Module, Transformer", "torch.nn.Transformer"),
        ("from torch.utils.data import TensorDataset as T", "torch.utils.data.TensorDataset"),
        ("__import__('importlib').import_module('torch.fft')", "torch.fft"),
        ("torch.fft_something(3)", "torch.fft_something"),
        ("torch.cuda.is_available()", "torch.cuda"),
        ("nn.Transformer(8)", "torch.nn.Transformer"),
        ("x = torch.nn.init.zeros_", "torch.nn.init"),
        ("F.scaled_dot_product_attention()", "torch.nn.functional.scaled_dot_product_attention"),
        ("torch.tensor([1]).some_method()", "torch.Tensor.some_method"),
        ("torch.tensor([1]).some_attribute", "torch.Tensor.some_attribute"),
        ("torch.Tensor.from_something", "torch.Tensor.from_something"),
        ("nn.Linear().half()", "torch.nn.Linear.half"),
        ("nn.Linear.zap", "torch.nn.Linear.zap"),
        ("torch.calls(lambda: torch.zap)", "torch.zap"),
        ("class Net(nn.Transformer): pass", "torch.nn.Transformer"),
        ("getattr(torch, 'vmap')", "torch.vmap"),
    ],
)
def test_what_is_missing_ends_with_one_line(run: Run, statement: str, missing: str) -> None:
    code, out, err = run(f"{HEAD}{statement}\nprint('went on')\n")
    assert (code, out, err) == (2, "", f"train.py:5: {missing} is not in minitorch\n")


def test_a_class_outside_every_package_namespace_has_its_own_modules_name(run: Run, library: Path) -> None:
    (library / "minitorch" / "hidden.py").write_text("def make():\n    class Inner: pass\n    return Inner()\n")
    code, _, err = run("from torch.hidden import make\nmake().zap")
    assert (code, err) == (2, "train.py:2: torch.hidden.make.<locals>.Inner.zap is not in minitorch\n")


def test_a_module_method_that_torch_has_is_missing_on_the_scripts_own_subclass_too(run: Run) -> None:
    subclass = (
        "import torch.nn as nn\n"
        "class Net(nn.Module):\n"
        "    def forward(self): self.register_full_backward_hook(print)\n"
        "    def extra_repr(self): return super().extra_repr()\n"
    )
    for use, line, missing in [
        ("Net()()", 3, "register_full_backward_hook"),
        ("Net().extra_repr()", 4, "extra_repr"),
        ("Net().half()", 5, "half"),
        ("Net.half", 5, "half"),
    ]:
        code, _, err = run(subclass + use)
        assert (code, err) == (2, f"train.py:{line}: torch.nn.Module.{missing} is not in minitorch\n")


def test_the_list_of_module_methods_is_torchs() -> None:
    import torch

    assert {name for name in dir(torch.nn.Module) if not name.startswith("_")} == MODULE_API


def test_what_a_third_party_asks_for_is_told_with_the_scripts_line(run: Run, library: Path) -> None:
    code, _, err = run("import thirdparty\n\ndef main():\n    thirdparty.ask()\n\nmain()\n")
    asked = f"(asked for in {library}/thirdparty.py:5)"
    assert (code, err) == (2, f"train.py:4: torch.jit is not in minitorch {asked}\n")
    code, _, err = run("import os\nimport thirdparty_c\n")
    asked = f"(asked for in {library}/thirdparty_c.py:1)"
    assert (code, err) == (2, f"train.py:2: torch._C is not in minitorch {asked}\n")


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import torch.cuda\nexcept ImportError:\n    print('cpu')",
        "try:\n    from torch import cuda\nexcept ImportError:\n    print('cpu')",
        "import torch\nprint('gpu' if hasattr(torch, 'cuda') else 'cpu')",
        "import torch\nprint(getattr(torch.tensor(1), 'device', 'cpu'))",
        "import torch\ntry:\n    torch.cuda.is_available()\nexcept AttributeError:\n    print('cpu')",
    ],
)
def test_what_the_script_catches_is_its_own_business(run: Run, source: str) -> None:
    assert run(source) == (0, "cpu\n", "")


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
