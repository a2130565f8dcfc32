"""What was given to be checked: a function of tensors, a Function, a module, or a pair of NumPy functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .numpy_subjects import NumPyPair
from .refusals import NAMES_COUNT
from .subject import Inputs, Subject, names_of
from .tensor_subjects import tensor_subject


def subject_of(f: Any, inputs: Sequence[Any], names: Sequence[str] | None = None) -> Subject:
    """The subject for anything that `assert_gradients` takes.

    ValueError for wrong `names`, and where there is nothing to differentiate.
    """
    if names is not None and len(names) != len(inputs):
        raise ValueError(NAMES_COUNT.format(names=len(names), inputs=len(inputs)))
    if isinstance(f, tuple) and len(f) == 2 and all(map(callable, f)):
        forward, vjp = f
        return NumPyPair(forward, vjp, Inputs(inputs, names or names_of(forward, len(inputs))))
    return tensor_subject(f, inputs, names)
