"""Linear, the layer that most networks here are made of, Bilinear, and Identity, which does nothing."""

from __future__ import annotations

import math
from typing import Any

from ...tensor import Tensor
from ...tensor.creation.options import DType
from ...tensor.creation.values import empty
from .. import functional as F
from .. import init
from ..parameter import Parameter
from ..refusals import BILINEAR_FEATURES
from .module import Module

__all__ = ["Bilinear", "Identity", "Linear"]


def blank(shape: tuple[int, ...], device: Any, dtype: DType) -> Parameter:
    """Return a parameter whose values are still to be set; the device must be the CPU."""
    return Parameter(empty(shape, device=device, dtype=dtype))


class Linear(Module):
    """y = x @ weight.T + bias: an input (*, in_features) becomes an output (*, out_features).

    `weight`, of shape (out_features, in_features), and `bias`, of shape (out_features,), are drawn uniformly from
    [-k, k) with k = 1 / sqrt(in_features), torch's numbers for the same seed. Without `bias` there is only the product.
    RuntimeError for an input of another width. Source: torch.nn.Linear.
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
        """Draw new values for the weight and the bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # the gain of this slope makes the bound 1 / sqrt(fan_in)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Any:
        """Return x @ weight.T + bias for an input x of shape (*, in_features)."""
        parameters = self._parameters  # ten times as fast as self.weight, which __getattr__ would look up
        try:
            weight, bias = parameters["weight"], parameters["bias"]
        except KeyError:  # a parameter was deleted and may be a plain tensor now
            weight, bias = self.weight, self.bias
        return F.linear(input, weight, bias)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y = x1^T W x2 + bias for inputs (*, in1_features) and (*, in2_features), and a matrix W for each output.

    `weight`, of shape (out_features, in1_features, in2_features), and `bias` are drawn uniformly from [-k, k) with
    k = 1 / sqrt(in1_features), torch's numbers for the same seed. ValueError unless `in1_features` > 0. Source:
    torch.nn.Bilinear.
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None,
        dtype: DType = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = blank((out_features, in1_features, in2_features), device, dtype)
        self.register_parameter("bias", blank((out_features,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for the weight and the bias."""
        if self.in1_features <= 0:
            raise ValueError(BILINEAR_FEATURES.format(features=self.in1_features))
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return the forms, of shape (*, out_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Identity(Module):
    """Return the input unchanged; any arguments are accepted and ignored. Source: torch.nn.Identity."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return the input itself."""
        return input
