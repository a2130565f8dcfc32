"""ReduceLROnPlateau: lower learning rates when a metric no longer gets better."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat

from ...messages import warn
from ..optimizer import Optimizer
from .groups import check_optimizer, group_values, set_group_value
from .refusals import EPOCH_DEPRECATION_WARNING, LEAST_RATES, MODE, OTHER_GROUPS, REDUCTION, THRESHOLD_MODE
from .scheduler import LRScheduler


class ReduceLROnPlateau(LRScheduler):
    """The learning rate times `factor` when a metric has not got better for more than `patience` epochs.

    In the `mode` "min" it gets better by falling, in "max" by rising: by more than the share `threshold` of the best
    value so far for the `threshold_mode` "rel", by more than `threshold` for "abs". After a reduction, bad epochs are
    not counted for `cooldown` epochs. No rate falls below `min_lr`, which may be a list of one for each group; changes
    of at most `eps` are left out. ValueError for options out of range, TypeError if `optimizer` is no Optimizer.
    Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError(REDUCTION)
        self.factor = factor
        check_optimizer(optimizer)
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if not isinstance(min_lr, (list, tuple)):
            self.default_min_lr: Any = min_lr
            self.min_lrs: list[Any] = [min_lr] * groups
        elif len(min_lr) != groups:
            raise ValueError(LEAST_RATES.format(groups=groups, found=len(min_lr)))
        else:
            self.default_min_lr = None
            self.min_lrs = list(min_lr)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = group_values(optimizer, "lr")
        self._init_is_better(mode, threshold, threshold_mode)
        self._reset()

    def _init_is_better(self, mode: str, threshold: float, threshold_mode: str) -> None:
        if mode not in ("min", "max"):
            raise ValueError(MODE.format(value=mode))
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(THRESHOLD_MODE.format(value=threshold_mode))
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode

    def _reset(self) -> None:
        """Forget the best value so far, and count from 0."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override] # as in torch
        """Look at the metric of an epoch, a number or a tensor of one element, and reduce the rates if it is time.

        UserWarning for an epoch.
        """
        current = float(metrics)
        if epoch is not None:
            warn(EPOCH_DEPRECATION_WARNING)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr(self.last_epoch)
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = group_values(self.optimizer, "lr")

    def _reduce_lr(self, epoch: int) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(OTHER_GROUPS.format(groups=len(groups), found=len(self.min_lrs)))
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            before = float(group["lr"])
            rate = max(before * self.factor, least)
            if before - rate > self.eps:
                set_group_value(group, "lr", rate)

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs are not counted now, because the rates have just been reduced."""
        return self.cooldown_counter > 0

    def _is_better(self, a: float, best: float) -> bool:
        if self.threshold_mode == "rel":
            return a < best * (1.0 - self.threshold) if self.mode == "min" else a > best * (self.threshold + 1.0)
        return a < best - self.threshold if self.mode == "min" else a > best + self.threshold

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned, here or in torch; ValueError for an unknown mode."""
        super().load_state_dict(state_dict)
        self._init_is_better(self.mode, self.threshold, self.threshold_mode)
