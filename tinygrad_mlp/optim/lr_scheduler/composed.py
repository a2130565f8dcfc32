"""Schedulers made of others: SequentialLR, one after the other, and ChainedScheduler, all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .groups import group_values, set_group_value
from .plateau import ReduceLROnPlateau
from .refusals import (
    MILESTONES,
    NO_OPTIMIZER,
    NO_SCHEDULER_IN_CHAIN,
    NO_SCHEDULER_IN_SEQUENCE,
    OF_METRICS,
    OTHER_OPTIMIZER,
)
from .scheduler import LRScheduler


class _Composed(LRScheduler):
    """A scheduler that keeps others in `_schedulers`, and their states in its own."""

    _schedulers: Sequence[Any]

    def _check_parts(self, optimizer: Optimizer, schedulers: Sequence[Any]) -> None:
        """TypeError for what is not a scheduler; ValueError for one of metrics, or of another optimiser."""
        name = type(self).__name__
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(NO_OPTIMIZER.format(type=name, index=i))
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(OF_METRICS.format(type=name, index=i))
            if optimizer != scheduler.optimizer:
                found, expected = type(scheduler).__name__, type(optimizer).__name__
                names = {"type": name, "found": found, "expected": expected}
                raise ValueError(OTHER_OPTIMIZER.format(**names, index=i, optimizer=scheduler.optimizer))

    def state_dict(self) -> dict[str, Any]:
        """Return the attributes as a dict, with the states of the schedulers as "_schedulers"."""
        state = super().state_dict()
        schedulers = state.pop("_schedulers")
        return {**state, "_schedulers": [scheduler.state_dict() for scheduler in schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned, here or in torch, into a scheduler of the same parts."""
        states = state_dict["_schedulers"]
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_schedulers"})
        for i, state in enumerate(states):
            self._schedulers[i].load_state_dict(state)


class SequentialLR(_Composed):
    """Several schedulers of one optimiser, each from its milestone on.

    `milestones` has the epochs at which the second scheduler, the third and so on take over, counting from 0 each.
    ValueError for another number of milestones, no scheduler, one of metrics or of another optimiser; TypeError for
    what is not a scheduler. Source: torch.optim.lr_scheduler.SequentialLR.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError(NO_SCHEDULER_IN_SEQUENCE.format(type=type(self).__name__))
        self._check_parts(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(MILESTONES.format(schedulers=len(schedulers), milestones=len(milestones)))
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Every scheduler made its first step when it was created. All are undone, and that of the first is made again.
        for group in optimizer.param_groups:
            set_group_value(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take the step back that each of the schedulers has counted, also of those that are made of others."""
        scheduler = self if sched is None else sched
        if hasattr(scheduler, "_schedulers"):
            for part in scheduler._schedulers:
                self.recursive_undo(part)
        elif hasattr(scheduler, "last_epoch"):
            scheduler.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override] # as in torch
        """Step the scheduler whose turn it is; at its milestone it starts with epoch 0."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedulers of one optimiser, which are stepped one after the other at every step.

    Each changes the learning rates that the one before has left. ValueError for no scheduler, one of metrics or of
    another optimiser; TypeError for what is not a scheduler. Source: torch.optim.lr_scheduler.ChainedScheduler.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if len(schedulers) < 1:
            raise ValueError(NO_SCHEDULER_IN_CHAIN.format(type=type(self).__name__))
        optimizer = optimizer or schedulers[0].optimizer
        self._check_parts(optimizer, schedulers)
        self._schedulers = schedulers
        self.optimizer = optimizer
        self._last_lr = group_values(optimizer, "lr")

    def step(self) -> None:  # type: ignore[override] # as in torch
        """Step every scheduler, in their order."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = group_values(self.optimizer, "lr")
