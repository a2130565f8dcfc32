"""GradScaler: losses are scaled up before backward, and gradients down before the step (torch.amp.GradScaler)."""

from __future__ import annotations

from collections import abc
from enum import Enum
from typing import Any

import numpy as np

from ..arrays.dtypes import float16
from ..messages import warn
from ..tensor import Tensor, wrap
from .refusals import (
    BACKOFF_FACTOR,
    GROWTH_FACTOR,
    HALF_GRADIENTS,
    NEW_SCALE,
    NOTHING_RECORDED,
    NOTHING_UNSCALED,
    SCALER_CLOSURE,
    SCALER_IN_A_STEP,
    SCALER_OUTPUTS,
    SCALER_STATE,
    SCALER_UNUSED,
    SCALER_WITHOUT_CUDA,
    STEPPED_TWICE,
    UNSCALED_AFTER_STEP,
    UNSCALED_TWICE,
)

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """How far an optimiser has come since the last `update` (torch.amp.grad_scaler.OptState)."""

    __module__ = "tinygrad_mlp.amp.grad_scaler"

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """Scale a loss, so that small gradients of float16 do not become 0, and unscale the gradients.

    A step whose gradients are infinite or nan is left out, and `update` then makes the scale smaller; after
    `growth_interval` steps that were taken it makes it larger. For "cuda", which is not there, it warns and does
    nothing but call the optimiser. AssertionError for factors out of range, and where nothing was scaled before;
    RuntimeError for calls in the wrong order; ValueError for gradients in float16. Source: torch.amp.GradScaler.
    """

    __module__ = "tinygrad_mlp.amp.grad_scaler"

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device == "cuda":
            warn(SCALER_WITHOUT_CUDA)
            enabled = False
        self._device, self._enabled = device, enabled
        if not enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError(GROWTH_FACTOR)
        if backoff_factor >= 1.0:
            raise AssertionError(BACKOFF_FACTOR)
        self._init_scale = init_scale
        self._scale: float | None = None
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._reached: dict[int, tuple[OptState, bool | None]] = {}  # of an optimiser, and whether it found an inf

    # -- in a training step ------------------------------------------------------------------------

    def scale(self, outputs: Any) -> Any:
        """A tensor, or all those in lists and tuples, times the scale (torch.amp.GradScaler.scale)."""
        if not self._enabled:
            return outputs
        if self._scale is None:
            self._scale = _single(self._init_scale)
        if isinstance(outputs, Tensor):
            return outputs * wrap(np.array(self._used("scale"), np.float32))
        if not isinstance(outputs, abc.Iterable):
            raise ValueError(SCALER_OUTPUTS)
        scaled = map(self.scale, outputs)
        return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimiser by the scale, and look for inf and nan (as in torch)."""
        if not self._enabled:
            return
        scale = self._used("unscale_")
        reached, _ = self._state(optimizer)
        if reached is not OptState.READY:
            raise RuntimeError(UNSCALED_TWICE if reached is OptState.UNSCALED else UNSCALED_AFTER_STEP)
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(grad.dtype is float16 for grad in grads):
            raise ValueError(HALF_GRADIENTS)
        found = None
        for grad in grads:
            found = bool(found) or not bool(grad.detach().isfinite().all())
            grad.detach().mul_(_single(1.0 / scale))
        self._reached[id(optimizer)] = OptState.UNSCALED, found

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """What `optimizer.step(*args)` returns; None, without a step, if its gradients are not finite (as in torch)."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError(SCALER_CLOSURE)
        self._used("step")
        if self._state(optimizer)[0] is OptState.STEPPED:
            raise RuntimeError(STEPPED_TWICE)
        if self._state(optimizer)[0] is OptState.READY:
            self.unscale_(optimizer)
        found = self._state(optimizer)[1]
        if found is None:
            raise AssertionError(NOTHING_UNSCALED)
        result = None if found else optimizer.step(*args, **kwargs)
        self._reached[id(optimizer)] = OptState.STEPPED, found
        return result

    def update(self, new_scale: Any = None) -> None:
        """Choose the scale of the next step, unless a new one is given (torch.amp.GradScaler.update)."""
        if not self._enabled:
            return
        scale = self._used("update")
        found = [found for _, found in self._reached.values() if found is not None]
        if new_scale is not None:
            if not isinstance(new_scale, float) and (new_scale.numel() != 1 or new_scale.requires_grad):
                raise AssertionError(NEW_SCALE)
            self._scale = _single(float(new_scale))
        elif not found:
            raise AssertionError(NOTHING_RECORDED)
        elif any(found):
            self._scale, self._growth_tracker = _single(scale * self._backoff_factor), 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                grown = scale * self._growth_factor
                self._scale, self._growth_tracker = _single(grown) if grown < _LARGEST else scale, 0
        self._reached.clear()

    def _used(self, function: str) -> float:
        from ..compiler import CannotRecord, is_compiling

        if is_compiling():
            raise CannotRecord(SCALER_IN_A_STEP)
        if self._scale is None:
            raise AssertionError(SCALER_UNUSED.format(function=function))
        return self._scale

    def _state(self, optimizer: Any) -> tuple[OptState, bool | None]:
        return self._reached.get(id(optimizer), (OptState.READY, None))

    # -- what it is set to -------------------------------------------------------------------------

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale now; 1.0 if it does nothing."""
        return (self._init_scale if self._scale is None else self._scale) if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """By how much the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Choose by how much the scale grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By how much the scale shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Choose by how much the scale shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps that were taken the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Choose after how many steps that were taken the scale grows."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """The scale, factors and counts, as torch names them; empty if it does nothing."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; RuntimeError if that is empty (torch.amp.GradScaler.load_state_dict)."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(SCALER_STATE)
        self._init_scale = self._scale = _single(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


_LARGEST = float(np.finfo(np.float32).max)


def _single(x: Any) -> float:
    """A number as float32 has it, because torch keeps the scale in a tensor of that dtype."""
    return float(np.float32(x))
