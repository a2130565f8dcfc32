"""The names of torch.utils.hooks: the handle of a hook, and the warning about hooks that a saved tensor loses."""

from ..autograd.hooks import RemovableHandle, unserializable_hook, warn_if_has_hooks

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]
