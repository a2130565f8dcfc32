"""Initialisers, which fill parameters before training (torch.nn.init).

Each one writes into the tensor that it is given, without recording anything on the tape, and returns that tensor. For
the same seed the numbers are torch's.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..arrays.silence import silenced
from ..autograd import no_grad
from ..random import Generator, default_generator
from ..tensor import Tensor, wrap
from .refusals import FAN_MODE, NO_FANS, NONLINEARITY, SLOPE, TWO_DIMENSIONS, TWO_OR_MORE_DIMENSIONS

__all__ = [
    "calculate_gain", "constant_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "orthogonal_",
    "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """Return the recommended gain: the factor on the weights' standard deviation that suits a nonlinearity.

    With it the variance of the activations stays about the same from layer to layer. `param` is the negative slope of
    "leaky_relu" (0.01 if None). ValueError for an unknown name, and for a slope that is not a number. Source:
    torch.nn.init.calculate_gain, after He et al. (2015) and Klambauer et al. (2017).
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(SLOPE.format(slope=param))
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(NONLINEARITY.format(nonlinearity=nonlinearity))
    return _GAINS[nonlinearity]


_GAINS = {"linear": 1, "sigmoid": 1, "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
_GAINS |= {f"conv{kind}{n}d": 1 for kind in ("", "_transpose") for n in (1, 2, 3)}


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from the uniform distribution over [a, b); RuntimeError if a > b (torch.nn.init.uniform_)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)  # type: ignore[no-any-return]


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from the normal distribution; RuntimeError if std < 0 (torch.nn.init.normal_)."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)  # type: ignore[no-any-return]


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Fill with draws from the normal distribution, truncated to [a, b].

    The method is rejection sampling: if more than 0.3 of the normal distribution lies in [a, b], normals are drawn
    again until they fall into it; otherwise uniforms are drawn from [a, b] and accepted with a probability proportional
    to the density (Robert 1995). Warns if the mean lies more than 2 std outside [a, b]. Source:
    torch.nn.init.trunc_normal_.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    with no_grad():
        draw = _normals_inside if inside > 0.3 else _uniforms_under_the_curve
        return tensor.copy_(draw(tensor, mean, std, a, b, generator))  # type: ignore[no-any-return]


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _like(tensor: Tensor) -> Tensor:
    return wrap(np.empty(tensor.array.shape, tensor.array.dtype))


def _normals_inside(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any) -> Tensor:
    low, high = tensor.array.dtype.type(a), tensor.array.dtype.type(b)
    values = _like(tensor).normal_(mean, std, generator=generator).array
    while np.any(outside := (values < low) | (values > high)):
        values = np.where(outside, _like(tensor).normal_(mean, std, generator=generator).array, values)
    return wrap(values)


@silenced
def _uniforms_under_the_curve(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any) -> Tensor:
    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    result, pending = tensor.array, np.ones(tensor.array.shape, bool)
    while np.any(pending):
        candidates = _like(tensor).uniform_(a, b, generator=generator).array
        result = np.where(pending, candidates, result)
        log_density = ((candidates - mean) / std) ** 2 * -0.5 - log_peak
        pending = pending & (np.log(_like(tensor).uniform_(generator=generator).array) > log_density)
    return wrap(result)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with the value `val` (torch.nn.init.constant_)."""
    with no_grad():
        return tensor.fill_(val)  # type: ignore[no-any-return]


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones (torch.nn.init.ones_)."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros (torch.nn.init.zeros_)."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on its diagonal and zeros elsewhere.

    ValueError unless the tensor has 2 dimensions. Source: torch.nn.init.eye_.
    """
    if tensor.array.ndim != 2:
        raise ValueError(TWO_DIMENSIONS)
    with no_grad():
        return tensor.copy_(wrap(np.eye(*tensor.array.shape, dtype=tensor.array.dtype)))  # type: ignore[no-any-return]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return the number of inputs of each output and of outputs of each input, for a weight (out, in, *window)."""
    if tensor.array.ndim < 2:
        raise ValueError(NO_FANS)
    fan_out, fan_in, *window = tensor.array.shape
    return fan_in * math.prod(window), fan_out * math.prod(window)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight (out, in) from the uniform distribution of mean 0 and variance 2 gain^2 / (in + out).

    ValueError for fewer than 2 dimensions. Source: torch.nn.init.xavier_uniform_, after Glorot & Bengio (2010).
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight (out, in) from the normal distribution of mean 0 and variance 2 gain^2 / (in + out).

    ValueError for fewer than 2 dimensions. Source: torch.nn.init.xavier_normal_, after Glorot & Bengio (2010).
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Fill a weight (out, in) from the uniform distribution of mean 0 and variance gain^2 / fan.

    The gain is that of the `nonlinearity` after the layer (see `calculate_gain`), with `a` as the slope of leaky_relu.
    The fan is `in` if the `mode` is "fan_in", which keeps the variance of the activations in forward, or `out` if it is
    "fan_out", which keeps that of the gradients in backward. A tensor without elements is left as it is, with a
    warning. ValueError for fewer than 2 dimensions, another mode or an unknown nonlinearity. Source:
    torch.nn.init.kaiming_uniform_, after He et al. (2015).
    """
    if not tensor.array.size:
        return _nothing_to_do(tensor)
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Fill a weight as `kaiming_uniform_` does, from the normal distribution (torch.nn.init.kaiming_normal_)."""
    if not tensor.array.size:
        return _nothing_to_do(tensor)
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _nothing_to_do(tensor: Tensor) -> Tensor:
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return tensor


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        raise ValueError(FAN_MODE.format(mode=mode.lower(), modes=modes))
    fan = _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with `gain` times a random matrix whose rows are orthonormal, or whose columns are if it has more rows.

    A tensor (n, ...) is taken as a matrix of n rows. The values agree with torch's to rounding. ValueError for fewer
    than 2 dimensions. Source: torch.nn.init.orthogonal_, after Saxe et al. (2014) and Mezzadri (2007).
    """
    if tensor.array.ndim < 2:
        raise ValueError(TWO_OR_MORE_DIMENSIONS)
    if not tensor.array.size:
        return tensor
    rows = len(tensor.array)
    normals = wrap(np.empty((rows, tensor.array.size // rows), tensor.array.dtype))
    matrix = normals.normal_(0, 1, generator=generator).array
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = np.linalg.qr(matrix.T if wide else matrix)
    q = q * np.sign(np.diag(r))  # so that all orthogonal matrices are equally likely (Mezzadri 2007)
    with no_grad():
        return tensor.copy_(wrap((q.T if wide else q).reshape(tensor.array.shape) * gain))  # type: ignore[no-any-return]


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix from the normal distribution and set randomly chosen elements of each column to 0.

    `sparsity` is the fraction of each column that becomes 0, rounded up. ValueError unless the tensor has 2 dimensions.
    Source: torch.nn.init.sparse_, after Martens (2010).
    """
    if tensor.array.ndim != 2:
        raise ValueError(TWO_DIMENSIONS)
    rows, columns = tensor.array.shape
    kept = np.ones((rows, columns), tensor.array.dtype)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            kept[default_generator.permutation(rows)[: math.ceil(sparsity * rows)], column] = 0
        return tensor.masked_fill_(wrap(kept == 0), 0)  # type: ignore[no-any-return]
