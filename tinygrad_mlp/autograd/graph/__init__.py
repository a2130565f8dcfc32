"""The tape as torch shows it (torch.autograd.graph): the attributes of nodes, and the tensors that they saved.

The names in `__all__` are torch's. Inside the package others may also import `graph.node` (the class that nodes of
operators come from, and what observes new ones), `graph.saved` and `graph.changed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...tape import gradient_edge
from ..hooks import register_multi_grad_hook
from ..outputs import OutputNode
from ..tensors import is_tensor
from .node import REWRITTEN, GradientEdge, Node
from .refusals import NO_PLACE, NOT_ITERABLE
from .saved import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
    "set_warn_on_accumulate_grad_stream_mismatch",
]


def _rewrite_linear(node: Any) -> Any:
    from .linear import rewrite  # when a program looks at such a node

    return rewrite(node)


REWRITTEN["linear"] = _rewrite_linear


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The edge where the gradient of a tensor that requires grad is computed; RuntimeError for one that does not.

    `grad` and `backward` take it in place of the tensor. Source: torch.autograd.graph.get_gradient_edge.
    """
    if not tensor.requires_grad:
        raise RuntimeError(NO_PLACE)
    tensor.grad_fn  # noqa: B018 (brings a view up to date)
    node = gradient_edge(tensor)
    return GradientEdge(node.edges[0], node.index, node) if isinstance(node, OutputNode) else GradientEdge(node, 0)


def increment_version(tensor: Any) -> None:
    """Count a write into a tensor, or into each of several, that the tape did not see (torch's increment_version).

    RuntimeError for what is neither a tensor nor a list of tensors.
    """
    tensors = (tensor,) if is_tensor(tensor) else tensor
    if not isinstance(tensors, Iterable):
        raise RuntimeError(NOT_ITERABLE)
    for x in tensors:
        x.versions[0] += 1


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Do nothing: a CPU has no streams that could differ (torch's name)."""
