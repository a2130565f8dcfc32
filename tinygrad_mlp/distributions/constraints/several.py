"""Constraints of the parts of a dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functions
from ..refusals import CONSTRAINTS_ONLY, DIM_RANGE, LENGTHS
from .base import Constraint


class _Several(Constraint):
    def __init__(self, cseq: Sequence[Constraint], dim: int) -> None:
        if not all(isinstance(c, Constraint) for c in cseq):
            raise AssertionError(CONSTRAINTS_ONLY)
        self.cseq = list(cseq)
        self.dim = dim

    @property
    def is_discrete(self) -> bool:
        """Whether any of them is discrete."""
        return any(c.is_discrete for c in self.cseq)

    def _check_dim(self, value: Any) -> None:
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(DIM_RANGE.format(dim=self.dim, what="value", ndim=value.dim()))


class _Cat(_Several):
    """Constraints of consecutive parts of a dimension, whose lengths are 1 if nothing is said."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(LENGTHS.format(lengths=len(self.lengths), what="cseq", count=len(self.cseq)))

    @property
    def event_dim(self) -> int:
        """The most dimensions of an event of any of them."""
        return max(c.event_dim for c in self.cseq)  # type: ignore[no-any-return]

    def check(self, value: Any) -> Any:
        """The checks of all parts, joined along the dimension."""
        self._check_dim(value)
        start, checks = 0, []
        for constraint, length in zip(self.cseq, self.lengths, strict=True):
            checks.append(constraint.check(value.narrow(self.dim, start, length)))
            start += length
        return functions.cat(checks, self.dim)


class _Stack(_Several):
    """A constraint for each place of a dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        super().__init__(cseq, dim)

    @property
    def event_dim(self) -> int:
        """The dimensions of an event, with the stacked one, where that is behind them."""
        dim = max(c.event_dim for c in self.cseq)
        return dim + (self.dim + dim < 0)  # type: ignore[no-any-return]

    def check(self, value: Any) -> Any:
        """The checks of all places, stacked."""
        self._check_dim(value)
        parts = [value.select(self.dim, i) for i in range(value.size(self.dim))]
        return functions.stack([c.check(v) for v, c in zip(parts, self.cseq, strict=False)], self.dim)
