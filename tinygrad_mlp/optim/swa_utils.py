"""Averages of a model over its training, and a schedule for it (torch.optim.swa_utils).

averaged = AveragedModel(model)
scheduler = SWALR(optimizer, swa_lr=0.05)
...
averaged.update_parameters(model)  # after some epochs, each
update_bn(loader, averaged)  # at the end
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from ..autograd import no_grad
from ..nn import BatchNorm1d, Module
from ..tensor import Tensor
from ..tensor.creation.data import tensor
from .lr_scheduler import LRScheduler
from .lr_scheduler.groups import per_group
from .lr_scheduler.refusals import ANNEAL_STRATEGY
from .lr_scheduler.scheduler import warn_outside_step
from .optimizer import Optimizer
from .refusals import ANNEAL_EPOCHS, DECAY, TWO_AVERAGES

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Any], Any]
AverageOfMany = Callable[[list[Tensor], list[Tensor], Any], None]


# -- ways to average -------------------------------------------------------------------------------


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageOfMany:
    """Return a function that moves each of many averages, in place, by the share 1 - decay towards its value.

    ValueError for a decay outside [0, 1]. Source: torch.optim.swa_utils.get_ema_multi_avg_fn.
    """
    _check_decay(decay)

    def ema_update(averages: list[Tensor], values: list[Tensor], _: Any) -> None:
        with no_grad():
            for average, value in zip(averages, values, strict=True):
                if _is_of_integers(averages[0]):
                    average.copy_(average * decay + value * (1 - decay))
                else:
                    average.lerp_(value, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> AverageOfMany:
    """Return a function that takes one more value, in place, into each of many averages of equal weights.

    Its third argument is the number of values so far. Source: torch.optim.swa_utils.get_swa_multi_avg_fn.
    """

    def swa_update(averages: list[Tensor], values: list[Tensor], num_averaged: Any) -> None:
        with no_grad():
            for average, value in zip(averages, values, strict=True):
                if not _is_of_integers(averages[0]):
                    average.lerp_(value, float(1 / (num_averaged + 1)))
                elif isinstance(num_averaged, Tensor):  # both refuse integers, each in its own words, as in torch
                    average.addcdiv_(value - average, num_averaged + 1)
                else:
                    average.add_(value - average, alpha=1.0 / (num_averaged + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return a function of an average and a value: decay * average + (1 - decay) * value.

    ValueError for a decay outside [0, 1]. Source: torch.optim.swa_utils.get_ema_avg_fn.
    """
    _check_decay(decay)

    def ema_update(average: Tensor, value: Tensor, num_averaged: Any) -> Any:
        with no_grad():
            return decay * average + (1 - decay) * value

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return a function of an average, one more value and the number of values so far, for equal weights.

    Source: torch.optim.swa_utils.get_swa_avg_fn, after Izmailov et al. (2018).
    """

    def swa_update(average: Tensor, value: Tensor, num_averaged: Any) -> Any:
        with no_grad():
            return average + (value - average) / (num_averaged + 1)

    return swa_update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(DECAY.format(value=decay))


def _is_of_integers(x: Tensor) -> bool:
    return not (x.is_floating_point() or x.is_complex())


# -- the averaged model ----------------------------------------------------------------------------


class AveragedModel(Module):
    """A copy of a model, `module`, whose parameters are averages of the model's at several times.

    `update_parameters` takes the model's present parameters into the averages; `n_averaged`, an int64 tensor, counts
    its calls. The averages have equal weights; `avg_fn`, a function of an average, a value and the number of values so
    far, returns others, or `multi_avg_fn`, which writes them into the averages of a list. With `use_buffers` buffers
    are averaged, too; else they are those of the model. AssertionError for both functions. Source:
    torch.optim.swa_utils.AveragedModel, after Izmailov et al. (2018).
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: AverageOfMany | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError(TWO_AVERAGES)
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged model."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of a model into the averages; the first ones are copied.

        ValueError for another number of buffers.
        """
        pairs = list(zip(_tensors(self.module, self.use_buffers), _tensors(model, self.use_buffers), strict=False))
        if not self.n_averaged:
            for average, value in pairs:
                average.copy_(value)
        elif self.multi_avg_fn is not None:
            for dtype in dict.fromkeys(average.dtype for average, _ in pairs):  # one call for each
                averages, values = zip(*(pair for pair in pairs if pair[0].dtype == dtype), strict=True)
                self.multi_avg_fn(list(averages), list(values), self.n_averaged)
        else:
            average_of = self.avg_fn or get_swa_avg_fn()
            for average, value in pairs:
                average.copy_(average_of(average, value, self.n_averaged))
        if not self.use_buffers:
            for kept, value in zip(self.module.buffers(), model.buffers(), strict=True):
                kept.detach().copy_(value.detach())
        self.n_averaged += 1


def _tensors(model: Module, with_buffers: bool) -> list[Tensor]:
    """The parameters of a model, and its buffers if they are averaged, without history."""
    return [x.detach() for x in (chain(model.parameters(), model.buffers()) if with_buffers else model.parameters())]


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of every batch normalisation in a model anew, as means over all batches.

    `loader` gives batches, or lists and tuples that have one at first, for which the model is called once each, in
    training mode. Momenta and mode are put back at the end. Source: torch.optim.swa_utils.update_bn.
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, BatchNorm1d)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None
    with no_grad():
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


# -- the schedule ----------------------------------------------------------------------------------


class SWALR(LRScheduler):
    """The learning rate to `swa_lr` in `anneal_epochs` epochs, and constant from then on, for averages.

    `swa_lr` may be a list of one for each group. `anneal_strategy` is "cos" for half a cosine wave or "linear".
    ValueError for a list of another length, another strategy, and epochs that are not an integer of at least 0. Source:
    torch.optim.swa_utils.SWALR.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for group, rate in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(ANNEAL_STRATEGY.format(value=anneal_strategy))
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(ANNEAL_EPOCHS.format(value=anneal_epochs))
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """Return the share of `swa_lr` after a part `t`, in [0, 1], of the epochs."""
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group, from the one before."""
        warn_outside_step(self)
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = (self.anneal_func(max(0, min(1, t / max(1, self.anneal_epochs)))) for t in (step - 1, step))
        return [
            group["swa_lr"] * now + _at_first(group["lr"], group["swa_lr"], before) * (1 - now)
            for group in self.optimizer.param_groups
        ]


def _at_first(lr: Any, swa_lr: Any, share: float) -> Any:
    """The rate from which a share of the way to `swa_lr` leads to `lr`."""
    return swa_lr if share == 1 else (lr - share * swa_lr) / (1 - share)
