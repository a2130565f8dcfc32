"""The Dropout layer, which draws a new mask at each call in training."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from ..refusals import DROPOUT_PROBABILITY
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, set each element to 0 with probability `p` and divide the others by 1 - p.

    In evaluation the input is returned as it is. The mask is torch's for the same seed. ValueError if `p` is not in
    [0, 1]. Source: torch.nn.Dropout, after Srivastava et al. (2014).
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(DROPOUT_PROBABILITY.format(p=p))
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the input (of any shape) with the elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"p={self.p}, inplace={self.inplace}"
