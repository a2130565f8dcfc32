"""How the modules are found: by `import`, as attributes, under the name `torch`, and not before they are asked for."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import tinygrad_mlp
from support import ROOT
from tinygrad_mlp.absent import is_absent, modules_in
from tinygrad_mlp.absent.table import MODULES


def run(program: str, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command, *(() if command else ("-c", program))],
        cwd=ROOT, check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_is_imported_and_is_an_attribute(name):
    module = importlib.import_module(f"tinygrad_mlp.{name}")
    package, _, short = f"tinygrad_mlp.{name}".rpartition(".")
    assert getattr(sys.modules[package], short) is module and module.__name__ == f"tinygrad_mlp.{name}"
    assert module.__doc__ == f"What tinygrad_mlp says of torch.{name}."
    assert hasattr(module, "__path__") is bool(modules_in(name)) and is_absent(name)


def test_modules_in_others_are_there_without_an_import():
    program = (
        "import tinygrad_mlp as torch; print(torch.cuda.amp.GradScaler.__name__, torch.backends.mps.is_available(), "
    )
    program += (
        "torch.autograd.profiler.record_function.__name__, torch.nn.parallel.DataParallel is torch.nn.DataParallel)"
    )
    assert run(program) == "GradScaler False record_function True\n"


def test_none_is_imported_with_the_package():
    loaded = run("import sys, tinygrad_mlp; print(*sys.modules)").split()
    assert "tinygrad_mlp.absent" in loaded
    assert not [name for name in loaded if name.startswith("tinygrad_mlp.absent.")]
    assert not {f"tinygrad_mlp.{name}" for name in MODULES} & set(loaded)


def test_a_question_imports_little():
    """Neither networks nor the compiler are imported to say that there is no GPU."""
    program = "import sys, tinygrad_mlp as torch; torch.cuda.is_available(); torch.backends.cudnn.benchmark = True; "
    program += "torch.jit.is_scripting(); print(*sys.modules)"
    rooms = {"nn", "compiler", "optim", "func", "utils", "viz"}
    assert not {f"tinygrad_mlp.{room}" for room in rooms} & set(run(program).split())


def test_dir_knows_them():
    assert {"cuda", "jit", "backends", "distributed", "fx", "amp"} <= set(dir(tinygrad_mlp))
    assert {"amp", "nvtx"} <= set(modules_in("cuda")) and modules_in("version") == []


def test_what_is_in_no_table_is_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'tinygrad_mlp\.nonsense'$"):
        importlib.import_module("tinygrad_mlp.nonsense")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'tinygrad_mlp\.version\.cuda'"):
        importlib.import_module("tinygrad_mlp.version.cuda")
    assert not hasattr(tinygrad_mlp, "nonsense")


SCRIPT = """
import torch, torch.cuda.amp, torch.nn.parallel, torch.autograd.profiler, sys
import torch.backends.cudnn as cudnn
import torch.multiprocessing as mp
from torch import amp, jit
from torch.cuda.amp import GradScaler, autocast
from torch.fx import Node, symbolic_trace
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.cpp_extension import load

cudnn.benchmark = True
print(torch.cuda is sys.modules["torch.cuda"], torch.cuda.amp is sys.modules["torch.cuda.amp"])
print(torch.device("cuda" if torch.cuda.is_available() else "cpu"), torch.backends.cudnn.benchmark, mp.Process.__name__)
print(amp.GradScaler, torch.profiler.record_function, jit.is_scripting(), torch.version.cuda)
try:
    import torch.nonsense
except ModuleNotFoundError as error:
    print(error)
try:
    symbolic_trace(DDP)
except NotImplementedError as error:
    print(error)
"""


def test_they_are_torchs_in_a_run(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert run("", "-m", "tinygrad_mlp", "run", str(script)).splitlines() == [
        "True True",
        "cpu True Process",
        "<class 'torch.amp.grad_scaler.GradScaler'> <class 'torch.profiler.record_function'> False None",
        "No module named 'torch.nonsense'",
        "torch.fx.symbolic_trace is not in tinygrad_mlp: only tinygrad_mlp.compile records a program, which is NumPy "
        "source and no graph of torch.fx",
    ]
