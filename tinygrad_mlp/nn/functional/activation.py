"""Activations: those that are rows of the derivative table under torch's signatures, others made of rows.

`inplace` writes the result into the input, as in torch; RuntimeError where the input is a leaf that requires grad.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ...dtypes import dtype as _dtype
from ...functions import FUNCTIONS, INPLACE
from ...tensor import Tensor

__all__ = [
    "celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax", "logsigmoid",
    "mish", "relu", "relu6", "relu_", "selu", "sigmoid", "silu", "softmax", "softmin", "softplus", "softsign", "tanh",
    "tanhshrink", "threshold",
]  # fmt: skip

_f: dict[str, Callable[..., Tensor]] = FUNCTIONS

sigmoid, tanh, gelu, softplus, logsigmoid = (_f[name] for name in ("sigmoid", "tanh", "gelu", "softplus", "logsigmoid"))
relu_ = INPLACE["relu_"]
_relu, _elu = _f["relu"], _f["elu"]
_where, _clamp, _mul = _f["where"], _f["clamp"], _f["mul"]

# The constants of self-normalising networks (Klambauer et al. 2017).
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def _source(input: Tensor, inplace: bool) -> Tensor:
    """What to compute from: in place a copy, because what the tape saves must outlive the input's old values."""
    return _f["clone"](input) if inplace else input


def _into(input: Tensor, result: Tensor, inplace: bool) -> Tensor:
    if inplace:
        INPLACE["assign_"](input, result)
        return input
    return result


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); the derivative at 0 is 0 (torch.nn.functional.relu)."""
    return relu_(input) if inplace else _relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope x (torch.nn.functional.leaky_relu)."""
    return _into(input, _f["leaky_relu"](_source(input, inplace), negative_slope), inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1) (torch.nn.functional.elu, after Clevert et al. 2016)."""
    return _into(input, _elu(_source(input, inplace), alpha), inplace)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu with the scale and alpha that keep mean 0 and variance 1 (torch.nn.functional.selu)."""
    return _into(input, _mul(_elu(_source(input, inplace), _SELU_ALPHA), _SELU_SCALE), inplace)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (exp(x / alpha) - 1) (torch.nn.functional.celu, after Barron 2017)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _into(input, _mul(_elu(_source(input, inplace) / alpha, 1.0), alpha), inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x) (torch.nn.functional.silu)."""
    return _into(input, _f["silu"](_source(input, inplace)), inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)) (torch.nn.functional.mish, after Misra 2019)."""
    x = _source(input, inplace)
    return _into(input, x * tanh(softplus(x)), inplace)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, limited to [min_val, max_val]; the derivative at the limits is 0, unlike clamp's.

    ValueError for min_val > max_val. Source: torch.nn.functional.hardtanh.
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    x: Any = _source(input, inplace)
    outside = (x <= min_val) | (x >= max_val)
    return _into(input, _where(outside, _clamp(x.detach(), min_val, max_val), x), inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x, limited to [0, 6] (torch.nn.functional.relu6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6 (torch.nn.functional.hardsigmoid)."""
    return _into(input, relu6(_source(input, inplace) + 3) / 6, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x relu6(x + 3) / 6 (torch.nn.functional.hardswish, after Howard et al. 2019)."""
    x = _source(input, inplace)
    return _into(input, x * relu6(x + 3) / 6, inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else `value` (torch.nn.functional.threshold)."""
    x: Any = _source(input, inplace)
    return _into(input, _where(x <= threshold, value, x), inplace)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + abs(x)) (torch.nn.functional.softsign)."""
    return input / (_f["abs"](input) + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x) (torch.nn.functional.tanhshrink)."""
    return input - tanh(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along `dim` times the sigmoid of the second (torch.nn.functional.glu, after Dauphin et al. 2017).

    RuntimeError for an odd size, or for a tensor without dimensions.
    """
    if not input.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim % input.ndim} is size {size}")
    narrow, half = _f["narrow"], size // 2
    return narrow(input, dim, 0, half) * sigmoid(narrow(input, dim, half, half))


# -- along a dimension -----------------------------------------------------------------------------


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`, in another dtype if one is given; warns without `dim`, as torch does."""
    return _along("softmax", input, dim, _stacklevel, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None) -> Tensor:
    """log(softmax(x)) along `dim`, safe from overflow; warns without `dim`, as torch does."""
    return _along("log_softmax", input, dim, _stacklevel, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None) -> Tensor:
    """softmax(-x) along `dim`; warns without `dim`, as torch does."""
    return _along("softmax", -input, dim, _stacklevel, dtype, "softmin")


def _along(row: str, input: Any, dim: int | None, stacklevel: int, dtype: _dtype | None, name: str = "") -> Tensor:
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {name or row} has been deprecated. Change the call to include dim=X as an "
            "argument.",
            stacklevel=stacklevel,
        )
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return _f[row](input if dtype is None else input.to(dtype), dim)
