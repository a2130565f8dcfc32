"""As compiled_step, with the products by SciPy's BLAS, which adds a plain descent to a weight as it multiplies."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Step, torch_like
from benchmarks.sizes import Size


def build(tinygrad_mlp: Any, size: Size) -> Step:
    """The size's program, compiled at its first calls."""
    step: Step = tinygrad_mlp.compile(torch_like.build(tinygrad_mlp, size), blas="scipy")
    return step
