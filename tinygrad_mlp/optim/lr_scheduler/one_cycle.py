"""OneCycleLR: one rise of the learning rate and a long fall, over a whole training."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .groups import check_optimizer, per_group
from .momentum import set_momentum, start, uses_beta1
from .refusals import ANNEAL_STRATEGY, NO_LENGTH, NOT_POSITIVE, PAST_THE_END, SHARE
from .scheduler import LRScheduler, warn_outside_step

Phase = dict[str, Any]  # the last step of a phase, and the keys of a group where its rates and momenta stand


class OneCycleLR(LRScheduler):
    """The learning rate up to `max_lr`, and down to far below where it started; stepped after each batch.

    There are `total_steps` steps, or `epochs * steps_per_epoch`. The first part of them, `pct_start`, goes from
    max_lr / div_factor to max_lr; the others, down to the first rate / final_div_factor, or, with `three_phase`, in as
    many steps back to the first rate, and only then down. `anneal_strategy` is "cos" for half a cosine wave or
    "linear". With `cycle_momentum` the momentum, or the first beta, goes from `max_momentum` to `base_momentum` and
    back, and stays there. Rates and momenta may be lists of one for each group. ValueError for options out of range,
    and for a step after the last; TypeError if `optimizer` is no Optimizer. Source:
    torch.optim.lr_scheduler.OneCycleLR, after Smith & Topin (2018).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _length(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(SHARE.format(value=pct_start))
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(ANNEAL_STRATEGY.format(value=anneal_strategy))
        self._anneal_func_type = anneal_strategy
        max_lrs = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            largest = per_group("max_momentum", optimizer, max_momentum)
            least = per_group("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                start(optimizer, least, largest, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def _anneal_func(self, start: Any, end: Any, pct: float) -> Any:
        """The value after a part `pct` of the way from start to end."""
        if self._anneal_func_type == "linear":
            return (end - start) * pct + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * pct) + 1)

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for step `last_epoch`, and write the momenta into the groups.

        ValueError after the last step.
        """
        warn_outside_step(self)
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(PAST_THE_END.format(step=step, total=self.total_steps))
        first, phase = 0.0, self._schedule_phases[0]
        for following in self._schedule_phases[1:]:
            if step <= phase["end_step"]:
                break
            first, phase = phase["end_step"], following
        pct = (step - first) / (phase["end_step"] - first)
        groups = self.optimizer.param_groups
        rates = [self._anneal_func(group[phase["start_lr"]], group[phase["end_lr"]], pct) for group in groups]
        if self.cycle_momentum:
            for group in groups:
                momentum = self._anneal_func(group[phase["start_momentum"]], group[phase["end_momentum"]], pct)
                set_momentum(group, momentum, self.use_beta1)
        return rates


def _length(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    """The number of steps; ValueError unless it is given in one of the two ways."""
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError(NO_LENGTH)
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(NOT_POSITIVE.format(name=name, value=value))
    return value


def _phases(total: int, share: float, three: bool) -> list[Phase]:
    up = _phase(float(share * total) - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    if not three:
        return [up, _phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    down = _phase(float(2 * share * total) - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum")
    return [up, down, _phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")]


def _phase(end: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> Phase:
    return {
        "end_step": end,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }
