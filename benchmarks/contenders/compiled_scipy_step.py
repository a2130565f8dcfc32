"""tinygrad_mlp's `compile` with SciPy's BLAS, which can add the product of a gradient to its weight in one call."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Step, torch_like
from benchmarks.sizes import Size


def build(tinygrad_mlp: Any, size: Size) -> Step:
    """The size's program, compiled at its first calls."""
    step: Step = tinygrad_mlp.compile(torch_like.build(tinygrad_mlp, size), blas="scipy")
    return step
