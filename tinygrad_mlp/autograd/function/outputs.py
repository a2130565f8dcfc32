"""Connecting the outputs of a Function to its node, by torch's rules for inputs, views and marked outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...arrays.dtypes import FLOATING
from ...messages import type_name, warn
from ...tape import Node
from ..graph.refusals import ONE_OF_SEVERAL
from ..inplace.views import rebase, refuse_inplace
from ..outputs import OutputNode
from ..tensors import is_tensor
from .context import FunctionCtx
from .node import FunctionNode
from .refusals import (
    DIRTY_LEAF,
    DIRTY_NO_INPUT,
    DIRTY_NO_TENSOR,
    DIRTY_NOT_RETURNED,
    MADE_BY_FUNCTION,
    MADE_WITHOUT_GRAD,
    NON_DIFFERENTIABLE_NO_TENSOR,
    SAVED_INPUT_RETURNED,
    SAVED_NO_TENSOR,
    VIEW_AND_SEVERAL,
)
from .saved import SavedForBackward


def with_history(ctx: FunctionCtx, node: FunctionNode | None, args: tuple[Any, ...], raw: tuple[Any, ...]) -> list[Any]:
    """Connect the outputs to the node, by torch's rules for those that are inputs or views (_wrap_outputs)."""
    _check_marks(ctx, raw)
    for tensor in ctx.dirty_tensors:
        tensor.versions[0] += 1
    if node is not None:
        node.outputs = [(o.array.shape, o.array.dtype) if is_tensor(o) else None for o in raw]
        if len(raw) == 1 and is_tensor(raw[0]):
            node.shape, node.dtype = raw[0].array.shape, raw[0].array.dtype
    outputs: list[Any] = []
    differentiable = 0
    for index, output in enumerate(raw):
        if not is_tensor(output):
            outputs.append(output)
            continue
        is_input, dirty = _among(output, args), _among(output, ctx.dirty_tensors)
        if node is None or output.array.dtype.kind not in FLOATING or _among(output, ctx.non_differentiable):
            output = _constant(output, is_input, dirty)
        else:
            differentiable += 1
            place = node if len(raw) == 1 else OutputNode(node, index, output.array.shape, output.array.dtype)
            if dirty:
                _rebase(output, node, place, args, sum(map(is_tensor, raw)))
            else:
                if is_input:
                    output = output.view_as(output)  # to have another place than the input has
                output.node = place
                output.needs_grad = True
        if output.viewed is not None and not (is_input and dirty):
            output.viewed.refusal = MADE_BY_FUNCTION if output.node is not None else MADE_WITHOUT_GRAD
            if output.node is not None:
                output.viewed.current = output.versions[0]
        outputs.append(output)
    if differentiable > 1:
        for output in outputs:
            if is_tensor(output) and output.viewed is not None:
                output.viewed.refusal = ONE_OF_SEVERAL
    return outputs


def _among(tensor: Any, others: Sequence[Any]) -> bool:
    for other in others:  # noqa: SIM110 (most of these are empty or have one; a generator costs more than the rest)
        if tensor is other:
            return True
    return False


def _constant(output: Any, is_input: bool, dirty: bool) -> Any:
    """An output without history. An input that is returned is not changed, except by what forward wrote into it."""
    if not output.requires_grad:
        return output.view_as(output) if is_input and not dirty else output
    if is_input:
        return output.detach()
    return output if output._is_view() else output.detach_()


def _check_marks(ctx: FunctionCtx, raw: tuple[Any, ...]) -> None:
    """Check `mark_dirty` and `mark_non_differentiable`: RuntimeError in torch's words for marks that do not fit."""
    if not all(is_tensor(t) for t in ctx.dirty_tensors):
        raise RuntimeError(DIRTY_NO_TENSOR)
    if not all(is_tensor(t) for t in ctx.non_differentiable):
        raise RuntimeError(NON_DIFFERENTIABLE_NO_TENSOR)
    if not all(_among(t, raw) for t in ctx.dirty_tensors):
        raise RuntimeError(DIRTY_NOT_RETURNED)


def _rebase(tensor: Any, node: FunctionNode, place: Node, args: tuple[Any, ...], several: int) -> None:
    """Give a tensor that forward changed in place the Function's node."""
    if tensor.requires_grad and tensor.node is None:
        raise RuntimeError(DIRTY_LEAF)
    if not _among(tensor, args):
        warn(DIRTY_NO_INPUT)
    if tensor.viewed is not None:
        if several > 1:
            raise RuntimeError(VIEW_AND_SEVERAL)
        refuse_inplace(tensor)
        places = [place for place, arg in zip(node.arguments, args, strict=True) if arg is tensor]
        _to_front(node, (places[0] if places else None) or 0)
        node.zero_dirty = True
    rebase(tensor, place)


def _to_front(node: FunctionNode, place: int) -> None:
    """Exchange two edges: CopySlices takes the first for that of the tensor that was written to."""
    edges = list(node.edges)
    edges[0], edges[place] = edges[place], edges[0]
    node.edges = edges
    exchanged = {0: place, place: 0}
    node.arguments = [exchanged.get(p, p) if p is not None else None for p in node.arguments]


def save(ctx: FunctionCtx, node: FunctionNode, inputs: tuple[Any, ...], raw: tuple[Any, ...]) -> None:
    """Save what forward asked for. This comes after forward, because outputs may be among it."""
    for i, tensor in enumerate(ctx.to_save):
        if tensor is not None and not is_tensor(tensor):
            raise TypeError(SAVED_NO_TENSOR.format(i, type_name(tensor)))
        if _among(tensor, inputs) and _among(tensor, raw) and not _among(tensor, ctx.dirty_tensors):
            raise RuntimeError(SAVED_INPUT_RETURNED)
    ctx._saved = [
        None if t is None else SavedForBackward(t, own=t.grad_fn is node or _among(t, ctx.dirty_tensors))
        for t in ctx.to_save
    ]
