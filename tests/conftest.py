"""Hypothesis profiles, chosen by HYPOTHESIS_PROFILE: `ci` (few examples, always the same), `fewer`, and `random`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# Tests run in parallel processes, and two that share the cores wait for each other's BLAS threads a hundred times as
# long as the product takes. Before anything imports NumPy or torch; subprocesses inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings
import zlib

import pytest
import torch
from hypothesis import HealthCheck, settings

import tinygrad_mlp

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

for name, examples in {"ci": 15, "fewer": 8}.items():
    settings.register_profile(
        name, derandomize=True, max_examples=examples, deadline=None, print_blob=True, suppress_health_check=_SLOW
    )
settings.register_profile(
    "random",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "250")),
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Where there are none of these devices, torch keeps each seed for the day that there are, with the text of the whole
# stack: this made `manual_seed` take two milliseconds, in each example of each drawn test.
for devices in (torch.cuda, torch.xpu, torch.mtia):
    devices.manual_seed_all = lambda seed: None

# What both frameworks say once in a process is said here: else it would depend on the order of the tests where torch
# still says it. That they do say it is tested in processes of their own.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for framework in (torch, tinygrad_mlp):
        x = framework.ones((), requires_grad=True)
        x.backward(create_graph=True)
        float(x)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run one in so many of the parameters of each test as the environment variable TESTS_ONE_IN says; all without it.

    Which of them are run is drawn from the test's name, always the same: so it is others in each test, and a row of
    the derivative table, which is a parameter of many tests, has some of them. The first of each test is always run.
    It is a variable and no option, because PYTEST_ADDOPTS reaches the runs of pytest that tests start, too.
    """
    share = int(os.environ.get("TESTS_ONE_IN", "1"))
    seen: set[str] = set()
    kept, left_out = [], []
    for item in items:
        test = item.nodeid.partition("[")[0]
        first = test not in seen
        seen.add(test)
        (kept if first or zlib.crc32(item.nodeid.encode()) % share == 0 else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which tests keep what they compile: none finds what an earlier run or the user has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("kept")
        patch.setenv("TINYGRAD_MLP_CACHE", str(folder))
        yield folder
