"""Operators in place: the functions that are made from a row for `x.mul_(y)`, `x += y` and `x.t_()`."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import dtypes
from ..arrays.silence import is_entered, quietly, silently
from ..autograd.captured import is_captured, refuse_captured, running
from ..autograd.graph.node import Node
from ..autograd.inplace.refusals import PARTLY_THE_SAME
from ..autograd.inplace.views import note_writer, rebase, refresh, refuse_inplace, refuse_overlap
from ..batching import begun
from ..messages import noted
from ..ops import Operator
from ..ops.dims import mismatch
from ..ops.refusals import OTHER_OUTPUT_SHAPE, OTHER_RESULT_DTYPE
from ..ops.table import not_implemented
from ..tape import gradient_edge, state
from .arguments import is_in_single, unwrap
from .batches import batches_of, on_batch, share_among
from .dispatch import (
    Caller,
    edges_and_saved,
    node_class,
)
from .halves import half_class, in_single
from .kinds import USUAL
from .tensor import Tensor

Function = Callable[..., Any]


def inplace_of(row: Operator, node_name: str | None = None) -> Function:
    """The operator in place: `x.mul_(y)` writes x * y into x's memory, and on the tape x becomes the product.

    `node_name` is that of its nodes, where torch has an operator of its own for this use of the row.
    """
    row = _with_rules_in_place(row)

    @functools.cache
    def row_class() -> type[Node]:
        plain = node_class(row)
        return plain if node_name is None else type(node_name, (plain,), {"__slots__": ()})

    def general(*args: Any) -> Tensor:
        return _in_place(row, row_class, args[0], args)

    def written() -> Function:
        if row.name == "put" or not row.rules:
            return general
        from . import callers  # when the first row is called

        given = {"row": row, "forward": row.forward, "general": general, "node_class": row_class}
        return callers.compiled(row.name + "_", callers.caller_of(row, inplace=True), _NAMES, given)

    arity, caller = len(row.parameters), Caller(row, written)

    def function(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        try:
            if len(args) == arity - 1 and not kwargs:
                return caller.call(self, *args)  # type: ignore[no-any-return]
            return caller.call(*row.complete((self, *args), kwargs))  # type: ignore[no-any-return]
        except Exception as error:
            noted(error)
            raise

    function.__name__ = function.__qualname__ = row.name + "_"
    function.__doc__ = f"{row.doc}, written into the tensor itself.\n\nThe row `{row.name}` in place."
    function.caller = caller  # type: ignore[attr-defined]
    return function


def _with_rules_in_place(row: Operator) -> Operator:
    """The row as it is used in place.

    A comparison gets rules that give zeros, because x then holds a constant. A row that is not differentiable gets
    rules that refuse.
    """
    if not row.flat and row.node_name != "NotImplemented":
        return row
    row = copy.copy(row)
    rule = np.zeros_like if row.flat else not_implemented(row.name + "_")
    row.differentiable = row.tensors
    row.rules = (rule,) * len(row.tensors)
    row.reads = ((),) * len(row.tensors)
    return row


def _in_place(row: Operator, row_class: Callable[[], type[Node]], tensor: Tensor, args: tuple[Any, ...]) -> Tensor:
    if running and is_captured(tensor):
        with contextlib.suppress(RuntimeError):
            unwrap(row, args)  # only a TypeError comes first
        refuse_captured(tensor, row.name + "_", args[1:])
    batches = batches_of(args) if begun else None
    if batches:
        refuse_unbatched(tensor, args[1:])
    recorded = state.recording and any(
        isinstance(args[i], Tensor) and args[i].requires_grad for i in row.differentiable
    )
    if recorded:
        try:
            refuse_inplace(tensor)
        except RuntimeError:
            with contextlib.suppress(RuntimeError):
                unwrap(row, args)  # only a TypeError comes first
            raise
        if batches:
            from ..autograd.batches import refuse_leaf

            refuse_leaf(tensor)
        args = (tensor, *share_among(row, args, batches)[1:]) if batches else args
    arrays = unwrap(row, args)
    target = tensor.array
    if (
        tensor.viewed is not None
        or not target.flags.writeable
        or row.name == "put"
        or any(isinstance(x, Tensor) and x.viewed is not None for x in args)
    ):
        _prepare_shared(row, tensor, args)
    count = tensor.versions[-1]  # an inference tensor refuses here, before the write
    if not recorded:
        silently(write, row, target, arrays)
        tensor.versions[0] = count + 1
        return tensor
    outputs = len(row.outputs)
    if any(outputs in read for read in row.reads) and arrays[0] is target:
        arrays[0] = target.copy()  # what is read of `input` is a copy from before, which nobody can change
    edges, saved, versions = edges_and_saved(row, args, (target, *arrays), (tensor, None, *args[1:]))
    arrays[0] = target if arrays[0].dtype == target.dtype else arrays[0]
    silently(write, row, target, arrays)
    tensor.versions[0] += 1
    versions = [(counter, count + 1 if place < outputs else count, place) for counter, count, place in versions]
    kind: Any = row_class()
    kind = on_batch(kind) if batches else kind
    if is_in_single(row, arrays):
        kind = half_class(kind)
    rebase(tensor, kind(edges, saved, versions, target.shape, target.dtype))
    return tensor


def refuse_unbatched(tensor: Tensor, others: Any) -> None:
    """RuntimeError in torch's words for a write of what varies in a batch into what is the same for all of it."""
    from ..batching.crossing import varying_batches
    from ..batching.refusals import UNBATCHED_WRITE

    own = varying_batches(tensor.array)
    for x in others:
        if any(batch not in own for batch in varying_batches(getattr(x, "array", x))):
            raise RuntimeError(UNBATCHED_WRITE)


