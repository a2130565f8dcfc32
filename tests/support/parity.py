"""Run one small program under torch and under tinygrad_mlp, and hold both to the same outcome."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import tinygrad_mlp

from .cpu_build import IS_CPU_BUILD

Program = Callable[[Any], Any]


def described(value: Any) -> Any:
    """A result with tensors as what can be compared: type, dtype, shape, flags, version and elements."""
    if isinstance(value, (torch.Tensor, tinygrad_mlp.Tensor)):
        return {
            "dtype": str(value.dtype),
            "shape": tuple(value.shape),
            "requires_grad": value.requires_grad,
            "is_leaf": value.is_leaf,
            "grad_fn": None if value.grad_fn is None else value.grad_fn.name(),
            "array": np.array(value.detach().numpy()),
        }
    if isinstance(value, (list, tuple)):
        return [described(part) for part in value]
    if isinstance(value, dict):
        return {key: described(part) for key, part in value.items()}
    return value


def outcome(program: Program, framework: Any) -> Any:
    """What a program returns, or the type and the text of what it raises, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # From Python 3.12 on; torch's own code calls generators in that way.
        warnings.filterwarnings("ignore", r"the \(type, exc, tb\) signature of throw", DeprecationWarning)
        try:
            result = described(program(framework))
        except Exception as error:
            result = (type(error).__name__, first_words(str(error)))
    return result, [first_words(str(w.message)) for w in caught]


def first_words(text: str) -> str:
    """The first sentence or 60 characters, addresses and package names left out."""
    text = re.sub(r"0x[0-9a-f]+", "0x", text).replace("tinygrad_mlp", "torch")
    return re.split(r"[.;\n] ", text)[0][:60]


# By how much floats may differ: relative, and close to 0 absolute.
TOLERANCES = {"float16": (2e-3, 1e-4), "float32": (5e-6, 1e-6), "float64": (1e-12, 1e-13)}


def equal(ours: Any, theirs: Any) -> None:
    """AssertionError where two descriptions differ by more than rounding."""
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs)
        for key in theirs:
            if key == "array":
                rtol, atol = TOLERANCES.get(theirs[key].dtype.name, (0, 0))  # numbers that are not floats are equal
                np.testing.assert_allclose(ours[key], theirs[key], rtol=rtol, atol=atol)
            elif key == "grad_fn":
                assert (ours[key] is None) == (theirs[key] is None)
            else:
                equal(ours[key], theirs[key])
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            equal(a, b)
    else:
        assert ours == theirs


def same(program: Program, on_cpu_build: Any = None) -> None:
    """Both frameworks give the same outcome.

    `on_cpu_build` is what torch's CPU build does, where another build does something else (cpu_build.py). It stands
    for torch then, and is compared with torch where that is the CPU build.
    """
    torch.manual_seed(0)
    tinygrad_mlp.manual_seed(0)
    theirs, their_warnings = on_cpu_build or outcome(program, torch)
    if on_cpu_build is not None and IS_CPU_BUILD:
        assert outcome(program, torch) == on_cpu_build
    ours, our_warnings = outcome(program, tinygrad_mlp)
    if isinstance(theirs, tuple) or isinstance(ours, tuple):
        assert ours == theirs
    else:
        equal(ours, theirs)
    assert our_warnings == their_warnings
