"""Adadelta: steps as large as the recent ones, without a learning rate (torch.optim.Adadelta)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Group, Optimizer, blocks, check_options, count_step, descent, number
from .refusals import OPTION


class Adadelta(Optimizer):
    """Adadelta: the gradient g scaled by the running sizes of the updates and of the gradients.

        v = rho * v + (1 - rho) * g²
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d²
        p -= lr * d

    `weight_decay` times p is added to the gradient first; with `maximize` the gradient is negated. `lr` may be a tensor
    of one element. `foreach` is accepted and changes nothing; for `capturable` and `differentiable` see `step`.
    ValueError for options out of range. Source: torch.optim.Adadelta, after Zeiler (2012).
    """

    first_write = "add_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, rho=rho, eps=eps, weight_decay=weight_decay)
        if not rho <= 1.0:
            raise ValueError(OPTION.format(name="rho", value=rho))
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is v ("square_avg") and u ("acc_delta")."""
        count_step(state, p, "square_avg", "acc_delta")
        lr, rho, eps = number(group["lr"]), group["rho"], group["eps"]
        for w, g, v, u in blocks(p.array, grad, state["square_avg"].array, state["acc_delta"].array):
            g = descent(g, w, group)
            v *= rho
            v += (1 - rho) * (g * g)
            change = np.sqrt(u + eps)
            change /= np.sqrt(v + eps)
            change *= g
            u *= rho
            u += (1 - rho) * (change * change)
            change *= lr
            w -= change
