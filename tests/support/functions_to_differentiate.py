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


def attempt(call: Any) -> Any:
    """What a call returns, or the whole text of its exception."""
    try:
        return call()
    except Exception as error:
        return [type(error).__name__, str(error)]


def double_of(torch: Any, forward: Any = None, backward: Any = None) -> Any:
    """A Function that doubles."""
    body = {
        "forward": staticmethod(forward or (lambda x: x * 2)),
        "setup_context": staticmethod(lambda ctx, inputs, output: None),
        "backward": staticmethod(backward or (lambda ctx, g: g * 2)),
    }
    return type("Double", (torch.autograd.Function,), body)
