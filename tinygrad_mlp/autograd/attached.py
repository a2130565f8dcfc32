"""What only few nodes have, such as hooks: it is kept in an object of its own, in the node's slot `attached`.

So the usual node stays small, and the slot of most nodes is empty.
"""

from __future__ import annotations

from typing import Any

from ..tape import Node


class Attached:
    """What is attached to a node.

    `hooks` are the node's hooks, and `metadata` is a dict for the user. `output` refers to another node, that of the
    output, for an operator that wrote into a view. `writers` is for a tensor that was written to in place, and so had
    several nodes one after the other: a list that these nodes share, with a reference to the newest node and its class.
    `note` is what `viz` has seen of the node.
    """

    __slots__ = ("hooks", "metadata", "note", "output", "writers")

    def __init__(self) -> None:
        self.hooks: Any = None
        self.metadata: Any = None
        self.note: Any = None
        self.output: Any = None
        self.writers: Any = None


_slot: Any = vars(Node)["attached"]  # read from the class: the node of a Function would look for it in the user's ctx
_NOTHING = Attached()


def seen_at(node: Node) -> Attached:
    """What is attached to a node, for reading only: nodes without any share one empty object."""
    try:
        return _slot.__get__(node)  # type: ignore[no-any-return]
    except AttributeError:
        return _NOTHING


def attached_to(node: Node) -> Attached:
    """What is attached to a node, for writing: an empty object is made if there is none."""
    found = seen_at(node)
    if found is _NOTHING:
        found = Attached()
        _slot.__set__(node, found)
    return found
