"""The table of divergences by the classes of two distributions, and the most specific function for a pair."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..distribution import Distribution
from ..refusals import KL_AMBIGUOUS, NO_KL

_KL_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}
_found: dict[tuple[type, type], Any] = {}  # by the classes of the distributions themselves

Pair = tuple[type, type]


def register_kl(type_p: Any, type_q: Any) -> Callable[[Any], Any]:
    """A decorator that registers a function of two distributions, p and q, of these classes.

    They may be bases that stand beside Distribution, as those of libraries do. TypeError, Python's own, for what is no
    class. Source: torch.distributions.register_kl.
    """
    for cls in (type_p, type_q):
        issubclass(cls, Distribution)

    def register(function: Any) -> Any:
        _KL_REGISTRY[type_p, type_q] = function
        _found.clear()
        return function

    return register


def kl_divergence(p: Any, q: Any) -> Any:
    """KL(p || q) = E_p[log p - log q], of the batch shape of both.

    The function that is registered for the nearest base classes is called; RuntimeWarning where two are as near, and
    NotImplementedError where there is none. Source: torch.distributions.kl_divergence.
    """
    types = type(p), type(q)
    if types not in _found:
        _found[types] = _nearest(*types)
    function = _found[types]
    if function is None:
        raise NotImplementedError(NO_KL.format(p=p.__class__.__name__, q=q.__class__.__name__))
    return function(p, q)


def _nearest(type_p: type, type_q: type) -> Any:
    """The registered function of the nearest pair of base classes: nearest first in p, or first in q."""
    pairs = [pair for pair in _KL_REGISTRY if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not pairs:
        return None

    def distances(pair: Pair) -> tuple[int, int]:
        return type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1])

    left, right = min(pairs, key=distances), min(pairs, key=lambda pair: distances(pair)[::-1])
    function = _KL_REGISTRY[left]
    if function is not _KL_REGISTRY[right]:
        names = {"p": type_p.__name__, "q": type_q.__name__, "left": left[0].__name__, "right": right[1].__name__}
        warnings.warn(KL_AMBIGUOUS.format(**names), RuntimeWarning, stacklevel=3)
    return function
