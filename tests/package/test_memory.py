"""Freed memory is kept for the next step."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest

import tinygrad_mlp
from support.commands import environment
from tinygrad_mlp.arrays import keep_freed_memory


def test_the_c_library_takes_the_request():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_an_environment_variable_leaves_the_c_library_as_it_is(monkeypatch):
    monkeypatch.setenv("TINYGRAD_MLP_KEEP_MEMORY", "0")
    assert not keep_freed_memory()
    monkeypatch.setenv("TINYGRAD_MLP_KEEP_MEMORY", "1")
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_a_step_reuses_the_memory_of_the_last():
    x = tinygrad_mlp.randn(64, 1000)
    w = tinygrad_mlp.randn(1000, 100, requires_grad=True)

    def step() -> None:
        x.mm(w).sum().backward()
        with tinygrad_mlp.no_grad():
            w.sub_(1e-3 * w.grad)
        w.grad = None

    for _ in range(20):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        step()
    # A 400 KB array that the kernel gives anew costs 98 faults, and a step makes two.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 50


# A program that asks glibc what became of its memory: how many blocks it got from the kernel one by one, and how large
# its heap has remained (mallinfo(3)). 24 MiB are more than any block that an import frees, on which it would learn.
ASKING = """
import ctypes
import tinygrad_mlp

class Info(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_int) for name in names.split()]

c = ctypes.CDLL(None)
if not hasattr(c, "mallinfo"):
    raise SystemExit("not glibc")
c.mallinfo.restype, c.malloc.restype = Info, ctypes.c_void_p
c.malloc.argtypes, c.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]

blocks = [0] * 200  # made before, for a list that grows may come to lie between the blocks
before = c.mallinfo()
for i in range(200):
    blocks[i] = c.malloc(100_000)
for block in reversed(blocks):
    c.free(block)
kept = c.mallinfo().arena - before.arena
c.malloc(24 << 20)
print(kept > 10_000_000, c.mallinfo().hblks - before.hblks)
"""


@pytest.mark.parametrize(("setting", "answer"), [("0", "False 1"), ("1", "True 0"), (None, "True 0")])
def test_the_import_of_the_package_and_the_c_library(setting, answer):
    """By default freed memory is kept, and large blocks come from the heap; the variable leaves both as they were."""
    variables = environment() | ({} if setting is None else {"TINYGRAD_MLP_KEEP_MEMORY": setting})
    if setting is None:
        variables.pop("TINYGRAD_MLP_KEEP_MEMORY", None)
    done = subprocess.run([sys.executable, "-c", ASKING], env=variables, capture_output=True, text=True, timeout=60)
    # Another C library has no such settings, and the import does not look for them.
    expected = (answer, "") if platform.libc_ver()[0] == "glibc" else ("", "not glibc\n")
    assert (done.stdout.strip(), done.stderr) == expected
