"""Activation functions (torch.nn.functional): rows of the derivative table under torch's signatures, or made of rows.

They take an input x of any shape and return a tensor of the same shape, except `glu`, which halves a dimension. With
`inplace` the result is written into the input; RuntimeError if that is a leaf that requires grad.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import random
from ...arrays import dtype as _dtype
from ...arrays.dtypes import FLOATING
from ...ops import TABLE
from ...ops.table import by_value
from ...random import Generator
from ...tensor import FUNCTIONS, INPLACE, Tensor, wrap
from ...tensor.composite.layers import prelu
from ...tensor.inplace import inplace_of
from ...tensor.overriding import asking
from ..refusals import HARDTANH_LIMITS, RRELU_BOUND, RRELU_BOUNDS, RRELU_DTYPE

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_",
    "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "relu_", "rrelu",
    "rrelu_", "selu", "selu_", "sigmoid", "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh",
    "tanhshrink", "threshold", "threshold_",
]  # fmt: skip

_f: dict[str, Callable[..., Tensor]] = FUNCTIONS

sigmoid, tanh, gelu, softplus, logsigmoid = (_f[name] for name in ("sigmoid", "tanh", "gelu", "softplus", "logsigmoid"))
hardshrink, softshrink = _f["hardshrink"], _f["softshrink"]
relu_ = INPLACE["relu_"]
_relu = _f["relu"]

# The constants of self-normalising networks (Klambauer et al. 2017).
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

# The in-place forms that no method of Tensor has, in torch either. Torch differentiates celu, elu and leaky_relu in
# place from their results, in nodes whose names end in 1.
_inplace = {
    name: inplace_of(TABLE[name]) for name in ("hardsigmoid", "hardswish", "hardtanh", "mish", "silu", "threshold")
} | {name: inplace_of(TABLE[name], f"{TABLE[name].node_name[:-1]}1") for name in ("celu", "elu", "leaky_relu")}
_inplace["rrelu"] = inplace_of(TABLE["rrelu_with_noise"], "RreluWithNoiseBackward1")


def _call(name: str, inplace: bool, *args: Any) -> Tensor:
    return (_inplace if inplace else _f)[name](*args)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); the derivative at 0 is 0 (torch.nn.functional.relu)."""
    return relu_(input) if inplace else _relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x (torch.nn.functional.leaky_relu)."""
    return _call("leaky_relu", inplace, input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1) (torch.nn.functional.elu, after Clevert et al. 2016)."""
    return _call("elu", inplace, input, alpha, 1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * elu(x, alpha) with the two constants for which mean 0 and variance 1 are kept from layer to layer.

    Source: torch.nn.functional.selu, after Klambauer et al. (2017).
    """
    return _call("elu", inplace, input, _SELU_ALPHA, _SELU_SCALE)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x / alpha) - 1); RuntimeError if alpha is 0.

    Source: torch.nn.functional.celu, after Barron (2017).
    """
    return _call("celu", inplace, input, alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x) (torch.nn.functional.silu)."""
    return _call("silu", inplace, input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)) (torch.nn.functional.mish, after Misra 2019)."""
    return _call("mish", inplace, input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]; the derivative at the two limits is 0, where clamp's is 1.

    ValueError if min_val > max_val. Source: torch.nn.functional.hardtanh.
    """
    if min_val > max_val:
        raise ValueError(HARDTANH_LIMITS)
    return _call("hardtanh", inplace, input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x limited to [0, 6] (torch.nn.functional.relu6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6 (torch.nn.functional.hardsigmoid)."""
    return _call("hardsigmoid", inplace, input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * relu6(x + 3) / 6 (torch.nn.functional.hardswish, after Howard et al. 2019)."""
    return _call("hardswish", inplace, input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else `value` (torch.nn.functional.threshold)."""
    return _call("threshold", inplace, input, threshold, value)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written into the input (torch.nn.functional.celu_)."""
    return celu(input, alpha, True)


def elu_(input: Tensor, alpha: float = 1.0, scale: float = 1.0) -> Tensor:
    """`elu` times `scale`, written into the input (torch.nn.functional.elu_)."""
    result: Tensor = _inplace["elu"](input, alpha, scale)
    return result


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, written into the input (torch.nn.functional.hardtanh_)."""
    return hardtanh(input, min_val, max_val, True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, written into the input (torch.nn.functional.leaky_relu_)."""
    return leaky_relu(input, negative_slope, True)


def selu_(input: Tensor) -> Tensor:
    """`selu`, written into the input (torch.nn.functional.selu_)."""
    return selu(input, True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written into the input (torch.nn.functional.threshold_)."""
    result: Tensor = _inplace["threshold"](input, threshold, value)
    return result


@asking
def softsign(input: Tensor) -> Tensor:
    """x / (1 + abs(x)) (torch.nn.functional.softsign)."""
    return input / (_f["abs"](input) + 1)


@asking
def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x) (torch.nn.functional.tanhshrink)."""
    return input - tanh(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the first and the second half of the input along `dim`.

    RuntimeError if the size of `dim` is odd, or if the input has no dimensions. Source: torch.nn.functional.glu, after
    Dauphin et al. (2017).
    """
    return _f["glu"](input, dim)


# -- slopes below 0 that are drawn -----------------------------------------------------------------


@asking
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False,
    *, generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """x where x > 0, else x times a slope: in training drawn from [lower, upper) for each element, else their mean.

    The slopes are torch's for the same seed. RuntimeError for bounds that are out of order or not finite,
    NotImplementedError for integers. Source: torch.nn.functional.rrelu, after Xu et al. (2015).
    """
    for name, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(RRELU_BOUND.format(name=name, bound=bound))
    if lower > upper:
        raise RuntimeError(RRELU_BOUNDS)
    array = input.array
    if array.dtype.kind not in FLOATING:
        name = input.dtype.tensor_type.removesuffix("Tensor")
        raise NotImplementedError(RRELU_DTYPE.format(kernel=_RRELU_KERNELS[training], found=name))
    drawn = _slopes(array, lower, upper, generator) if training else np.where(array > 0, 1, (lower + upper) / 2)
    row = _inplace["rrelu"] if inplace else _f["rrelu_with_noise"]
    return row(input, wrap(np.asarray(drawn, array.dtype)))


_RRELU_KERNELS = {True: "rrelu_with_noise_out_cpu", False: "leaky_relu_cpu"}


@by_value
def _slopes(array: Any, lower: float, upper: float, generator: Generator | None) -> Any:
    """1 for the elements above 0; numbers are drawn only for the others, in C order."""
    slopes = np.ones(array.shape, array.dtype)
    below = array <= 0
    source = random.default_generator if generator is None else generator
    slopes[below] = source.uniform(int(np.count_nonzero(below)), np.float64, lower, upper)
    return slopes


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """`rrelu`, written into the input (torch.nn.functional.rrelu_)."""
    return rrelu(input, lower, upper, training, True)


# -- along a dimension -----------------------------------------------------------------------------


@asking
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`, safe from overflow: numbers in [0, 1] that sum to 1.

    With `dtype` the input is cast to it first. Without `dim` it warns and takes dimension 0 of an input of 0, 1 or 3
    dimensions and else dimension 1, as torch. Source: torch.nn.functional.softmax.
    """
    return _along("softmax", input, dim, _stacklevel, dtype)


@asking
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None) -> Tensor:
    """log(softmax(x)) along `dim`, safe from overflow; for `dim` and `dtype` see `softmax` (torch.nn.functional)."""
    return _along("log_softmax", input, dim, _stacklevel, dtype)


@asking
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: _dtype | None = None) -> Tensor:
    """softmax(-x) along `dim`; for `dim` and `dtype` see `softmax` (torch.nn.functional.softmin)."""
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
