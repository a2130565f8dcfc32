"""What a distribution is: its shapes, its samples, its density, and the checks of arguments and values.

    Normal(torch.zeros(5), 1.0)  # batch_shape (5,), event_shape (): five numbers
    sample(shape)                # shape + batch_shape + event_shape

A family writes `_expanded_parts`, which names what `expand` makes larger, where that is more than its parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Set
from typing import Any

from ..alias import is_of_package
from ..ops.table import check_of_each
from . import constraints
from .functions import Size, Tensor, no_grad
from .refusals import (
    BROADCAST,
    CUSTOM_INIT,
    EVENT_SHAPE,
    NO_CONSTRAINTS,
    NO_MODE,
    NO_SUPPORT,
    PARAMETER,
    SAMPLE_N,
    VALUE,
    VALUE_TYPE,
)
from .utils import lazy_property

__all__ = ["Distribution"]


class Distribution:
    """The base class of distributions, of which `arg_constraints` and `support` are given by each family.

    Unless `validate_args` is False, arguments and values are checked: ValueError for those outside their constraints.
    Inside of a compiled step the checks are a part of the program, and run at each call. Source:
    torch.distributions.Distribution.
    """

    read_by_programs = True  # a compiled step sees what is in it
    unread_by_programs: Set[str] = frozenset()
    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Choose whether distributions check their arguments where nothing is said; ValueError for no bool."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()

    def _validate_parameters(self) -> None:
        try:
            own = self.arg_constraints
        except NotImplementedError:
            warnings.warn(NO_CONSTRAINTS.format(cls=self.__class__), stacklevel=4)
            own = {}
        for name, constraint in own.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name), lazy_property):
                continue  # it follows from another parameter
            value = getattr(self, name)
            self._require(constraint.check(value), value, PARAMETER, name=name, constraint=constraint)

    def _require(self, valid: Any, value: Any, template: str, only_invalid: bool = False, **words: Any) -> None:
        """ValueError unless all of `valid` hold, with the text of a template, and the values, or the invalid ones."""
        words |= {"kind": type(value).__name__, "shape": tuple(value.shape)}
        if _comes_later(valid):
            words = {
                key: str(x) if isinstance(x, (str, tuple)) else type(x).__name__.lstrip("_") for key, x in words.items()
            }
            refuse_unless(valid, template.format(**words, distribution=type(self).__name__))
        elif not valid.array.all():
            shown = value.data[~valid] if only_invalid else value
            raise ValueError(template.format(**words, distribution=repr(self)) + f"{shown}")

    # -- shapes ------------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> Size:
        """The shape of the distributions that are held in one."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample of one of them."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*Size(sample_shape), *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with its parameters expanded to a batch shape.

        NotImplementedError for a subclass that has its own `__init__` and no `expand`.
        """
        new = self._get_checked_instance(family(type(self)), _instance)
        batch_shape = Size(batch_shape)
        for name, event_dim in self._expanded_parts():
            value = self.__dict__[name]
            if isinstance(value, Distribution):
                new.__dict__[name] = value.expand(batch_shape)
            else:
                new.__dict__[name] = value.expand((*batch_shape, *value.shape[value.dim() - event_dim :]))
        return self._as_expanded(new, batch_shape)

    def _expanded_parts(self) -> list[tuple[str, int]]:
        """The attributes that have the batch shape, and how many dimensions of events follow it."""
        own = self.arg_constraints
        return [(name, own[name].event_dim) for name in own if isinstance(self.__dict__.get(name), Tensor)]

    def _as_expanded(self, new: Any, batch_shape: Any) -> Any:
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _get_checked_instance(self, cls: Any, _instance: Any = None) -> Any:
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(CUSTOM_INIT.format(name=self.__class__.__name__, base=cls.__name__))
        return self.__new__(type(self)) if _instance is None else _instance

    # -- what a family gives -----------------------------------------------------------------------

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """The constraints of the arguments, by name."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The constraint of the values."""
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """The most likely value; NotImplementedError where nothing is known of it."""
        raise NotImplementedError(NO_MODE.format(cls=self.__class__))

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Samples without gradients, of shape sample_shape + batch_shape + event_shape."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Samples that can be differentiated by the parameters, if `has_rsample`; shaped as those of `sample`."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        """`sample((n,))`, which is its new name (FutureWarning)."""
        warnings.warn(SAMPLE_N, FutureWarning, stacklevel=2)
        return self.sample(Size((n,)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the probability, of each event."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of a value or a smaller one."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution, along a new first dimension.

        The result has the shape of the number of values + batch_shape + event_shape, or ones for the batch shape
        without `expand`.
        """
        raise NotImplementedError

    def entropy(self) -> Any:
        """The entropy, in nats, of each of the batch."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """exp(entropy)."""
        return self.entropy().exp()

    # -- checks of values --------------------------------------------------------------------------

    def _check(self, value: Any) -> None:
        if self._validate_args:
            self._validate_sample(value)

    def _validate_sample(self, value: Any) -> None:
        """ValueError for a value of a shape that does not fit, or outside the support."""
        if not isinstance(value, Tensor):
            raise ValueError(VALUE_TYPE)
        start = value.dim() - len(self._event_shape)
        if tuple(value.size()[start:] if start >= 0 else ()) != tuple(self._event_shape):
            raise ValueError(EVENT_SHAPE.format(found=value.size(), event=self._event_shape))
        expected = (*self._batch_shape, *self._event_shape)
        for i, j in zip(reversed(value.size()), reversed(expected), strict=False):
            if i != 1 and j != 1 and i != j:
                raise ValueError(BROADCAST.format(found=value.size(), expected=Size(expected)))
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(NO_SUPPORT.format(cls=self.__class__), stacklevel=4)
            return
        self._require(support.check(value), value, VALUE, support=support)

    def __repr__(self) -> str:
        names = [name for name in self.arg_constraints if name in self.__dict__]
        values = ((name, self.__dict__[name]) for name in names)
        return f"{self.__class__.__name__}({', '.join(f'{name}: {_shown(value)}' for name, value in values)})"


def _shown(value: Any) -> str:
    return f"{value if value.numel() == 1 else value.size()}"


def family(cls: type) -> Any:
    """The nearest class of this package among a class and its bases."""
    return next(c for c in cls.__mro__ if is_of_package(c))


def _comes_later(x: Any) -> bool:
    """Whether the values are known only when a program runs, as in a compiled step, or only for each of a batch."""
    return hasattr(type(x.array), "__one_call__")


def refuse_unless(valid: Any, text: str) -> None:
    """ValueError with this text unless all elements hold; in a compiled step at each call of the program."""
    _refuse_invalid(valid.array, text)


@check_of_each
def _refuse_invalid(valid: Any, text: str) -> None:
    if not valid.all():
        raise ValueError(text)
