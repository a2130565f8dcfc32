"""Activations as modules, which hold the options of the functions of the same names in `nn.functional`.

The shape of the input is arbitrary, and the output has the same shape, except for GLU.
"""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ...tensor.creation.options import DType
from ...tensor.creation.values import empty
from .. import functional as F
from .. import init
from ..parameter import Parameter
from ..refusals import HARDTANH_EMPTY
from .module import Module

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmin",
    "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class _Inplace(Module):
    """An activation that writes its result into its input if `inplace` is true."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return "inplace=True" if self.inplace else ""

    def _with_inplace(self, options: str) -> str:
        return f"{options}, inplace=True" if self.inplace else options


class ReLU(_Inplace):
    """max(x, 0) (torch.nn.ReLU)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.relu(input, self.inplace)


class ReLU6(_Inplace):
    """x limited to [0, 6] (torch.nn.ReLU6)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.relu6(input, self.inplace)


class SELU(_Inplace):
    """The scaled elu of self-normalising networks (torch.nn.SELU, after Klambauer et al. 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.selu(input, self.inplace)


class SiLU(_Inplace):
    """x * sigmoid(x) (torch.nn.SiLU)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.silu(input, self.inplace)


class Mish(_Inplace):
    """x * tanh(softplus(x)) (torch.nn.Mish)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.mish(input, self.inplace)


class Hardsigmoid(_Inplace):
    """relu6(x + 3) / 6 (torch.nn.Hardsigmoid)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Return an empty text: torch does not print the option."""
        return ""


class Hardswish(_Inplace):
    """x * relu6(x + 3) / 6 (torch.nn.Hardswish)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Return an empty text: torch does not print the option."""
        return ""


class LeakyReLU(_Inplace):
    """x where x > 0, else negative_slope * x (torch.nn.LeakyReLU)."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return self._with_inplace(f"negative_slope={self.negative_slope}")


class ELU(_Inplace):
    """x where x > 0, else alpha * (exp(x) - 1) (torch.nn.ELU)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return self._with_inplace(f"alpha={self.alpha}")


class CELU(ELU):
    """x where x > 0, else alpha * (exp(x / alpha) - 1) (torch.nn.CELU)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.celu(input, self.alpha, self.inplace)


class Hardtanh(_Inplace):
    """x limited to [min_val, max_val]; AssertionError unless max_val > min_val (torch.nn.Hardtanh)."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if max_val <= min_val:
            raise AssertionError(HARDTANH_EMPTY.format(max_val=max_val, min_val=min_val))
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return self._with_inplace(f"min_val={self.min_val}, max_val={self.max_val}")


class Threshold(_Inplace):
    """x where x > threshold, else `value` (torch.nn.Threshold)."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return self._with_inplace(f"threshold={self.threshold}, value={self.value}")


class Sigmoid(Module):
    """1 / (1 + exp(-x)) (torch.nn.Sigmoid)."""

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return F.sigmoid(input)


class Tanh(Module):
    """tanh(x) (torch.nn.Tanh)."""

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return F.tanh(input)


class LogSigmoid(Module):
    """log(sigmoid(x)) (torch.nn.LogSigmoid)."""

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + abs(x)) (torch.nn.Softsign)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x) (torch.nn.Tanhshrink)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.tanhshrink(input)


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, replaced by x where beta * x > threshold (torch.nn.Softplus)."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """x * P(X <= x) for a standard normal X, or its approximation by tanh with `approximate="tanh"` (torch.nn.GELU)."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """a * sigmoid(b) for the two halves of the input along `dim`; RuntimeError for an odd size (torch.nn.GLU)."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return a * sigmoid(b) for the two halves a and b of the input, whose size along `dim` is halved."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"dim={self.dim}"


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"{self.lambd}"


class Hardshrink(_Shrink):
    """x, and 0 where x is in [-lambd, lambd] (torch.nn.Hardshrink)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """x moved towards 0 by lambd, and 0 where x is in [-lambd, lambd] (torch.nn.Softshrink)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.softshrink(input, self.lambd)


class PReLU(Module):
    """x where x > 0, else weight * x, with a weight that is learnt, for all or for each channel (torch.nn.PReLU).

    `weight`, of shape (num_parameters,), starts as `init`. Source: torch.nn.PReLU, after He et al. (2015).
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: DType = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty((num_parameters,), device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element; channels are the second dimension."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"num_parameters={self.num_parameters}"


class RReLU(_Inplace):
    """x where x > 0, else x times a slope, which training draws for each element from [lower, upper) (torch.nn.RReLU).

    In evaluation the slope is the mean of the two bounds.
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Tensor) -> Tensor:
        """Return the activation of every element."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return self._with_inplace(f"lower={self.lower}, upper={self.upper}")


class _AlongDim(Module):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim


class Softmax(_AlongDim):
    """exp(x) / sum(exp(x)) along `dim`; without `dim` see `nn.functional.softmax` (torch.nn.Softmax)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return numbers in [0, 1] that sum to 1 along `dim`."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"dim={self.dim}"


class LogSoftmax(_AlongDim):
    """log(softmax(x)) along `dim`; without `dim` see `nn.functional.softmax` (torch.nn.LogSoftmax)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return log probabilities, whose exponentials sum to 1 along `dim`."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"dim={self.dim}"


class Softmin(_AlongDim):
    """softmax(-x) along `dim`; without `dim` see `nn.functional.softmax` (torch.nn.Softmin)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return numbers in [0, 1] that sum to 1 along `dim`."""
        return F.softmin(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"dim={self.dim}"
