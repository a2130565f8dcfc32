"""Schedulers that ask the user's functions: LambdaLR and MultiplicativeLR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .groups import group_values
from .refusals import FUNCTIONS, NOT_A_FUNCTION
from .scheduler import LRScheduler, load_state_of, state_of, warn_outside_step

Function = Callable[[int], float]


class _OfFunctions(LRScheduler):
    """A scheduler with a function for each group, which gets the epoch."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Function | list[Function], last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            self.lr_lambdas = [lr_lambda] * groups
        elif len(lr_lambda) != groups:
            raise ValueError(FUNCTIONS.format(groups=groups, found=len(lr_lambda)))
        else:
            self.lr_lambdas = list(lr_lambda)
        self._check_functions()
        super().__init__(optimizer, last_epoch)

    def _check_functions(self) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        """Return the attributes as a dict: of a function None, of another object that can be called its attributes."""
        state = super().state_dict()
        functions = state.pop("lr_lambdas")
        return {**state, "lr_lambdas": [state_of(function) for function in functions]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned; the functions stay, and callable objects get their attributes back."""
        states = state_dict["lr_lambdas"]
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for i, state in enumerate(states):
            load_state_of(self.lr_lambdas[i], state)


class LambdaLR(_OfFunctions):
    """The learning rate at first times what a function says of the epoch.

    `lr_lambda` is a function from the epoch to a factor, or a list of one for each group; ValueError for a list of
    another length. `state_dict` keeps no functions. Source: torch.optim.lr_scheduler.LambdaLR.
    """

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for `last_epoch`."""
        warn_outside_step(self)
        return [
            base_lr * function(self.last_epoch)
            for function, base_lr in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_OfFunctions):
    """The learning rate before times what a function says of the epoch.

    `lr_lambda` is a function from the epoch, which is 1 at the first call, to a factor, or a list of one for each
    group; ValueError for a list of another length, TypeError for what cannot be called. `state_dict` keeps no
    functions. Source: torch.optim.lr_scheduler.MultiplicativeLR.
    """

    def _check_functions(self) -> None:
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(NOT_A_FUNCTION.format(type=type(function).__name__))

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group for `last_epoch`, from the one before."""
        warn_outside_step(self)
        if self._is_initial:
            return group_values(self.optimizer, "lr")
        return [
            group["lr"] * function(self.last_epoch)
            for function, group in zip(self.lr_lambdas, self.optimizer.param_groups, strict=True)
        ]
