"""Making tensors: from data (data.py), of one value or in steps (values.py), and at random (drawn.py)."""

from . import methods as methods  # gives Tensor the methods that make others
from .data import *  # noqa: F403
from .drawn import *  # noqa: F403
from .values import *  # noqa: F403
