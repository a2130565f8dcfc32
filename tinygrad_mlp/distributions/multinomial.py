"""The multinomial distribution."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution
from .functions import no_grad, ones_like, tensor, where
from .refusals import INHOMOGENEOUS_COUNT
from .utils import broadcast_all

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each of n outcomes comes in `total_count` trials: shape (..., n), as `probs` or `logits`.

    Samples are torch's for the same seed. NotImplementedError for a `total_count` that is no int. Source:
    torch.distributions.Multinomial.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    total_count: int

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError(INHOMOGENEOUS_COUNT)
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        if total_count < 0:
            Binomial(total_count, self._categorical.probs)  # refuses it, as in torch
        shape = self._categorical.param_shape
        super().__init__(self._categorical.batch_shape, shape[-1:], validate_args=validate_args)

    def _expanded_parts(self) -> list[tuple[str, int]]:
        return [("_categorical", 0)]

    def _as_expanded(self, new: Any, batch_shape: Any) -> Any:
        new.total_count = self.total_count
        return super()._as_expanded(new, batch_shape)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logits."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Any:
        """The shape of the probabilities."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            outcomes = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
            counts = outcomes.new_zeros(self._extended_shape(sample_shape))
            counts.scatter_add_(-1, outcomes, ones_like(outcomes))
            return counts.type_as(self.probs)

    def entropy(self) -> Any:
        n = tensor(self.total_count)
        one = Binomial(self.total_count, probs=self.probs)
        support = one.enumerate_support(expand=False)[1:]
        repeated = (one.log_prob(support).exp() * (support + 1).lgamma()).sum([0, -1])
        return n * self._categorical.entropy() - (n + 1).lgamma() + repeated

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        logits, value = broadcast_all(self.logits, value)
        logits = where(value.eq(0) & logits.eq(-math.inf), 0.0, logits)
        choices = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return choices + (logits * value).sum(-1)
