"""What a constraint is, those that depend on an instance, and those of more dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..refusals import BASE_CONSTRAINT, DEPENDENT, DIMENSIONS, NDIMS_NEGATIVE, NDIMS_TYPE, NOT_STATIC


class Constraint:
    """A region of which can be said whether a value is in it."""

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Any) -> Any:
        """A bool for each event of `value`: whether it is inside."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.__class__.__name__[1:] + "()"


class _Dependent(Constraint):
    """A constraint that only the instance of a distribution, or of a transform, knows."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        self._is_discrete, self._event_dim = is_discrete, event_dim
        super().__init__()

    @property
    def is_discrete(self) -> bool:
        """Whether it is discrete; NotImplementedError where only the instance knows."""
        return self._static("is_discrete", self._is_discrete)  # type: ignore[no-any-return]

    @property
    def event_dim(self) -> int:
        """The dimensions of an event; NotImplementedError where only the instance knows."""
        return self._static("event_dim", self._event_dim)  # type: ignore[no-any-return]

    def _static(self, name: str, value: Any) -> Any:
        if value is NotImplemented:
            raise NotImplementedError(NOT_STATIC.format(name=name))
        return value

    def __call__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> _Dependent:
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, value: Any) -> Any:
        """ValueError."""
        raise ValueError(DEPENDENT)


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint is one that only an instance knows."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """A property that gives a constraint, which on the class itself is one that depends on the instance."""

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        is_discrete: Any = NotImplemented,
        event_dim: Any = NotImplemented,
    ) -> None:
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn: Callable[..., Any]) -> _DependentProperty:  # type: ignore[override]
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


class _IndependentConstraint(Constraint):
    """A constraint whose last batch dimensions belong to the event: it holds where it holds for all of them."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        _check_base(base_constraint)
        if not isinstance(reinterpreted_batch_ndims, int):
            raise AssertionError(NDIMS_TYPE.format(found=type(reinterpreted_batch_ndims).__name__))
        if reinterpreted_batch_ndims < 0:
            raise AssertionError(NDIMS_NEGATIVE.format(found=reinterpreted_batch_ndims))
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:
        """Whether the base is discrete."""
        return self.base_constraint.is_discrete  # type: ignore[no-any-return]

    @property
    def event_dim(self) -> int:
        """The dimensions of an event."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims  # type: ignore[no-any-return]

    def check(self, value: Any) -> Any:
        """Whether all are inside. ValueError for too few dimensions."""
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ValueError(DIMENSIONS.format(expected=expected, found=value.dim()))
        return result.reshape((*result.shape[: result.dim() - self.reinterpreted_batch_ndims], -1)).all(-1)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__[1:]}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


def _check_base(constraint: Any) -> None:
    if not isinstance(constraint, Constraint):
        raise AssertionError(BASE_CONSTRAINT.format(found=type(constraint).__name__))


class MixtureSameFamilyConstraint(Constraint):
    """The constraint of a mixture, whose components are one more batch dimension, the last."""

    def __init__(self, base_constraint: Constraint) -> None:
        _check_base(base_constraint)
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> bool:
        """Whether the base is discrete."""
        return self.base_constraint.is_discrete  # type: ignore[no-any-return]

    @property
    def event_dim(self) -> int:
        """The dimensions of an event."""
        return self.base_constraint.event_dim  # type: ignore[no-any-return]

    def check(self, value: Any) -> Any:
        """Whether a value is inside for every component. ValueError for too few dimensions."""
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        if value.dim() < self.event_dim:
            raise ValueError(DIMENSIONS.format(expected=self.event_dim, found=value.dim()))
        return result.reshape((*result.shape[: value.dim() - self.event_dim], -1)).all(-1)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.base_constraint!r})"
