"""RMSprop: steps scaled by a running mean of the squared gradient (torch.optim.RMSprop)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Group, Optimizer, blocks, check_options, count_step, descent, number


class RMSprop(Optimizer):
    """RMSprop: the gradient g divided by the root of a running mean of its square.

        v = alpha * v + (1 - alpha) * g²
        a = alpha * a + (1 - alpha) * g                     with `centered`, else 0
        d = g / (sqrt(v - a²) + eps)
        buf = momentum * buf + d                            with momentum, else d
        p -= lr * buf

    `weight_decay` times p is added to the gradient first; with `maximize` the gradient is negated. `lr` may be a tensor
    of one element. `foreach` is accepted and changes nothing; for `capturable` and `differentiable` see `step`.
    ValueError for negative options. Source: torch.optim.RMSprop, after Hinton's lecture (2012) and, centred, Graves
    (2013).
    """

    first_write = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is v ("square_avg"), buf ("momentum_buffer") and a ("grad_avg")."""
        extra = ["momentum_buffer"] * (group["momentum"] > 0) + ["grad_avg"] * group["centered"]
        count_step(state, p, "square_avg", *extra)
        lr, alpha, momentum = number(group["lr"]), group["alpha"], group["momentum"]
        for w, g, v, *rest in blocks(p.array, grad, *(state[name].array for name in ("square_avg", *extra))):
            g = descent(g, w, group)
            change = g * g
            change *= 1 - alpha
            v *= alpha
            v += change
            if group["centered"]:
                a = rest[-1]
                a += (1 - alpha) * (g - a)
                np.sqrt(v - a * a, out=change)
            else:
                np.sqrt(v, out=change)
            change += group["eps"]
            np.divide(g, change, out=change)
            if momentum > 0:
                buf = rest[0]
                buf *= momentum
                buf += change
                np.multiply(buf, lr, out=change)
            else:
                change *= lr
            w -= change
