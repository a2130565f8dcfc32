"""LRScheduler, the base class of the schedulers: counting epochs, writing learning rates, saving and loading.

Behaviour and texts are those of torch.optim.lr_scheduler.LRScheduler.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType
from typing import Any
from weakref import ref

from ...messages import warn
from ..optimizer import Optimizer
from .groups import check_optimizer, copied, group_values, set_group_values
from .refusals import EPOCH_DEPRECATION_WARNING, LAST_LR, NOT_RESUMABLE, STEP_BEFORE_OPTIMIZER, STEP_OVERRIDDEN


class LRScheduler:
    """The base class of schedulers, which change the learning rates of an optimiser.

    A subclass defines `get_lr`, which returns the learning rate of each group for `last_epoch`; where it defines
    `_get_closed_form_lr`, too, `step(epoch)` asks that. Each group keeps the rate that it has now as "initial_lr";
    `base_lrs` is the list of these. `last_epoch` is -1 for a new schedule, else the number of epochs after which it
    goes on: KeyError then if the groups have no "initial_lr". TypeError if `optimizer` is not an Optimizer. Source:
    torch.optim.lr_scheduler.LRScheduler.
    """

    _get_lr_called_within_step: bool = False
    _is_initial: bool = False  # whether the first step is under way, which every scheduler makes when it is created

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(NOT_RESUMABLE.format(index=i))
        self.base_lrs: list[Any] = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        with _during(self, "_is_initial"):
            self.step()

    def get_last_lr(self) -> list[Any]:
        """Return the learning rate of each group after the last step."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for `last_epoch`; programs ask `get_last_lr` instead."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch, or to `epoch`, which torch discourages; and write the learning rates into the groups.

        UserWarning for an epoch, and at the first step of a program if the optimiser has not made a step before.
        """
        if self._step_count == 1:
            _warn_of_order(self.optimizer)
        self._step_count += 1
        if epoch is not None:
            warn(EPOCH_DEPRECATION_WARNING)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed_form = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        with _enable_get_lr_call(self):
            rates = (closed_form or self.get_lr)()
        set_group_values(self.optimizer, "lr", rates)
        self._last_lr: list[Any] = group_values(self.optimizer, "lr")

    def state_dict(self) -> dict[str, Any]:
        """Return the attributes of the scheduler as a dict, without the optimiser, which has its own."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned, here or in torch."""
        vars(self).update(state_dict)


class _LRScheduler(LRScheduler):
    """The base class under its former name, by which older programs know it."""


# -- the steps of the optimiser --------------------------------------------------------------------


def _watch(optimizer: Any) -> None:
    """Let the optimiser note that it has made a step, by a `step` of its own around that of its class.

    The names are torch's, because other libraries look for them.
    """
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    function, of_class = optimizer.step.__func__, type(optimizer).step
    owner = ref(optimizer)  # the optimiser shall not hold itself, so that it goes as soon as nobody uses it

    @wraps(function)
    def step(*args: Any, **kwargs: Any) -> Any:
        optimizer: Any = owner()
        optimizer._opt_called = True
        now = (
            type(optimizer).step if function is of_class else function
        )  # hooks may be added to that of the class later
        return now(optimizer, *args, **kwargs)

    step._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = step


def _warn_of_order(optimizer: Optimizer) -> None:
    if not hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        warn(STEP_OVERRIDDEN)
    elif not getattr(optimizer, "_opt_called", False):
        warn(STEP_BEFORE_OPTIMIZER)


# -- flags -----------------------------------------------------------------------------------------


@contextmanager
def _during(scheduler: LRScheduler, flag: str) -> Iterator[None]:
    setattr(scheduler, flag, True)
    try:
        yield
    finally:
        setattr(scheduler, flag, False)


def _enable_get_lr_call(scheduler: LRScheduler) -> Any:
    """A `with` block in which `get_lr` may be called without a warning; other libraries use it, too."""
    return _during(scheduler, "_get_lr_called_within_step")


def warn_outside_step(scheduler: LRScheduler) -> None:
    """UserWarning unless `step` asks: the answer of `get_lr` depends on when it is asked."""
    if not scheduler._get_lr_called_within_step:
        warn(LAST_LR)


# -- functions in states ---------------------------------------------------------------------------


def state_of(function: Any) -> dict[str, Any] | None:
    """What a state keeps of a function: None, or the attributes of an object that can be called."""
    return None if isinstance(function, FunctionType) else vars(function).copy()


def load_state_of(function: Any, state: dict[str, Any] | None) -> None:
    """Give an object that can be called its attributes back."""
    if state is not None:
        vars(function).update(state)
