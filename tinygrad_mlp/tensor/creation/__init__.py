"""Making tensors: from data, of one value, in steps, and at random; a room for each."""

from . import methods as methods  # gives Tensor the methods that make others
from .data import *  # noqa: F403
from .drawn import *  # noqa: F403
from .values import *  # noqa: F403
