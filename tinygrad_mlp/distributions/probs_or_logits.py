"""Distributions that are given either probabilities or their logits: the other ones are computed when asked for."""

from __future__ import annotations

from typing import Any

from .distribution import Distribution
from .refusals import ONE_DIMENSION, PROBS_OR_LOGITS
from .utils import lazy_property, logits_to_probs, probs_to_logits

__all__ = ["ProbsOrLogits", "which"]


def which(probs: Any, logits: Any) -> tuple[str, Any]:
    """The name and the value of the one that is given; ValueError for both and for none."""
    if (probs is None) == (logits is None):
        raise ValueError(PROBS_OR_LOGITS)
    return ("probs", probs) if logits is None else ("logits", logits)


class ProbsOrLogits(Distribution):
    """A distribution with the attributes `probs` and `logits`; `_given` names the one that it was made from."""

    _given: str
    _is_binary = True

    @lazy_property
    def logits(self) -> Any:
        """The logits of the probabilities."""
        return probs_to_logits(self.probs, is_binary=self._is_binary)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities of the logits."""
        return logits_to_probs(self.logits, is_binary=self._is_binary)

    @property
    def _param(self) -> Any:
        return getattr(self, self._given)

    @property
    def param_shape(self) -> Any:
        """The shape of the probabilities."""
        return self._param.size()

    def _as_expanded(self, new: Any, batch_shape: Any) -> Any:
        new._given = self._given
        return super()._as_expanded(new, batch_shape)


class ShareOfEach(ProbsOrLogits):
    """The same for probabilities along the last dimension, which are scaled so that their sum is 1.

    ValueError for a 0-d tensor.
    """

    _is_binary = False

    def _take(self, probs: Any, logits: Any) -> None:
        self._given, value = which(probs, logits)
        if value.dim() < 1:
            raise ValueError(ONE_DIMENSION.format(name=self._given))
        if self._given == "probs":
            self.probs = value / value.sum(-1, keepdim=True)
        else:
            self.logits = value - value.logsumexp(-1, keepdim=True)
