"""Settings of the process, held against torch; each program puts back what it changes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

import tinygrad_mlp
from support import ROOT
from support.two_worlds import assert_alike
from tinygrad_mlp import settings

SETTINGS = """
torch.set_num_threads("a"); torch.set_num_threads(0); torch.set_num_threads(1.0); torch.set_num_threads(True)
torch.set_num_interop_threads(0); torch.set_num_interop_threads("a"); torch.set_num_threads(1)
torch.get_num_threads(); torch.use_deterministic_algorithms(1); torch.use_deterministic_algorithms(True, warn_only=1)
torch.use_deterministic_algorithms(True), torch.get_deterministic_debug_mode()
torch.use_deterministic_algorithms(True, warn_only=True), torch.is_deterministic_algorithms_warn_only_enabled()
torch.are_deterministic_algorithms_enabled(); torch.is_deterministic_algorithms_warn_only_enabled()
torch.set_deterministic_debug_mode("warn"), torch.are_deterministic_algorithms_enabled()
torch.set_deterministic_debug_mode(2), torch.is_deterministic_algorithms_warn_only_enabled()
torch.set_deterministic_debug_mode("x"); torch.set_deterministic_debug_mode(7)
torch.set_deterministic_debug_mode(1.5)
torch.set_float32_matmul_precision("high"), torch.get_float32_matmul_precision(); torch.get_float32_matmul_precision()
torch.set_flush_denormal(1); torch.is_warn_always_enabled(); torch.set_warn_always(1); str(torch.get_default_device())
torch.set_default_device("cpu"); torch.set_default_device(None); torch.ones(2); torch.compiled_with_cxx11_abi()
torch.set_warn_always(True), torch.is_warn_always_enabled()
"""


@pytest.mark.parametrize("case", [c.strip() for c in SETTINGS.replace("\n", "; ").split("; ") if c.strip()])
def test_it_answers_as_torch(case):
    def program(torch):
        threads = torch.get_num_threads()
        try:
            return eval(case, {"torch": torch})
        finally:
            torch.use_deterministic_algorithms(False)
            torch.set_float32_matmul_precision("highest")
            torch.set_default_device(None)
            torch.set_warn_always(False)
            torch.set_num_threads(threads)

    assert_alike(program)


def test_another_precision_is_ignored_with_a_warning():
    for framework in (torch, tinygrad_mlp):
        code = f"import warnings, {framework.__name__} as torch; warnings.simplefilter('always')\n"
        code += "torch.set_float32_matmul_precision('x'); print(torch.get_float32_matmul_precision())"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
        assert done.stdout == "highest\n"
        assert "UserWarning: x is not one of 'highest', 'high', or 'medium'" in done.stderr


@pytest.mark.parametrize("hidden", [False, True])
def test_threads_with_and_without_threadpoolctl(hidden):
    code = "import sys; sys.modules['threadpoolctl'] = None\n" if hidden else ""
    code += "import tinygrad_mlp as torch; print(torch.get_num_threads()); torch.set_num_threads(3)\n"
    code += "torch.set_num_interop_threads(5); print(torch.get_num_threads(), torch.get_num_interop_threads())"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=ROOT, env=environment)
    before, after, interop = map(int, done.stdout.split())
    assert before >= 1 and interop == 5
    assert after == 3 if hidden else after >= 1


def test_the_names_of_settings_are_those_of_their_file():
    assert sorted(tinygrad_mlp._settings) == sorted(settings.__all__)


def test_what_programs_ask_of_the_compiler():
    compiler = tinygrad_mlp.compiler

    @compiler.disable(recursive=False)
    def double(x):
        return (x * 2).sum(), compiler.is_compiling()

    total, compiling = tinygrad_mlp.compile(compiler.disable(double))(tinygrad_mlp.ones(3))
    assert (total.item(), compiling, compiler.is_compiling()) == (6.0, True, False)


def test_a_block_on_a_device():
    def program(torch):
        with torch.device("cpu") as device:
            return str(device), torch.ones(2).device.type, str(torch.get_default_device())

    assert_alike(program)
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"), tinygrad_mlp.device("cuda"):
        tinygrad_mlp.ones(2)
