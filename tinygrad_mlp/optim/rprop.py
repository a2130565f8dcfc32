"""Rprop: resilient propagation, which looks at the signs of gradients alone (torch.optim.Rprop)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Group, Optimizer, blocks, check_options, count_step, number, state_of_zeros
from .refusals import ETAS


class Rprop(Optimizer):
    """Rprop: every element has a step size, which grows while its gradient keeps its sign.

        size *= etas[1] where g and the g before have one sign, etas[0] where they have not; within `step_sizes`
        g = 0 where they have not
        p -= sign(g) * size

    With `maximize` the gradient is negated. `lr`, the first size, may be a tensor of one element. `foreach` is accepted
    and changes nothing; for `capturable` and `differentiable` see `step`. ValueError for a negative lr and for `etas`
    that are not 0 < etas[0] < 1 < etas[1]. Source: torch.optim.Rprop, after Riedmiller & Braun (1993).
    """

    first_write = "addcmul_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(ETAS.format(less=etas[0], more=etas[1]))
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is the gradient before ("prev") and the step sizes ("step_size")."""
        if not state:
            state["step"], state["prev"] = wrap(np.zeros((), np.float32)), state_of_zeros(p)
            state["step_size"] = wrap(np.full_like(p.array, number(group["lr"])))
        count_step(state, p)
        less, more = group["etas"]
        for w, g, before, size in blocks(p.array, grad, state["prev"].array, state["step_size"].array):
            if group["maximize"]:
                g = -g
            agreement = g * before
            size *= np.where(agreement > 0, more, np.where(agreement < 0, less, 1)).astype(size.dtype, copy=False)
            np.clip(size, *group["step_sizes"], out=size)
            before[...] = np.where(agreement < 0, 0, g)
            w -= np.sign(before) * size
