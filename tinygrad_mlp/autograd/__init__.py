"""What torch.autograd does beyond the core in tape/: hooks, Functions, views, writes, modes, checks of gradients."""

from . import anomaly_mode as anomaly_mode
from . import functional as functional
from . import graph as graph
from . import hooks as hooks
from .anomaly_mode import detect_anomaly, set_detect_anomaly
from .backward import backward, grad
from .function import Function
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from .grad_mode import is_multithreading_enabled as is_multithreading_enabled
from .grad_mode import set_multithreading_enabled as set_multithreading_enabled
from .gradcheck import gradcheck, gradgradcheck
from .graph import Node as Node
from .graph.saved import SavedTensor as SavedTensor
from .variable import Variable as Variable

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]
