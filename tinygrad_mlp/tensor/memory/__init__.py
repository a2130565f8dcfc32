"""The memory of tensors: what torch calls their storage, and the methods that give a tensor another one.

The files are imported when a program first asks for one of these methods.
"""

from ..later import later, methods_in

METHODS = methods_in(
    f"{__name__}.methods",
    "untyped_storage", "storage", "_typed_storage", "resize_", "resize_as_", "set_", "apply_", "map_", "map2_",
)  # fmt: skip
for _name in METHODS:
    later(_name, METHODS, _name)
