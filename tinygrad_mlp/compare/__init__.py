"""One program under torch and under this package: are the two runs the same, and where do they part?"""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = {
    "CannotRun": ".runs",
    "Comparison": ".comparison",
    "Differences": ".differences",
    "NotATrace": ".records",
    "copy_weights": ".copying",
    "functions": ".function_runs",
    "load": ".records",
    "models": ".model_runs",
    "programs": ".names.programs",
    "scripts": ".runs",
    "traces": ".runs",
    "write_case": ".case",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
