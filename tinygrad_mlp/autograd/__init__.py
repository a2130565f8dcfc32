"""The tape: nodes, grad modes, backward, hooks."""

from .backward import backward, grad
from .function import Function
from .gradcheck import gradcheck, gradgradcheck
from . import functional as functional, graph as graph, hooks as hooks
from .anomaly import detect_anomaly, set_detect_anomaly
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .node import Node as Node
from .variable import Variable as Variable

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
