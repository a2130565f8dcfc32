"""Why a node refuses to run, asked once it has refused; the order and the texts are torch's (saved_variable.cpp)."""

from __future__ import annotations

import gc
from typing import Any

from .. import dtypes
from . import engine
from .node import FREED, AccumulateGrad, Node, is_tensor, name_of
from .ordered import detached_tensors, source
from .saved import maker, raw, was_detached
from .views import ONE_OF_SEVERAL, AsStridedBackward0, SeveralViews, short_name, stale

DETACHED = (
    "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not supported, please "
    "use out-of-place `.detach()` instead"
)


def refuse_changed(self: Node) -> None:
    """RuntimeError in torch's words, as from running the node, for saved values that are freed or changed."""
    if self.row is not None and self.saved is None:
        raise RuntimeError(FREED)
    if self.row is not None and any(counter[0] != count for counter, count, _ in self.versions):
        raise RuntimeError(self.modified())


def refuse_detached(self: Node) -> None:
    """RuntimeError in torch's words if a tensor that the node has saved was cut off from its history since."""
    for counter, count, place in _in_order(self) if self.row is not None else ():
        edge = maker(self, place)
        if edge is not None and was_detached(edge):
            raise RuntimeError(DETACHED)
        if counter[0] != count:
            raise RuntimeError(self.modified())


def _in_order(self: Node) -> list[Any]:
    """The versions of what the node has saved, as torch goes through them: inputs by their names, then outputs."""
    outputs = len(self.row.outputs)
    names = (*self.row.outputs, *("self" if name == "input" else name for name in self.row.parameters))

    def turn(version: Any) -> tuple[bool, str]:
        place = version[2]
        return (0 <= place < outputs, names[place] if place >= 0 else "")

    return sorted(self.versions, key=turn)


def modified(self: Node) -> str:
    """Which of the tensors that the node saved was changed, and what wrote it last, for the refusal to run.

    RuntimeError for what torch finds first: a tensor that was detached, or a view that cannot follow the write.
    """
    counter, count, place = next(v for v in _in_order(self) if v[0][0] != v[1])
    array = raw(self, place)
    if place < len(self.row.outputs):
        return changed(array, made_by(self), counter[0], count)
    maker_then = maker(self, place)
    if maker_then is not None and not isinstance(maker_then, AccumulateGrad):
        _refuse_detached_after_a_write(counter, array)
    tensor = _saved_tensor(counter, array)
    if tensor is None:
        return changed(array, _made_by_now(maker_then), counter[0], count)
    tensor.grad_fn  # noqa: B018 (brings a view up to date, or refuses it)
    return changed(array, made_by(tensor.node), counter[0], count)


def made_by(node: Node | None) -> str:
    """Torch's words for where a tensor comes from."""
    if node is None or isinstance(node, AccumulateGrad):
        return ""
    operator, index = source(node)
    return f", which is output {index} of {short_name(operator.name())},"


def _made_by_now(node: Node | None) -> str:
    """As `made_by`, of a tensor that is gone, from the node that it had when it was saved."""
    if node is None:
        return ""
    operator, index = source(node)
    if isinstance(operator, SeveralViews):
        raise RuntimeError(stale(ONE_OF_SEVERAL.format(index=index, name=short_name(operator.name()))))
    if isinstance(operator, AsStridedBackward0) or (operator.row is not None and operator.row.view):
        return ", which is output 0 of AsStrided,"  # the base was written to, so that would be its new node
    writers = getattr(node, "writers", None)
    return made_by(node) if writers is None else f", which is output 0 of {short_name(name_of(writers[0]))},"


def changed(array: Any, made: str, version: int, expected: int) -> str:
    """Torch's words for a saved array that is another by now."""
    hint = (
        "enable anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
        if engine.watch is None
        else "the backtrace further above shows the operation that failed to compute its gradient. The variable in "
        "question was changed in there or anywhere later. Good luck!"
    )
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{dtypes.of(array.dtype).tensor_type} {list(array.shape)}]{made} is at version {version}; expected "
        f"version {expected} instead. Hint: {hint}"
    )


def _refuse_detached_after_a_write(counter: Any, array: Any) -> None:
    """As `refuse_detached`, for a tensor that had got another node in between."""
    for tensor in list(detached_tensors.values()):
        # After x.t_() the array is the base of another; and what was saved may have been cast.
        found = tensor.array is array or tensor.array.base is array or tensor.array.dtype != array.dtype
        if found and tensor.versions is counter and tensor.node is None:
            raise RuntimeError(DETACHED)


def _saved_tensor(counter: Any, array: Any) -> Any:
    """The tensor that was saved, if it still lives: the tape holds its array, and this is for a message alone."""
    holders = [x for x in gc.get_referrers(array) if is_tensor(x) and x.array is array and x.versions is counter]
    return next((x for x in holders if x.requires_grad), None)


def accumulate_what_has_come(
    failed: Node, pending: dict[Node, Any], useful: set[Node] | None, create_graph: bool
) -> None:
    """After a node refused to run: the leaves that have all of their cotangent, which torch runs at once."""
    stack = [failed, *(node for node in pending if type(node) is not AccumulateGrad)]
    to_come = set(stack)
    while stack:
        fresh = {edge for edge in stack.pop().edges if edge is not None} - to_come
        to_come |= fresh
        stack += fresh
    for node, g in pending.items():
        if type(node) is AccumulateGrad and node not in to_come and (useful is None or node in useful):
            node.pull(g, (), create_graph)
