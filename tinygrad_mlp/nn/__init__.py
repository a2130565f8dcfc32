"""Neural networks (torch.nn): layers, losses, their parameters, and how these are initialised.

`functional` has layers and losses as functions of tensors, `modules` has them as objects that keep their parameters,
`init` fills parameters before training, and `utils` clips gradients. All modules can be imported from here.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import functional as functional
from . import init as init
from . import modules as modules
from . import utils as utils
from .modules import *  # noqa: F403
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter
from .parameter import UninitializedBuffer as UninitializedBuffer
from .parameter import UninitializedParameter as UninitializedParameter

if TYPE_CHECKING:
    from ..absent.parallel import DataParallel as DataParallel
else:

    def __getattr__(name: str) -> Any:
        """Import what stands on a floor above when it is asked for: `parallel`, and layers that are only names."""
        if name in ("DataParallel", "parallel"):
            parallel = importlib.import_module(f"{__name__}.parallel")
            return parallel if name == "parallel" else parallel.DataParallel
        absent = importlib.import_module(f"{__package__.rpartition('.')[0]}.absent")
        return absent.name_in(sys.modules[__name__], name)
