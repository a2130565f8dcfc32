"""Adafactor: Adam with little memory, for matrices (torch.optim.Adafactor)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Group, Optimizer, check_at_least_zero, count_step, number, one_number, state_of_zeros
from .refusals import BETA2_DECAY, CLIPPING


class Adafactor(Optimizer):
    """Adafactor: the gradient g scaled by a running mean of its square, of which only row and column means are kept.

        b = t^beta2_decay,  a = max(eps[1], rms(p)) * min(lr, 1 / sqrt(t))      in step t
        r = r + b * (the mean of g² over each row - r), and c so over each column
        v = r c / max(the mean of r, eps[0])                for a vector the running mean of g² itself
        u = g / sqrt(max(v, eps[0]²))
        p = p * (1 - lr * weight_decay) - a * u / max(1, rms(u) / d)

    Without eps[0] it is the distance from 1 to the next number of the dtype. `lr` may be a tensor of one element; with
    `maximize` the gradient is negated; `foreach` is accepted and changes nothing. ValueError for options out of range.
    Source: torch.optim.Adafactor, after Shazeer & Stern (2018).
    """

    first_write = "add_"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_at_least_zero("Learning rate", one_number("lr", lr))
        if not beta2_decay <= 0.0:
            raise ValueError(BETA2_DECAY.format(value=beta2_decay))
        if eps[0] is not None:
            check_at_least_zero("epsilon1", eps[0])
        check_at_least_zero("epsilon2", eps[1])
        if not d >= 1.0:
            raise ValueError(CLIPPING.format(value=d))
        check_at_least_zero("weight_decay", weight_decay)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is r ("row_var") and c ("col_var"), for a vector v ("variance")."""
        w, g = p.array, -grad if group["maximize"] else grad
        if not state:
            state["step"] = wrap(np.zeros((), np.float32))
            if g.ndim > 1:
                state["row_var"] = wrap(np.zeros((*g.shape[:-1], 1), g.dtype))
                state["col_var"] = wrap(np.zeros((*g.shape[:-2], 1, g.shape[-1]), g.dtype))
            else:
                state["variance"] = state_of_zeros(p)
        t, lr, (smallest, eps) = count_step(state, p), number(group["lr"]), group["eps"]
        if smallest is None:
            smallest = float(np.finfo(w.dtype).eps)
        share, rate = t ** group["beta2_decay"], np.maximum(eps, _rms(w)) * np.minimum(lr, 1 / t**0.5)
        if group["weight_decay"]:
            w *= 1 - lr * group["weight_decay"]
        squares = g * g
        if g.ndim > 1:
            rows, columns = state["row_var"].array, state["col_var"].array
            rows += share * (_mean(squares, -1) - rows)
            columns += share * (_mean(squares, -2) - columns)
            v = (rows @ columns) / np.maximum(_mean(rows, -2), smallest)
        else:
            v = state["variance"].array
            v += share * (squares - v)
        change = g / np.sqrt(np.maximum(v, smallest * smallest))
        w -= (rate / np.maximum(1, _rms(change) / group["d"])).astype(w.dtype) * change


def _mean(x: Any, axis: int) -> Any:
    return np.add.reduce(x, axis, keepdims=True) / x.shape[axis]


def _rms(x: Any) -> Any:
    """The root of the mean of the squares."""
    return np.sqrt(np.add.reduce(x * x, None, np.float64) / x.size)
