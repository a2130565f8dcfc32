"""`gradient_test`: the tests of a function with a gradient, made out of one declaration.

It needs pytest, and is used in a test module, where pytest finds what the decorator returns: a parametrised test, of
which each check is an item of its own, `test_softplus[gradient]`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from .cases import Case, as_strategy, fixed_cases
from .checks import CHECKS, NEED_A_BATCH
from .kept import forget, keep, kept
from .refusals import UNKNOWN_CHECK

Decorator = Callable[[Any], Callable[..., None]]


def gradient_test(
    inputs: Any,
    *,
    reference: Callable[..., Any] | None = None,
    against: Any = None,
    leave_out: Mapping[str, str] | None = None,
) -> Decorator:
    """Make the tests of a function, of a Function class, or of the module that a function without parameters returns.

    Parameters
    ----------
    inputs
        A shape, or a tuple of shapes, tensors, arrays and constants, one for each argument; for shapes the numbers are
        random, the same in each run. Or a strategy of a tensor or an array, or of tuples of them: then hypothesis draws
        the inputs, and keeps those that fail.
    reference
        What gives the right values: a function of NumPy arrays, of tensors of this package, or of torch's.
    against
        What judges the gradients, as for `assert_gradients`.
    leave_out
        The checks that are not made, each with the reason, which pytest shows: `{"empty": "a mean of nothing"}`.

    Returns
    -------
    A decorator. Its result is a parametrised test with one item for each check: `value`, `gradient`,
    `second_gradient`, `float32`, `batch_of_one`, `empty`, `non_contiguous` and `compiled`. ValueError for other names
    in `leave_out`.

    Examples
    --------
    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.testing import gradient_test
    >>> @gradient_test(inputs=(3, 4))
    ... def test_softplus(x):
    ...     return torch.log(1 + x.exp())
    """
    left_out = dict(leave_out or {})
    for name in left_out:
        if name not in CHECKS:
            raise ValueError(UNKNOWN_CHECK.format(name=name, known=", ".join(CHECKS)))

    def decorator(subject: Any) -> Callable[..., None]:
        return _test(subject, inputs, left_out, {"reference": reference, "against": against})

    return decorator


def _test(subject: Any, inputs: Any, left_out: dict[str, str], options: dict[str, Any]) -> Callable[..., None]:
    strategy = as_strategy(inputs)
    cases = [] if strategy is not None else fixed_cases(subject, inputs, options)
    names = [name for name in CHECKS if strategy is not None or cases[0].has_batch or name not in NEED_A_BATCH]
    params = [pytest.param(name, marks=_left_out(left_out, name), id=name) for name in names]

    def test(*args: Any, request: pytest.FixtureRequest | None = None, check: str = "") -> Any:
        __tracebackhide__ = True
        if request is None:  # who calls it calls the function
            return subject(*args)
        if strategy is not None:
            _run_drawn(request, strategy, subject, options, check)
        else:
            _run_fixed(request, cases, check)
        return None

    if inspect.isfunction(subject):  # of which pytest says the file and the line
        functools.update_wrapper(test, subject)
    else:
        test.__name__, test.__doc__ = str(getattr(subject, "__name__", "test")), subject.__doc__
    # Pytest reads the fixtures from the signature, which would be that of the subject.
    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in ("request", "check")]
    test.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    test.declared = subject  # type: ignore[attr-defined]  # by which the plugin knows it; a name that `-k` also reads
    parametrized: Callable[..., None] = pytest.mark.parametrize("check", params)(test)
    return parametrized


def _left_out(left_out: dict[str, str], name: str) -> tuple[Any, ...]:
    return (pytest.mark.skip(reason=f"left out: {left_out[name]}"),) if name in left_out else ()


def _run_fixed(request: pytest.FixtureRequest, cases: list[Case], check: str) -> None:
    """Check the inputs that failed in the last run, then those of the declaration."""
    __tracebackhide__ = True
    first = [cases[0].with_inputs(inputs) for inputs in kept(request)]
    for case in (*first, *cases):
        _run(request, case, check)
    forget(request)


def _run(request: pytest.FixtureRequest, case: Case, check: str) -> None:
    """Make a check, and keep the smallest inputs of which it fails."""
    __tracebackhide__ = True
    try:
        CHECKS[check](case)
    except AssertionError as error:
        keep(request, case, CHECKS[check])
        raise error from None


def _run_drawn(
    request: pytest.FixtureRequest, strategy: Any, subject: Any, options: dict[str, Any], check: str
) -> None:
    """Let hypothesis look for inputs that fail; it replays those that did."""
    __tracebackhide__ = True
    from hypothesis import HealthCheck, given, settings

    failed: list[Case] = []

    def inner(inputs: Any) -> None:
        (case,) = fixed_cases(subject, inputs if isinstance(inputs, tuple) else (inputs,), options)
        if not case.has_batch and check in NEED_A_BATCH:
            return
        try:
            CHECKS[check](case.for_shrinking())
        except AssertionError:
            failed[:] = [case]
            raise

    # Hypothesis keeps failing examples by the source and the signature of the test, which are always these.
    parameter = inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=request.node.nodeid)
    inner.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    inner.__name__ = request.function.__name__ if request.function.__name__.isidentifier() else "test"
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], report_multiple_bugs=False)
    try:
        patient(given(inputs=strategy)(inner))()
    except AssertionError as error:
        found = error
    else:
        return
    for case in failed:  # that which failed last is the smallest; now it is told what is wrong
        CHECKS[check](case)
    raise found
