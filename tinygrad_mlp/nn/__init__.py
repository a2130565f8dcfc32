"""Modules, their parameters, losses, and how they start (torch.nn)."""

from . import functional as functional, init as init, modules as modules, utils as utils
from .modules import *  # noqa: F403
from .parameter import Parameter as Parameter
