"""One line of torch, run under both modules: the same values, dtypes, shapes and requires_grad, or the same refusal."""

from __future__ import annotations

import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import torch

import tinygrad_mlp

# Tensors that lines begin with: a matrix with a history, a vector, a matrix of integers.
X = "torch.arange(12.).reshape(3, 4).requires_grad_()"
V = "torch.tensor([1.5, -2., 0., 3.])"
I = "torch.tensor([[3, 1], [2, 2]])"  # noqa: E741


def evaluate(line: str, module: ModuleType) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return eval(line, {"torch": module})
        except Exception as error:
            return error


def described(x: Any) -> Any:
    """A result so that those of both modules can be compared: tensors by all that one sees of them."""
    if hasattr(x, "requires_grad"):
        array = x.detach().numpy()
        return str(x.dtype), tuple(x.shape), x.requires_grad, x.is_leaf, array.tolist()
    if isinstance(x, (tuple, list)):
        return [described(part) for part in x]
    return str(x) if type(x).__name__ in ("dtype", "Size") else x


def assert_close(mine: Any, theirs: Any) -> None:
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        if isinstance(b, list):
            np.testing.assert_allclose(a, b, rtol=2e-6)
        else:
            assert a == b


def first_words(error: Exception) -> list[str]:
    return re.sub(r'^"\w+"', '"a kernel"', str(error)).split()[:4]


def assert_same_line(line: str) -> None:
    """AssertionError unless a line does the same with `torch` meaning torch and tinygrad_mlp.

    Where torch refuses, the exception type and the first words must be the same.
    """
    theirs, mine = evaluate(line, torch), evaluate(line, tinygrad_mlp)
    if isinstance(theirs, Exception):
        assert type(mine) is type(theirs), f"{mine!r}, torch {theirs!r}"
        assert first_words(mine) == first_words(theirs), f"{mine!r}, torch {theirs!r}"
        return
    if isinstance(mine, Exception):
        raise mine
    mine, theirs = described(mine), described(theirs)
    if isinstance(theirs, tuple):
        assert_close(mine, theirs)
    elif isinstance(theirs, list) and theirs and isinstance(theirs[0], tuple):
        for a, b in zip(mine, theirs, strict=True):
            assert_close(a, b)
    else:
        assert mine == theirs
