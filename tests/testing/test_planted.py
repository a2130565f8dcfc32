"""assert_gradients is itself checked, by faults planted in right functions; all by `python -m tests.planted`."""

from __future__ import annotations

import numpy as np
import pytest
from planted import CASES, FAULTS, NAMES
from planted.__main__ import report_of

EACH = {"pair": 3, "ours": 9, "torch": 19}  # every so many of the faults, to take seconds


def test_there_are_as_many_as_is_said():
    assert len(CASES) == 40 and len(FAULTS) == 200
    assert all(len(case.faults) == 5 for case in CASES)


@pytest.mark.parametrize("kind", EACH)
def test_faults_are_caught_and_named(kind):
    for fault in FAULTS[:: EACH[kind]]:
        report = report_of(kind, fault.case, fault.vjp, fault.case.inputs(1))
        if report.ok:  # a Function may leave a sum to its framework
            assert kind != "pair" and [f.kind for f in report.findings].count("summed down") == 1, str(fault)
        else:
            assert report.kinds[0] in NAMES[fault.kind], str(fault)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", EACH)
def test_right_functions_are_not_accused(kind, dtype):
    for seed, case in enumerate(CASES[:: (EACH[kind] + 1) // 2]):
        report = report_of(kind, case, case.vjp, case.inputs(seed, dtype))
        assert report.ok, str(report)
