"""Schedulers that multiply all learning rates by one factor: constant for some epochs, in steps, linear, powers.

Each knows two factors: the one by which an epoch changes the rate before, so that schedulers can be chained; and the
one between the rate at first and that of any epoch (the closed form), which `step(epoch)` asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..optimizer import Optimizer
from .groups import group_values
from .refusals import CONSTANT_FACTOR, END_FACTOR, START_FACTOR
from .scheduler import LRScheduler, warn_outside_step


class _ByFactor(LRScheduler):
    """A scheduler of one factor; a subclass defines `_factor`, None if nothing changes, and `_total_factor`."""

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for `last_epoch`, from the one before."""
        warn_outside_step(self)
        factor = self._factor()
        if factor is None:
            return group_values(self.optimizer, "lr")
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        return [base_lr * self._total_factor() for base_lr in self.base_lrs]

    def _factor(self) -> Any:
        raise NotImplementedError

    def _total_factor(self) -> Any:
        raise NotImplementedError


class StepLR(_ByFactor):
    """The learning rate times `gamma` after every `step_size` epochs. Source: torch.optim.lr_scheduler.StepLR."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> Any:
        return None if self.last_epoch == 0 or self.last_epoch % self.step_size else self.gamma

    def _total_factor(self) -> Any:
        return self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(_ByFactor):
    """The learning rate times `gamma` at each of the epochs in `milestones`.

    An epoch may be there several times, and counts as often. Source: torch.optim.lr_scheduler.MultiStepLR.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> Any:
        times = self.milestones[self.last_epoch]
        return self.gamma**times if times else None

    def _total_factor(self) -> Any:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch)


class ConstantLR(_ByFactor):
    """The learning rate times `factor` in the first `total_iters` epochs, and as it was from then on.

    ValueError for a factor outside [0, 1]. Source: torch.optim.lr_scheduler.ConstantLR.
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError(CONSTANT_FACTOR)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> Any:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else None

    def _total_factor(self) -> Any:
        return self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)


class LinearLR(_ByFactor):
    """The learning rate times a factor that goes from `start_factor` to `end_factor` in `total_iters` equal steps.

    ValueError for a start outside (0, 1] or an end outside [0, 1]. Source: torch.optim.lr_scheduler.LinearLR.
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(START_FACTOR)
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError(END_FACTOR)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> Any:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)

    def _total_factor(self) -> Any:
        steps = min(self.total_iters, self.last_epoch)
        return self.start_factor + (self.end_factor - self.start_factor) * steps / self.total_iters


class ExponentialLR(_ByFactor):
    """The learning rate times `gamma` at every epoch. Source: torch.optim.lr_scheduler.ExponentialLR."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> Any:
        return None if self._is_initial else self.gamma

    def _total_factor(self) -> Any:
        return self.gamma**self.last_epoch


class PolynomialLR(_ByFactor):
    """The learning rate times (1 - t / total_iters) ** power in epoch t, and 0 after `total_iters` epochs.

    Source: torch.optim.lr_scheduler.PolynomialLR.
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> Any:
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        left, before = (1.0 - t / self.total_iters for t in (self.last_epoch, self.last_epoch - 1))
        return (left / before) ** self.power

    def _total_factor(self) -> Any:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return left**self.power
