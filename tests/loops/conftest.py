"""What numba compiles in tests is kept in a folder of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("kept")
        patch.setenv("TINYGRAD_MLP_CACHE", str(folder))
        patch.delenv("NUMBA_CACHE_DIR", raising=False)
        yield folder
