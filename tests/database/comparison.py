"""Holding what two frameworks give against each other."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch

import tinygrad_mlp

# By how much floats may differ, relative to themselves or, where they are smaller, to 1.
TOLERANCES = {"torch.float64": 1e-9, "torch.float32": 2e-4, "torch.float16": 4e-3}


def is_tensor(x: Any) -> bool:
    return isinstance(x, (torch.Tensor, tinygrad_mlp.Tensor))


def name(x: Any) -> str:
    """The name of a dtype or another value as torch has it."""
    return str(x).replace("tinygrad_mlp", "torch")


def differences(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """How a result differs from torch's, a line for each difference."""
    if is_tensor(theirs):
        return _of_tensors(ours, theirs, where) if is_tensor(ours) else [f"{where}a tensor, not {type(ours).__name__}"]
    if isinstance(theirs, (tuple, list)):
        if not isinstance(ours, (tuple, list)) or len(ours) != len(theirs):
            return [f"{where}{len(theirs)} results, not {ours!r:.80}"]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, f"{where}[{i}] ")]
    if isinstance(theirs, float):
        close = isinstance(ours, float) and bool(np.isclose(ours, theirs, rtol=1e-6, equal_nan=True))
        return [] if close else [f"{where}{theirs!r}, not {ours!r:.80}"]
    return [] if name(ours) == name(theirs) else [f"{where}{theirs!r:.80}, not {ours!r:.80}"]


def _of_tensors(ours: Any, theirs: Any, where: str) -> list[str]:
    if name(ours.dtype) != name(theirs.dtype):
        return [f"{where}{theirs.dtype}, not {ours.dtype}"]
    if tuple(ours.shape) != tuple(theirs.shape):
        return [f"{where}shape {tuple(theirs.shape)}, not {tuple(ours.shape)}"]
    if ours.requires_grad != theirs.requires_grad:
        return [f"{where}requires_grad {theirs.requires_grad}, not {ours.requires_grad}"]
    a, b = ours.detach().numpy(), theirs.numpy(force=True)
    tolerance = TOLERANCES.get(name(theirs.dtype), 0)
    if not tolerance:
        return [] if np.array_equal(a, b) else [f"{where}{b.tolist()!r:.120}, not {a.tolist()!r:.120}"]
    if np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
        return []
    return [f"{where}{b.tolist()!r:.120}, not {a.tolist()!r:.120}"]


def of_gradients(ours: list[Any], theirs: list[Any]) -> list[str]:
    """How gradients differ from torch's, those of each order as a tuple.

    Of the first order None is not zeros. Further orders, and what is None in them, count as zeros: whether a gradient
    that does not change is still on the tape is an accident.
    """
    lines: list[str] = []
    for order in range(max(len(ours), len(theirs))):
        a, b = (each[order] if order < len(each) else (None,) * len(each[0]) for each in (ours, theirs))
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if order and (x is None or y is None):
                there = [g.numpy(force=True) for g in (x, y) if g is not None]
                changing = [g for g in there if np.abs(g).max(initial=0) > 1e-10]
                lines += [f"gradient {order + 1}, [{i}]: None, and {g!r:.80}" for g in changing]
                continue
            x, y = (g.detach() if is_tensor(g) else g for g in (x, y))
            lines += differences(x, y, f"gradient {order + 1}, [{i}] ")
        if lines:
            break
    return lines


def same_refusal(ours: BaseException, theirs: BaseException) -> bool:
    """Whether two exceptions are of one type, by its name."""
    return type(ours).__name__ == type(theirs).__name__ or isinstance(ours, type(theirs))


def first_words(error: BaseException) -> str:
    """The type and the first line of an exception."""
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:160]
