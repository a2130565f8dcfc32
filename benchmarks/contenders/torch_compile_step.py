"""`torch.compile`: the same program as in `torch_like`, compiled by its default backend.

That needs a C++ compiler. What it cannot take into a graph, such as the call of `backward`, runs between the graphs as
without it.
"""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Step, torch_like
from benchmarks.sizes import Size


def build(torch: Any, size: Size) -> Step:
    """The size's program, compiled at its first calls."""
    step: Step = torch.compile(torch_like.build(torch, size))
    return step
