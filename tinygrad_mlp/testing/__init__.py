"""Tools for whoever writes a gradient by hand, and for the tests of this package.

`assert_gradients` is the line for a test: it says whether the gradients of a function are right, and what is wrong with
them; `check_gradients` returns the same as a report. `diagnose` says what is wrong with a gradient, and `by_hand`
checks the gradients of a backward that is written line by line. `sampler` draws the arguments of operators, and
`oracle` asks torch what the results should be: they need hypothesis and torch, so a test imports `testing.sampler` or
`testing.oracle` itself, and nothing is imported here.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagnosis import Diagnosis as Diagnosis
    from .diagnosis import diagnose as diagnose
    from .gradients import GradientError as GradientError
    from .gradients import assert_gradients as assert_gradients
    from .gradients import check_gradients as check_gradients
    from .hand_table import ByHand as ByHand
    from .handwritten import by_hand as by_hand
    from .report import Report as Report

# Where each public name stands; it is imported when it is first asked for.
_NAMES = {
    "ByHand": ".hand_table",
    "Diagnosis": ".diagnosis",
    "GradientError": ".gradients",
    "Report": ".report",
    "assert_gradients": ".gradients",
    "by_hand": ".handwritten",
    "check_gradients": ".gradients",
    "diagnose": ".diagnosis",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
