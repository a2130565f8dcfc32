"""Backward: the nodes of the tape, youngest first, each handing on the cotangents of its inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..ops import cast, sum_to
from .modes import state
from .node import AccumulateGrad, Node, gradient_edge


watch: Any = None  # anomaly mode's, which then runs the nodes


def run(
    roots: Iterable[tuple[Node, Any]],
    *,
    keep_graph: bool = False,
    create_graph: bool = False,
    wanted: dict[Node, Any] | None = None,
    only: Collection[Node] | None = None,
) -> None:
    """Run backward from `roots`, pairs of a node and the cotangent of its output.

    Cotangents are arrays; with `create_graph` they are Tensors, and the same rules write the tape of the gradient.
    A node is younger than its inputs, so taking the youngest first means that every consumer has spoken before a
    node runs: no recursion, no counting. Without `wanted` the cotangents of leaves are added to their `.grad`; with
    it they are put there for its keys; with `only`, added to the `.grad` of those leaves alone. In both cases nodes
    that lead nowhere do not run.
    """
    previous, state.recording = state.recording, create_graph
    try:
        _run(roots, keep_graph, create_graph, wanted, only)
    finally:
        state.recording = previous


def _run(
    roots: Iterable[tuple[Node, Any]],
    keep_graph: bool,
    create_graph: bool,
    wanted: dict[Node, Any] | None,
    only: Collection[Node] | None,
) -> None:
    pending: dict[Node, Any] = {}
    heap: list[tuple[int, Node]] = []
    for node, g in roots:
        if node in pending:
            pending[node] = pending[node] + g
        else:
            pending[node] = g
            heappush(heap, (node.order, node))
    targets = only if wanted is None else wanted
    useful = None if targets is None else _nodes_towards(targets, pending)

    while heap:
        node = heappop(heap)[1]
        g = pending.pop(node)
        hooks = node.hooks or watch
        if hooks is not None:
            g = hooks.before(node, g, create_graph, pending, useful)
        edges = node.edges
        if useful is not None:
            edges = [edge if edge in useful else None for edge in edges]
            if wanted is not None and node in wanted:
                wanted[node] = g
                if type(node) is AccumulateGrad:
                    continue
            if not any(edges) and type(node) is not AccumulateGrad:
                continue
        parts = node.pull(g, edges, create_graph) if hooks is None else hooks.pull(node, g, edges, create_graph)
        for edge, part in zip(edges, parts):  # noqa: B905
            if edge is None or part is None:
                continue
            array = part.array if create_graph else part
            if array.shape != edge.shape:
                part = sum_to(part, edge.shape)  # the operand was broadcast
            if array.dtype != edge.dtype:
                part = cast(part, edge.dtype)
            if edge in pending:
                pending[edge] = pending[edge] + part
                continue
            if type(edge) is AccumulateGrad and not create_graph and (part is g or part.base is not None):
                part = part.copy()  # .grad must not share memory with another cotangent
            pending[edge] = part
            heappush(heap, (edge.order, edge))
        if not keep_graph:
            node.release()


def _nodes_towards(targets: Iterable[Node], roots: Iterable[Node]) -> set[Node]:
    """The nodes on a path from the roots to a target."""
    useful = set(targets)
    oldest = max((node.order for node in useful), default=0)
    order: list[Node] = []
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        order.append(node)
        for edge in node.edges:
            if edge is not None and edge not in seen and edge.order <= oldest:
                seen.add(edge)
                stack.append(edge)
    for node in sorted(order, key=lambda n: -n.order):  # inputs before their consumers
        if any(edge in useful for edge in node.edges):
            useful.add(node)
    return useful


def backward(
    tensors: Any, gradients: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
) -> None:
    """Add the gradients of `tensors` to the `.grad` of the leaves, or of `inputs` alone (torch.autograd.backward)."""
    keep = create_graph if retain_graph is None else retain_graph
    if gradients is None and not isinstance(tensors, (list, tuple)):
        roots = [_root(tensors, None, create_graph)]
    else:
        tensors, gradients = _as_pairs(tensors, gradients)
        roots = [_root(tensor, g, create_graph) for tensor, g in zip(tensors, gradients, strict=True)]
    if inputs is None:
        run(roots, keep_graph=keep, create_graph=create_graph)
        return
    inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not inputs:
        raise RuntimeError("'inputs' argument to backward() cannot be empty.")
    only = [gradient_edge(_differentiable(x)) for x in inputs]
    for x in inputs:
        x.retain_grad()
    run(roots, keep_graph=keep, create_graph=create_graph, only=only)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of `outputs` with respect to each of `inputs`, as a tuple; no `.grad` is touched.

    An input that the outputs do not depend on is refused, or with `allow_unused` has None, or with
    `materialize_grads` zeros. RuntimeError in torch's words. Source: torch.autograd.grad.
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched needs vmap, which tinygrad_mlp does not have")
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.")
    outputs, gradients = _as_pairs(outputs, grad_outputs)
    inputs = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    if not inputs:
        raise ValueError("grad requires non-empty inputs.")
    roots = [_root(tensor, g, create_graph) for tensor, g in zip(outputs, gradients, strict=True)]
    nodes = [gradient_edge(_differentiable(x)) for x in inputs]
    wanted: dict[Node, Any] = dict.fromkeys(nodes)
    keep = create_graph if retain_graph is None else retain_graph
    run(roots, keep_graph=keep, create_graph=create_graph, wanted=wanted)
    return tuple(
        _result(x, wanted[node], i, bool(allow_unused), materialize_grads)
        for i, (x, node) in enumerate(zip(inputs, nodes, strict=True))
    )


def _as_pairs(tensors: Any, gradients: Any) -> tuple[list[Any], list[Any]]:
    tensors = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
    if gradients is None:
        gradients = [None] * len(tensors)
    gradients = list(gradients) if isinstance(gradients, (list, tuple)) else [gradients]
    if len(gradients) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(gradients)} gradients")
    return tensors, gradients


def _differentiable(x: Any) -> Any:
    if not x.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    return x


def _root(tensor: Any, gradient: Any, create_graph: bool) -> tuple[Node, Any]:
    """Where backward starts at a tensor, and its cotangent there."""
    array = tensor.array
    if gradient is None:
        if tensor.requires_grad and array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        gradient = tensor._constant(np.ones(array.shape, array.dtype))
    elif not hasattr(gradient, "array"):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    elif gradient.array.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {gradient.shape} and output[0] has a shape of "
            f"{tensor.shape}."
        )
    if not tensor.requires_grad:
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    if create_graph:
        return gradient_edge(tensor), gradient
    node = gradient_edge(tensor)
    return node, gradient.array.copy() if type(node) is AccumulateGrad else gradient.array


def _result(x: Any, g: Any, index: int, allow_unused: bool, materialize: bool) -> Any:
    if g is None:
        if materialize:
            return x._constant(np.zeros_like(x.array))
        if not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {index} appears to not have been used in the graph. Set allow_unused=True "
                "if this is the desired behavior."
            )
        return None
    return g if hasattr(g, "array") else x._constant(g)
