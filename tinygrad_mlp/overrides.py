"""What libraries ask of torch.overrides: whether an object stands for a tensor.

Torch lets a class take over its functions by a method `__torch_function__`. Here no function looks for that method; so
the answer to `has_torch_function` is that no argument takes a function over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from .tensor import Tensor

__all__ = ["handle_torch_function", "has_torch_function", "is_tensor_like", "is_tensor_method_or_property"]

NOT_HANDLED = "tinygrad_mlp calls no __torch_function__: {function} was asked to give way to one"


def is_tensor_like(inp: object) -> bool:
    """Whether an object is a Tensor, or of a class with `__torch_function__` (torch.overrides.is_tensor_like)."""
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """False: no argument takes a function over (torch.overrides.has_torch_function)."""
    return False


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> NoReturn:
    """Refuse: NotImplementedError. Nobody comes here who asks `has_torch_function` first."""
    raise NotImplementedError(NOT_HANDLED.format(function=getattr(public_api, "__name__", public_api)))


def is_tensor_method_or_property(func: Any) -> bool:
    """Whether a function is a method of Tensor (torch.overrides.is_tensor_method_or_property)."""
    return any(found is func for found in vars(Tensor).values())
