"""`assert_gradients`: whether the gradients of a function are right, and what is wrong where they are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .checking import Options, check
from .refusals import CHOICES, ORDER
from .report import Report
from .shrinking import smallest_inputs
from .snippets import snippet, written
from .subject import Inputs, names_of
from .subjects import subject_of

AGAINST = ("differences", "complex", "torch", "exact")
MODES = ("every", "projections")
KINKS = ("report", "error")


class GradientError(AssertionError):
    """Raised for gradients that are wrong; `report` has what was found, and is its text.

    That of `assert_gradients` is a `Report`, and that of `by_hand(...).assert_right()` a `ByHand`.
    """

    def __init__(self, report: Any) -> None:
        super().__init__(str(report))
        self.report = report


def assert_gradients(
    f: Any,
    *inputs: Any,
    order: int = 2,
    against: str | Callable[..., Any] | None = None,
    mode: str | None = None,
    names: Sequence[str] | None = None,
    seed: int = 0,
    kinks: str = "report",
) -> None:
    """Raise an error unless the gradients of a function are right at the given inputs.

    Parameters
    ----------
    f
        A function of tensors of this package or of torch; a `Function` class, a module (whose parameters are checked
        like the inputs) of either; or a pair `(forward, vjp)` of NumPy functions, where `vjp(cotangent, *inputs)`
        returns the gradient of each input.
    *inputs
        Tensors or arrays, of any shape. Those that require grad are checked, or all floating ones if none does; the
        others are constants. They are copied, so that nothing happens to them or to their `.grad`.
    order
        1 for the gradient alone, 2 for its own gradient by `create_graph` too.
    against
        The judge: "differences" (central differences, extrapolated), "complex" (complex steps, for NumPy functions),
        "exact" (the forward of a Function or of a NumPy pair, differentiated by the derivative table or by torch),
        "torch" (the function of the same name), or a torch function that should have the same gradients. The default
        is complex steps for NumPy functions that allow them, and differences for all others.
    mode
        "every" compares each entry, "projections" the derivative along a random direction, which takes a few calls
        for inputs of any size and looks for the entry only when that is wrong. The default goes by the size, and is
        "projections" for the second order. Where torch or an exact derivative judges, every entry is compared.
    names
        What to call the inputs; by default as the signature does.
    seed
        Of the random cotangents and directions.
    kinks
        "report" lets any gradient pass where no derivative exists, "error" does not.

    The judge estimates its own error, and what it tolerates follows from that and from the rounding of the function;
    there is no tolerance to choose. Inputs of float32 are judged in float64, and the gradient in float32 is then
    compared with that. Where `f` takes float32 only, the steps are wider.

    Raises
    ------
    GradientError
        With the input, the entry, both numbers, what kind of fault it looks like, the smallest input that shows it
        and lines that reproduce it; also for functions that are not deterministic, that change their inputs in place,
        or that compute in float32 what they were given in float64.
    ValueError, TypeError
        For what cannot be checked, such as inputs that are all integers.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_mlp.testing import assert_gradients
    >>> assert_gradients((np.sin, lambda g, x: g * np.cos(x)), np.linspace(-1, 1, 5))
    """
    report = check_gradients(
        f, *inputs, order=order, against=against, mode=mode, names=names, seed=seed, kinks=kinks
    )  # fmt: skip
    if not report.ok:
        raise GradientError(report)


def check_gradients(
    f: Any,
    *inputs: Any,
    order: int = 2,
    against: str | Callable[..., Any] | None = None,
    mode: str | None = None,
    names: Sequence[str] | None = None,
    seed: int = 0,
    kinks: str = "report",
    smallest: bool = True,
) -> Report:
    """Check the gradients of a function as `assert_gradients` does, and return a report of what was found.

    `report.ok` says whether all is right, `report.rows` has a row for each gradient, `str(report)` is the text of the
    error, and `report.to_json()` the same for programs. Without `smallest` no smaller input is looked for, which
    takes up to two seconds.
    """
    _refuse(order, against, mode, kinks)
    options = Options(order, against, mode, seed, kinks)
    report = check(f, inputs, names, options)
    if not report.ok:
        smaller = list(inputs)
        if smallest:
            wrong = (row.order for row in report.rows if row.verdict == "wrong")
            quick = Options(max(wrong, default=1), against, mode, seed, kinks)
            smaller = smallest_inputs(inputs, report.kinds[0], lambda tried: _kinds(f, tried, names, quick))
        labels = list(names or _names(f, inputs))
        report.smallest = written(smaller, labels)
        report.snippet = snippet(f, smaller, labels, order, against)
    return report


def _refuse(order: int, against: Any, mode: str | None, kinks: str) -> None:
    if order not in (1, 2):
        raise ValueError(ORDER.format(order=order))
    for what, value, choices in (("against", against, AGAINST), ("mode", mode, MODES), ("kinks", kinks, KINKS)):
        if value is not None and not callable(value) and value not in choices:
            raise ValueError(CHOICES.format(what=what, value=value, choices=", ".join(map(repr, choices))))


def _kinds(f: Any, inputs: Sequence[Any], names: Sequence[str] | None, options: Options) -> list[str]:
    return check(f, inputs, names, options).kinds


def _names(f: Any, inputs: Sequence[Any]) -> Sequence[str]:
    try:
        subject: Any = subject_of(f, inputs)
    except Exception:
        return names_of(f, len(inputs))
    known: Inputs = subject.inputs
    return known.names
