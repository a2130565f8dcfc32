"""What may become a part of a module: the checks that Module makes before it registers a parameter, buffer or child."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..parameter import Parameter
from ..refusals import (
    CANNOT_ASSIGN,
    MODULE_NAME_WITH_DOT,
    NAME_EMPTY,
    NAME_TAKEN,
    NAME_TYPE,
    NAME_WITH_DOT,
    NOT_A_BUFFER,
    NOT_A_LEAF,
    NOT_A_PARAMETER,
)
from .text import typename


def check_name(module: object, name: Any, kind: str, part: dict[str, Any]) -> None:
    """TypeError or KeyError for a name under which `module` cannot register a `kind` of part, kept in the dict `part`.

    A name that the dict has already is allowed: its value will be replaced.
    """
    if not isinstance(name, str):
        raise TypeError(NAME_TYPE.format(kind=kind, found=typename(name)))
    if "." in name:
        raise KeyError((MODULE_NAME_WITH_DOT if kind == "module" else NAME_WITH_DOT).format(kind=kind, name=name))
    if not name:
        raise KeyError(NAME_EMPTY.format(kind=kind))
    if name not in part and hasattr(module, name):
        raise KeyError(NAME_TAKEN.format(name=name))


def check_parameter(name: str, param: object) -> None:
    """TypeError unless `param` is a Parameter or None, ValueError if it is not a leaf."""
    if param is None:
        return
    if not isinstance(param, Parameter):
        raise TypeError(NOT_A_PARAMETER.format(found=typename(param), name=name))
    if param.node is not None:
        raise ValueError(NOT_A_LEAF.format(name=name))


def check_buffer(name: str, tensor: object) -> None:
    """TypeError unless `tensor` is a Tensor or None."""
    if tensor is not None and not isinstance(tensor, Tensor):
        raise TypeError(NOT_A_BUFFER.format(found=typename(tensor), name=name))


def cannot_assign(value: object, kind: str, name: str, expected: str) -> TypeError:
    """Return the error for a value that is assigned under the name of a part of another type."""
    return TypeError(CANNOT_ASSIGN.format(found=typename(value), kind=kind, name=name, expected=expected))
