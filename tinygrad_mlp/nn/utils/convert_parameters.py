"""Convert between a list of parameters and one long vector (torch.nn.utils)."""

from __future__ import annotations

from collections.abc import Iterable

from ...tensor import FUNCTIONS, Tensor, wrap
from .refusals import NOT_A_VECTOR, VECTOR_TOO_SHORT


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return one vector of all elements of all parameters, through which gradients flow back to them.

    Source: torch.nn.utils.parameters_to_vector.
    """
    return FUNCTIONS["cat"]([FUNCTIONS["reshape"](p, (-1,)) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters take their values, in order, from a vector; afterwards they share its memory.

    TypeError if `vec` is not a Tensor, RuntimeError if it has too few elements. Source:
    torch.nn.utils.vector_to_parameters.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(NOT_A_VECTOR.format(found=type(vec).__name__))
    start = 0
    for p in parameters:
        count = p.numel()
        part = vec.array[start : start + count]
        if part.size != count:
            raise RuntimeError(VECTOR_TOO_SHORT.format(shape=list(p.array.shape), size=part.size))
        p.data = wrap(part.reshape(p.array.shape))
        start += count
