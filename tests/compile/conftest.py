"""Whatever holds a compiled step to the eager one does so for both backends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support import compiled, interpreted
from tinygrad_mlp.compiler import loops
from tinygrad_mlp.compiler import step as of_steps

# These look at the text of NumPy's programs, or at what happens before a program is written.
OF_NUMPY = {"test_exact", "test_source", "test_refusals", "test_fallback", "test_threads"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with both backends, where they make a difference."""
    kinds = ["numpy"] if metafunc.module.__name__.rpartition(".")[2] in OF_NUMPY else ["numpy", "loops"]
    metafunc.parametrize("backend", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def backend(request: Any) -> Iterator[str]:
    """The backend of steps that name none; loops are run by Python itself, as to compile each would take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_steps, "DEFAULT_BACKEND", request.param)
        if request.param == "loops":
            patch.setattr(compiled, "rounding", {"float32": 1e-6, "float64": 1e-12})
        patch.setattr(loops, "compiled", interpreted.compiled)
        yield request.param
