"""CyclicLR: learning rates that go up and down between two bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .groups import check_optimizer, per_group, set_group_values
from .momentum import set_momentum, start, uses_beta1
from .refusals import CYCLE_MODE
from .scheduler import LRScheduler, load_state_of, state_of, warn_outside_step


class CyclicLR(LRScheduler):
    """The learning rate up from `base_lr` to `max_lr` and down again, in straight lines; stepped after each batch.

    A cycle takes `step_size_up` steps up and `step_size_down` (the same number if None) down. Its height is scaled by
    a function, of the cycle's number, which starts with 1, or of the step for the `scale_mode` "iterations": 1 for the
    `mode` "triangular", 1 / 2**(cycle - 1) for "triangular2", gamma**step for "exp_range", or `scale_fn`. With
    `cycle_momentum` the momentum, or the first beta, goes the other way, from `max_momentum` to `base_momentum`. Rates
    and momenta may be lists of one for each group. ValueError for lists of another length, another mode, and an
    optimiser without momentum; TypeError if `optimizer` is no Optimizer. Source: torch.optim.lr_scheduler.CyclicLR,
    after Smith (2017).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            set_group_values(optimizer, "lr", base_lrs)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(CYCLE_MODE)
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                start(optimizer, self.base_momentums, self.max_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs  # not the groups' "initial_lr", which another scheduler may have set

    def scale_fn(self, x: float) -> Any:
        """Return the scale of the height for a cycle, or for a step (`scale_mode`)."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 1 / 2.0 ** (x - 1)
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for step `last_epoch`, and write the momenta into the groups."""
        warn_outside_step(self)
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        share = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        place = cycle if self.scale_mode == "cycle" else self.last_epoch
        # The function is asked for each value, as in torch: one of the user's own may have state.
        rates = [
            low + (high - low) * share * self.scale_fn(place)
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]
        if self.cycle_momentum:
            momenta = [
                high - (high - low) * share * self.scale_fn(place)
                for low, high in zip(self.base_momentums, self.max_momentums, strict=True)
            ]
            for group, momentum in zip(self.optimizer.param_groups, momenta, strict=True):
                set_momentum(group, momentum, self.use_beta1)
        return rates

    def state_dict(self) -> dict[str, Any]:
        """Return the attributes as a dict: of a `scale_fn` that is no function its attributes, else None."""
        state = super().state_dict()
        function = state.pop("_scale_fn_custom")
        return {**state, "_scale_fn_custom": None if function is None else state_of(function)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned; a `scale_fn` stays, and gets its attributes back."""
        state = dict(state_dict)
        of_function = state.pop("_scale_fn_custom")
        super().load_state_dict(state)
        load_state_of(self._scale_fn_custom, of_function)
