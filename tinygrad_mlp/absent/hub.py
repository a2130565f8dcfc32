"""Where torch.hub would keep what it loads; nothing is loaded."""

from __future__ import annotations

import os
import re

__all__ = ["HASH_REGEX", "get_dir", "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_chosen: str | None = None


def get_dir() -> str:
    """The folder that was set, or `hub` in $TORCH_HOME, by default ~/.cache/torch (torch.hub.get_dir)."""
    if _chosen is not None:
        return _chosen
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.join(os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Choose that folder (torch.hub.set_dir)."""
    global _chosen
    _chosen = os.path.expanduser(d)
