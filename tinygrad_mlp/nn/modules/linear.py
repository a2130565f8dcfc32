"""Linear layers."""

from __future__ import annotations

import math
from typing import Any

from ...tensor import Tensor
from ...tensor.creation import empty
from ...tensor.creation.options import DType
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["Identity", "Linear"]


def blank(shape: tuple[int, ...], device: Any, dtype: DType) -> Parameter:
    """A parameter of the default dtype, or another, that is yet to be filled; refuses a device but the CPU."""
    return Parameter(empty(shape, device=device, dtype=dtype))


class Linear(Module):
    """x @ weight.T + bias over the last dimension: (*, in_features) to (*, out_features).

    `weight` (out_features, in_features) and `bias` (out_features,), which may be left out, start uniform in
    +-1 / sqrt(in_features): torch's very numbers for the same seed. RuntimeError for an input of another width.
    Source: torch.nn.Linear.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: DType = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = blank((out_features, in_features), device, dtype)
        self.register_parameter("bias", blank((out_features,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # the gain of this slope makes the bound 1 / sqrt(fan_in)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Any:
        """The linear map of an input (*, in_features)."""
        parameters = self._parameters  # an attribute that __getattr__ must find costs ten times as much
        try:
            weight, bias = parameters["weight"], parameters["bias"]
        except KeyError:  # one was deleted, and perhaps replaced by a tensor that is computed
            weight, bias = self.weight, self.bias
        return F.linear(input, weight, bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Identity(Module):
    """What comes in goes out; any arguments are taken and ignored. Source: torch.nn.Identity."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input itself."""
        return input
