"""What `importlib.metadata` says of a distribution named torch, while `torch` is another name of this package."""

from __future__ import annotations

import importlib
import os
from importlib.metadata import Distribution
from pathlib import Path

__all__ = ["TorchDistribution"]

_PACKAGE = __name__.partition(".")[0]


class TorchDistribution(Distribution):
    """The metadata of a distribution named torch, with torch's version."""

    def read_text(self, filename: str) -> str | None:
        version = importlib.import_module(_PACKAGE).__version__
        return f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n" if filename == "METADATA" else None

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        return Path(__file__).parents[2] / path
