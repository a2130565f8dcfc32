"""Parametrizations that keep a weight orthogonal, or of spectral norm 1, or split into length and direction."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, TypeVar

import numpy as np

from ...autograd import no_grad
from ...tensor import FUNCTIONS, Tensor, wrap
from .. import functional as F
from ..modules import Module
from . import parametrize
from .norms import matrix_of, norm_except_dim, random_vectors, spectral_length, weight_of
from .refusals import (
    NO_INVERSE_OF_MAP,
    NO_ITERATIONS,
    NO_TENSOR_OF_NAME,
    NOT_A_MATRIX,
    ORTHOGONAL_MAP,
    ORTHOGONAL_SHAPE,
    SPECTRAL_DIM,
)

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

AnyModule = TypeVar("AnyModule", bound=Module)


def _tensor_of(module: Module, name: str) -> Tensor:
    """A parameter or buffer; ValueError where there is none of this name."""
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(NO_TENSOR_OF_NAME.format(module=module, name=name))
    return weight


# -- weight normalisation --------------------------------------------------------------------------


class _WeightNorm(Module):
    """A weight from its lengths and its direction."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        """Return g v / ||v||."""
        return weight_of(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> Any:
        """Return the lengths, and the weight itself as the direction."""
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: AnyModule, name: str = "weight", dim: int | None = 0) -> AnyModule:
    """Split a weight into its lengths g and its direction v, which are learnt: w = g v / ||v||.

    There is a length for each place of `dim`; with None, one for the whole tensor. They are
    `module.parametrizations.weight.original0` and `original1`. A state that the older `nn.utils.weight_norm` saved can
    be loaded. Returns the module. Source: torch.nn.utils.parametrizations.weight_norm, after Salimans and Kingma,
    Weight Normalization (2016).
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: Any, prefix: str, *others: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


# -- spectral normalisation ------------------------------------------------------------------------


class _SpectralNorm(Module):
    """A weight divided by its largest singular value, of which the power method keeps an estimate."""

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(SPECTRAL_DIM.format(ndim=ndim, last=ndim - 1, dim=dim))
        if n_power_iterations <= 0:
            raise ValueError(NO_ITERATIONS.format(found=n_power_iterations))
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:  # the norm of a vector needs no estimate
            self.n_power_iterations = n_power_iterations
            matrix = matrix_of(weight, self.dim)
            u, v = random_vectors(matrix, eps)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)
            self._power_method(matrix, 15)

    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        """Improve the two vectors in place: u = W v and v = W' u, both at length 1."""
        with no_grad():
            for _ in range(n_power_iterations):
                self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Any:
        """Return the weight divided by its norm."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = matrix_of(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        return weight / spectral_length(matrix, self._u.clone(), self._v.clone())  # two forwards can be differentiated

    def right_inverse(self, value: Tensor) -> Any:
        """Return the value itself, whose norm should be 1."""
        return value


def spectral_norm(
    module: AnyModule, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> AnyModule:
    """Divide a weight by its largest singular value; a vector by its length.

    That value is estimated by `n_power_iterations` of the power method whenever the weight is asked for in training. A
    tensor of more than two dimensions is a matrix whose rows are the places of `dim`. Returns the module. ValueError
    for a number of iterations that is not above 0. Source: torch.nn.utils.parametrizations.spectral_norm, after Miyato
    et al., Spectral Normalization for Generative Adversarial Networks (2018).
    """
    weight = _tensor_of(module, name)
    parametrization = _SpectralNorm(weight, n_power_iterations, 0 if dim is None else dim, eps)
    parametrize.register_parametrization(module, name, parametrization)
    return module


# -- orthogonal matrices ---------------------------------------------------------------------------


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


def _diagonal_signs(r: Any) -> Any:
    """The signs of the diagonals of matrices, as one row each."""
    return np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


def _is_orthogonal(q: Any) -> bool:
    """Whether Q'Q is the identity, up to rounding."""
    identity = np.eye(q.shape[-1], dtype=q.dtype)
    return np.allclose(np.swapaxes(q, -1, -2) @ q, identity, atol=10.0 * q.shape[-2] * np.finfo(q.dtype).eps)


def _make_orthogonal(a: Any) -> Any:
    """The Q of the decomposition A = QR whose R has a diagonal above 0."""
    q, r = np.linalg.qr(a)
    return q * _diagonal_signs(r)


