"""The names of mixed precision that have their device in front: torch.cuda.amp and torch.cpu.amp."""

from __future__ import annotations

import functools
import warnings
from typing import Any

from .autocast import autocast, custom_bwd, custom_fwd
from .refusals import OLD_CLASS, OLD_DECORATOR
from .scaler import GradScaler

__all__ = ["names_for"]


def names_for(device: str) -> dict[str, Any]:
    """The classes and decorators of a device, each of which warns and does what that of torch.amp does."""

    class _Autocast(autocast):
        __module__ = f"tinygrad_mlp.{device}.amp"
        __doc__ = f"`torch.amp.autocast` for {device!r}, by its old name."

        def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
            warnings.warn(OLD_CLASS.format(device=device, name="autocast"), FutureWarning, stacklevel=2)
            super().__init__(device, dtype, enabled, cache_enabled)

    class _GradScaler(GradScaler):
        __module__ = f"tinygrad_mlp.{device}.amp"
        __doc__ = f"`torch.amp.GradScaler` for {device!r}, by its old name."

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            warnings.warn(OLD_CLASS.format(device=device, name="GradScaler"), FutureWarning, stacklevel=2)
            super().__init__(device, *args, **kwargs)

    _Autocast.__name__ = _Autocast.__qualname__ = "autocast"
    _GradScaler.__name__ = _GradScaler.__qualname__ = "GradScaler"
    found: dict[str, Any] = {"autocast": _Autocast, "GradScaler": _GradScaler}
    if device == "cuda":
        found |= {"custom_fwd": _old_decorator(custom_fwd), "custom_bwd": _old_decorator(custom_bwd)}
    return found


def _old_decorator(decorator: Any) -> Any:
    @functools.wraps(decorator)
    def old(function: Any = None, **options: Any) -> Any:
        warnings.warn(OLD_DECORATOR.format(name=decorator.__name__), FutureWarning, stacklevel=2)
        return decorator(function, device_type="cuda", **options)

    return old
