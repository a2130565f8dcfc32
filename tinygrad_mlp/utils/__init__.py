"""Utilities (torch.utils)."""

from . import data as data, hooks as hooks
