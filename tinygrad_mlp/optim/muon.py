"""Muon: momentum whose matrices are made orthogonal (torch.optim.Muon)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Group, Optimizer, check_at_least_zero, number, one_number, state_of_zeros
from .refusals import ADJUST_LR, NOT_A_MATRIX, NS_COEFFICIENTS, NS_STEPS


class Muon(Optimizer):
    """Muon, for the matrices of hidden layers: the nearest orthogonal matrix to the momentum is the direction.

        m = momentum * m + (1 - momentum) * g
        u = momentum * m + (1 - momentum) * g if nesterov else m
        p = p * (1 - lr * weight_decay) - s * lr * orthogonal(u)

    s is sqrt(max(1, rows / columns)), or 0.2 sqrt(max(rows, columns)) with `adjust_lr_fn` "match_rms_adamw". The
    orthogonal matrix is approached by `ns_steps` Newton-Schulz steps, in numbers rounded to bfloat16 as in torch, so
    that both agree to that precision alone. `lr` may be a tensor of one element. ValueError for options out of range,
    and for parameters that are no matrices. Source: torch.optim.Muon, after Jordan et al. (2024).
    """

    first_write = "mul_"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_at_least_zero("Learning rate", one_number("lr", lr))
        check_at_least_zero("momentum", momentum)
        check_at_least_zero("weight decay", weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(ADJUST_LR.format(name=adjust_lr_fn))
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.array.ndim != 2:
                    raise ValueError(NOT_A_MATRIX.format(size=p.shape))

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Update one parameter; its state is m ("momentum_buffer")."""
        if not state:
            state["momentum_buffer"] = state_of_zeros(p)
        w, m, momentum, lr = p.array, state["momentum_buffer"].array, group["momentum"], number(group["lr"])
        m += (1 - momentum) * (grad - m)
        direction = orthogonal(grad + momentum * (m - grad) if group["nesterov"] else m, group)
        rows, columns = w.shape
        of_adam = group["adjust_lr_fn"] == "match_rms_adamw"
        scale = 0.2 * math.sqrt(max(rows, columns)) if of_adam else math.sqrt(max(1, rows / columns))
        w *= 1 - lr * group["weight_decay"]
        w -= lr * scale * direction.astype(w.dtype)


def orthogonal(u: Any, group: Group) -> Any:
    """A matrix whose singular values are about 1 and whose singular vectors are those of `u`, by Newton and Schulz.

    ValueError for 100 steps and more, and for coefficients that are not three.
    """
    if group["ns_steps"] >= 100:
        raise ValueError(NS_STEPS)
    if len(group["ns_coefficients"]) != 3:
        raise ValueError(NS_COEFFICIENTS)
    a, b, c = group["ns_coefficients"]
    tall = u.shape[0] > u.shape[1]
    x = _bfloat16(u.T if tall else u)
    x = _bfloat16(x / np.maximum(_bfloat16(np.sqrt(np.square(x).sum())), group["eps"]))
    for _ in range(group["ns_steps"]):
        gram = _bfloat16(x @ x.T)
        x = _bfloat16(a * x + _bfloat16(b * gram + c * (gram @ gram)) @ x)
    return x.T if tall else x


def _bfloat16(x: Any) -> Any:
    """Numbers of float32 rounded to bfloat16, which has their first 16 bits: to the nearest, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)
