"""`install_as_torch`: for the rest of a process `torch` is this package; each test in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from support.commands import environment

POOLS = """
    import multiprocessing, subprocess, sys
    {start}
    import torch

    def name(x):
        import torch.nn.functional as F
        return torch.__name__, F.__name__, x + 1

    if __name__ == "__main__":
        expected = ("torch", "tinygrad_mlp.nn.functional", torch.tensor(3.0))
        for method in ("fork", "spawn"):
            with multiprocessing.get_context(method).Pool(1) as pool:
                assert pool.map(name, [torch.tensor(2.0)]) == [expected], method
        loader = torch.utils.data.DataLoader(range(4), 2, num_workers=1, multiprocessing_context="spawn")
        assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3]]
        code = "import torch.nn as nn, torch; print(torch.__name__, nn.__name__)"
        started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert started.stdout == "torch tinygrad_mlp.nn\\n", started
        print("ran")
    """


def python(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    folder.joinpath("program.py").write_text(textwrap.dedent(source))
    command = [sys.executable, *options, "program.py"]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)


def test_what_is_imported_afterwards_is_the_package(tmp_path: Path) -> None:
    done = python(
        tmp_path,
        """
        import importlib.metadata, importlib.util, pickle
        import tinygrad_mlp
        assert tinygrad_mlp.install_as_torch() is None
        tinygrad_mlp.install_as_torch()  # a second call does nothing
        import torch, torch.nn.functional, torch.optim
        assert torch.__name__ == "torch" and torch.__package__ == "tinygrad_mlp"  # pyro compares the first
        assert torch is tinygrad_mlp and torch.nn.functional is tinygrad_mlp.nn.functional
        import functorch
        assert functorch is torch.func and functorch.vmap is torch.vmap and torch.func.__name__ == "tinygrad_mlp.func"
        assert str(type(torch.ones(1))) == "<class 'torch.Tensor'>"
        assert importlib.metadata.version("torch") == torch.__version__
        assert importlib.util.find_spec("torch") and importlib.util.find_spec("torch.nn")
        assert importlib.metadata.version("numpy") == __import__("numpy").__version__
        model = pickle.loads(pickle.dumps(torch.nn.Linear(2, 1)))
        assert isinstance(model, tinygrad_mlp.nn.Linear)
        print("ran")
        """,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_it_is_refused_where_torch_is_imported_already(tmp_path: Path) -> None:
    tmp_path.joinpath("torch.py").write_text("")
    done = python(tmp_path, "import torch, tinygrad_mlp\ntinygrad_mlp.install_as_torch()\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "RuntimeError: torch itself has already been imported, and what holds its functions would go on with them: "
        "call install_as_torch() before anything imports torch"
    )


def test_processes_that_it_starts_have_it_too(tmp_path: Path) -> None:
    done = python(tmp_path, POOLS.format(start="import tinygrad_mlp; tinygrad_mlp.install_as_torch()"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_so_have_those_of_a_program_under_run(tmp_path: Path) -> None:
    done = python(tmp_path, POOLS.format(start=""), "-m", "tinygrad_mlp", "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_run_carries_pytest(tmp_path: Path) -> None:
    tmp_path.joinpath("conftest.py").write_text(
        "import pytest, torch\n@pytest.fixture\ndef ones():\n    return torch.ones(2)\n"
    )
    tmp_path.joinpath("test_it.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def test_passes(ones):\n    assert torch.Tensor is __import__('tinygrad_mlp').Tensor and ones.sum() == 2\n"
        "def test_fails(ones):\n    assert ones.sum() == nn.Linear(1, 1)(ones[:1]).item()\n"
    )
    command = [sys.executable, "-m", "tinygrad_mlp", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert "where tensor(2.) = " in done.stdout  # an assertion is explained, as pytest does it


def test_torch_compile_refuses_nothing(tmp_path: Path) -> None:
    # What cannot be recorded runs as it is; without the alias it is refused.
    program = """
        import warnings
        import tinygrad_mlp
        refused = tinygrad_mlp.compile(lambda x: x * (2 if x.sum().item() > 0 else 3))
        tinygrad_mlp.install_as_torch()
        import torch

        @torch.compile(mode="reduce-overhead", fullgraph=True, dynamic=True)
        def step(x):
            return x * (2 if x.sum().item() > 0 else 3)

        try:
            refused(torch.ones(2))
        except tinygrad_mlp.compiler.CannotRecord:
            print("refused")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print([step(x * torch.ones(1)).item() for x in (1, -1, 1, -1)], len(caught))
        """
    done = python(tmp_path, program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "refused\n[2.0, -3.0, 2.0, -3.0] 1\n", "")
