"""The node of a Function that ran. Its `pull` calls the user's backward and checks what that returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ... import tape
from ...arrays.silence import users_settings
from ...messages import type_name
from ...tape import FREED
from ..graph.node import Node
from ..hooks import nothing_for
from ..outputs import Bundle, is_nothing
from ..tensors import given_out, is_tensor, wrap
from .context import FunctionCtx
from .refusals import GRADIENT_OF_NO_TENSOR, INVALID_GRADIENT, NO_GRADIENT, NUMBER_OF_GRADIENTS
from .saved import SavedForBackward


class FunctionNode(Node):
    """A Function that ran. An attribute that a node does not have is looked up in the context.

    `arguments` has, for each argument of forward, its place among the edges, or None where it was no tensor; `outputs`
    has the shape and dtype of each output, or None; `zero_dirty` says that a gradient None of edge 0 counts as zeros.
    """

    __slots__ = ("arguments", "ctx", "outputs", "zero_dirty")
    function: ClassVar[Any]  # the user's class
    arguments: list[int | None]
    ctx: FunctionCtx
    outputs: list[tuple[tuple[int, ...], Any] | None]
    zero_dirty: bool
    runs_on_nothing = True  # for an output without a cotangent the user's backward gets zeros, or None

    @property
    def outputs_count(self) -> int:
        """How many outputs forward had."""
        return len(self.outputs)

    @property
    def _raw_saved_tensors(self) -> tuple[SavedForBackward | None, ...]:
        if self.ctx._freed:
            raise RuntimeError(FREED)
        return tuple(self.ctx._saved)

    def __getattr__(self, name: str) -> Any:
        if name == "ctx":
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        results = self._gradients(self._cotangents(g, create_graph))
        parts: list[Any] = [None] * len(edges)
        for place, result in zip(self.arguments, results, strict=True):
            if place is None:
                continue
            edge = edges[place]
            if result is None:
                if edge is not None and place == 0 and self.zero_dirty:
                    result = wrap(np.zeros(edge.shape, edge.dtype))
                    parts[place] = result if create_graph else result.array
                elif edge is not None:
                    parts[place] = nothing_for(edge, create_graph)
                continue
            if edge is None:  # for hooks, which see also what is not needed
                parts[place] = result if create_graph else result.array
                continue
            shape = result.array.shape
            if not _expands(edge.shape, shape):
                raise RuntimeError(INVALID_GRADIENT.format(self.name(), place, list(shape), list(edge.shape)))
            if create_graph:
                parts[place] = result
            else:  # a user may return one array twice, or keep it: what becomes a .grad must be another
                parts[place] = result.array.copy() if edge.waits else result.array
        return parts

    def _cotangents(self, g: Any, create_graph: bool) -> list[Any]:
        """The cotangents of all outputs as Tensors; zeros or None for an output that has no cotangent."""
        given = g.parts if isinstance(g, Bundle) else {} if is_nothing(g) else {0: g}
        cotangents: list[Any] = []
        for i, output in enumerate(self.outputs):
            if i in given:
                cotangents.append(given[i] if create_graph else given_out(given[i]))
            elif output is None or not self.ctx.materialize_grads:
                cotangents.append(None)
            else:
                cotangents.append(wrap(np.zeros(*output)))
        return cotangents

    def _gradients(self, cotangents: list[Any]) -> tuple[Any, ...]:
        """What the user's backward returns, one for each argument of forward. RuntimeError in torch's words."""
        rule = self.function._rule()
        with users_settings():
            given = rule(self.ctx, cotangents) if self.function.boxed_grads_call else rule(self.ctx, *cotangents)
        results: tuple[Any, ...] = given if isinstance(given, tuple) else (given,)
        expected = len(self.arguments)
        if len(results) > expected and all(extra is None for extra in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(NUMBER_OF_GRADIENTS.format(self.name(), expected, len(results)))
        for i, (place, result) in enumerate(zip(self.arguments, results, strict=True)):
            if result is None:
                continue
            if place is None:
                raise RuntimeError(GRADIENT_OF_NO_TENSOR.format(self.name(), i + 1))
            if not is_tensor(result):
                raise RuntimeError(NO_GRADIENT.format(type_name(result)))
        return results

    def release(self) -> None:
        self.ctx._saved, self.ctx._freed = (), True


def _expands(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of this shape can be expanded to another."""
    added = len(to) - len(shape)
    return added >= 0 and all(n in (1, to[added + d]) for d, n in enumerate(shape))
