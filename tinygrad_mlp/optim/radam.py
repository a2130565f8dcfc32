"""RAdam: Adam that begins as plain momentum (torch.optim.RAdam)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Group, Optimizer, blocks, check_options, count_step, decayed, number


class RAdam(Optimizer):
    """RAdam: Adam whose scaling is left out until its variance is known, and rectified then, in step t.

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g²
        n = 2 / (1 - beta2) - 1,  n_t = n - 2 t beta2^t / (1 - beta2^t)
        r = sqrt((n_t - 4) (n_t - 2) n / ((n - 4) (n - 2) n_t))
        d = m / (1 - beta1^t), and for n_t > 5 that times r sqrt(1 - beta2^t) / (sqrt(v) + eps)
        p -= lr * d

    `weight_decay` times p is added to the gradient first, or, with `decoupled_weight_decay`, p shrinks as in AdamW.
    With `maximize` the gradient is negated. `lr` may be a tensor of one element. `foreach` is accepted and changes
    nothing; for `capturable` and `differentiable` see `step`. ValueError for options out of range. Source:
    torch.optim.RAdam, after Liu et al. (2020).
    """

    first_write = "add_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, eps=eps, betas=betas, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is m ("exp_avg") and v ("exp_avg_sq")."""
        t = count_step(state, p, "exp_avg", "exp_avg_sq")
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / (1 - beta2**t)
        rectified = np.greater(length, 5)  # no `if`: a compiled step counts on
        ratio = np.divide((length - 4) * (length - 2) * longest, (longest - 4) * (longest - 2) * length)
        rate = lr / (1 - beta1**t) * np.where(rectified, np.sqrt(np.maximum(ratio, 0) * (1 - beta2**t)), 1)
        rate = rate.astype(p.array.dtype)
        for w, g, m, v in blocks(p.array, grad, state["exp_avg"].array, state["exp_avg_sq"].array):
            g = decayed(g, w, lr, group)
            m += (1 - beta1) * (g - m)
            v *= beta2
            v += (1 - beta2) * (g * g)
            size = np.sqrt(v)
            size += group["eps"]
            w -= rate * m / np.where(rectified, size, 1)
