"""Names of torch.profiler that can stay in a program: a block with a name costs nothing when nobody measures."""

from __future__ import annotations

from contextlib import ContextDecorator
from enum import Enum

__all__ = ["ProfilerAction", "ProfilerActivity", "record_function"]


class ProfilerActivity(Enum):
    """What would be measured (torch.profiler.ProfilerActivity)."""

    __module__ = "tinygrad_mlp.profiler"

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What a profiler would do in a step (torch.profiler.ProfilerAction)."""

    __module__ = "tinygrad_mlp.profiler"

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class record_function(ContextDecorator):
    """A `with` block, or a decorator, that gives a part of a program a name (torch.profiler.record_function)."""

    __module__ = "tinygrad_mlp.profiler"

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *raised: object) -> None:
        pass
