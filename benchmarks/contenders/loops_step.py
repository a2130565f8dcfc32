"""tinygrad_mlp's `compile` with loops: the same program as in `torch_like`, run as loops that numba compiles."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Step, torch_like
from benchmarks.sizes import Size


def build(numba: Any, size: Size) -> Step:
    """The size's program, compiled at its first calls."""
    import tinygrad_mlp

    step: Step = tinygrad_mlp.compile(torch_like.build(tinygrad_mlp, size), backend="loops")
    return step
