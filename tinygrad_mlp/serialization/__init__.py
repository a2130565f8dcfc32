"""Files: tensors and whole objects in torch's own format, and named arrays in .safetensors files.

- saving.py, loading.py: `save` and `load`, as torch.save and torch.load;
- writing.py, reading.py, checksum.py: the zip archive that such a file is;
- unpickler.py, machine.py, making.py, trust.py: what a pickle may do, and what a program allows besides;
- names.py, rebuilding.py, storages.py, locations.py: what the names in it stand for, and how tensors are made;
- named_arrays.py: .safetensors files;
- atomic.py: files that are replaced as a whole;
- refusals.py: the texts of exceptions.

A file is replaced as a whole, so that a crash while it is written leaves the old file or the new one, never a part.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from .atomic import atomic_write, check_replaceable, written_whole
from .named_arrays import check_writable, load_file, load_metadata, save_file

if TYPE_CHECKING:
    from .loading import get_unsafe_globals_in_checkpoint as get_unsafe_globals_in_checkpoint
    from .loading import load as load
    from .locations import MAP_LOCATION as MAP_LOCATION
    from .locations import default_restore_location as default_restore_location
    from .locations import location_tag as location_tag
    from .saving import save as save
    from .trust import add_safe_globals as add_safe_globals
    from .trust import clear_safe_globals as clear_safe_globals
    from .trust import get_safe_globals as get_safe_globals
    from .trust import safe_globals as safe_globals

__all__ = [
    "MAP_LOCATION", "SourceChangeWarning", "add_safe_globals", "atomic_write", "check_replaceable", "check_writable",
    "clear_safe_globals", "default_restore_location", "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load",
    "load_file", "load_metadata", "location_tag", "safe_globals", "save", "save_file", "written_whole",
]  # fmt: skip

# Torch's format needs the whole package, and a program that only writes a page does not: imported when asked for.
_LATER = {
    "save": "saving",
    **dict.fromkeys(("get_unsafe_globals_in_checkpoint", "load"), "loading"),
    **dict.fromkeys(("MAP_LOCATION", "default_restore_location", "location_tag"), "locations"),
    **dict.fromkeys(("add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals"), "trust"),
}


class SourceChangeWarning(Warning):
    """What torch warned with for a module whose source had changed; never raised (torch.serialization)."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
