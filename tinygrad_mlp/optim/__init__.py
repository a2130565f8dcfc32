"""Optimisers, which update parameters from their gradients (torch.optim), a file for each.

`Optimizer` is their base class; a subclass writes the update of one parameter, and the rest is shared. LBFGS, which
looks at all parameters at once, has a step of its own. `lr_scheduler` changes learning rates from epoch to epoch, and
`swa_utils` averages models.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .lbfgs import LBFGS
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD

if TYPE_CHECKING:
    from . import lr_scheduler as lr_scheduler
    from . import swa_utils as swa_utils

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "Optimizer",
    "RAdam", "RMSprop", "Rprop",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import `lr_scheduler` or `swa_utils` when it is first used, because most programs use neither."""
    if name in ("lr_scheduler", "swa_utils"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
