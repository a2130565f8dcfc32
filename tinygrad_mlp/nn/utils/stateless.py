"""The old place of `torch.func.functional_call` (torch.nn.utils.stateless)."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager
from typing import Any

from ... import func
from ...func.functional_call import replaced_parameters
from .refusals import STATELESS

__all__ = ["functional_call"]


def functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """As `func.functional_call`, with a FutureWarning; the tensors are one dict."""
    warnings.warn(STATELESS, FutureWarning, stacklevel=2)
    return func.functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _reparametrize_module(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    tie_weights: bool = False,
    strict: bool = False,
    stack_weights: bool = False,
) -> AbstractContextManager[None]:
    """A `with` block in which a module has the given tensors, which other libraries use."""
    return replaced_parameters(module, parameters_and_buffers, tie_weights, strict)
