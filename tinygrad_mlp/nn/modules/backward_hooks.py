"""Backward hooks of modules: they see the gradients of a module's outputs and inputs, and may replace them.

The tape has nodes for operators, none for modules. So the inputs of the module go through an operator that does
nothing, and so do its outputs: the hooks of these two nodes are called when backward enters and when it leaves the
module. Source: torch.utils.hooks.BackwardHook.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ...autograd.function import Function
from ...tape import state
from ...tensor import Tensor
from ..refusals import (
    BACKWARD_HOOK_RESULT,
    BACKWARD_PRE_HOOK_RESULT,
    NO_INPUT_GRADIENT,
    NON_FULL_HOOK,
    NON_FULL_INPUTS,
    NON_FULL_NESTED,
    NON_FULL_NODES,
    NON_FULL_OUTPUTS,
    NON_FULL_SEVERAL,
    ONLY_OUTPUTS,
)


class BackwardHookFunction(Function):
    """The operator that does nothing, on several tensors; its node is where the hooks are."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """The tensors themselves."""
        ctx.mark_non_differentiable(*[arg for arg in args if not arg.requires_grad])
        return args

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        """The cotangents themselves."""
        return args


class BackwardHooks:
    """The hooks of one call of a module, which wait for the gradients of its outputs and then of its inputs."""

    def __init__(self, module: Any, hooks: Sequence[Any], pre_hooks: Sequence[Any]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.inputs = self.outputs = 0
        self.input_places: list[int] | None = None
        self.output_places: list[int] | None = None

    def of_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of forward, whose gradients will be seen."""
        self.inputs = len(args)
        changed, self.input_places = _through(args, self._leaves)
        return changed

    def of_outputs(self, result: Any) -> Any:
        """The result of forward, whose gradients will be seen."""
        results = result if isinstance(result, tuple) else (result,)
        self.outputs = len(results)
        changed, self.output_places = _through(results, self._enters)
        return changed if isinstance(result, tuple) else changed[0]

    def _enters(self, _: Any, grad_outputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Backward has come to the module's outputs."""
        assert self.output_places is not None
        self.grad_outputs = _placed(self.output_places, grad_outputs, self.outputs)
        for hook in self.pre_hooks:
            changed = hook(self.module, self.grad_outputs)
            if changed is None:
                continue
            if len(changed) != len(self.grad_outputs):
                raise RuntimeError(BACKWARD_PRE_HOOK_RESULT.format(got=len(changed), expected=len(self.grad_outputs)))
            self.grad_outputs = changed
        given = self.grad_outputs
        if self.input_places is None:  # backward does not come to the inputs
            warnings.warn(ONLY_OUTPUTS, stacklevel=5)
            for hook in self.hooks:
                changed = hook(self.module, (None,) * self.inputs, given)
                if changed is not None and not (isinstance(changed, tuple) and all(g is None for g in changed)):
                    raise RuntimeError(NO_INPUT_GRADIENT)
            self.grad_outputs = None
        return tuple(given[place] for place in self.output_places)

    def _leaves(self, grad_inputs: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        """Backward has come to the module's inputs."""
        if self.grad_outputs is None:
            return None  # it did not come through the outputs, as in a second backward
        assert self.input_places is not None
        result = _placed(self.input_places, grad_inputs, self.inputs)
        for hook in self.hooks:
            changed = hook(self.module, result, self.grad_outputs)
            if changed is None:
                continue
            if len(changed) != len(result):
                raise RuntimeError(BACKWARD_HOOK_RESULT.format(got=len(changed), expected=len(result)))
            result = changed
        self.grad_outputs = None
        return tuple(result[place] for place in self.input_places)


def _through(values: tuple[Any, ...], hook: Callable[..., Any]) -> tuple[tuple[Any, ...], list[int] | None]:
    """Values with their tensors passed through a node that has the hook, and the places of these tensors.

    Where nothing is recorded, the values themselves and None.
    """
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    if not (state.recording and any(values[place].requires_grad for place in places)):
        return values, None
    passed = BackwardHookFunction.apply(*[values[place] for place in places])
    next(x.grad_fn for x in passed if x.grad_fn is not None).register_hook(hook)
    changed = list(values)
    for place, tensor in zip(places, passed, strict=True):
        changed[place] = tensor
    return tuple(changed) if type(values) is tuple else type(values)(*changed), places


def _placed(places: Sequence[int], values: Sequence[Any], count: int) -> tuple[Any, ...]:
    """Values at their places, and None at the others."""
    given = dict(zip(places, values, strict=True))
    return tuple(given.get(place) for place in range(count))


# -- the older kind, on the node of the last operator ------------------------------------------------


def hook_last_node(module: Any, hooks: Sequence[Any], args: Any, result: Any) -> None:
    """Register the hooks of `register_backward_hook` on the node of the module's result."""
    first = result
    while not isinstance(first, Tensor):
        first = next(v for v in first.values() if isinstance(v, Tensor)) if isinstance(first, dict) else first[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(lambda *gradients, hook=hook: hook(module, *gradients))
    missing = _what_is_missed(args, result, node)
    if missing:
        warnings.warn(NON_FULL_HOOK.format(why=missing[0]) + missing[1], FutureWarning, stacklevel=5)


def _what_is_missed(args: Any, result: Any, node: Any) -> tuple[str, str] | None:
    """Why such a hook does not see all gradients, in torch's words; None where it does."""
    results = (result,) if isinstance(result, Tensor) else result
    if not (isinstance(results, tuple) and all(isinstance(r, Tensor) for r in results)):
        return NON_FULL_OUTPUTS
    if not (isinstance(args, tuple) and all(isinstance(x, Tensor) for x in args)):
        return NON_FULL_INPUTS
    nodes = {r.grad_fn for r in results if r.grad_fn is not None}
    if not nodes or (len(nodes) == 1 and node not in nodes):
        return NON_FULL_NESTED
    if len(nodes) > 1:
        return NON_FULL_SEVERAL
    if {x.grad_fn for x in args if x.grad_fn is not None} != {edge for edge, _ in node.next_functions}:
        return NON_FULL_NODES
    return None
