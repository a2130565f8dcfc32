"""When a program stops at a name that the package lacks, `run` lists the others that its source will miss."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from support import script_runner
from support.script_runner import Run
from tinygrad_mlp.cli.missing_names import missing_names

# Fixtures, which pytest finds by the names that they have here.
library, run = script_runner.library, script_runner.run
minitorch_is_forgotten = script_runner.minitorch_is_forgotten

HEADER = "Other names that minitorch lacks, read from the source of the program and of what it imports:\n"


@pytest.fixture
def missing(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The names that a program in an empty folder misses, with their places."""
    monkeypatch.syspath_prepend(library)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def names(source: str) -> dict[str, str]:
        return missing_names(textwrap.dedent(source), "train.py", "minitorch")

    return names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import torch\ntorch.tensor(1)\n", {}),
        ("import torch\ntorch.fft.rfft(torch.hann(3))\n", {"torch.fft": 2, "torch.hann": 2}),
        ("import torch as t\nt.nn.functional.gelu\n", {"torch.nn.functional.gelu": 2}),
        ("import torch.nn as nn\n\nclass Net(nn.Module):\n    layer = nn.LSTM\n", {"torch.nn.LSTM": 4}),
        ("from torch import nn, hub\nnn.Linear\n", {"torch.hub": 1}),
        ("from torch.nn import Linear, functional as F\nF.relu(F.silu(Linear))\n", {"torch.nn.functional.silu": 2}),
        ("import torch\ntorch.Tensor.grad\ntorch.Tensor.lu\n", {"torch.Tensor.lu": 3}),
        ("import torch\ntorch.Tensor.grad.anything\n", {}),  # of an object
        ("def later():\n    import torch.jit\n    return torch.jit.script\n", {"torch.jit": 2}),
        ("from torch.jit import *\n", {"torch.jit": 1}),
        ("from torch.nn import *\n", {}),
        # what is only a name is missing where it is called
        ("from torch import nn\nisinstance(3, nn.LSTMCell)\n", {}),
        ("from torch import nn\n\nnn.LSTMCell(2, 3)\n", {"torch.nn.LSTMCell": 3}),
        ("from torch.nn import LSTMCell\nLSTMCell(2, 3)\n", {"torch.nn.LSTMCell": 2}),
        ("from torch.nn import Linear\nLinear(torch.fft)\n", {}),
        # what is asked about before
        ("import torch\ntry:\n    torch.fft\nexcept AttributeError:\n    torch.hann\n", {"torch.hann": 5}),
        ("import torch\ntry:\n    torch.fft\nexcept (ValueError, Exception):\n    pass\n", {}),
        ("import torch\ntry:\n    torch.fft\nexcept ValueError:\n    pass\n", {"torch.fft": 3}),
        ("import torch\ntry:\n    torch.fft\nfinally:\n    torch.hann\n", {"torch.fft": 3, "torch.hann": 5}),
        ("import torch\nif hasattr(torch, 'fft'):\n    torch.fft\nelse:\n    torch.hann\n", {"torch.hann": 5}),
        ("import torch\nif torch.__version__ > '1':\n    torch.fft\nelse:\n    torch.hann\n", {}),
        # a variable of the program that has the name of a module
        ("import torch.nn as nn\ndef f(nn):\n    return nn.anything\n", {}),
        ("from torch import nn\nnn = object()\nnn.anything\n", {}),
        ("import numpy\nnumpy.anything\n", {}),
        ("import torch\ntorch.fft\ntorch.fft\n", {"torch.fft": 2}),  # the first place
        ("not python\n", {}),
    ],
)
def test_names_of_a_program(missing, source: str, names: dict[str, int]) -> None:
    assert missing(source) == {name: f"train.py:{line}" for name, line in names.items()}


def test_what_it_imports_is_read_and_not_run(missing, tmp_path: Path) -> None:
    files = {
        "a/__init__.py": "raise SystemError\nfrom . import b\nfrom .c import name\n",
        "a/b.py": "import torch\ntorch.fft\n",
        "a/c/__init__.py": "from ..d import *\nfrom a import e\n",
        "a/d.py": "import torch\ntorch.hann\n",
        "a/e.py": "import torch, broken\ntorch.jit\ndef later():\n    import f\n",
        "f.py": "import torch\ntorch.hub\n",
        "broken.py": "import torch\ntorch.nobody_knows(\n",
    }
    for name, source in files.items():
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text(source)
    assert missing("import a.b, no_such_module, json\nimport a.no_such_module\n") == {
        "torch.fft": f"{tmp_path}/a/b.py:2",
        "torch.hann": f"{tmp_path}/a/d.py:2",
        "torch.jit": f"{tmp_path}/a/e.py:2",
    }
    assert missing("import f\n") == {"torch.hub": f"{tmp_path}/f.py:2"}


def test_a_package_elsewhere_is_read_if_it_imports_torch(missing, library: Path) -> None:
    assert missing("import thirdparty\n") == {"torch.jit": f"{library}/thirdparty.py:5"}
    assert missing("import pytest\n") == {}


def test_run_lists_them_after_the_first(run: Run) -> None:
    code, out, err = run("import torch\nprint('ran')\ntorch.fft\ntorch.hann(torch.jit)\nimport thirdparty\n")
    assert (code, out) == (2, "ran\n")
    first, rest = err.split("\n", 1)
    assert first == "train.py:3: torch.fft is not in minitorch"
    assert rest == HEADER + "  torch.hann (train.py:4)\n  torch.jit (train.py:4)\n"


def test_run_of_code_reads_it_too(library: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from tinygrad_mlp.cli.run import run_program

    monkeypatch.syspath_prepend(library)
    assert run_program(["-c", "import torch; torch.fft; torch.hann"], "minitorch") == 2
    assert capsys.readouterr().err == f"<string>:1: torch.fft is not in minitorch\n{HEADER}  torch.hann (<string>:1)\n"
