"""One check of the gradients of a function: its conditions first, then the first order, then the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import conditions
from .comparing import drawn_cotangents, narrow_rounding, rows_of_entries
from .counterparts import trusted_subject
from .evidence import Differences, Judge, Trusted
from .judges import Precision
from .projections import rows_of_projections
from .report import Finding, Report, Row
from .subject import Arrays, BackwardRaised, Subject, Trial
from .subjects import subject_of

MOST_ENTRIES = 300  # of inputs and outputs that are compared one by one where no mode is given

NOT_TWICE = "the second order was not checked: {reason}"
NO_SECOND = "the second order was not checked: the vjp of NumPy functions cannot be differentiated again"
RAISED = "the backward raised {error}"
WIDER = "checked in float64, and in float32 against that"
NOT_WIDER = "checked in {dtype} with wide steps: the function does not take float64"
FLOAT32_OFF = "right in float64, but off in float32 by {apart:.1e} of its size"


@dataclass(frozen=True)
class Options:
    """The options of `assert_gradients`, by their names there."""

    order: int
    against: Any
    mode: str | None
    seed: int
    kinks: str


def check(f: Any, inputs: Sequence[Any], names: Sequence[str] | None, options: Options) -> Report:
    """Check a function at its inputs, without looking for smaller ones."""
    given: Any = subject_of(f, inputs, names)
    report = Report(_name_of(f), "", options.mode or "every")
    report.findings += conditions.shared_memory(inputs, given.inputs.names)
    narrow = any(x.dtype.itemsize < 8 for x in given.arrays)
    subject, precision = _widened(given, report) if narrow else (given, None)
    outputs = subject.value(subject.arrays)
    cotangents = drawn_cotangents(outputs, np.random.default_rng(options.seed))
    report.findings += conditions.not_finite(outputs)
    try:
        first = Trial(outputs, subject.vjp(subject.arrays, cotangents), [])
        second = subject.trial(cotangents)
        found = conditions.not_deterministic(first, second)
        report.findings += [found] if found is not None else conditions.changed_in_place(second)
        if found is not None:
            return report
        judge, inside = _differences(subject, outputs, precision, options)
        report.findings += [inside] if inside is not None and not narrow else []
        _compare(f, subject, judge, first, cotangents, options, report)
    except BackwardRaised as error:
        shapes = [finding for _, finding in conditions.other_shapes(subject, cotangents)]
        kind = "wrong shape" if shapes else "raised"
        report.findings.append(Finding(kind, RAISED.format(error=_short(error.cause)), fault=True))
        return report
    if report.ok and narrow and subject is not given:
        _compare_narrow(given, subject, cotangents, report)
    return report


def _differences(
    subject: Subject, outputs: Arrays, precision: Precision | None, options: Options
) -> tuple[Differences, Finding | None]:
    """The numerical judge, with wide steps where the function computes in float32, which is then said."""
    analytic = {None: None, "complex": True}.get(options.against, False)
    if precision is not None:
        return Differences(subject, precision, options.seed, analytic, outputs), None
    judge = Differences(subject, Precision.of(np.float64), options.seed, analytic, outputs)
    inside = conditions.narrow_inside(judge)
    if inside is not None:
        judge = Differences(subject, Precision.of(np.float32), options.seed, False, outputs)
    return judge, inside


def _widened(given: Subject, report: Report) -> tuple[Subject, Precision | None]:
    """The subject in float64, where its function takes that; else itself, and the precision that it has."""
    try:
        wide = given.promoted()
        wide.value(wide.arrays)
    except Exception:  # whatever a function says of a dtype that it does not take
        dtype = min((x.dtype for x in given.arrays), key=lambda d: d.itemsize)
        report.findings.append(Finding("precision", NOT_WIDER.format(dtype=dtype)))
        return given, Precision.of(dtype)
    return wide, None


def _compare(
    f: Any, subject: Subject, numerical: Differences, first: Trial, cotangents: Arrays, options: Options, report: Report
) -> None:
    """Compare the gradients of the first order, and of the second if those are right."""
    trusted = trusted_subject(f, subject, options.against)
    judge = numerical if trusted is None else _trust(trusted, options)
    report.judge = judge.name
    report.mode = options.mode or ("every" if trusted is not None or _size(subject) <= MOST_ENTRIES else "projections")
    report.rows += _rows(subject, judge, 1, report.mode, options, (cotangents, first.gradients))
    _blame_shapes(subject, cotangents, report)
    if options.order == 2 and report.ok:
        _compare_second(subject, trusted, numerical.precision, cotangents, options, report)


def _compare_second(
    subject: Subject, trusted: Subject | None, precision: Precision, given: Arrays, options: Options, report: Report
) -> None:
    """Compare the gradients of the gradients for the cotangents `given`."""
    second = subject.second(given)
    if second is None:
        report.findings.append(Finding("second order", NO_SECOND))
        return
    outputs = second.value(second.arrays)
    cotangents = drawn_cotangents(outputs, np.random.default_rng(options.seed))
    try:
        known = cotangents, second.vjp(second.arrays, cotangents)
    except BackwardRaised as error:
        report.findings.append(Finding("second order", NOT_TWICE.format(reason=_short(error.cause))))
        return
    own = trusted.second(given) if trusted is not None else None
    if own is not None:
        report.rows += _rows(second, _trust(own, options), 2, "every", options, known)
        return
    judge = Differences(second, precision, options.seed, outputs=outputs)
    report.rows += _rows(second, judge, 2, options.mode or "projections", options, known)


def _size(subject: Subject) -> int:
    return sum(int(x.size) for x in subject.arrays)


def _trust(subject: Subject, options: Options) -> Trusted:
    return Trusted(subject, "the exact derivative" if options.against == "exact" else "torch")


def _rows(subject: Subject, judge: Judge, order: int, mode: str, options: Options, known: Any) -> list[Row]:
    """The rows; `known` are the first cotangents, and the gradients for them."""
    rows = None
    if mode == "projections" and isinstance(judge, Differences):
        rows = rows_of_projections(subject, judge, order, *known)
    if rows is None or (any(row.verdict == "wrong" for row in rows) and _size(subject) <= MOST_ENTRIES):
        rows = rows_of_entries(subject, judge, order, options.seed)  # which can tell more of a fault
    if options.kinks == "error":
        for row in rows:
            if row.verdict == "no derivative":
                row.verdict, row.kind = "wrong", "no derivative"
    return rows


def _blame_shapes(subject: Subject, cotangents: Any, report: Report) -> None:
    """Say which gradients are summed down; that is the fault where the gradient is wrong."""
    wrong = {row.input for row in report.rows if row.verdict == "wrong"}
    for name, finding in conditions.other_shapes(subject, cotangents):
        finding.fault = name in wrong
        report.findings.append(finding)


def _compare_narrow(given: Subject, wide: Subject, cotangents: Any, report: Report) -> None:
    """Compare the gradient in float32 with that in float64: half of the digits of float32 should be right."""
    report.findings.append(Finding("precision", WIDER))
    narrow = tuple(c.astype(x.dtype) for c, x in zip(cotangents, given.value(given.arrays), strict=True))
    exact = wide.vjp(wide.arrays, tuple(c.astype(np.float64) for c in narrow))
    rough = given.vjp(given.arrays, narrow)
    rounding = narrow_rounding(wide, narrow, exact, given.arrays)
    weight = max(float(np.max(np.abs(c), initial=0.0)) for c in narrow)
    parted = {row.input for row in report.rows if row.verdict != "right"}
    for name, x, y, spread in zip(given.names, rough, exact, rounding, strict=True):
        if x is None or y is None or name in parted or not x.size or not np.isfinite(x).all():
            continue
        size = float(np.max(np.abs(y), initial=0.0, where=np.isfinite(y)))
        apart = float(np.max(np.abs(x - y), initial=0.0, where=np.isfinite(y)))
        # Where the gradient cancels to nearly nothing its terms, as large as the cotangent, have been rounded.
        if apart > spread + (size + 0.01 * weight) * float(np.finfo(x.dtype).eps) ** 0.5:
            row = next(r for r in report.rows if r.input == name)
            row.verdict, row.kind, row.text = "wrong", "float32", FLOAT32_OFF.format(apart=apart / (size or 1.0))


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _name_of(f: Any) -> str:
    if isinstance(f, tuple):
        f = f[0]
    return str(getattr(f, "__name__", None) or type(f).__name__)
