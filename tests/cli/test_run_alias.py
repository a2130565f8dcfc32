"""`run_script`: torch means the package, and what is missing in it is named in one line."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from support import ROOT, script_runner
from support.script_runner import Run
from tinygrad_mlp.alias import torch_alias
from tinygrad_mlp.cli.failure import MODULE_API

# Fixtures, which pytest finds by the names that they have here.
library, run = script_runner.library, script_runner.run
minitorch_is_forgotten = script_runner.minitorch_is_forgotten


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
        assert found.__spec__.name == {real!r} and found.__name__ == {"torch" if real == "minitorch" else real!r}
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
        ("from torch.utils.data import DataLoader", "DataLoader.__module__ == 'torch.utils.data'"),
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
    assert run(source) == (0, "torch\n", "")
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
    first, *others = err.splitlines()  # for the others see test_missing_names.py
    assert (code, out, first) == (2, "", f"train.py:5: {missing} is not in minitorch")
    assert not others or statement.count(",") == 2


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
