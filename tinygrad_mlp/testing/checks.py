"""The checks of a gradient test: each takes a Case, and raises an AssertionError that says what is wrong."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .cases import Case, is_floating
from .gradients import assert_gradients, check_gradients
from .refusals import (
    APART,
    CHANGED,
    EMPTY_GRADIENT,
    FIRST_IS_WRONG,
    NO_REFERENCE,
    NOT_COMPILED,
    NOT_FLOATING,
    NOT_REPEATED,
    OTHER_DTYPE,
    OTHER_SHAPE,
)

RTOL = {"float32": 1e-4, "float64": 1e-10}


class CheckFailed(AssertionError):
    """A gradient test found something wrong."""


# -- calls -----------------------------------------------------------------------------------------


def _call(case: Case, subject: Any, tensors: list[Any]) -> list[Any]:
    """The floating tensors of a result."""
    is_function = isinstance(subject, type) and issubclass(subject, case.module.autograd.Function)
    result = (subject.apply if is_function else subject)(*tensors)
    parts = result if isinstance(result, (tuple, list)) else [result]
    return [x for x in parts if isinstance(x, case.module.Tensor) and x.is_floating_point()]


def _leaves(case: Case, subject: Any, tensors: list[Any]) -> list[Any]:
    parameters = list(subject.parameters()) if isinstance(subject, case.module.nn.Module) else []
    return [x for x in tensors if isinstance(x, case.module.Tensor) and x.requires_grad] + parameters


def _values(case: Case, laid_out: Callable[[Any], Any] = np.copy) -> list[Any]:
    """The results as arrays."""
    return [_numbers(x) for x in _call(case, case.subject(), case.tensors(laid_out))]


def _values_and_gradients(case: Case, laid_out: Callable[[Any], Any] = np.copy) -> list[Any]:
    """The results, then the gradients of the inputs and parameters for cotangents that are all different."""
    subject, tensors = case.subject(), case.tensors(laid_out)
    return [_numbers(x) for x in _step(case, subject, tensors)]


def _step(case: Case, subject: Any, tensors: list[Any]) -> list[Any]:
    outputs = _call(case, subject, tensors)
    leaves = _leaves(case, subject, tensors)
    roots = [x for x in outputs if x.requires_grad]
    if not roots:
        return outputs
    cotangents = [case.module.arange(1.0, x.numel() + 1, dtype=x.dtype).reshape(x.shape).cos() for x in roots]
    found = case.module.autograd.grad(roots, leaves, cotangents, allow_unused=True)
    return [*outputs, *(case.module.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True))]


def _numbers(x: Any) -> Any:
    return np.array(x.detach().numpy())


def _compare(ours: list[Any], right: list[Any], what: str, rtol: float) -> None:
    """CheckFailed with the first place where two lists of arrays differ."""
    for i, (mine, other) in enumerate(zip(ours, right, strict=True)):
        name = what.format(i=i)
        if mine.shape != other.shape:
            raise CheckFailed(OTHER_SHAPE.format(what=name, shape=mine.shape, right=other.shape))
        size = float(np.max(np.abs(other[np.isfinite(other)]), initial=0.0))
        same = np.isclose(mine, other, rtol=rtol, atol=rtol * size, equal_nan=True)
        if not same.all():
            places = np.argwhere(~same)
            index = tuple(places[0].tolist())
            raise CheckFailed(
                APART.format(
                    what=name, index=list(index), given=mine[index], right=other[index], wrong=len(places),
                    entries=mine.size,
                )
            )  # fmt: skip


# -- checks ----------------------------------------------------------------------------------------


def value(case: Case) -> None:
    """The result is that of the reference, the same when it is computed again, and the inputs stay as they were."""
    tensors = case.tensors()
    found = [_numbers(x) for x in _call(case, case.subject(), tensors)]
    if not found:
        raise CheckFailed(NOT_FLOATING)
    for i, (tensor, x) in enumerate(zip(tensors, case.inputs, strict=True)):
        if isinstance(x, np.ndarray) and not np.array_equal(_numbers(tensor), x, equal_nan=is_floating(x)):
            raise CheckFailed(CHANGED.format(i=i))
    _compare(_values(case), found, NOT_REPEATED, 0.0)
    if case.reference is not None:
        _compare(found, _reference(case), "output {i} beside the reference", RTOL["float64"])


def _reference(case: Case) -> list[Any]:
    """What the reference gives, which takes arrays, tensors of the subject's framework, or torch's."""
    refusals: list[str] = []
    for name in dict.fromkeys(("numpy", case.module.__name__, "torch")):
        result = _tried(case, name, refusals)
        if result is not None:
            parts = result if isinstance(result, (tuple, list)) else [result]
            return [_numbers(x) if hasattr(x, "detach") else np.asarray(x) for x in parts]
    raise TypeError(NO_REFERENCE.format(errors="; ".join(refusals)))


def _tried(case: Case, name: str, refusals: list[str]) -> Any:
    """What the reference gives for arrays of a module, or None, and then why."""
    assert case.reference is not None
    try:
        make = np.copy if name == "numpy" else importlib.import_module(name).from_numpy
        return case.reference(*(make(x.copy()) if isinstance(x, np.ndarray) else x for x in case.inputs))
    except (TypeError, AttributeError, ImportError) as error:
        refusals.append(str(error))
        return None


def _assert_gradients(case: Case, order: int) -> None:
    __tracebackhide__ = True
    options = {"order": order, "against": case.against}
    if not case.shrinking:
        assert_gradients(case.subject(), *case.tensors(), **options)
    elif not check_gradients(case.subject(), *case.tensors(), smallest=False, **options).ok:
        raise CheckFailed


def _skip_if_wrong(case: Case) -> None:
    """Leave to the check of the gradient what that check finds."""
    try:
        _assert_gradients(case.for_shrinking(), 1)
    except AssertionError:
        pytest.skip(FIRST_IS_WRONG)


def gradient(case: Case) -> None:
    """The gradient of each input and parameter is right."""
    _assert_gradients(case, 1)


def second_gradient(case: Case) -> None:
    """The gradient of the gradient is right; of a gradient that is wrong it is not asked."""
    __tracebackhide__ = True
    _skip_if_wrong(case)
    _assert_gradients(case, 2)


def float32(case: Case) -> None:
    """In float32 the result and the gradients have that dtype, and are those of float64."""
    narrow = case.in_dtype("float32")
    found, right = _values_and_gradients(narrow), _values_and_gradients(narrow.in_dtype("float64"))
    for i, x in enumerate(found):
        if x.dtype != np.float32:
            raise CheckFailed(OTHER_DTYPE.format(what=f"array {i} of the results and gradients", dtype=x.dtype))
    _compare(found, right, "array {i} of the results and gradients, in float32 beside float64", RTOL["float32"])


def batch_of_one(case: Case) -> None:
    """A batch of one sample has its gradients; where those of more are wrong it is not asked."""
    __tracebackhide__ = True
    _skip_if_wrong(case)
    _assert_gradients(_of_rows(case, 1), 1)


def empty(case: Case) -> None:
    """A batch of no samples gives results, and gradients of the shapes of its inputs."""
    none = _of_rows(case, 0)
    subject, tensors = none.subject(), none.tensors()
    leaves = _leaves(none, subject, tensors)
    results = _step(none, subject, tensors)[-len(leaves) :]
    for i, (x, g) in enumerate(zip(leaves, results, strict=True)):
        if x.shape != g.shape:
            raise CheckFailed(OTHER_SHAPE.format(what=f"gradient {i}", shape=tuple(g.shape), right=tuple(x.shape)))
        if not x.numel() == 0 and not bool((g == 0).all() | g.isnan().all()):
            raise CheckFailed(EMPTY_GRADIENT.format(i=i))


def _of_rows(case: Case, count: int) -> Case:
    """The first way to take rows of the inputs in which the subject can be called."""
    ways = case.of_rows(count)
    for way in ways[:-1]:
        try:
            _values(way)
        except Exception:  # whatever it says of shapes that do not fit
            continue
        return way
    return ways[-1]


def non_contiguous(case: Case) -> None:
    """Inputs whose elements lie otherwise in memory have the same results and gradients."""
    from .strategies.layouts import laid_out

    right = _values_and_gradients(case)
    for layout in ("transposed", "strided"):
        found = _values_and_gradients(case, functools.partial(laid_out, layout=layout))
        _compare(found, right, f"array {{i}} of the results and gradients, with {layout} inputs,", RTOL["float64"])


def compiled(case: Case) -> None:
    """The compiled function does what the function does, in the calls that record it and in those of the program."""
    if case.module.__name__ != "tinygrad_mlp":
        pytest.skip(NOT_COMPILED)
    from ..compiler import compile

    subject = case.subject()

    def step_of(*tensors: Any) -> list[Any]:
        return _step(case, subject, list(tensors))

    step = compile(step_of)
    right = [_numbers(x) for x in _step(case, subject, case.tensors())]
    for call in ("first", "second", "third"):
        found = [_numbers(x) for x in step(*case.tensors())]
        _compare(found, right, f"array {{i}} of the results and gradients, in the {call} compiled call,", 1e-9)


CHECKS: dict[str, Callable[[Case], None]] = {
    "value": value,
    "gradient": gradient,
    "second_gradient": second_gradient,
    "float32": float32,
    "batch_of_one": batch_of_one,
    "empty": empty,
    "non_contiguous": non_contiguous,
    "compiled": compiled,
}
NEED_A_BATCH = ("batch_of_one", "empty")
