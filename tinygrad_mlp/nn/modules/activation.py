"""Activations as modules; what each computes is said where the function is, in nn.functional."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from ..refusals import HARDTANH_EMPTY
from .module import Module

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmin", "Softplus", "Softsign", "Tanh",
    "Tanhshrink", "Threshold",
]  # fmt: skip


class _Inplace(Module):
    """An activation that may write its result into its input, which is all that it can be told."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""

    def _with_inplace(self, options: str) -> str:
        return f"{options}, inplace=True" if self.inplace else options


class ReLU(_Inplace):
    """max(x, 0) of any shape (torch.nn.ReLU)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.relu(input, self.inplace)


class ReLU6(_Inplace):
    """x, limited to [0, 6], of any shape (torch.nn.ReLU6)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.relu6(input, self.inplace)


class SELU(_Inplace):
    """The self-normalising elu of any shape (torch.nn.SELU)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.selu(input, self.inplace)


class SiLU(_Inplace):
    """x sigmoid(x) of any shape (torch.nn.SiLU)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.silu(input, self.inplace)


class Mish(_Inplace):
    """x tanh(softplus(x)) of any shape (torch.nn.Mish)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.mish(input, self.inplace)


class Hardsigmoid(_Inplace):
    """relu6(x + 3) / 6 of any shape (torch.nn.Hardsigmoid)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in torch."""
        return ""


class Hardswish(_Inplace):
    """x relu6(x + 3) / 6 of any shape (torch.nn.Hardswish)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in torch."""
        return ""


class LeakyReLU(_Inplace):
    """x where x > 0, else negative_slope x, of any shape (torch.nn.LeakyReLU)."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return self._with_inplace(f"negative_slope={self.negative_slope}")


class ELU(_Inplace):
    """x where x > 0, else alpha (exp(x) - 1), of any shape (torch.nn.ELU)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return self._with_inplace(f"alpha={self.alpha}")


class CELU(ELU):
    """x where x > 0, else alpha (exp(x / alpha) - 1), of any shape (torch.nn.CELU)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.celu(input, self.alpha, self.inplace)


class Hardtanh(_Inplace):
    """x, limited to [min_val, max_val], of any shape; AssertionError for an empty interval (torch.nn.Hardtanh)."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if max_val <= min_val:
            raise AssertionError(HARDTANH_EMPTY.format(max_val=max_val, min_val=min_val))
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return self._with_inplace(f"min_val={self.min_val}, max_val={self.max_val}")


class Threshold(_Inplace):
    """x where x > threshold, else `value`, of any shape (torch.nn.Threshold)."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return self._with_inplace(f"threshold={self.threshold}, value={self.value}")


class Sigmoid(Module):
    """1 / (1 + exp(-x)) of any shape (torch.nn.Sigmoid)."""

    def forward(self, input: Tensor) -> Any:
        """The activation of every element."""
        return F.sigmoid(input)


class Tanh(Module):
    """tanh(x) of any shape (torch.nn.Tanh)."""

    def forward(self, input: Tensor) -> Any:
        """The activation of every element."""
        return F.tanh(input)


class LogSigmoid(Module):
    """log(sigmoid(x)) of any shape (torch.nn.LogSigmoid)."""

    def forward(self, input: Tensor) -> Any:
        """The activation of every element."""
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + abs(x)) of any shape (torch.nn.Softsign)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x) of any shape (torch.nn.Tanhshrink)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of every element."""
        return F.tanhshrink(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, and x where beta x > threshold, of any shape (torch.nn.Softplus)."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Any:
        """The activation of every element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The options."""
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """x times the normal distribution function of x, or its "tanh" approximation, of any shape (torch.nn.GELU)."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Any:
        """The activation of every element."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """The options."""
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """The first half along `dim` times the sigmoid of the second; RuntimeError for an odd size (torch.nn.GLU)."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Half as many elements as the input has."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class _AlongDim(Module):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim


class Softmax(_AlongDim):
    """exp(x) / sum(exp(x)) along `dim`; without one it warns and takes torch's old choice (torch.nn.Softmax)."""

    def forward(self, input: Tensor) -> Tensor:
        """Numbers that sum to 1."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSoftmax(_AlongDim):
    """log(softmax(x)) along `dim`; without one it warns and takes torch's old choice (torch.nn.LogSoftmax)."""

    def forward(self, input: Tensor) -> Tensor:
        """Log probabilities."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmin(_AlongDim):
    """softmax(-x) along `dim`; without one it warns and takes torch's old choice (torch.nn.Softmin)."""

    def forward(self, input: Tensor) -> Tensor:
        """Numbers that sum to 1."""
        return F.softmin(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"
