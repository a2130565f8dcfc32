"""What optimisers ask before they use torch's `_foreach_` functions (torch.utils._foreach_utils)."""

from __future__ import annotations

from typing import Any

Key = tuple[Any, Any]


def _group_tensors_by_device_and_dtype(
    tensorlistlist: list[list[Any]], with_indices: bool = False
) -> dict[Key, tuple[list[list[Any]], list[int]]]:
    """Lists of tensors, split by the device and the dtype of the tensors in the first of them.

    Each key has the part of every list, in their order, and with `with_indices` the places of its tensors.
    """
    groups: dict[Key, tuple[list[list[Any]], list[int]]] = {}
    for place, x in enumerate(tensorlistlist[0]):
        parts, places = groups.setdefault((x.device, x.dtype), ([[] for _ in tensorlistlist], []))
        for part, tensors in zip(parts, tensorlistlist, strict=True):
            if tensors:
                part.append(tensors[place])
        if with_indices:
            places.append(place)
    return groups


def _has_foreach_support(tensors: list[Any], device: Any) -> bool:
    """Whether the functions take these tensors: all."""
    return True


def _device_has_foreach_support(device: Any) -> bool:
    """Whether the functions run on a device: on all."""
    return True