def _product_of_reflections(x: Tensor) -> Any:
    """The first columns of H_1 ... H_k, where H_i = I - 2 v_i v_i' / v_i' v_i and v_i is column i of I + tril(X, -1).

    The product is I - V T V' with 1 / T = striu(V'V) + diag(v_i' v_i / 2): Joffrain et al., Accumulating Householder
    Transformations, Revisited (2006).
    """
    n, k = x.shape[-2:]
    identity = wrap(np.eye(n, k, dtype=x.array.dtype))
    v = x.tril(-1) + identity
    products = v.mT @ v
    inverse_of_t = products.triu(1) + FUNCTIONS["diag_embed"](products.diagonal(dim1=-2, dim2=-1) / 2)
    return identity - v @ FUNCTIONS["linalg_solve"](inverse_of_t, v[..., :k, :].mT)


class _Orthogonal(Module):
    """An orthogonal matrix, or the first columns or rows of one, as a function of a matrix without constraints."""

    def __init__(self, weight: Tensor, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Any:
        """Return the orthogonal matrix."""
        transposed = X.shape[-2] < X.shape[-1]
        if transposed:
            X = X.mT
        if self.orthogonal_map is _OrthMaps.householder:
            Q = _product_of_reflections(X) * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            Q = self._of_skew_matrix(X)
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if transposed else Q

    def _of_skew_matrix(self, X: Tensor) -> Any:
        """The exponential, or the Cayley map (I + A/2) / (I - A/2), of the matrix A = X - X' that X' = -X makes."""
        n, k = X.shape[-2:]
        X = X.tril()
        if n != k:
            X = FUNCTIONS["cat"]([X, X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)], dim=-1)
        A = X - X.mT
        if self.orthogonal_map is _OrthMaps.matrix_exp:
            Q = FUNCTIONS["matrix_exp"](A)
        else:
            identity = wrap(np.eye(n, dtype=A.array.dtype))
            Q = FUNCTIONS["linalg_solve"](identity - 0.5 * A, identity + 0.5 * A)
        return Q if n == k else Q[..., :k]

    def right_inverse(self, Q: Tensor) -> Any:
        """Return the matrix that the map takes to Q, or with a base the one that it takes to the base, which is Q."""
        if Q.shape != self.shape:
            raise ValueError(ORTHOGONAL_SHAPE.format(expected=self.shape, found=Q.shape))
        transposed = Q.shape[-2] < Q.shape[-1]
        q = (Q.mT if transposed else Q).array
        if hasattr(self, "base"):
            self.base = wrap(self._completed(q))
            return -wrap(np.broadcast_to(np.eye(*Q.shape[-2:], dtype=q.dtype), Q.shape))
        if self.orthogonal_map is not _OrthMaps.householder:
            raise NotImplementedError(NO_INVERSE_OF_MAP)
        reflections, tau = np.linalg.qr(q, mode="raw")
        a = np.swapaxes(reflections, -1, -2).astype(q.dtype)
        # R has a diagonal of 1 and -1: its own signs, the other ones where LAPACK has not used a reflection
        diagonal = np.einsum("...ii->...i", a[..., : a.shape[-1], :])
        diagonal[...] = np.sign(diagonal) * np.where(tau == 0, -1, 1)
        return wrap(np.swapaxes(a, -1, -2) if transposed else a)

    def _completed(self, q: Any) -> Any:
        """Q itself if it is orthogonal, else what QR makes of it, with random columns added until it is square."""
        n, k = q.shape[-2:]
        if n != k:
            more = wrap(np.empty((*q.shape[:-2], n, n - k), q.dtype)).normal_()
            return _make_orthogonal(np.concatenate([q, more.array], axis=-1))
        return q.copy() if _is_orthogonal(q) else _make_orthogonal(q)


def orthogonal(
    module: AnyModule, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> AnyModule:
    """Keep a matrix, or a batch of matrices, orthogonal: Q'Q = I, or QQ' = I for one with more columns than rows.

    `orthogonal_map` says how it is computed from a matrix without constraints: "matrix_exp", the default for a square
    matrix, and "cayley" take the exponential or the Cayley map of a skew-symmetric matrix, and "householder", the
    default for others, is a product of reflections. With `use_trivialization` the result is multiplied by a fixed
    orthogonal matrix, at first what is orthogonal about the weight. Returns the module. ValueError for a vector and for
    an unknown map. Source: torch.nn.utils.parametrizations.orthogonal, after Lezcano Casado, Trivializations for
    Gradient-Based Optimization on Manifolds (2019).
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(NOT_A_MATRIX.format(ndim=weight.ndim))
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in _OrthMaps.__members__:
        raise ValueError(ORTHOGONAL_MAP.format(found=orthogonal_map))
    parametrization = _Orthogonal(weight, _OrthMaps[orthogonal_map], use_trivialization=use_trivialization)
    parametrize.register_parametrization(module, name, parametrization, unsafe=True)
    return module
