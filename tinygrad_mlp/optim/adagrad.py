"""Adagrad: steps scaled by all squared gradients so far (torch.optim.Adagrad)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Group, Optimizer, blocks, check_options, count_step, descent, number


class Adagrad(Optimizer):
    """Adagrad: the gradient g divided by the root of the sum of its squares, in step t.

        s = s + g²
        p -= lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    s begins at `initial_accumulator_value`, when the optimiser is made. `weight_decay` times p is added to the gradient
    first; with `maximize` the gradient is negated. `lr` may be a tensor of one element. `foreach` and `fused` are
    accepted and change nothing; for `differentiable` see `step`. ValueError for negative options, RuntimeError for
    `fused` with `foreach` or `differentiable`. Source: torch.optim.Adagrad, after Duchi et al. (2011).
    """

    first_write = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(
            lr, lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )  # fmt: skip
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

        for group in self.param_groups:
            for p in group["params"]:
                start = np.full_like(p.array, group["initial_accumulator_value"])
                self.state[p] = {"step": wrap(np.zeros((), np.float32)), "sum": wrap(start)}

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is the sum s ("sum")."""
        t = count_step(state, p, "sum")
        lr = number(group["lr"]) / (1 + (t - 1) * group["lr_decay"])
        for w, g, s in blocks(p.array, grad, state["sum"].array):
            g = descent(g, w, group)
            s += g * g
            change = np.sqrt(s)
            change += group["eps"]
            np.divide(g, change, out=change)
            change *= lr
            w -= change
