"""The plugin of pytest: how the tests of `gradient_test` show what they find, and the fixture `compare`.

Pytest imports it at the start of every run, also of suites that never use it. So it is installed as a package of its
own, beside tinygrad_mlp, whose import would take a hundred times as long; and it imports nothing but pytest.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def compare() -> ModuleType:
    """`tinygrad_mlp.compare`, imported where a test asks for it: `compare.models(ours, theirs, x).assert_same()`."""
    return importlib.import_module("tinygrad_mlp.compare")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the text alone of what a test of `gradient_test` found."""
    report = yield
    found = call.excinfo
    ours = report.failed and hasattr(getattr(item, "function", None), "declared")
    if ours and found is not None and found.type.__module__.startswith("tinygrad_mlp.testing"):
        report.longrepr = found.getrepr(style="value")
    return report
