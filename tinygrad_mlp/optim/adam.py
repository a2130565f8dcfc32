"""Adam, and AdamW, which differs from it in its weight decay (torch.optim.Adam, torch.optim.AdamW)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Group, Optimizer, blocks, check_options, count_step, number
from .refusals import BETA_TENSOR_FOREACH, BETAS_TYPES, LR_TENSOR_FOREACH


class Adam(Optimizer):
    """Adam: steps that are scaled by running means of the gradient g and of its square, in step t.

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g²
        p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)

    `weight_decay` times p is added to the gradient first, or, with `decoupled_weight_decay`, p shrinks as in AdamW.
    With `amsgrad` the largest v so far takes the place of v; with `maximize` the gradient is negated. `lr` and both
    betas may be tensors of one element. `foreach` and `fused` are accepted and change nothing; for `capturable` and
    `differentiable` see `step`. ValueError for options out of range, RuntimeError for `fused` with `foreach` or
    `differentiable`. Source: torch.optim.Adam, after Kingma & Ba (2015) and, for amsgrad, Reddi et al. (2018).
    """

    first_write = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(LR_TENSOR_FOREACH)
        check_options(lr, eps=eps, betas=betas, weight_decay=weight_decay)
        kinds = {Tensor if isinstance(beta, Tensor) else float if isinstance(beta, float) else None for beta in betas}
        if kinds not in ({Tensor}, {float}):
            raise ValueError(BETAS_TYPES)
        if kinds == {Tensor} and foreach and not capturable:
            raise ValueError(BETA_TENSOR_FOREACH)
        defaults = {
            "lr": lr,
            "betas": tuple(beta.squeeze() if isinstance(beta, Tensor) else beta for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is the number of steps, m ("exp_avg"), v ("exp_avg_sq") and the largest v."""
        t = count_step(state, p, "exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if group["amsgrad"] else ()))
        beta1, beta2 = map(number, group["betas"])
        lr, decay, eps = number(group["lr"]), group["weight_decay"], group["eps"]
        # m / (sqrt(v) / root + eps) equals root * m / (sqrt(v) + root * eps), which takes one pass less over the data.
        root = (1 - beta2**t) ** 0.5
        size, eps = -lr / (1 - beta1**t) * root, eps * root
        largest = (state["max_exp_avg_sq"].array,) if group["amsgrad"] else ()

        for w, g, m, v, *rest in blocks(p.array, grad, state["exp_avg"].array, state["exp_avg_sq"].array, *largest):
            if group["maximize"]:
                g = -g
            if decay and group["decoupled_weight_decay"]:
                w *= 1 - lr * decay
            elif decay:
                g = g + decay * w
            change = g - m
            change *= 1 - beta1
            m += change
            v *= beta2
            np.multiply(g, g, out=change)
            change *= 1 - beta2
            v += change
            if rest:
                np.maximum(rest[0], v, out=rest[0])
            np.sqrt(rest[0] if rest else v, out=change)
            change += eps
            np.divide(m, change, out=change)
            change *= size
            w += change


class AdamW(Adam):
    """Adam with decoupled weight decay: each step first multiplies the parameter by 1 - lr * weight_decay.

    The other options are those of `Adam`. Source: torch.optim.AdamW, after Loshchilov & Hutter (2019).
    """

    first_write = "mul_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
