"""The distribution of Lewandowski, Kurowicka and Joe, of correlation matrices."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .beta import Beta
from .distribution import Distribution, family
from .functions import arange, cat, finfo, mvlgamma, no_grad, standard_normal, where
from .refusals import LKJ_DIMENSION
from .utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors of `dim` x `dim` correlation matrices, as likely as det(matrix)^(concentration - 1).

    Samples, by the onion method, are torch's for the same seed. ValueError for a `dim` below 2. Source:
    torch.distributions.LKJCholesky, after Lewandowski, Kurowicka & Joe (2009).
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(LKJ_DIMENSION.format(dim=dim))
        self.dim = dim
        self.concentration: Any
        (self.concentration,) = broadcast_all(concentration)
        rows = arange(dim - 1, dtype=self.concentration.dtype)
        rows = cat([rows.new_zeros((1,)), rows])
        others = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * rows
        self._beta = Beta(rows + 0.5, others)
        super().__init__(self.concentration.size(), (dim, dim), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new.dim = self.dim
        new._beta = self._beta.expand((*batch_shape, self.dim))
        return super().expand(batch_shape, new)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            lengths: Any = self._beta.sample(sample_shape).unsqueeze(-1)
            directions: Any = standard_normal(self._extended_shape(sample_shape), lengths.dtype).tril(-1)
            norms = directions.norm(dim=-1, keepdim=True)
            below = lengths.sqrt() * where(norms == 0, 0.0, directions / norms)
            rest = (1 - (below**2).sum(-1)).clamp(min=finfo(below.dtype).tiny).sqrt()
            return below + rest.diag_embed()

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        orders = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        n = self.dim - 1
        alpha = self.concentration + 0.5 * n
        normalizer = 0.5 * n * math.log(math.pi) + mvlgamma(alpha - 0.5, n) - alpha.lgamma() * n
        return (orders * diagonal.log()).sum(-1) - normalizer
