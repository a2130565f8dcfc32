"""Schedulers along a cosine: CosineAnnealingLR and CosineAnnealingWarmRestarts."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .groups import group_values, set_group_values
from .refusals import LEAST_RATE, NEGATIVE_EPOCH, PERIOD, PERIOD_FACTOR
from .scheduler import LRScheduler, _enable_get_lr_call, warn_outside_step


def _between(low: float, high: Any, t: float, period: float) -> Any:
    """Half a wave from `high` at t = 0 to `low` at t = period."""
    return low + (high - low) * (1 + math.cos(math.pi * t / period)) / 2


class CosineAnnealingLR(LRScheduler):
    """The learning rate along a cosine, from the rate at first to `eta_min` in `T_max` epochs, and back again.

        eta_min + (base_lr - eta_min) * (1 + cos(pi * t / T_max)) / 2      in epoch t

    Each rate is computed from the one before, so that the scheduler can be chained with others. Source:
    torch.optim.lr_scheduler.CosineAnnealingLR, after Loshchilov & Hutter (2017), without their restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for `last_epoch`, from the one before."""
        warn_outside_step(self)
        if self._is_initial:
            return group_values(self.optimizer, "lr")
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        groups = self.optimizer.param_groups
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # up from the lowest rate, where 1 + cos is 0
            rise = 1 - math.cos(math.pi / self.T_max)
            return [
                group["lr"] + (base_lr - self.eta_min) * rise / 2
                for base_lr, group in zip(self.base_lrs, groups, strict=True)
            ]
        now, before = (1 + math.cos(math.pi * t / self.T_max) for t in (self.last_epoch, self.last_epoch - 1))
        return [now / before * (group["lr"] - self.eta_min) + self.eta_min for group in groups]

    def _get_closed_form_lr(self) -> list[Any]:
        return [_between(self.eta_min, base_lr, self.last_epoch, self.T_max) for base_lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """The learning rate along a cosine down to `eta_min`, starting again from the top after every period.

        eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2

    The first period `T_i` has `T_0` epochs, and each is `T_mult` times as long as the one before; `T_cur` counts the
    epochs in it. ValueError for a `T_0` that is not an integer above 0, a `T_mult` that is not one above or equal to 1,
    and an `eta_min` that is no number. Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, after Loshchilov &
    Hutter (2017).
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(PERIOD.format(value=T_0))
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(PERIOD_FACTOR.format(value=T_mult))
        if not isinstance(eta_min, (float, int)):
            raise ValueError(LEAST_RATE.format(value=eta_min, type=type(eta_min)))
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for the place in the period."""
        warn_outside_step(self)
        return [_between(self.eta_min, base_lr, self.T_cur, self.T_i) for base_lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one epoch, or to `epoch`, which may be a fraction: `step(epoch + batch / batches)` is for batches.

        ValueError for an epoch below 0.
        """
        if epoch is not None or self.last_epoch < 0:
            epoch = 0 if epoch is None else epoch
            self._go_to(epoch)
        else:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        self.last_epoch = math.floor(epoch)
        with _enable_get_lr_call(self):
            rates = self.get_lr()
        set_group_values(self.optimizer, "lr", rates)
        self._last_lr = group_values(self.optimizer, "lr")

    def _go_to(self, epoch: float) -> None:
        """Set the place in the period, and its length, for any epoch."""
        if epoch < 0:
            raise ValueError(NEGATIVE_EPOCH.format(value=epoch))
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:  # n periods lie before, of T_0 * (T_mult**n - 1) / (T_mult - 1) epochs together
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
