"""The momentum of groups, or the first beta of Adam and its kin, which two schedulers move against the rate."""

from __future__ import annotations

from typing import Any

from ..optimizer import Group, Optimizer
from .refusals import NO_MOMENTUM


def uses_beta1(optimizer: Optimizer) -> bool:
    """Whether the optimiser has betas instead of a momentum; ValueError if it has neither."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(NO_MOMENTUM)
    return "betas" in optimizer.defaults


def set_momentum(group: Group, momentum: Any, use_beta1: bool) -> None:
    """Give a group another momentum, or another first beta."""
    if use_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def start(optimizer: Optimizer, least: list[Any], largest: list[Any], use_beta1: bool) -> None:
    """Start with the largest momentum, and keep both bounds in the groups."""
    for group, low, high in zip(optimizer.param_groups, least, largest, strict=True):
        set_momentum(group, high, use_beta1)
        group["max_momentum"] = high
        group["base_momentum"] = low
