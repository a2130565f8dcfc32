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

# What both frameworks say once in a process is said here: else it would depend on the order of the tests where torch
# still says it. That they do say it is tested in processes of their own.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for framework in (torch, tinygrad_mlp):
        x = framework.ones((), requires_grad=True)
        x.backward(create_graph=True)
        float(x)


@pytest.fixture(scope="session", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which tests keep what they compile: none finds what an earlier run or the user has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("kept")
        patch.setenv("TINYGRAD_MLP_CACHE", str(folder))
        yield folder
