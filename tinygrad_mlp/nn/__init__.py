"""Neural networks (torch.nn): layers, losses, their parameters, and how these are initialised.

`functional` has layers and losses as functions of tensors, `modules` has them as objects that keep their parameters,
`init` fills parameters before training, and `utils` clips gradients. All modules can be imported from here.
"""

from . import functional as functional
from . import init as init
from . import modules as modules
from . import utils as utils
from .modules import *  # noqa: F403
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter
from .parameter import UninitializedBuffer as UninitializedBuffer
from .parameter import UninitializedParameter as UninitializedParameter