def _prepare_shared(row: Operator, tensor: Tensor, args: tuple[Any, ...]) -> None:
    """Before a write in which views take part: refuse the overlaps that torch refuses, and make the array writeable."""
    of_number = row.overlap == "number" and not isinstance(args[1], Tensor)
    if row.name == "put" and args[2] is tensor:
        raise RuntimeError(PARTLY_THE_SAME)
    refuse_overlap(
        tensor,
        () if row.overlap == "number" else args[1:],
        with_itself=row.overlap == "refused" or (not of_number and row.overlap == "number"),
    )
    tensor.array.flags.writeable = True  # NumPy's broadcast_to and diagonal give arrays that are not


def reshaped_in_place(row: Operator) -> Function:
    """A row that gives a view, in place: `x.t_()` changes the shape and strides of x, and no element."""
    node_name = f"{row.node_name[:-1]}{3 if row.name == 'squeeze' else 1}"

    @functools.cache
    def row_class() -> type[Node]:
        return type(node_name, (node_class(row),), {"__slots__": ()})

    def function(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        args = row.complete((self, *args), kwargs)
        if running:
            refuse_captured(self, row.name + "_", args[1:])
        recorded = state.recording and self.requires_grad
        if recorded:
            refuse_inplace(self)
        arrays = unwrap(row, args)
        try:
            result = row.forward(*arrays)
        except RuntimeError as error:
            raise RuntimeError(str(error).replace(f"{row.name}()", f"{row.name}_()")) from None
        self.versions[0] += 1
        node = None
        if recorded:
            edges, saved, _ = edges_and_saved(row, args, (result, *arrays), (self, *args))
            node = row_class()(edges, saved, (), result.shape, result.dtype)
        self.array = result
        if self.viewed is not None:
            self.viewed.steps = (*self.viewed.steps, (row, args[1:]))
        if node is not None:
            if self.node is not None:
                note_writer(self.node, node)
            self.node = node
            if self.viewed is not None:
                self.viewed.current = self.versions[0]  # its base has not changed
        return self

    function.__name__ = function.__qualname__ = row.name + "_"
    function.__doc__ = f"{row.doc}, as what the tensor itself is from now on.\n\nThe row `{row.name}` in place."
    return function


def are_entangled(tensor: Tensor, *others: Any) -> bool:
    """Whether a write in which views take part is more than a write into memory.

    It is where it is to be recorded, and where places in memory overlap as far as a look at their bounds can tell.
    """
    target = tensor.array
    if 0 in target.strides:
        return True
    for x in (tensor, *others):
        if not isinstance(x, Tensor):
            continue
        if x.needs_grad and state.recording:
            return True  # before the view is brought up to date: torch may refuse the write itself first
        if x.viewed is not None:
            refresh(x)
        if (x.needs_grad and state.recording) or (x is not tensor and np.may_share_memory(target, x.array)):
            return True
    return False


def write(row: Operator, target: Any, arrays: list[Any]) -> None:
    """Run the forward and write its result into `target`, without an array in between where NumPy can."""
    try:
        if row.write is not None:
            row.write(*arrays)
        elif isinstance(row.forward, np.ufunc) and arrays[0] is target and target.dtype.char in "fdg":
            row.forward(*arrays, out=target)
        else:
            result = in_single(row, arrays) if is_in_single(row, arrays) else row(*arrays)
            check_written(target, result)
            target[...] = result
    except ValueError:
        shapes = [x.shape for x in arrays[1:] if hasattr(x, "shape")] or [target.shape]
        raise mismatch(target.shape, shapes[0]) or RuntimeError(
            OTHER_OUTPUT_SHAPE.format(shape=list(target.shape), broadcast=list(shapes[0]))
        ) from None


def check_written(target: Any, result: Any) -> None:
    """Refuse a result whose shape or kind of dtype `target` cannot take: RuntimeError in torch's words."""
    if result.shape != target.shape and np.broadcast_shapes(result.shape, target.shape) != target.shape:
        raise RuntimeError(OTHER_OUTPUT_SHAPE.format(shape=list(target.shape), broadcast=list(result.shape)))
    if dtypes.RANK[result.dtype.kind] > dtypes.RANK[target.dtype.kind]:
        own, wanted = dtypes.of(result.dtype), dtypes.of(target.dtype)
        raise RuntimeError(OTHER_RESULT_DTYPE.format(word=own.tensor_type[:-6], wanted=wanted.tensor_type[:-6]))


def source(row: Operator, inplace: bool) -> str:
    """The source of what runs for a row in the usual case: its caller, and the `pull` of its nodes."""
    row = _with_rules_in_place(row) if inplace else row
    if inplace and not row.rules:
        return f"# {row.name}_ has no derivative: it is left to the general caller.\n"
    from . import callers

    caller = callers.caller_of(row, inplace)
    if row.several:  # the general `pull` calls their rules with the cotangents of all outputs
        return caller
    return caller + ("\n\n" + callers.pull_of(row) if row.rules else "")


# The names that written callers use.
_NAMES = {
    "Tensor": Tensor,
    "are_entangled": are_entangled,
    "edge_of": gradient_edge,
    "ndarray": np.ndarray,
    **USUAL,
    "is_entered": is_entered,
    "quietly": quietly,
    "rebase": rebase,
    "running": running,
    "silently": silently,
    "state": state,
    "write": write,
}
