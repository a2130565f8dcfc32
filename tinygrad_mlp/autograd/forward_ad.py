"""torch.autograd.forward_ad: tensors that carry a tangent, from which those of results follow.

As in `torch.func.jvp`, the tangent of a result is computed by a backward through its backward, which is linear in its
cotangent: so it is computed when `unpack_dual` asks for it, and whatever the derivative table has a rule for, it has a
tangent. While a level runs operators are recorded in any grad mode. There is one level at a time, as in torch 2.13.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays.dtypes import FLOATING
from ..tape import gradient_edge, reachable, state
from .backward import grad
from .captured import share_memory
from .grad_mode import _Mode, enable_grad
from .graph.node import GradientEdge, Node
from .refusals import DUAL_LEVEL, DUAL_NESTED, DUAL_NOT_FLOATING, DUAL_OUTSIDE, DUAL_SIZE
from .tensors import wrap

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class _Dual(Node):
    """The node of a dual tensor; it passes the cotangent on to the primal, if that requires grad."""

    __slots__ = ("tangent",)

    def __init__(self, primal: Any, tangent: Any) -> None:
        edge = gradient_edge(primal) if primal.requires_grad and _levels[-1].recorded_outside else None
        super().__init__((edge,), (), (), primal.array.shape, primal.array.dtype)
        self.tangent = tangent

    def pull(self, g: Any, edges: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        return (g,)


class _Level:
    """A level while it runs."""

    def __init__(self) -> None:
        self.recorded_outside = state.recording
        self.mode = enable_grad()
        self.mode.__enter__()


_levels: list[_Level] = []


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns; the tangent is None for a tensor that no dual tensor led to."""

    primal: Any
    tangent: Any


def enter_dual_level() -> int:
    """Begin a level, and return its number, 0. RuntimeError inside of another. Source: torch's enter_dual_level."""
    if _levels:
        raise RuntimeError(DUAL_NESTED)
    _levels.append(_Level())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level. RuntimeError where there is none. Source: torch's exit_dual_level."""
    if not _levels:
        raise RuntimeError(DUAL_LEVEL)
    _levels.pop().mode.__exit__(None, None, None)


class dual_level(_Mode):
    """A `with` block, or decorated function, in which there are dual tensors. Source: torch's dual_level."""

    def __enter__(self) -> Any:
        return enter_dual_level()

    def __exit__(self, *exception: object) -> None:
        exit_dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A tensor with the memory of `tensor` that carries a tangent of the same shape.

    RuntimeError outside of a level and for another shape, ValueError for integers. Source: torch's make_dual.
    """
    if not _levels:
        raise RuntimeError(DUAL_OUTSIDE)
    for what, x in (("primal", tensor), ("tangent", tangent)):
        if x.array.dtype.kind not in FLOATING:
            raise ValueError(DUAL_NOT_FLOATING.format(what=what, dtype=x.dtype))
    if tensor.shape != tangent.shape:
        raise RuntimeError(DUAL_SIZE.format(shape=list(tensor.shape), tangent=list(tangent.shape)))
    dual = wrap(tensor.array)
    dual.versions = tensor.versions
    share_memory(dual, tensor)
    dual.node, dual.needs_grad = _Dual(tensor, tangent), True
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent of a tensor, both of which can be differentiated. Source: torch's unpack_dual."""
    if not _levels or not tensor.requires_grad:
        return UnpackedDualTensor(tensor, None)
    duals = [node for node in reachable([gradient_edge(tensor)]) if isinstance(node, _Dual)]
    if not duals:
        return UnpackedDualTensor(tensor, None)
    weights = wrap(np.zeros_like(tensor.array))
    weights.needs_grad = True
    edges = [GradientEdge(node, 0) for node in duals]
    pulled = grad((tensor,), edges, (weights,), create_graph=True, allow_unused=True)
    linear = [(g, node.tangent) for g, node in zip(pulled, duals, strict=True) if g is not None and g.requires_grad]
    if linear:
        gs, tangents = zip(*linear, strict=True)
        tangents = tuple(v.to(g.dtype) for v, g in zip(tangents, gs, strict=True))
        tangent = grad(gs, (weights,), tangents, create_graph=True, allow_unused=True)[0]
    else:
        tangent = wrap(np.zeros_like(tensor.array))
    return UnpackedDualTensor(_outside(tensor), _outside(tangent, weights))


def _outside(x: Any, weights: Any = None) -> Any:
    """A result as the code around the level sees it: without history if that leads to no leaf of its own."""
    if not x.requires_grad:
        return x
    leaves = {node for node in reachable([gradient_edge(x)]) if node.waits}
    if weights is not None:
        leaves.discard(gradient_edge(weights))
    return x if leaves and _levels[-1].recorded_outside else x.detach()
