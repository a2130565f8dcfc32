"""Freed memory is kept for the next step."""

from __future__ import annotations

import platform
import resource

import tinygrad_mlp
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
