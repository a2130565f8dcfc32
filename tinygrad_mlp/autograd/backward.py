"""torch.autograd.backward and grad: what they do before and after the engine runs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..messages import warn_once
from .batched import gradients_of_batch
from .captured import refuse_inside, running
from .engine import execute, gradients
from .graph.node import GradientEdge
from .refusals import (
    A_CYCLE,
    BACKWARD_INSIDE,
    BOTH_GIVEN,
    GRAD_VARIABLES,
    MATERIALIZE_EDGE,
    MATERIALIZE_UNUSED,
    ONLY_INPUTS,
)
from .roots import edge_of, inputs_of, starts
from .tensors import is_tensor, wrap


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of `tensors` to the `.grad` of the leaves, or of `inputs` alone.

    `grad_tensors` has, for each tensor, a cotangent of its shape; None stands for 1 if the tensor has one element.
    (`grad_variables` is its former name.) Each of `tensors` and `inputs` is a tensor, a GradientEdge or a sequence of
    them; `inputs` may be a dict. RuntimeError in torch's words. Source: torch.autograd.backward.
    """
    if running:
        refuse_inside(BACKWARD_INSIDE)
    if grad_variables is not None:
        warnings.warn(GRAD_VARIABLES, FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(BOTH_GIVEN)
        grad_tensors = grad_variables
    execute(*what_to_execute(tensors, grad_tensors, retain_graph, create_graph, inputs))


def what_to_execute(
    tensors: Any, gradients: Any, retain_graph: bool | None, create_graph: bool, inputs: Any
) -> tuple[Any, ...]:
    """The arguments of backward, checked, as those of the engine's `execute`."""
    keep = create_graph if retain_graph is None else retain_graph
    roots = starts(tensors, gradients, create_graph)
    if inputs is None:
        if create_graph:
            warn_once(A_CYCLE)
        return roots, keep, create_graph
    inputs = inputs_of(inputs, "backward")
    for x in inputs:
        if type(x) is not GradientEdge:
            x.retain_grad()  # as in torch, a non-leaf goes on retaining its gradient afterwards
    if create_graph:
        warn_once(A_CYCLE)
    return roots, keep, create_graph, [edge_of(x) for x in inputs]


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of the sum of `outputs` with respect to each of `inputs`; no `.grad` is changed.

    The result is a tuple, or a dict if `inputs` is one. An input that the outputs do not depend on is refused; with
    `allow_unused` its gradient is None, and with `materialize_grads` zeros. With `is_grads_batched` each of
    `grad_outputs` is a batch of cotangents along a first dimension, and so is each gradient. RuntimeError in torch's
    words. Source: torch.autograd.grad.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(MATERIALIZE_UNUSED)
    names = tuple(inputs) if type(inputs) is dict else None
    inputs = inputs_of(inputs, "grad")
    if not only_inputs:
        warnings.warn(
            ONLY_INPUTS,
            FutureWarning,
            stacklevel=2,
        )
    keep = create_graph if retain_graph is None else retain_graph
    missing = bool(allow_unused) or materialize_grads
    if is_grads_batched:
        results = gradients_of_batch(outputs, inputs, grad_outputs, keep, create_graph, missing)
    else:
        results = gradients(inputs, starts(outputs, grad_outputs, create_graph), keep, create_graph, missing)
    if materialize_grads:
        for i, (x, g) in enumerate(zip(inputs, results, strict=True)):
            if g is None and not is_tensor(x):
                raise RuntimeError(MATERIALIZE_EDGE)
            if g is None:
                results[i] = wrap(np.zeros(x.array.shape, x.array.dtype))
                results[i].needs_grad = create_graph
    return tuple(results) if names is None else dict(zip(names, results, strict=True))
