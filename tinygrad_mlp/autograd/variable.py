"""Variable, torch's old name of a tensor, for scripts and packages that still ask for it (torch.autograd.Variable)."""

from __future__ import annotations

from typing import Any

from .engine import queue_callback
from .tensors import is_tensor


class ImperativeEngine:
    """What libraries for training on several devices ask for by torch's name: callbacks at the end of a backward."""

    queue_callback = staticmethod(queue_callback)


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return is_tensor(instance)


class Variable(metaclass=_VariableMeta):
    """Variable(tensor) is the same memory without history; every tensor is an instance."""

    _execution_engine = ImperativeEngine()

    def __new__(cls, data: Any, requires_grad: bool = False) -> Any:
        return data.detach().requires_grad_(requires_grad)
