"""torch.autograd.backward and grad: what they do before and after the engine runs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..warned import warn_once
from .batched import gradients_of_batch
from .engine import execute, gradients
from .graph.node import GradientEdge
from .roots import edge_of, inputs_of, starts
from .tensors import is_tensor, wrap

A_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
    "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you "
    "have to use this function, make sure to reset the .grad fields of your parameters to None after use to break the "
    "cycle and avoid the leak."
)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of `tensors` to the `.grad` of the leaves, or of `inputs` alone.

    `grad_tensors` (once `grad_variables`) has a cotangent of its shape for each tensor, or None for one element (it is
    1). Each of `tensors` and `inputs` is a tensor, a GradientEdge or a sequence of them; `inputs` may be a dict.
    RuntimeError in torch's words. Source: torch.autograd.backward.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    keep = create_graph if retain_graph is None else retain_graph
    roots = starts(tensors, grad_tensors, create_graph)
    if inputs is None:
        if create_graph:
            warn_once(A_CYCLE)
        execute(roots, keep, create_graph)
        return
    inputs = inputs_of(inputs, "backward")
    for x in inputs:
        if type(x) is not GradientEdge:
            x.retain_grad()  # as in torch, a non-leaf goes on retaining its gradient afterwards
    if create_graph:
        warn_once(A_CYCLE)
    execute(roots, keep, create_graph, [edge_of(x) for x in inputs])


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
    """The gradients of the sum of `outputs` with respect to each of `inputs`; no `.grad` is touched.

    A tuple, or for a dict of inputs a dict. An input that the outputs do not depend on is refused, or with
    `allow_unused` has None, or with `materialize_grads` zeros. With `is_grads_batched` each of `grad_outputs` has one
    more dimension in front, and so have the gradients: of a backward for each. RuntimeError in torch's words. Source:
    torch.autograd.grad.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    names = tuple(inputs) if type(inputs) is dict else None
    inputs = inputs_of(inputs, "grad")
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
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
                raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
            if g is None:
                results[i] = wrap(np.zeros(x.array.shape, x.array.dtype))
                results[i].needs_grad = create_graph
    return tuple(results) if names is None else dict(zip(names, results, strict=True))
