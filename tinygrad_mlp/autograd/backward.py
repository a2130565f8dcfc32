"""torch.autograd.backward and grad: what they take, and what they refuse, before and after the engine runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import cast
from ..warned import warn_once
from . import engine
from .engine import run
from .node import AccumulateGrad, GradientEdge, Node, gradient_edge, is_tensor

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
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of `tensors` to the `.grad` of the leaves, or of `inputs` alone.

    `grad_tensors` has a cotangent of its shape for each tensor, or None for one element (it is 1). Each of `tensors`
    and `inputs` is a tensor, a GradientEdge or a sequence of them. RuntimeError in torch's words. Source:
    torch.autograd.backward.
    """
    keep = create_graph if retain_graph is None else retain_graph
    roots = _roots(tensors, grad_tensors, create_graph)
    if inputs is None:
        if create_graph:
            warn_once(A_CYCLE)
        run(roots, keep_graph=keep, create_graph=create_graph)
        return
    inputs = _as_tuple(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for x in inputs:
        if type(x) is not GradientEdge:
            x.retain_grad()  # as in torch, a non-leaf goes on retaining its gradient afterwards
    if create_graph:
        warn_once(A_CYCLE)
    run(roots, keep_graph=keep, create_graph=create_graph, only=[_edge(x) for x in inputs])


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    is_grads_batched: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of `outputs` with respect to each of `inputs`, as a tuple; no `.grad` is touched.

    An input that the outputs do not depend on is refused, or with `allow_unused` has None, or with
    `materialize_grads` zeros. RuntimeError in torch's words. Source: torch.autograd.grad.
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched needs vmap, which tinygrad_mlp does not have")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    inputs = _as_tuple(inputs)
    roots = _roots(outputs, grad_outputs, create_graph)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    nodes = [_edge(x) for x in inputs]
    wanted: dict[Node, Any] = dict.fromkeys(nodes)
    keep = create_graph if retain_graph is None else retain_graph
    run(roots, keep_graph=keep, create_graph=create_graph, wanted=wanted)
    results: list[Any] = []
    for i, node in enumerate(nodes):
        g = wanted[node]
        if g is None and materialize_grads:
            g = engine.wrap(np.zeros(node.shape, node.dtype))
            g.needs_grad = create_graph
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        if isinstance(g, np.generic):  # what NumPy makes of 0-d arrays
            g = np.asarray(g)
        results.append(g if g is None or is_tensor(g) else engine.wrap(g))
    return tuple(results)


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if is_tensor(tensors) or type(tensors) is GradientEdge else tuple(tensors)


def _edge(x: Any) -> Node:
    if type(x) is GradientEdge:
        return x.ownership_token or x.node
    if not x.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    if x.viewed is not None:
        x.grad_fn  # noqa: B018 (brings it up to date)
    return gradient_edge(x)


def _has_history(x: Any) -> bool:
    """Whether a tensor requires grad, and not only because it is a view, made without grad, of one that does."""
    return x.requires_grad and (x.viewed is None or x.viewed.own or x.grad_fn is not None)


def _roots(tensors: Any, gradients: Any, create_graph: bool) -> list[tuple[Node, Any]]:
    """Where backward starts: the nodes of the outputs, each with the cotangent there."""
    if gradients is None and is_tensor(tensors) and tensors.viewed is None and tensors.needs_grad:
        array = tensors.array
        if array.size == 1:  # the usual case: a loss
            g = np.ones(array.shape, array.dtype)
            return [(gradient_edge(tensors), engine.wrap(g) if create_graph else g)]
    tensors = _as_tuple(tensors)
    gradients = [None] * len(tensors) if gradients is None else _as_tuple(gradients)
    if len(gradients) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(gradients)} gradients")
    roots = []
    for i, (tensor, gradient) in enumerate(zip(tensors, gradients)):  # noqa: B905 (checked above, in torch's words)
        if type(tensor) is not GradientEdge and not _has_history(tensor):
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        node = _edge(tensor)
        if gradient is None:
            if any(n != 1 for n in node.shape):
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            g = np.ones(node.shape, node.dtype)
            roots.append((node, engine.wrap(g) if create_graph else g))
            continue
        if not is_tensor(gradient):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        g = gradient.array
        if g.shape != node.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of torch.Size({list(g.shape)}) and output[{i}] has "
                f"a shape of torch.Size({list(node.shape)})."
            )
        g = gradient if create_graph else g.copy() if type(node) is AccumulateGrad else g
        roots.append((node, g if gradient.array.dtype == node.dtype else cast(g, node.dtype)))
    return roots
