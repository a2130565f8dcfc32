"""Tools for whoever writes a gradient by hand, in anybody's test-suite.

`assert_gradients` is the line for a test: it says whether the gradients of a function are right, and what is wrong with
them; `check_gradients` returns the same as a report. `diagnose` says what is wrong with a gradient, and `by_hand`
checks the gradients of a backward that is written line by line. `gradient_test` makes all the tests of a function out
of one declaration, for pytest. `arrays`, `tensors`, `shapes`, `broadcastable`, `operator_inputs`, `mlps` and
`training_runs` are strategies for hypothesis. `assert_close` and `make_tensor` are those of torch.testing. Pytest and
hypothesis are installed by the extra `testing`, so each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .close import assert_close as assert_close
    from .declared import gradient_test as gradient_test
    from .diagnosis import Diagnosis as Diagnosis
    from .diagnosis import diagnose as diagnose
    from .gradients import GradientError as GradientError
    from .gradients import assert_gradients as assert_gradients
    from .gradients import check_gradients as check_gradients
    from .hand_table import ByHand as ByHand
    from .handwritten import by_hand as by_hand
    from .made import make_tensor as make_tensor
    from .report import Report as Report
    from .strategies import arrays as arrays
    from .strategies import broadcastable as broadcastable
    from .strategies import mlps as mlps
    from .strategies import operator_inputs as operator_inputs
    from .strategies import shapes as shapes
    from .strategies import tensors as tensors
    from .strategies import training_runs as training_runs

# Where each public name stands; it is imported when it is first asked for.
_NAMES = {
    "ByHand": ".hand_table",
    "Diagnosis": ".diagnosis",
    "GradientError": ".gradients",
    "Report": ".report",
    "arrays": ".strategies",
    "assert_close": ".close",
    "assert_gradients": ".gradients",
    "broadcastable": ".strategies",
    "by_hand": ".handwritten",
    "check_gradients": ".gradients",
    "diagnose": ".diagnosis",
    "gradient_test": ".declared",
    "make_tensor": ".made",
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
