"""What a look at torch's tensors says of a statement: whether values stay tame, shapes fit, memory overlaps."""

from __future__ import annotations

from typing import Any

import torch

from support.program_state import storage

GROWING = ("exp", "pow", "square", "reciprocal", "mul(3)", "mul_(3)", "rsqrt", "sinh", "expm1", "log1p")


def pick(tensors: dict[str, Any], i: int) -> str:
    """A name; small integers mean the newest, which makes programs of one thread."""
    names = list(tensors)
    return names[-1 - i % len(names)]


def tame(x: Any, call: str) -> str:
    """The call, unless its values would leave what two frameworks can be held to."""
    if (
        call.startswith(GROWING)
        and x.numel()
        and not (float(x.detach().abs().min()) > 0.05 and float(x.detach().abs().max()) < 3)
    ):
        return "tanh_()" if "_(" in call else "tanh()"
    if call.startswith(("rsqrt", "log1p")) and x.numel() and float(x.detach().min()) < 0:
        return "tanh_()" if "_(" in call else "tanh()"
    if call.startswith(("floor", "round", "trunc", "frac")) and x.numel():
        doubled = 2 * x.detach()
        if float((doubled - doubled.round()).abs().min()) < 1e-3:  # rounding would tell the frameworks apart
            return "tanh_()" if "_(" in call else "tanh()"
    return call


def near_zero(x: Any) -> bool:
    """Whether a derivative with a division by squares would be all rounding."""
    return bool(x.numel()) and float(x.detach().abs().min()) < 0.2


def operand(tensors: dict[str, Any], x: Any, i: int, *, into: bool = False) -> str:
    """Another tensor that mostly broadcasts with `x` (into its shape); never one whose overlap torch cannot see."""
    fitting = [name for name, y in tensors.items() if fits(x, y, into)] or list(tensors)
    name = fitting[-1 - i % len(fitting)]
    y = tensors[name]
    blind = (
        into and y is not x and storage(y) == storage(x) and not (1 not in x.shape and x.ndim and dense(x) and dense(y))
    )
    return f"{name}.clone()" if blind else name


def fits(x: Any, y: Any, into: bool) -> bool:
    """Whether two shapes broadcast (into the first)."""
    try:
        shape = torch.broadcast_shapes(x.shape, y.shape)
    except RuntimeError:
        return False
    return y.is_floating_point() and (not into or shape == x.shape)


def dense(x: Any) -> bool:
    """Whether a tensor's elements fill a stretch of memory, each once."""
    sizes = sorted((s, n) for s, n in zip(x.stride(), x.shape, strict=True) if n != 1)
    expected = 1
    for s, n in sizes:
        if s != expected:
            return False
        expected *= n
    return True


def overlapping(x: Any) -> bool:
    """Whether two places of a tensor may be one place in memory, without an expanded dimension that says so."""
    return (
        len(
            set(
                torch.as_strided(
                    torch.arange(x.untyped_storage().nbytes() // x.element_size()),
                    x.shape,
                    x.stride(),
                    x.storage_offset(),
                )
                .flatten()
                .tolist()
            )
        )
        < x.numel()
    )
