"""Utilities (torch.utils)."""

from . import checkpoint as checkpoint, data as data, hooks as hooks
