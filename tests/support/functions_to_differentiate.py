"""Functions to differentiate, and the module func, for the tests of autograd.functional and func."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import torch as their_torch

with warnings.catch_warnings():  # torch's own, at its first forward mode
    warnings.simplefilter("ignore")
    their_torch.func.jvp(their_torch.sin, (their_torch.ones(1),), (their_torch.ones(1),))


def x_of(torch: Any, *shape: int) -> Any:
    return torch.linspace(0.5, 2.0, torch.zeros(shape).numel()).reshape(shape)


def cubes(x: Any) -> Any:
    return (x**3).sum()


def two(a: Any, b: Any) -> Any:
    return a * b, (a * a).sum()


def mixed(a: Any, b: Any) -> Any:
    return (a * a * b).sum()


def nested(value: Any) -> Any:
    """With the nesting, which parity's description takes for a list."""
    if isinstance(value, tuple):
        return ["tuple", *(nested(part) for part in value)]
    return value


def func_of(torch: Any) -> Any:
    return importlib.import_module(torch.__name__ + ".func")
