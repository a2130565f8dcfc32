"""`minitorch`, a few lines in a temporary folder: a package for `run_script` that needs no engine.

With it tests show what the runner may rely on: nothing but the package's name.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tinygrad_mlp.cli.run import run_script

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
        from .module import Linear, LSTMCell, Module
        """,
    "nn/module.py": """
        class Module:
            def __getattr__(self, name):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

            def __call__(self):
                return self.forward()

        class Linear(Module):
            pass

        class LSTMCell:
            _only_a_name = True
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
