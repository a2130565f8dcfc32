"""Statements that register hooks: on tensors, on nodes, on several tensors."""

from __future__ import annotations

from typing import Any

from support.program_state import looked_at, node_name
from support.tensor_questions import pick


def hook(x: Any, name: str, new: str, factor: str, function: str = "seen") -> str | None:
    """None for a view that is a leaf: if only its base requires grad, torch 2.13 crashes."""
    place = looked_at(x, node_name)
    if x._is_view() and (place is None or " " in place):
        return None
    return f"h{new} = {name}.register_hook({function}('{name} at {new}'{factor}))"


def accumulated_hook(x: Any, name: str, new: str, writes: str) -> str | None:
    if x._is_view():
        return None
    return f"h{new} = {name}.register_post_accumulate_grad_hook(accumulated('{name} at {new}'{writes}))"


# Nodes that are two in torch (a reshape or a gradient that was copied), or are kept there for the next graph, in a
# cycle (of a leaf, by register_multi_grad_hook).
_OTHERWISE = ("UnsafeViewBackward", "CloneBackward", "Grad")


def node_hook(name: str, tensors: Any, b: int, c: int, new: str, writes: bool = False) -> str | None:
    x = tensors[name]
    place = looked_at(x, node_name)
    if place is None or " " in place or place in _OTHERWISE:
        return None
    node, behind = f"{name}.grad_fn", x.grad_fn.next_functions[0][0]
    if b % 2 and behind is not None:
        if behind.name().rstrip("0123456789").endswith(_OTHERWISE):
            return None
        node += ".next_functions[0][0]"
    called = f"written_all('node of {name} at {new}')"
    if not writes:
        called = f"seen_all('node of {name} at {new}'{['', ', 0.5'][c % 5 == 4]})"
    return f"h{new} = {node}.register_{['hook', 'prehook'][c % 2]}({called})"


def multi_hook(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    names = [pick(tensors, i) for i in (b, c, b + c)[: 1 + b % 3]] + [name]
    if any(looked_at(tensors[n], lambda x: _hookable(x)) is not True for n in names):
        return None
    several, mode = ", ".join(names), ["all", "any"][c % 2]
    hook = f"seen_all('{several} at {new}')" if mode == "all" else f"seen('{several} at {new}')"
    return f"h{new} = torch.autograd.graph.register_multi_grad_hook([{several}], {hook}, mode='{mode}')"


def _hookable(x: Any) -> bool:
    return bool(x.requires_grad and (x.grad_fn is not None or not x._is_view()))
