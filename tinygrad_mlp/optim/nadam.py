"""NAdam: Adam with Nesterov's momentum (torch.optim.NAdam)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Group, Optimizer, blocks, check_options, count_step, decayed, number, state_of_zeros


class NAdam(Optimizer):
    """NAdam: Adam whose step looks ahead by the momentum that will follow, in step t.

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g²
        mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2), and P is the product of all mu so far
        p -= lr * ((1 - mu_t) / (1 - P) * g + mu_{t + 1} / (1 - P * mu_{t + 1}) * m) / (sqrt(v / (1 - beta2^t)) + eps)

    `weight_decay` times p is added to the gradient first, or, with `decoupled_weight_decay`, p shrinks as in AdamW.
    With `maximize` the gradient is negated. `lr` may be a tensor of one element. `foreach` is accepted and changes
    nothing; for `capturable` and `differentiable` see `step`. ValueError for options out of range. Source:
    torch.optim.NAdam, after Dozat (2016).
    """

    first_write = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, eps=eps, betas=betas, weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is m ("exp_avg"), v ("exp_avg_sq") and P ("mu_product")."""
        if not state:
            state["step"], state["mu_product"] = wrap(np.zeros((), np.float32)), wrap(np.ones((), np.float32))
            state["exp_avg"], state["exp_avg_sq"] = state_of_zeros(p), state_of_zeros(p)
        t = count_step(state, p)
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1))
        state["mu_product"].array *= mu
        product = state["mu_product"].array.item()
        of_gradient, of_mean = lr * (1 - mu) / (1 - product), lr * ahead / (1 - product * ahead)
        root = (1 - beta2**t) ** 0.5
        for w, g, m, v in blocks(p.array, grad, state["exp_avg"].array, state["exp_avg_sq"].array):
            g = decayed(g, w, lr, group)
            m += (1 - beta1) * (g - m)
            v *= beta2
            v += (1 - beta2) * (g * g)
            size = np.sqrt(v)
            size /= root
            size += group["eps"]
            w -= (of_gradient * g + of_mean * m) / size
