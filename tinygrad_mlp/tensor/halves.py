"""Rows on float16 and bfloat16, which are computed in float32 and rounded once, as torch's kernels do it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import HALVES
from ..autograd.graph.node import Node
from ..autograd.outputs import Bundle
from ..ops import Operator, cast
from .arguments import is_half
from .tensor import Tensor

# These compute float16 as it is. Torch's kernels for the first three round steps between: the place of a bin, the
# logarithm of the sum, and 1 - eps. What the next two give depends on which numbers the dtype has; and the last ones
# choose among elements and numbers, which the dtype has to hold.
_AS_IT_IS = frozenset(
    ("histc", "log_softmax", "logit", "nan_to_num", "nextafter", "hardshrink", "index_fill", "masked_fill", "threshold")
)


def in_single(row: Operator, arrays: Sequence[Any]) -> Any:
    """What a forward computes in float32 from arrays of float16 or bfloat16, rounded to that dtype once."""
    kind = next(x.dtype for x in arrays if is_half(x))
    if row.name in _AS_IT_IS:
        return row(*arrays)
    result = row(*[x.astype(np.float32) if is_half(x) else x for x in arrays])
    if isinstance(result, tuple):
        return tuple(_rounded(part, kind) for part in result)
    return _rounded(result, kind)


def _rounded(x: Any, kind: np.dtype[Any]) -> Any:
    return x.astype(kind) if getattr(x, "dtype", None) == np.float32 else x


@functools.cache
def half_class(plain: Any) -> type[Node]:
    """A class of nodes for float16 and bfloat16, whose rules run in float32. Backward rounds what they hand on."""

    def pull(self: Node, g: Any, edges: Any, create_graph: bool) -> Any:
        saved = self.saved
        if create_graph:
            return plain.pull(self, _single(g), edges, create_graph)
        if type(saved) not in (tuple, list) or not (is_half(g) or type(g) is Bundle):
            return plain.pull(self, g, edges, create_graph)
        self.saved = [part and list(map(_single, part)) for part in saved]
        try:
            return plain.pull(self, _single(g), edges, create_graph)
        finally:
            self.saved = saved

    def differentiable_saved(self: Node, tensor_type: Any) -> list[Any]:
        return [part and list(map(_single, part)) for part in plain._differentiable_saved(self, tensor_type)]

    own = {"__slots__": (), "pull": pull, "_differentiable_saved": differentiable_saved}
    return type(plain.__name__, (plain,), own)


def _single(x: Any) -> Any:
    """An array of float16 or bfloat16, a Tensor of it, or the cotangents of several outputs, in float32."""
    if type(x) is Bundle:
        return Bundle({index: _single(g) for index, g in x.parts.items()})
    if isinstance(x, Tensor) and x.array.dtype.char in HALVES:
        return cast(x, np.dtype(np.float32))
    return x.astype(np.float32) if is_half(x) else x
