"""The tape: what `loss.backward()` does, in three short files.

An operator that runs on tensors leaves a node on the tape (node.py). Backward visits the nodes from the loss to the
leaves, and each turns the derivative by its output into the derivatives by its inputs (backward.py). Whether nodes
are made at all is the grad mode (grad_mode.py). The derivative table, `ops`, is all that this package imports.

What torch does beyond this is built on three extension points, and nothing here asks whether one is in use:
1. A class of nodes may define `pull`, `release` and `end` itself, and a single node may be given a subclass of its
   own class (`node.__class__ = ...`). Hooks, Functions, written views and operators with several outputs are that.
2. A tensor says with `_leaf_node` which class of node ends the tape at it. One whose class has `waits = False` takes
   its turn among the others, where a plain leaf waits until backward is over.
3. Every node has a slot `attached` for what others want to keep with it. It is unset until they do.
"""

from .backward import NO_SCALAR, leading_to, ones, reachable, run
from .grad_mode import state
from .node import FREED, AccumulateGrad, Node, gradient_edge

__all__ = [
    "FREED", "NO_SCALAR", "AccumulateGrad", "Node", "gradient_edge", "leading_to", "ones", "reachable", "run", "state"
]  # fmt: skip
