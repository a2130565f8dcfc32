"""Modules without initial values (torch.nn.utils.skip_init)."""

from __future__ import annotations

import inspect
from typing import Any

from ..modules import Module
from .refusals import SKIP_DEVICE, SKIP_TYPE


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Return `module_cls(*args, **kwargs)` with parameters and buffers whose values are whatever was in memory.

    No random number is drawn. The class has to take `device` and to hand it to all the tensors that it makes, and may
    do nothing with them but initialise them: it is made on the device "meta" first. RuntimeError for a class that does
    not take it. Source: torch.nn.utils.skip_init.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(SKIP_TYPE.format(found=module_cls))
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(SKIP_DEVICE)
    device = kwargs.pop("device", "cpu")
    return module_cls(*args, **kwargs, device="meta").to_empty(device=device)
