"""The attributes of a tensor that are views of it with dimensions swapped: `x.T`, `x.mT`, `x.H`, `x.mH`."""

from __future__ import annotations

from typing import Any

from ...messages import warn_once
from ..functions import FUNCTIONS
from ..shape_refusals import ADJOINT_OF_0D, NO_MATRIX, NOT_MATRICES, T_DIMENSIONS, T_OF_0D
from ..tensor import Tensor

_f = FUNCTIONS


def transposed(self: Tensor) -> Tensor:
    """x.T: the dimensions in reverse; UserWarning unless there are two (torch.Tensor.T)."""
    if self.array.ndim != 2:
        warn_once(T_OF_0D.format(name="T") if not self.array.ndim else T_DIMENSIONS)
    return _f["permute"](self, tuple(range(self.array.ndim))[::-1])


def matrix_transposed(self: Tensor) -> Tensor:
    """x.mT: the last two dimensions swapped. RuntimeError for a vector (torch.Tensor.mT)."""
    if not self.array.ndim:
        warn_once(T_OF_0D.format(name="mT"))
        return self
    if self.array.ndim < 2:
        raise RuntimeError(NOT_MATRICES.format(name="mT", ndim=self.array.ndim))
    return _f["transpose"](self, -2, -1)


def adjoint_of(input: Tensor, name: str) -> Tensor:
    """The conjugate transpose of matrices, as a view: what `name`, which is in the texts, gives (torch.adjoint)."""
    ndim = input.array.ndim
    if ndim == 1:
        raise RuntimeError(NOT_MATRICES.format(name=name, ndim=ndim))
    if not ndim:
        warn_once(ADJOINT_OF_0D.format(name=name if name == "adjoint()" else f"Tensor.{name}"))
        return input
    return _f["transpose"](input, -2, -1)


def conjugate_transpose(input: Tensor) -> Tensor:
    """A matrix transposed, as a view (torch.Tensor.H); RuntimeError for other numbers of dimensions."""
    ndim = input.array.ndim
    if ndim not in (0, 2):
        raise RuntimeError(NO_MATRIX.format(ndim=ndim))
    if not ndim:
        warn_once(ADJOINT_OF_0D.format(name="Tensor.H"))
        return input
    return _f["transpose"](input, 0, 1)


PROPERTIES: dict[str, Any] = {
    "T": property(transposed),
    "H": property(conjugate_transpose),
    "mH": property(lambda self: adjoint_of(self, "mH")),
    "mT": property(matrix_transposed),
}
