"""What torch's names in a pickle stand for here, and the other way round.

A file says `torch._utils._rebuild_tensor_v2` or `torch.float32`, whoever wrote it: both frameworks read the same files.
"""

from __future__ import annotations

import importlib
from functools import cache
from pickle import UnpicklingError
from typing import Any

from ..arrays import contiguous_format, device, dtypes, preserve_format
from ..nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter
from ..tensor import Size, Tensor
from ..tensor.memory.storage import TypedStorage, UntypedStorage
from . import rebuilding
from .refusals import LACKING
from .storages import TYPES

_PACKAGE = __package__.partition(".")[0]
_DTYPES = (*dtypes.WITH_EXTRAS, dtypes.complex32, dtypes.complex64, dtypes.complex128)

NAMES: dict[str, Any] = {
    "torch._tensor._rebuild_from_type_v2": rebuilding.rebuild_from_type_v2,
    "torch._utils._rebuild_meta_tensor_no_storage": rebuilding.rebuild_meta_tensor,
    "torch._utils._rebuild_parameter": rebuilding.rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": rebuilding.rebuild_parameter_with_state,
    "torch._utils._rebuild_tensor": rebuilding.rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuilding.rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": rebuilding.rebuild_tensor_v3,
    "torch.Size": Size,
    "torch.Tensor": Tensor,
    "torch.device": device,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.serialization._get_layout": rebuilding.get_layout,
    "torch.storage.TypedStorage": TypedStorage,
    "torch.storage.UntypedStorage": UntypedStorage,
    **{f"torch.{each.name}": each for each in _DTYPES},
    **{f"torch.{each.name}": each for each in TYPES.values()},
}
# What an unrestricted load needs besides; no list of torch's has it.
_MORE_NAMES: dict[str, Any] = {
    "torch.contiguous_format": contiguous_format,
    "torch.preserve_format": preserve_format,
    "torch.nn.parameter.UninitializedBuffer": UninitializedBuffer,
    "torch.nn.parameter.UninitializedParameter": UninitializedParameter,
}
_NAMES_OF = {id(value): name for name, value in (NAMES | _MORE_NAMES).items()}


def name_of(value: Any) -> tuple[str, str] | None:
    """The module and the name that torch has for an object of this package; None for one that it writes as its own."""
    name = _NAMES_OF.get(id(value))
    if name is None:
        return None
    module, _, own = name.rpartition(".")
    return module, own


def is_torchs(module: str) -> bool:
    """Whether a module is torch, or one of its modules."""
    return module == "torch" or module.startswith("torch.")


@cache
def find(module: str, name: str) -> Any:
    """What a name of torch's stands for; UnpicklingError for one that this package lacks.

    Most modules are called here as in torch; a class whose module is another is looked for where users find it, in the
    rooms around that (torch.nn.modules.batchnorm.BatchNorm1d is here found in nn).
    """
    full = f"{module}.{name}"
    known = NAMES.get(full, _MORE_NAMES.get(full))
    if known is not None:
        return known
    rooms = module.split(".")[1:]
    for depth in range(len(rooms), -1, -1):
        try:
            found: Any = importlib.import_module(".".join([_PACKAGE, *rooms[:depth]]))
            for step in name.split("."):
                found = getattr(found, step)
        except (ImportError, AttributeError):
            continue
        return found
    raise UnpicklingError(LACKING.format(name=full))
