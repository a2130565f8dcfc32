"""Functions of layers that torch has as methods of Tensor, too."""

from __future__ import annotations

from typing import Any

from ..functions import FUNCTIONS
from ..kinds import checked
from ..later import as_methods
from ..refusals import PRELU_DTYPES, PRELU_OF_NUMBER, PRELU_WEIGHT, PRELU_WEIGHTS
from ..tensor import Tensor

__all__ = ["prelu"]


@checked
def prelu(input: Tensor, weight: Tensor) -> Any:
    """x where x > 0, else weight x, with one weight for all or one for each channel (torch.prelu).

    The channels are the second dimension. RuntimeError for another number of weights and for different dtypes. Source:
    torch.prelu, after He et al. (2015).
    """
    if input.dtype != weight.dtype:
        words = [x.dtype.tensor_type.removesuffix("Tensor") for x in (input, weight)]
        raise RuntimeError(PRELU_DTYPES.format(own=words[0], other=words[1]))
    if weight.numel() != 1:
        if not input.ndim:
            raise RuntimeError(PRELU_OF_NUMBER)
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(PRELU_WEIGHTS.format(weights=weight.numel(), channels=channels))
    if weight.ndim > 1:
        raise RuntimeError(PRELU_WEIGHT.format(ndim=weight.ndim))
    if input.ndim != weight.ndim:
        shape = [-1 if d == min(1, input.ndim - 1) else 1 for d in range(input.ndim)]
        weight = FUNCTIONS["reshape"](weight, shape)
    return FUNCTIONS["prelu_kernel"](input, weight)


METHODS = as_methods(prelu)
