"""Tools for tests, in anybody's test-suite.

They need hypothesis and pytest, of the extra `testing`, so each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .strategies import (
        arrays as arrays,
    )
    from .strategies import (
        broadcastable as broadcastable,
    )
    from .strategies import (
        mlps as mlps,
    )
    from .strategies import (
        operator_inputs as operator_inputs,
    )
    from .strategies import (
        shapes as shapes,
    )
    from .strategies import (
        tensors as tensors,
    )
    from .strategies import (
        training_runs as training_runs,
    )

# The module of each name.
_NAMES = {
    "arrays": ".strategies",
    "broadcastable": ".strategies",
    "mlps": ".strategies",
    "operator_inputs": ".strategies",
    "shapes": ".strategies",
    "tensors": ".strategies",
    "training_runs": ".strategies",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
