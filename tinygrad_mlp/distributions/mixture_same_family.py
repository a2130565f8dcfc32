"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

from . import constraints
from .categorical import Categorical
from .distribution import Distribution, family
from .functions import no_grad
from .refusals import COMPONENT_TYPE, MIXTURE_BATCH, MIXTURE_COUNT, MIXTURE_TYPE

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A mixture, whose components are the last batch dimension of one distribution, weighted by a `Categorical`.

    Samples are torch's for the same seed. ValueError for other types, and for shapes that do not fit. Source:
    torch.distributions.MixtureSameFamily.
    """

    arg_constraints: Any = {}
    has_rsample = False

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(MIXTURE_TYPE)
        if not isinstance(component_distribution, Distribution):
            raise ValueError(COMPONENT_TYPE)
        batch, own = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for size1, size2 in zip(reversed(batch), reversed(own), strict=False):
            if size1 != 1 and size2 != 1 and size1 != size2:
                raise ValueError(MIXTURE_BATCH.format(mixture=batch, component=own))
        count, available = mixture_distribution.logits.shape[-1], component_distribution.batch_shape[-1]
        if count != available:
            raise ValueError(MIXTURE_COUNT.format(mixture=count, component=available))
        self._set_counts()
        super().__init__(own, component_distribution.event_shape, validate_args=validate_args)

    def _set_counts(self) -> None:
        self._num_component = self._mixture_distribution.logits.shape[-1]
        self._event_ndims = len(self._component_distribution.event_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new._component_distribution = self._component_distribution.expand((*batch_shape, self._num_component))
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._set_counts()
        return self._as_expanded(new, batch_shape)

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """The distribution of the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    @property
    def mean(self) -> Any:
        return self._averaged(self.component_distribution.mean)

    @property
    def variance(self) -> Any:
        """The mean of the variances and the variance of the means."""
        distances = self.component_distribution.mean - self._pad(self.mean)
        return self._averaged(self.component_distribution.variance) + self._averaged(distances.pow(2.0))

    def _averaged(self, x: Any) -> Any:
        """The mean over the components."""
        return (self._pad_mixture_dimensions(self.mixture_distribution.probs) * x).sum(-1 - self._event_ndims)

    def cdf(self, x: Any) -> Any:
        return (self.component_distribution.cdf(self._pad(x)) * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, x: Any) -> Any:
        self._check(x)
        of_components = self.component_distribution.log_prob(self._pad(x))
        return (of_components + self.mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        dim = len(sample_shape) + len(self.batch_shape)
        with no_grad():
            chosen = self.mixture_distribution.sample(sample_shape)
            of_components = self.component_distribution.sample(sample_shape)
            index = chosen.reshape((*chosen.shape, *[1] * (len(self.event_shape) + 1)))
            index = index.expand((*of_components.shape[:dim], 1, *self.event_shape))
            return of_components.gather(dim, index).squeeze(dim)

    def _pad(self, x: Any) -> Any:
        return x.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x: Any) -> Any:
        own = len(self.mixture_distribution.batch_shape)
        missing = 0 if own == 1 else len(self.batch_shape) - own
        return x.reshape((*x.shape[:-1], *[1] * missing, *x.shape[-1:], *[1] * self._event_ndims))

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
