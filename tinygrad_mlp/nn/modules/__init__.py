"""The modules: layers, activations, losses and containers, each a subclass of Module (torch.nn.modules).

There is a file for each kind. What a module computes is written as a function in `nn.functional`; here it keeps its
parameters and options.
"""

from .activation import *  # noqa: F403
from .container import *  # noqa: F403
from .distance import *  # noqa: F403
from .dropout import *  # noqa: F403
from .embedding import *  # noqa: F403
from .flatten import *  # noqa: F403
from .lazy import *  # noqa: F403
from .linear import *  # noqa: F403
from .loss import *  # noqa: F403
from .margins import *  # noqa: F403
from .module import Module as Module
from .normalization import *  # noqa: F403
