"""`tinygrad-mlp run` with the real package: torch scripts as people write them, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support import ROOT


def run(folder: Path, source: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a script's text as train.py in a folder."""
    (folder / "train.py").write_text(textwrap.dedent(source))
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tinygrad_mlp", "run", "train.py", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def under_torch(folder: Path, source: str) -> str:
    """What the same script prints under torch."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


CLASSIFIER = """
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from torch import optim
    from torch.utils.data import DataLoader, TensorDataset


    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(8, 16)
            self.fc2 = nn.Linear(16, 3)

        def forward(self, x):
            return self.fc2(F.relu(self.fc1(x)))


    torch.manual_seed(0)
    x = torch.randn(60, 8)
    y = x[:, :3].argmax(dim=1)
    loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
    net = Net()
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    for epoch in range(5):
        total = 0.0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")
    net.eval()
    with torch.no_grad():
        print("right", (net(x).argmax(1) == y).sum().item(), "of", len(y))
    print(net)
"""

REGRESSION = """
    import torch
    from torch import nn, optim

    torch.manual_seed(0)
    x = torch.rand(50, 4)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]]) + 0.1
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    criterion = nn.MSELoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(50):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(step, f"{loss.item():.5f}")
    print(model.state_dict()["2.bias"])
"""


@pytest.mark.parametrize("source", [CLASSIFIER, REGRESSION], ids=["classifier", "regression"])
def test_a_torch_script_prints_what_it_prints_under_torch(source: str, tmp_path: Path) -> None:
    done = run(tmp_path, source)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == under_torch(tmp_path, source)


@pytest.mark.parametrize(
    ("statement", "expression"),
    [
        ("import torch", "torch.Tensor"),
        ("import torch as t", "t.ones(2).sum"),
        ("import torch.nn as nn", "nn.Linear"),
        ("import torch.nn.functional as F", "F.relu"),
        ("import torch.nn.init as init", "init.normal_"),
        ("import torch.optim as optim", "optim.SGD"),
        ("import torch.autograd", "torch.autograd.grad"),
        ("import torch.utils.data", "torch.utils.data.DataLoader"),
        ("from torch import nn, optim", "(nn.Module, optim.Adam)"),
        ("from torch import Tensor, manual_seed, no_grad", "(Tensor, manual_seed, no_grad)"),
        ("from torch.nn import Linear, Module, Parameter", "Linear"),
        ("from torch.nn import functional as F", "F.cross_entropy"),
        ("from torch.optim import SGD, Adam, AdamW", "SGD"),
        ("from torch.utils.data import DataLoader, Dataset, TensorDataset", "Dataset"),
    ],
)
def test_every_form_of_import_means_the_package(statement: str, expression: str, tmp_path: Path) -> None:
    done = run(
        tmp_path,
        f"""
        {statement}
        import sys
        found = {expression}
        found = found[0] if isinstance(found, tuple) else found
        # Classes say that they are torch's, and functions what they are.
        home = found.__module__.split(".")[0]
        print(home == ("torch" if isinstance(found, type) else "tinygrad_mlp"), sys.modules["torch"].__package__)
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "True tinygrad_mlp\n"


@pytest.mark.parametrize(
    ("source", "line", "missing"),
    [
        ("import torch.cuda.tunable", 1, "torch.cuda.tunable"),
        ("import torch\nfrom torch.distributed import pipelining", 2, "torch.distributed.pipelining"),
        ("from torch import _inductor", 1, "torch._inductor"),
        ("import torch\ntorch.fx.symbolic_trace(len)", 2, "torch.fx.symbolic_trace"),
        ("from torch.nn import NoLayer", 1, "torch.nn.NoLayer"),
        ("import torch\nx = torch.ones(2)\ntorch.stft(x, 1)", 3, "torch.stft"),
        ("import torch\nx = torch.ones(2)\n\nx.stft(4)", 4, "torch.Tensor.stft"),
        ("import torch.nn as nn\nnn.LSTM(2, 3)", 2, "torch.nn.LSTM"),
        ("import torch.nn.functional as F\nF.grid_sample(1)", 2, "torch.nn.functional.grid_sample"),
        ("from torch import optim\noptim.SparseAdam([])", 2, "torch.optim.SparseAdam"),
        ("from torch import nn\nnet = nn.Linear(1, 1)\nnet.ipu()", 3, "torch.nn.Linear.ipu"),
        (
            "from torch import nn\nclass Net(nn.Module):\n    pass\nNet().ipu()",
            4,
            "torch.nn.Module.ipu",
        ),
    ],
)
def test_what_is_missing_is_named_in_one_line(source: str, line: int, missing: str, tmp_path: Path) -> None:
    done = run(tmp_path, source)
    assert (done.returncode, done.stdout) == (2, "")
    named, _, rest = done.stderr.partition(" is not in tinygrad_mlp")
    assert rest == "\n"
    assert named.startswith(f"train.py:{line}: {missing}")


def test_the_script_gets_its_arguments_and_gives_its_exit_code(tmp_path: Path) -> None:
    source = "import sys, torch\nprint(sys.argv, __name__)\nsys.exit(len(sys.argv))"
    done = run(tmp_path, source, "--epochs", "3", "--help", "--", "-x", "--version")
    assert done.stdout == "['train.py', '--epochs', '3', '--help', '--', '-x', '--version'] __main__\n"
    assert (done.returncode, done.stderr) == (7, "")


def test_an_error_of_the_script_is_a_traceback_of_the_script_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "import torch\n\ndef fail():\n    torch.ones(2).mm(torch.ones(2, 2))\n\nfail()")
    assert done.returncode == 1
    assert 'train.py", line 4, in fail' in done.stderr and "cli/run.py" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("RuntimeError: self must be a matrix")


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tinygrad_mlp", "run"]
    done = subprocess.run([*command, "no.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "no.py: No such file or directory\n")
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "tinygrad-mlp run: error: the following arguments are required: PROGRAM\n"


def test_torch_itself_is_never_imported(tmp_path: Path) -> None:
    done = run(tmp_path, "import torch, sys\nprint([name for name in sys.modules if name.startswith('torch._C')])")
    assert (done.returncode, done.stdout) == (0, "[]\n")
