"""The arguments of backward and grad: the tensors where they start and end, checked as torch checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..messages import noted
from ..ops import cast
from ..tape import NO_SCALAR, Node, gradient_edge, ones
from .graph.node import GradientEdge
from .refusals import (
    COTANGENT_NO_TENSOR,
    INPUT_NEEDS_NO_GRAD,
    INPUT_NO_TENSOR,
    INPUTS_NO_DICT,
    NO_INPUTS,
    NUMBERS_DIFFER,
    OUTPUT_NEEDS_NO_GRAD,
    OUTPUT_NO_TENSOR,
    SHAPES_DIFFER,
)
from .tensors import is_tensor, wrap


def inputs_of(inputs: Any, function: str) -> tuple[Any, ...]:
    """The `inputs` of backward or grad as a tuple. TypeError and RuntimeError in torch's words for what is no input."""
    if type(inputs) is dict:
        inputs = inputs.values()
    elif isinstance(inputs, Mapping):
        raise TypeError(INPUTS_NO_DICT.format(function, type(inputs).__name__))
    inputs_given: tuple[Any, ...] = as_tuple(inputs)
    if not inputs_given:
        raise RuntimeError(NO_INPUTS.format(function))
    for x in inputs_given:
        if type(x) is not GradientEdge and not is_tensor(x):
            raise RuntimeError(INPUT_NO_TENSOR.format(type(x).__name__))
    return inputs_given


def as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if is_tensor(tensors) or type(tensors) is GradientEdge else tuple(tensors)


def edge_of(x: Any) -> Any:
    if type(x) is GradientEdge:
        return x.ownership_token or x.node
    if not x.requires_grad:
        raise RuntimeError(INPUT_NEEDS_NO_GRAD)
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
        raise RuntimeError(NUMBERS_DIFFER.format(len(tensors), len(gradients)))
    roots = []
    for i, (tensor, gradient) in enumerate(pairs):
        if type(tensor) is not GradientEdge and not _has_history(tensor):
            raise noted(RuntimeError(OUTPUT_NEEDS_NO_GRAD.format(i)))
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
    """Check the gradient that is given for an output, as torch does."""
    if type(output) is not GradientEdge and not is_tensor(output):
        raise AssertionError(OUTPUT_NO_TENSOR)
    shape = shape_of(output)
    if gradient is None:
        if any(n != 1 for n in shape) and (type(output) is GradientEdge or output.requires_grad):
            raise noted(RuntimeError(NO_SCALAR))
    elif not is_tensor(gradient):
        raise TypeError(COTANGENT_NO_TENSOR.format(type(gradient).__name__))
    elif gradient.array.shape != shape:
        raise RuntimeError(SHAPES_DIFFER.format(i, list(gradient.array.shape), i, list(shape)))
