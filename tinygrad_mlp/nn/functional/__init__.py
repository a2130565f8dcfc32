"""Layers and losses as functions of tensors (torch.nn.functional).

Each is a row of the derivative table under torch's signature, or is composed of such rows. The modules of `nn.modules`
call these functions.
"""

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
