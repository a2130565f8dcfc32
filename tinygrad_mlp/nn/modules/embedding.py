"""Embedding and EmbeddingBag: rows of a matrix that are learnt, looked up by their numbers."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ...tensor.creation.options import DType
from ...tensor.creation.values import empty
from .. import functional as F
from .. import init
from ..parameter import Parameter
from ..refusals import EMBEDDING_PADDING_IDX, EMBEDDING_PRETRAINED, EMBEDDING_SHAPE
from .module import Module

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """A matrix of embeddings with its options; the row at `padding_idx` starts as 0 and gets no gradient."""

    def _make(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None, max_norm: float | None,
        norm_type: float, scale_grad_by_freq: bool, sparse: bool, weight: Tensor | None, freeze: bool,
        made: dict[str, Any], word: str,
    ) -> None:  # fmt: skip
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None and not -num_embeddings <= padding_idx < max(num_embeddings, 1):
            raise AssertionError(EMBEDDING_PADDING_IDX.format(word=word))
        self.padding_idx = padding_idx if padding_idx is None or padding_idx >= 0 else num_embeddings + padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if weight is None:
            self.weight = Parameter(empty((num_embeddings, embedding_dim), **made), not freeze)
            self.reset_parameters()
        elif tuple(weight.shape) != (num_embeddings, embedding_dim):
            raise AssertionError(EMBEDDING_SHAPE)
        else:
            self.weight = Parameter(weight, not freeze)

    def reset_parameters(self) -> None:
        """Draw the rows from the normal distribution of mean 0 and variance 1, and set that of `padding_idx` to 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.detach()[self.padding_idx].fill_(0)

    def _options(self, *names: str) -> str:
        """The sizes, and of the options of these names those that are not the usual ones, as they are printed."""
        shown = [f", {name}={getattr(self, name)}" for name in names if getattr(self, name) != _USUAL[name]]
        return f"{self.num_embeddings}, {self.embedding_dim}{''.join(shown)}"


_USUAL = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "sparse": False}


def _checked(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.ndim != 2:
        raise AssertionError(EMBEDDING_PRETRAINED)
    rows, columns = embeddings.shape
    return rows, columns


class Embedding(_Table):
    """Look up rows of a matrix: int64 indices (*) become vectors (*, embedding_dim).

    `weight`, of shape (num_embeddings, embedding_dim), is drawn from the normal distribution, torch's numbers for the
    same seed. The options are those of `nn.functional.embedding`; gradients are dense with `sparse`, too. IndexError
    for an index that is out of range, AssertionError for such a `padding_idx`. Source: torch.nn.Embedding.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Tensor | None = None,
        _freeze: bool = False, device: Any = None, dtype: DType = None,
    ) -> None:  # fmt: skip
        super().__init__()
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        made = {"device": device, "dtype": dtype}
        self._make(num_embeddings, embedding_dim, *options, _weight, _freeze, made, "Padding_idx")

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows at the indices."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return self._options("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, *args: Any, **options: Any) -> Embedding:
        """Make a module of a matrix, which is not learnt further if `freeze`; options as in the constructor."""
        names = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")
        options |= dict(zip(names, args, strict=False))
        return cls(*_checked(embeddings), _weight=embeddings, _freeze=freeze, **options)


class EmbeddingBag(_Table):
    """The sum, mean or maximum of embeddings over bags of indices, as (bags, embedding_dim).

    The options are those of `nn.functional.embedding_bag`, and `weight` is drawn as that of `Embedding`. Source:
    torch.nn.EmbeddingBag.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, _weight: Tensor | None = None,
        include_last_offset: bool = False, padding_idx: int | None = None, device: Any = None, dtype: DType = None,
    ) -> None:  # fmt: skip
        super().__init__()
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        made = {"device": device, "dtype": dtype}
        self._make(num_embeddings, embedding_dim, *options, _weight, False, made, "padding_idx")
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Return a vector for each bag: each row of a matrix, or each stretch of a vector that begins at an offset."""
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode,
            self.sparse, per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        options = self._options("max_norm", "norm_type", "scale_grad_by_freq")
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{options}, mode={self.mode!r}{padding}"

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, *args: Any, **options: Any) -> EmbeddingBag:
        """Make a module of a matrix, which is not learnt further if `freeze`; options as in the constructor."""
        names = ("max_norm", "norm_type", "scale_grad_by_freq", "mode", "sparse", "include_last_offset", "padding_idx")
        options |= dict(zip(names, args, strict=False))
        made = cls(*_checked(embeddings), _weight=embeddings, **options)
        made.weight.requires_grad = not freeze
        return made
