"""Operators on tensors that hold batched arrays, inside of `vmap` and in backward behind it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.graph.node import Node
from ..ops import Operator
from .tensor import Tensor

Function = Callable[..., Any]


def batches_of(args: tuple[Any, ...]) -> list[Any]:
    """The batches of the arrays and Tensors among some arguments."""
    from ..autograd.batches import of_all  # when a batch has begun

    return of_all(*args)


def run_over_batch(forward: Function, *arrays: Any) -> Any:
    """Run a forward on batched arrays: line by line, or for each element of the batch."""
    from ..batching.array import run

    return run(forward, *arrays)


def share_among(row: Operator, args: tuple[Any, ...], batches: Any) -> tuple[Any, ...]:
    """The arguments, with those that need a gradient as tensors that every element of the batches has for itself."""
    from ..autograd.batches import share

    shared = list(args)
    for i in row.differentiable:
        arg = args[i]
        if isinstance(arg, Tensor):
            shared[i] = share(arg, batches) if arg.requires_grad else arg
        elif row.listed and i == 0 and isinstance(arg, (tuple, list)):
            shared[i] = [share(x, batches) if isinstance(x, Tensor) and x.requires_grad else x for x in arg]
    return tuple(shared)


@functools.cache
def on_batch(plain: Any) -> Any:
    """A class of nodes that saved batched arrays, whose rules run line by line or for each element."""
    if plain.row.listed:
        return plain  # whose rules give a list of views

    def pull(self: Node, g: Any, edges: Any, create_graph: bool) -> Any:
        return Node.pull(self, g.parts[0] if len(plain.row.outputs) > 1 else g, edges, create_graph)

    return type(plain.__name__, (plain,), {"__slots__": (), "pull": pull, "on_batch": True})
