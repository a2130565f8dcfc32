"""Layers and losses as functions of tensors (torch.nn.functional).

Each is a row of the derivative table under torch's signature, or is composed of such rows. The modules of `nn.modules`
call these functions.
"""

from ...tensor import FUNCTIONS as _rows
from .activation import *  # noqa: F403
from .encoding import one_hot as one_hot
from .loss import *  # noqa: F403
from .normalization import batch_norm as batch_norm
from .normalization import layer_norm as layer_norm
from .normalization import normalize as normalize
from .padding import pad as pad
from .regularization import dropout as dropout

linear = _rows["linear"]
