"""Adamax: Adam with the largest gradient in place of the mean square (torch.optim.Adamax)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Group, Optimizer, blocks, check_options, count_step, descent, number


class Adamax(Optimizer):
    """Adamax: a running mean of the gradient g, scaled by the largest g so far, which fades, in step t.

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        p -= lr / (1 - beta1^t) * m / u

    `weight_decay` times p is added to the gradient first; with `maximize` the gradient is negated. `lr` may be a tensor
    of one element. `foreach` is accepted and changes nothing; for `capturable` and `differentiable` see `step`.
    ValueError for options out of range. Source: torch.optim.Adamax, after Kingma & Ba (2015).
    """

    first_write = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_options(lr, eps=eps, betas=betas, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is m ("exp_avg") and u ("exp_inf")."""
        t = count_step(state, p, "exp_avg", "exp_inf")
        beta1, beta2 = group["betas"]
        lr = number(group["lr"]) / (1 - beta1**t)
        for w, g, m, u in blocks(p.array, grad, state["exp_avg"].array, state["exp_inf"].array):
            g = descent(g, w, group)
            m += (1 - beta1) * (g - m)
            u *= beta2
            size = np.absolute(g)
            size += group["eps"]
            np.maximum(u, size, out=u)
            w -= lr * (m / u)
