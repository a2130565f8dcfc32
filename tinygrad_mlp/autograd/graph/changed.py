"""The texts for a node that cannot run because a tensor that it saved was changed or detached since.

They are made only when a node has refused.

The order in which saved tensors are looked at, and the texts, are torch's (saved_variable.cpp).
"""

from __future__ import annotations

from typing import Any

from ...arrays import dtypes
from ...tape import AccumulateGrad
from ..attached import seen_at
from ..hooks import detached_tensors, was_detached
from ..hooks.anomaly import mode as anomaly
from ..outputs import source
from .names import name_of, short_name
from .refusals import CHANGED, DETACHED, ONE_OF_SEVERAL, WITH_ANOMALY_MODE, WITHOUT_ANOMALY_MODE, stale


def raw(node: Any, place: int) -> Any:
    """The array that a node has saved from this place of its row's frame, or None."""
    for read, values in zip(node.row.reads, node.saved, strict=True):
        if values is not None and place in read:
            return values[read.index(place)]
    return None


def maker(node: Any, place: int) -> Any:
    """The node that computed the argument which a node has saved from this place of its row's frame."""
    return dict(zip(node.row.differentiable, node.edges, strict=False)).get(place - len(node.row.outputs))


def refuse_detached(node: Any) -> None:
    """RuntimeError in torch's words if a tensor that the node has saved was cut off from its history since."""
    for counter, count, place in _in_order(node) if node.row is not None else ():
        edge = maker(node, place)
        if edge is not None and was_detached(edge):
            raise RuntimeError(DETACHED)
        if counter[0] != count:
            raise RuntimeError(node.modified())


def _in_order(node: Any) -> list[Any]:
    """The versions of what the node has saved, as torch goes through them: inputs by their names, then outputs."""
    outputs = len(node.row.outputs)
    names = (*node.row.outputs, *("self" if name == "input" else name for name in node.row.parameters))

    def turn(version: Any) -> tuple[bool, str]:
        place = version[2]
        return (0 <= place < outputs, names[place] if place >= 0 else "")

    return sorted(node.versions, key=turn)


def modified(node: Any) -> str:
    """Which of the tensors that the node saved was changed, and what wrote it last, for the refusal to run.

    RuntimeError for what torch finds first: a tensor that was detached, or a view that cannot follow the write.
    """
    counter, count, place = next(v for v in _in_order(node) if v[0][0] != v[1])
    array = raw(node, place)
    if place < len(node.row.outputs):
        return changed(array, made_by(node), counter[0], count)
    maker_then = maker(node, place)
    if maker_then is not None and not isinstance(maker_then, AccumulateGrad):
        _refuse_detached_after_a_write(counter, array)
    return changed(array, _made_by_now(maker_then), counter[0], count)


def made_by(node: Any) -> str:
    """Torch's words for where a tensor comes from."""
    if node is None or isinstance(node, AccumulateGrad):
        return ""
    operator: Any
    operator, index = source(node)
    return f", which is output {index} of {short_name(operator.name())},"


def _made_by_now(node: Any) -> str:
    """As `made_by`, from the node that the tensor had when it was saved."""
    if node is None:
        return ""
    operator: Any
    operator, index = source(node)
    if operator.gives_several_views:
        raise RuntimeError(stale(ONE_OF_SEVERAL.format(index=index, name=short_name(operator.name()))))
    if operator.gives_view:
        return ", which is output 0 of AsStrided,"  # the base was written to, so that would be its new node
    writers = seen_at(node).writers
    if writers is None:
        return made_by(node)
    reference, node_class = writers[0]
    writer = reference()
    return f", which is output 0 of {short_name(name_of(node_class) if writer is None else writer.name())},"


def changed(array: Any, made: str, version: int, expected: int) -> str:
    """Torch's words for a saved array that is another by now."""
    hint = WITHOUT_ANOMALY_MODE if anomaly.watch is None else WITH_ANOMALY_MODE
    kind = dtypes.of(array.dtype).tensor_type
    return CHANGED.format(kind=kind, shape=list(array.shape), made=made, version=version, expected=expected, hint=hint)


def _refuse_detached_after_a_write(counter: Any, array: Any) -> None:
    """As `refuse_detached`, for a tensor that had got another node in between."""
    for tensor in list(detached_tensors.values()):
        # After x.t_() the array is the base of another; and what was saved may have been cast.
        found = tensor.array is array or tensor.array.base is array or tensor.array.dtype != array.dtype
        if found and tensor.versions is counter and tensor.node is None:
            raise RuntimeError(DETACHED)
