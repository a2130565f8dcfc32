"""What schedulers read from an optimiser's parameter groups and write to them: numbers, or tensors of one element.

A new value is written into the tensor that is there. Who keeps a value keeps a copy, which does not change with it.
"""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..optimizer import Group, Optimizer
from .refusals import NOT_AN_OPTIMIZER, NOT_ONE_A_GROUP


def check_optimizer(optimizer: Any) -> None:
    """TypeError for anything but an optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(NOT_AN_OPTIMIZER.format(type=type(optimizer).__name__))


def copied(value: Any) -> Any:
    """The value, or a copy of a tensor."""
    return value.clone() if isinstance(value, Tensor) else value


def group_values(optimizer: Optimizer, key: str) -> list[Any]:
    """Return an option's value in each group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def set_group_value(group: Group, key: str, value: Any) -> None:
    """Give an option of a group a new value, which is written into the tensor if it is one."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value.squeeze() if isinstance(value, Tensor) else value)
    else:
        group[key] = value


def set_group_values(optimizer: Optimizer, key: str, values: list[Any]) -> None:
    """Give an option a new value in each group; ValueError, as in torch, unless there is one for each."""
    for group, value in zip(optimizer.param_groups, values, strict=True):
        set_group_value(group, key, value)


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return one value for each group, of a list of them or one that is for all; ValueError for another length."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(groups)]
    if len(value) != groups:
        raise ValueError(NOT_ONE_A_GROUP.format(name=name, found=len(value), groups=groups))
    return [copied(each) for each in value]
