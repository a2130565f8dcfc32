"""The judges that are themselves gradients: torch's, or those of the derivative table."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ..autograd.modes import as_rule
from .numpy_subjects import NumPyPair
from .refusals import NO_SUCH_TORCH_FUNCTION, NOT_EXACT, NOT_RECORDED_AGAIN
from .subject import Subject
from .tensor_subjects import Framework, TensorSubject, is_function

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


class _Recorder:
    """A ctx for a forward that is run only to be differentiated: it keeps what it is told, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args: None


def exact_subject(f: Any, subject: Subject) -> TensorSubject:
    """The forward of a Function, or of a NumPy pair, run on recorded tensors: its derivative by the derivative table.

    TypeError where there is no forward apart from the gradient.
    """
    if isinstance(subject, NumPyPair):
        framework, forward = Framework("tinygrad_mlp"), subject.forward
        return TensorSubject(framework, lambda arguments, _: as_rule(forward, *arguments), subject.inputs)
    assert isinstance(subject, TensorSubject)
    function = subject.framework.module.autograd.Function
    if not is_function(f, subject.framework.module):
        raise TypeError(NOT_EXACT)
    separate = f.setup_context is not function.setup_context
    run: Callable[..., Any] = f.forward if separate else lambda *arguments: f.forward(_Recorder(), *arguments)
    exact = TensorSubject(subject.framework, lambda arguments, _: run(*arguments), subject.inputs)
    leaves = exact._leaves(exact.arrays)
    if not any(x.requires_grad for x in exact._outputs(leaves)):
        raise TypeError(NOT_RECORDED_AGAIN)
    return exact
