"""Rows on float16, which are computed in float32 and rounded once, as torch's kernels do it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.graph.node import Node
from ..ops import Operator, cast
from .arguments import is_half
from .tensor import Tensor

# These know float16 themselves, because torch's kernels round a step between: the logarithm of the sum, and 1 - eps.
_ROUNDED_BETWEEN = frozenset(("log_softmax", "logit"))


def in_single(row: Operator, arrays: Sequence[Any]) -> Any:
    """What a forward computes in float32 from arrays of float16, rounded to float16 once."""
    if row.name in _ROUNDED_BETWEEN:
        return row.forward(*arrays)
    result = row.forward(*[x.astype(np.float32) if is_half(x) else x for x in arrays])
    if isinstance(result, tuple):
        return tuple(_rounded(part) for part in result)
    return _rounded(result)


def _rounded(x: Any) -> Any:
    return x.astype(np.float16) if getattr(x, "dtype", None) == np.float32 else x


@functools.cache
def half_class(plain: Any) -> type[Node]:
    """A class of nodes for float16, whose rules run in float32. Backward rounds what they hand on."""

    def pull(self: Node, g: Any, edges: Any, create_graph: bool) -> Any:
        saved = self.saved
        if create_graph:
            return plain.pull(self, _single(g), edges, create_graph)
        if type(saved) not in (tuple, list) or not is_half(g):
            return plain.pull(self, g, edges, create_graph)
        self.saved = [part and list(map(_single, part)) for part in saved]
        try:
            return plain.pull(self, g.astype(np.float32), edges, create_graph)
        finally:
            self.saved = saved

    def differentiable_saved(self: Node, tensor_type: Any) -> list[Any]:
        return [part and list(map(_single, part)) for part in plain._differentiable_saved(self, tensor_type)]

    own = {"__slots__": (), "pull": pull, "_differentiable_saved": differentiable_saved}
    return type(plain.__name__, (plain,), own)


def _single(x: Any) -> Any:
    """An array of float16, or a Tensor of it, in float32."""
    if isinstance(x, Tensor) and x.array.dtype == np.float16:
        return cast(x, np.dtype(np.float32))
    return x.astype(np.float32) if is_half(x) else x
