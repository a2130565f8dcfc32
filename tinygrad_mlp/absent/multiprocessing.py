"""torch.multiprocessing: Python's own, with the names that torch adds."""

from __future__ import annotations

import multiprocessing
from multiprocessing import *  # noqa: F403

from .refusals import SHARING_STRATEGY

__all__ = [
    *multiprocessing.__all__, "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy",
]  # fmt: skip

_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """The names that torch has for ways to share memory (torch.multiprocessing.get_all_sharing_strategies)."""
    return _STRATEGIES


def get_sharing_strategy() -> str:
    """The name that was set (torch.multiprocessing.get_sharing_strategy)."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Keep a name; other processes get copies of tensors (torch.multiprocessing.set_sharing_strategy)."""
    global _strategy
    if new_strategy not in _STRATEGIES:
        raise AssertionError(SHARING_STRATEGY.format(found=new_strategy, known=_STRATEGIES))
    _strategy = new_strategy
