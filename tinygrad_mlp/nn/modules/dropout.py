"""The layers of dropout, which draw a new mask at each call in training."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from ..functional.refusals import DROPOUT_PROBABILITY
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """What the layers have in common: a probability `p`, ValueError if it is not in [0, 1], and `inplace`."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(DROPOUT_PROBABILITY.format(p=p))
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training, set each element to 0 with probability `p` and divide the others by 1 - p.

    In evaluation the input is returned as it is. The mask is torch's for the same seed. ValueError if `p` is not in
    [0, 1]. Source: torch.nn.Dropout, after Srivastava et al. (2014).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input (of any shape) with the elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """In training, set whole channels of an input (n, c, l) or (c, l) to 0; see `Dropout` (torch.nn.Dropout1d)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with the channels dropped."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for selu; see `nn.functional.alpha_dropout` (torch.nn.AlphaDropout)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input (of any shape) with the elements dropped."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels, the second dimension (torch.nn.FeatureAlphaDropout)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with the channels dropped."""
        return F.feature_alpha_dropout(input, self.p, self.training)
