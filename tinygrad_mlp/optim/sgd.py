"""SGD: stochastic gradient descent, with or without momentum (torch.optim.SGD)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import BLOCK, Group, Optimizer, blocks, check_options, number
from .refusals import NESTEROV


class SGD(Optimizer):
    """Stochastic gradient descent: p -= lr * d, where d comes from the gradient of the parameter p.

        d = grad + weight_decay * p
        buf = momentum * buf + (1 - dampening) * d      with momentum; in the first step buf = d
        d = d + momentum * buf if nesterov else buf     with momentum

    `lr` may be a tensor of one element. With `maximize` the gradient is negated. `foreach` and `fused` are accepted and
    change nothing; for `differentiable` see `step`. ValueError for options out of range, RuntimeError for `fused` with
    `foreach` or `differentiable`. Source: torch.optim.SGD, after Sutskever et al. (2013).
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(NESTEROV)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; with momentum its state is the tensor "momentum_buffer"."""
        lr, momentum, decay = number(group["lr"]), group["momentum"], group["weight_decay"]
        if not momentum and not decay and not group["maximize"] and p.array.ndim and grad.size <= BLOCK:
            w = p.array
            w -= lr * grad
            return
        buffer = None
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                first = np.copy(-grad if group["maximize"] else grad)
                if decay:
                    first += decay * _as(first, p.array)
                state["momentum_buffer"] = wrap(_as(p.array, first))
                p.array -= lr * (first * (1 + momentum) if group["nesterov"] else first)
                return
        sums = (buffer.array,) if buffer is not None else ()
        for w, g, *rest in blocks(p.array, grad, *sums):
            d = -g if group["maximize"] else g
            if decay:
                d = d + decay * _as(d, w)
            if rest:
                buf = rest[0]
                np.multiply(buf, momentum, out=buf)
                buf += d if not group["dampening"] else (1 - group["dampening"]) * d
                d = d + momentum * buf if group["nesterov"] else _as(d, buf)
            w -= lr * d


def _as(x: Any, y: Any) -> Any:
    """The array `y` in the dtype of `x`."""
    return y if y.dtype is x.dtype else y.astype(x.dtype)
