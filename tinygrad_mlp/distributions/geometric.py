"""The geometric distribution."""

from __future__ import annotations

from typing import Any

from . import constraints
from .functions import cross_entropy_of_logits, empty, finfo, no_grad, where, zeros_like
from .probs_or_logits import ProbsOrLogits, which
from .refusals import NOT_POSITIVE
from .utils import broadcast_all

__all__ = ["Geometric"]


class Geometric(ProbsOrLogits):
    """The number of failures before one success of probability `probs`, or that of `logits`.

    Samples are torch's for the same seed. ValueError for both and for none of the two, and for a probability of 0.
    Source: torch.distributions.Geometric.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._given, value = which(probs, logits)
        (self.__dict__[self._given],) = broadcast_all(value)
        super().__init__(self._param.size(), validate_args=validate_args)
        if self._validate_args and self._given == "probs":
            self._require(self.probs > 0, self.probs, NOT_POSITIVE, only_invalid=True)

    @property
    def mean(self) -> Any:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        return zeros_like(self.probs)

    @property
    def variance(self) -> Any:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        shape, dtype = self._extended_shape(sample_shape), self.probs.dtype
        with no_grad():
            u = empty(shape, dtype=dtype).uniform_(finfo(dtype).tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        value, probs = broadcast_all(value, self.probs)
        certain = where(probs.eq(1) & value.eq(0), 0.0, probs)  # 0 log(0) is 0
        return value * (-certain).log1p() + self.probs.log()

    def entropy(self) -> Any:
        return cross_entropy_of_logits(self.logits, self.probs, reduction="none") / self.probs
