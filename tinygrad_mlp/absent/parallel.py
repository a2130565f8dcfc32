"""`torch.nn.DataParallel` where there is one device: the module itself, whose parameters have a longer name."""

from __future__ import annotations

from typing import Any

from ..nn import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """A module that calls another, which is its submodule `module` (torch.nn.DataParallel without a GPU).

    The devices are accepted and change nothing.
    """

    __module__ = "tinygrad_mlp.nn.parallel"

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*inputs, **kwargs)
