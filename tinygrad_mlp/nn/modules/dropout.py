"""Dropout."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from ..refusals import DROPOUT_PROBABILITY
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, each element is 0 with probability `p`, else divided by 1 - p; in evaluation all stay.

    The elements are torch's for the same seed. ValueError for a `p` outside [0, 1]. Source: torch.nn.Dropout, after
    Srivastava et al. (2014).
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(DROPOUT_PROBABILITY.format(p=p))
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input with some elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"
