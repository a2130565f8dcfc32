"""ASGD: averaged stochastic gradient descent (torch.optim.ASGD)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Group, Optimizer, blocks, check_options, count_step, descent, number, state_of_zeros


class ASGD(Optimizer):
    """ASGD: gradient descent that also keeps the mean of the parameters on the way ("ax" in the state), in step t.

        p = p * (1 - lambd * eta) - eta * g
        ax += (p - ax) * mu
        eta = lr / (1 + lambd * lr * t)^alpha
        mu = 1 / max(1, t - t0)

    `weight_decay` times p is added to the gradient first; with `maximize` the gradient is negated. `lr` may be a tensor
    of one element. `foreach` is accepted and changes nothing; for `capturable` and `differentiable` see `step`.
    ValueError for a negative lr or weight_decay. Source: torch.optim.ASGD, after Polyak & Juditsky (1992).
    """

    first_write = "mul_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_options(lr, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is the mean ("ax") and the two rates of the next step ("eta", "mu")."""
        lr, decay = number(group["lr"]), group["lambd"]
        if not state:
            state["step"], state["eta"] = wrap(np.zeros((), np.float32)), wrap(np.array(lr, np.float32))
            state["mu"], state["ax"] = wrap(np.ones((), np.float32)), state_of_zeros(p)
        t = count_step(state, p)
        eta, mu = state["eta"].array.item(), state["mu"].array.item()
        for w, g, ax in blocks(p.array, grad, state["ax"].array):
            g = descent(g, w, group)
            w *= 1 - decay * eta
            w -= eta * g
            ax += mu * (w - ax)
        state["eta"].array[...] = lr / (1 + decay * lr * t) ** group["alpha"]
        state["mu"].array[...] = 1 / np.maximum(1, t - group["t0"])
