"""What backward and grad are given: the tensors where they start and end, and torch's refusals of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ops import cast
from ..tape import NO_SCALAR, Node, gradient_edge, ones
from .graph.node import GradientEdge
from .tensors import is_tensor, wrap


def inputs_of(inputs: Any, function: str) -> tuple[Any, ...]:
    """What to differentiate with respect to. TypeError, RuntimeError in torch's words."""
    if type(inputs) is dict:
        inputs = inputs.values()
    elif isinstance(inputs, Mapping):
        raise TypeError(
            f"`inputs` argument to `{function}()` must be a dict, not {type(inputs).__name__}. Other Mapping types are "
            "not supported."
        )
    inputs_given: tuple[Any, ...] = as_tuple(inputs)
    if not inputs_given:
        raise RuntimeError(f"`inputs` argument to `{function}()` cannot be empty.")
    for x in inputs_given:
        if type(x) is not GradientEdge and not is_tensor(x):
            raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(x).__name__}")
    return inputs_given


def as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if is_tensor(tensors) or type(tensors) is GradientEdge else tuple(tensors)


def edge_of(x: Any) -> Any:
    if type(x) is GradientEdge:
        return x.ownership_token or x.node
    if not x.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    if x.viewed is not None:
        x.grad_fn  # noqa: B018 (brings it up to date)
    return gradient_edge(x)


def shape_of(x: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = edge_of(x).shape if type(x) is GradientEdge else x.array.shape
    return shape


def _has_history(x: Any) -> bool:
    """Whether a tensor requires grad, and not only because it is a view, made without grad, of one that does."""
    return x.requires_grad and (x.viewed is None or x.viewed.own or x.grad_fn is not None)


def starts(tensors: Any, gradients: Any, create_graph: bool) -> list[tuple[Node, Any]]:
    """Where backward starts: the nodes of the outputs, each with the cotangent there."""
    if gradients is None and is_tensor(tensors) and tensors.viewed is None and tensors.needs_grad:
        array = tensors.array
        if array.size == 1:  # the usual case: a loss
            g = ones(array.shape, array.dtype)
            return [(gradient_edge(tensors), wrap(g) if create_graph else g)]
    tensors = as_tuple(tensors)
    gradients = (None,) * len(tensors) if gradients is None else as_tuple(gradients)[: len(tensors)]
    pairs = list(zip(tensors, gradients, strict=False))
    for i, (tensor, gradient) in enumerate(pairs):
        _refuse_gradient(i, tensor, gradient)
    if len(gradients) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(gradients)} gradients")
    roots = []
    for i, (tensor, gradient) in enumerate(pairs):
        if type(tensor) is not GradientEdge and not _has_history(tensor):
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        node = edge_of(tensor)
        if gradient is None:
            g = np.ones(node.shape, node.dtype)
            roots.append((node, wrap(g) if create_graph else g))
            continue
        g = gradient.array
        g = gradient if create_graph else g.copy() if not node.edges else g
        roots.append((node, g if gradient.array.dtype == node.dtype else cast(g, node.dtype)))
    return roots


def _refuse_gradient(i: int, output: Any, gradient: Any) -> None:
    """Torch's refusals of the gradient that is given for an output."""
    if type(output) is not GradientEdge and not is_tensor(output):
        raise AssertionError("Expected output to be a torch.Tensor")
    shape = shape_of(output)
    if gradient is None:
        if any(n != 1 for n in shape) and (type(output) is GradientEdge or output.requires_grad):
            raise RuntimeError(NO_SCALAR)
    elif not is_tensor(gradient):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    elif gradient.array.shape != shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of torch.Size({list(gradient.array.shape)}) and "
            f"output[{i}] has a shape of torch.Size({list(shape)})."
        )
