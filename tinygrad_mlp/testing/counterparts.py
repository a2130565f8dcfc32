"""The judges that are themselves gradients: torch's, or those of the derivative table."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .refusals import NO_SUCH_TORCH_FUNCTION, NOT_EXACT
from .subject import Subject
from .tensor_subjects import Framework, TensorSubject, exact_subject

_PLACES = ("torch", "torch.nn.functional", "torch.special", "torch.Tensor")


def trusted_subject(f: Any, subject: Subject, against: str | Callable[..., Any] | None) -> Subject | None:
    """The subject whose gradients should be those of `subject`; None where differences are to judge.

    ValueError where torch has no function of the name of `f`; TypeError where `f` has no forward of its own.
    """
    if against == "exact":
        return exact_subject(f, subject)
    if against == "torch":
        against = _namesake(f)
    if not callable(against):
        return None
    function, known = against, subject
    if isinstance(known, TensorSubject) and known.parameters:
        raise TypeError(NOT_EXACT)
    inputs: Any = known.inputs  # type: ignore[attr-defined]
    return TensorSubject(Framework("torch"), lambda arguments, _: function(*arguments), inputs)


def _namesake(f: Any) -> Callable[..., Any]:
    """The torch function with the name of one of this package."""
    name = str(getattr(f, "__name__", ""))
    if not isinstance(f, (type, tuple)):
        for place in _PLACES:
            holder, _, owner = place.partition(".T")
            found: Any = importlib.import_module(holder)
            found = getattr(getattr(found, f"T{owner}") if owner else found, name, None)
            if callable(found):
                return found  # type: ignore[no-any-return]
    raise ValueError(NO_SUCH_TORCH_FUNCTION.format(name=name or f))
