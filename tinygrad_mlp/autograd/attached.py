"""What few nodes have is not in the node itself but in an `Attached` in its slot `attached`."""

from __future__ import annotations

from typing import Any

from ..tape import Node


class Attached:
    """`hooks` are the node's hooks, `metadata` is a dict of the user's.

    `output` refers to the node of the output where that is another: of an operator that wrote into a view. `writers`
    is a list that the nodes share which one tensor had one after the other, if it was written to: it refers to the
    newest, and has its class for when it is gone.
    """

    __slots__ = ("hooks", "metadata", "output", "writers")

    def __init__(self) -> None:
        self.hooks: Any = None
        self.metadata: Any = None
        self.output: Any = None
        self.writers: Any = None


_slot: Any = vars(Node)["attached"]  # not through the node, as a Function's asks the user's ctx for what it has not
_NOTHING = Attached()


def seen_at(node: Node) -> Attached:
    """What is attached to a node, to be read."""
    try:
        return _slot.__get__(node)  # type: ignore[no-any-return]
    except AttributeError:
        return _NOTHING


def attached_to(node: Node) -> Attached:
    """What is attached to a node, to be changed."""
    found = seen_at(node)
    if found is _NOTHING:
        found = Attached()
        _slot.__set__(node, found)
    return found
