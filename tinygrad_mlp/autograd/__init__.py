"""What torch.autograd does beyond the core in tape/: hooks, Functions, views, writes, modes, checks of gradients.

Functions, checks of gradients and what computes whole Jacobians are imported when they are first asked for.
"""

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

from . import anomaly_mode as anomaly_mode
from . import graph as graph
from . import hooks as hooks
from .anomaly_mode import detect_anomaly, set_detect_anomaly
from .backward import backward, grad
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from .grad_mode import is_multithreading_enabled as is_multithreading_enabled
from .grad_mode import set_multithreading_enabled as set_multithreading_enabled
from .graph import Node as Node
from .graph.saved import SavedTensor as SavedTensor

if TYPE_CHECKING:
    from . import forward_ad as forward_ad
    from . import function as function
    from . import functional as functional
    from .function import Function
    from .gradcheck import gradcheck, gradgradcheck
    from .variable import Variable as Variable

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]

_ROOMS = frozenset(("forward_ad", "function", "functional", "variable"))
_NAMES = {
    "Function": ".function", "Variable": ".variable", "gradcheck": ".gradcheck", "gradgradcheck": ".gradcheck"
}  # fmt: skip


names_from_above: dict[str, str] = {}  # names that a floor above has put here, and the modules in which they stand


def __getattr__(name: str) -> Any:
    if name in names_from_above:
        return getattr(importlib.import_module(names_from_above[name]), name)
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name], __name__), name)
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_NAMES, *names_from_above})


class _Autograd(types.ModuleType):
    """This package: `gradcheck` stays the function when the module of that name, in which it stands, is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, getattr(value, name, value) if name == "gradcheck" else value)


sys.modules[__name__].__class__ = _Autograd
