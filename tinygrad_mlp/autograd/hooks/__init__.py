"""Hooks of tensors and nodes, and anomaly mode: code that runs while backward visits the nodes.

Other packages may import what is named here, and `hooks.anomaly`.
"""

from .node_hooks import RemovableHandle, hooks_of, was_detached
from .registering import (
    backward_hooks,
    detached_tensors,
    move_retained,
    note_detached,
    register,
    register_hook,
    register_multi_grad_hook,
    register_post_accumulate_grad,
    register_prehook,
    retain,
    set_backward_hooks,
    unserializable_hook,
    warn_if_has_hooks,
)
from .running import running
from .watched import is_watched, nothing_for, prepare, unwatched, watch, watched

__all__ = [
    "RemovableHandle", "backward_hooks", "detached_tensors", "hooks_of", "is_watched", "move_retained", "note_detached",
    "nothing_for", "prepare", "register", "register_hook", "register_multi_grad_hook",
    "register_post_accumulate_grad", "register_prehook", "retain", "running", "set_backward_hooks",
    "unserializable_hook", "unwatched", "warn_if_has_hooks", "was_detached", "watch", "watched",
]  # fmt: skip
