"""The functions of tensors that the distributions are written in, by torch's names."""

from __future__ import annotations

from typing import Any

from ..arrays import dtypes as dtypes
from ..arrays.dtypes import get_default_dtype as get_default_dtype
from ..arrays.limits import finfo as finfo
from ..autograd import enable_grad as enable_grad
from ..autograd import grad as grad
from ..autograd import no_grad as no_grad
from ..nn import functional
from ..nn.functional import one_hot as one_hot
from ..tensor import FUNCTIONS, Size, Tensor, as_array, wrap
from ..tensor.composite.elements import where as where
from ..tensor.composite.joining import broadcast_shapes as broadcast_shapes
from ..tensor.composite.joining import broadcast_tensors as broadcast_tensors
from ..tensor.creation import sampled
from ..tensor.creation.data import as_tensor as as_tensor
from ..tensor.creation.data import tensor as tensor
from ..tensor.creation.drawn import bernoulli as bernoulli
from ..tensor.creation.drawn import multinomial as multinomial
from ..tensor.creation.drawn import normal as normal
from ..tensor.creation.drawn import rand as rand
from ..tensor.creation.drawn import randn as randn
from ..tensor.creation.sampled import binomial as binomial
from ..tensor.creation.sampled import poisson as poisson
from ..tensor.creation.values import arange as arange
from ..tensor.creation.values import empty as empty
from ..tensor.creation.values import eye as eye
from ..tensor.creation.values import full as full
from ..tensor.creation.values import full_like as full_like
from ..tensor.creation.values import ones as ones
from ..tensor.creation.values import ones_like as ones_like
from ..tensor.creation.values import tril_indices as tril_indices
from ..tensor.creation.values import zeros as zeros
from ..tensor.creation.values import zeros_like as zeros_like

__all__ = ["Size", "Tensor", "as_array", "wrap"]

cross_entropy_of_logits = functional.binary_cross_entropy_with_logits
dirichlet_grad, sample_dirichlet = sampled._dirichlet_grad, sampled._sample_dirichlet
standard_gamma = sampled._standard_gamma
cat, clamp, logsigmoid, logsumexp, softplus, stack, xlogy = (
    FUNCTIONS[name] for name in ("cat", "clamp", "logsigmoid", "logsumexp", "softplus", "stack", "xlogy")
)
i0e, i1e = FUNCTIONS["special_i0e"], FUNCTIONS["special_i1e"]
cholesky, slogdet, solve_triangular = (
    FUNCTIONS[f"linalg_{name}"] for name in ("cholesky", "slogdet", "solve_triangular")
)


def standard_normal(shape: Any, dtype: Any, device: Any = None) -> Tensor:
    """Normals of mean 0 and variance 1, as torch.distributions draws them."""
    return randn(shape, dtype=dtype, device=device)


def mvlgamma(x: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p` (DLMF 35.3.4)."""
    halves = arange(p, dtype=x.dtype) / 2
    constant: float = p * (p - 1) / 4 * 1.1447298858494002  # log(pi)
    return (x.unsqueeze(-1) - halves).lgamma().sum(-1) + constant  # type: ignore[no-any-return]


def mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of `mvlgamma`."""
    return (x.unsqueeze(-1) - arange(p, dtype=x.dtype) / 2).digamma().sum(-1)  # type: ignore[no-any-return]
