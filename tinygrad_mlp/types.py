"""Names for type annotations, as torch.types has them."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO

from .arrays import device as _device
from .arrays import dtype as _dtype  # noqa: F401
from .arrays import layout as _layout  # noqa: F401
from .tensor import Size, Tensor
from .tensor.memory.storage import TypedStorage, UntypedStorage

__all__ = ["Device", "FileLike", "Number", "Size", "Storage", "Tensor"]

Number = int | float | bool
Device = _device | str | int | None
FileLike = str | os.PathLike[str] | IO[bytes]
Storage = TypedStorage | UntypedStorage
IntLikeType, FloatLikeType, BoolLikeType = int, float, bool

_int, _float, _bool, _complex = builtins.int, builtins.float, builtins.bool, builtins.complex
_Number = int | float | bool
_size = Size | list[int] | tuple[int, ...]
_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors = Tensor | Sequence[Tensor | None]
