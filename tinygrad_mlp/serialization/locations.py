"""Where storages are restored: the argument `map_location` of load."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import MetaArray, device
from ..tensor.memory.storage import UntypedStorage
from .refusals import NO_DEVICE, NO_LOCATION, NOT_A_STORAGE

# What `load` takes as `map_location`.
MAP_LOCATION = Callable[[UntypedStorage, str], Any] | device | str | dict[str, str] | None


def restorer(map_location: Any) -> Callable[[UntypedStorage, str], UntypedStorage]:
    """The function that restores a storage, given the location that the file says; see `load`."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, (str, device)):
        return lambda storage, location: default_restore_location(storage, str(map_location))

    def restore(storage: UntypedStorage, location: str) -> UntypedStorage:
        found = map_location(storage, location)
        if found is None:
            return default_restore_location(storage, location)
        if not isinstance(found, UntypedStorage):
            raise TypeError(NOT_A_STORAGE.format(found=type(found).__name__))
        return found

    return restore


def default_restore_location(storage: UntypedStorage, location: str) -> UntypedStorage:
    """The storage itself for the location "cpu", and one without memory for "meta".

    RuntimeError for any other location, as in torch without an accelerator
    (torch.serialization.default_restore_location).
    """
    if location == "cpu":
        return storage
    if location == "meta":
        return UntypedStorage(MetaArray((storage.nbytes(),), np.uint8))
    found = re.match("(cuda|hpu|xpu)(:|[0-9]|$)", location)
    if found:
        raise RuntimeError(NO_DEVICE.format(device=found[1].upper(), module=found[1]))
    raise RuntimeError(NO_LOCATION.format(location=location if location.isprintable() else ascii(location)))


def location_tag(storage: Any) -> str:
    """Where a storage lies: "cpu", or "meta" (torch.serialization.location_tag)."""
    return "meta" if type(storage.array) is MetaArray else "cpu"
