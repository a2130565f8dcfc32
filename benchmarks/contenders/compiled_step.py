"""tinygrad_mlp's `compile`: the same program as in `torch_like`, run as the NumPy program that is made of it."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Step, torch_like
from benchmarks.sizes import Size


def build(tinygrad_mlp: Any, size: Size) -> Step:
    """The size's program, compiled at its first calls."""
    step: Step = tinygrad_mlp.compile(torch_like.build(tinygrad_mlp, size), backend="numpy")
    return step
