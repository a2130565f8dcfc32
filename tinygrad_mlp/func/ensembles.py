"""`stack_module_state`: several modules as one, for `vmap` to run over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor import FUNCTIONS
from .refusals import MODELS_DIFFER, MODES_DIFFER, NO_MODELS, REQUIRES_GRAD_DIFFERS


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters of several modules stacked by name, and their buffers: for `functional_call` under `vmap`.

    The stacked parameters are leaves of their own. RuntimeError for no modules, for modules of different classes or
    modes, and for parameters of which some require grad and some do not. Source: torch.func.stack_module_state.
    """
    if not len(models):
        raise RuntimeError(NO_MODELS)
    if len({bool(model.training) for model in models}) > 1:
        raise RuntimeError(MODES_DIFFER)
    if len({type(model) for model in models}) > 1:
        raise RuntimeError(MODELS_DIFFER)
    parameters = _stacked([dict(model.named_parameters()) for model in models])
    return parameters, _stacked([dict(model.named_buffers()) for model in models])


def _stacked(tensors: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: _leaf(name, [each[name] for each in tensors]) for name in tensors[0]}


def _leaf(name: str, tensors: list[Any]) -> Any:
    count = sum(x.requires_grad for x in tensors)
    if 0 < count < len(tensors):
        raise RuntimeError(REQUIRES_GRAD_DIFFERS.format(name=name))
    stacked = FUNCTIONS["stack"](tensors)
    return stacked.detach().requires_grad_() if count else stacked
