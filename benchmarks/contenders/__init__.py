"""The contenders, one entry of `CONTENDERS` each; a module in this folder builds the step of each."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.sizes import Size

Step = Callable[[], Any]  # one training step; returns the loss as its framework's scalar


class Contender(NamedTuple):
    """The package to import, and the module whose `build(package, size)` returns the step.

    It needs one of the `programs`, if any are named.
    """

    package: str
    source: str
    programs: tuple[str, ...] = ()


CONTENDERS = {
    "numpy": Contender("numpy", "benchmarks.contenders.numpy_step"),
    "torch": Contender("torch", "benchmarks.contenders.torch_like"),
    "torch_compile": Contender("torch", "benchmarks.contenders.torch_compile_step", ("c++", "g++", "clang++")),
    "tinygrad_mlp": Contender("tinygrad_mlp", "benchmarks.contenders.torch_like"),
    "compiled": Contender("tinygrad_mlp", "benchmarks.contenders.compiled_step"),
    "compiled_scipy": Contender("tinygrad_mlp", "benchmarks.contenders.compiled_scipy_step"),
    "loops": Contender("numba", "benchmarks.contenders.loops_step"),
    "jax": Contender("jax", "benchmarks.contenders.jax_step"),
    "autograd": Contender("autograd", "benchmarks.contenders.autograd_step"),
    "mygrad": Contender("mygrad", "benchmarks.contenders.mygrad_step"),
}


def find(name: str) -> Contender:
    """The contender of this name; `NAME=MODULE` is one from outside, whose `build` is in that module."""
    _, outside, module = name.partition("=")
    return Contender(module, module) if outside else CONTENDERS[name]


def is_installed(contender: Contender) -> bool:
    """Whether the package of a contender can be imported; it is looked for but not imported."""
    spec = importlib.util.find_spec(contender.package.partition(".")[0])
    # A folder without __init__.py is found as a namespace package: a place, not an installation.
    return spec is not None and spec.origin is not None


def missing(contender: Contender) -> str:
    """Why a contender cannot run here, in a few words; empty if it can."""
    if not is_installed(contender):
        return "not installed"
    if contender.programs and not any(map(shutil.which, contender.programs)):
        return f"not available, as there is none of {', '.join(contender.programs)}"
    return ""


def build(name: str, size: Size) -> Step:
    """Make the step of a contender. Its package is imported, and no other framework."""
    contender = find(name)
    return importlib.import_module(contender.source).build(importlib.import_module(contender.package), size)
