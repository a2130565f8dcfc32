"""What a transform is: a function of values, its inverse, and the logarithm of its Jacobian's determinant.

    y = transform(x); x = transform.inv(y); transform.log_abs_det_jacobian(x, y)

With `cache_size=1` a transform remembers its last pair, so that the inverse of what it gave is the very same tensor.
"""

from __future__ import annotations

import weakref
from collections.abc import Set
from typing import Any

from ..refusals import CACHE_SIZE, EVENT_DIM, NO_CACHE


class Transform:
    """A differentiable function from its `domain` to its `codomain`, which are constraints.

    A subclass writes `_call`, and `_inverse` and `log_abs_det_jacobian` if it is `bijective`. ValueError for a
    `cache_size` other than 0 and 1. Source: torch.distributions.transforms.Transform.
    """

    read_by_programs = True  # a compiled step sees what is in it
    unread_by_programs: Set[str] = {"_inv"}  # but for this, which keeps the inverse as long as it is used
    bijective: Any = False
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError(CACHE_SIZE)
        self._cache_size = cache_size
        self._inv: Any = None
        self._cached_x_y: tuple[Any, Any] = None, None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_inv": None}

    @property
    def event_dim(self) -> Any:
        """The dimensions of an event, if they are the same on both sides; else ValueError."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError(EVENT_DIM)
        return self.domain.event_dim

    @property
    def inv(self) -> Any:
        """The inverse, whose own inverse is this transform."""
        inverse = None if self._inv is None else self._inv()
        if inverse is None:
            inverse = _InverseTransform(self)
            self._inv = weakref.ref(inverse)
        return inverse

    @property
    def sign(self) -> Any:
        """1 or -1, as the function of a number rises or falls; NotImplementedError if that does not hold everywhere."""
        raise NotImplementedError

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of its cache."""
        if self._cache_size == cache_size:
            return self
        if type(self).__init__ is Transform.__init__:
            return type(self)(cache_size=cache_size)
        raise NotImplementedError(NO_CACHE.format(cls=type(self)))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__: Any = None

    def __call__(self, x: Any) -> Any:
        """The transform of a value."""
        if not self._cache_size:
            return self._call(x)
        last, result = self._cached_x_y
        if x is not last:
            result = self._call(x)
            self._cached_x_y = x, result
        return result

    def _inv_call(self, y: Any) -> Any:
        if not self._cache_size:
            return self._inverse(y)
        result, last = self._cached_x_y
        if y is not last:
            result = self._inverse(y)
            self._cached_x_y = result, y
        return result

    def _call(self, x: Any) -> Any:
        raise NotImplementedError

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |det dy/dx| of each event, of a value and its transform."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.__class__.__name__ + "()"

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the transform of a value of a shape."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of a value whose transform has a shape."""
        return shape


class _InverseTransform(Transform):
    """The inverse of a transform, which computes nothing of its own."""

    unread_by_programs = frozenset()

    def __init__(self, transform: Transform) -> None:
        super().__init__(cache_size=transform._cache_size)
        self._inv: Transform = transform

    @property
    def domain(self) -> Any:
        return self._inv.codomain

    @property
    def codomain(self) -> Any:
        return self._inv.domain

    @property
    def bijective(self) -> Any:
        return self._inv.bijective

    @property
    def sign(self) -> Any:
        return self._inv.sign

    @property
    def inv(self) -> Any:
        return self._inv

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self))

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._inv.with_cache(cache_size).inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and self._inv == other._inv

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self._inv!r})"

    def __call__(self, x: Any) -> Any:
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)
