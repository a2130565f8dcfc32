"""Layers and losses as functions of tensors (torch.nn.functional).

Each is a row of the derivative table under torch's signature, or is composed of such rows. The modules of `nn.modules`
call these functions.
"""

import importlib as _importlib
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ...tensor import FUNCTIONS as _rows
from .activation import *  # noqa: F403
from .distance import *  # noqa: F403
from .embedding import *  # noqa: F403
from .encoding import one_hot as one_hot
from .linear_loss import linear_cross_entropy as linear_cross_entropy
from .loss import *  # noqa: F403
from .margins import *  # noqa: F403
from .normalization import *  # noqa: F403
from .padding import pad as pad
from .regularization import *  # noqa: F403

linear = _rows["linear"]


if not _TYPE_CHECKING:

    def __getattr__(name: str) -> _Any:
        """What has only its name stands on a floor above."""
        absent = _importlib.import_module(f"{__name__.partition('.')[0]}.absent")
        return absent.name_in(_sys.modules[__name__], name)
