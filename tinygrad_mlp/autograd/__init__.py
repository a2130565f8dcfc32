"""The tape: nodes, grad modes, backward, hooks."""

from .backward import backward, grad
from .function import Function
from . import graph as graph, hooks as hooks
from .grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .node import Node as Node

__all__ = ["Function", "backward", "enable_grad", "grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]
