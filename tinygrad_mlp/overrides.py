"""How a class takes over torch's functions by a method `__torch_function__` (torch.overrides).

The functions of the package ask an object of another class when they are called with one; see tensor/overriding.py.
Subclasses of Tensor are not asked: they are Tensors in every function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .tensor import Tensor
from .tensor.overriding import take_over, takers

__all__ = ["handle_torch_function", "has_torch_function", "is_tensor_like", "is_tensor_method_or_property"]


def is_tensor_like(inp: object) -> bool:
    """Whether an object is a Tensor, or of a class with `__torch_function__` (torch.overrides.is_tensor_like)."""
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether an argument is of a class that takes functions over (torch.overrides.has_torch_function)."""
    return bool(takers(relevant_args))


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """What the class of an argument makes of a call (torch.overrides.handle_torch_function).

    `args` and `kwargs` are those of the call, and `relevant_args` those of them that may be Tensors. TypeError if no
    class of theirs takes it over.
    """
    return take_over(public_api, relevant_args, args, kwargs)


def is_tensor_method_or_property(func: Any) -> bool:
    """Whether a function is a method of Tensor (torch.overrides.is_tensor_method_or_property)."""
    return any(found is func for found in vars(Tensor).values())
