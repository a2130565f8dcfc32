"""Whatever holds a compiled step to the eager one does so for both backends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support import compiled, interpreted
from tinygrad_mlp.compiler import loops
from tinygrad_mlp.compiler import step as of_steps


@pytest.fixture(params=["numpy", "loops"], scope="module", autouse=True)
def backend(request: Any) -> Iterator[str]:
    """The backend of steps that name none; loops are run by Python itself, as to compile each would take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_steps, "DEFAULT_BACKEND", request.param)
        if request.param == "loops":
            patch.setattr(compiled, "rounding", {"float32": 1e-5, "float64": 1e-11})
        patch.setattr(loops, "compiled", interpreted.compiled)
        yield request.param
