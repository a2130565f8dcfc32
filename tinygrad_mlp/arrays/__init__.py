"""What the numbers of a tensor are: their dtypes, the device and the layout that they have, and the memory they lie in.

Nothing here knows of tensors or gradients. `dtypes` is imported as a module: its `int` and `float` are torch's dtypes.
"""

from . import dtypes
from .devices import (
    CPU,
    META,
    contiguous_format,
    device,
    entered,
    layout,
    memory_format,
    on_cpu,
    preserve_format,
    sparse_coo,
    sparse_csr,
    strided,
)
from .dtypes import Array, dtype
from .memory import keep_freed_memory
from .meta import MetaArray, is_meta

__all__ = [
    "CPU", "META", "Array", "MetaArray", "contiguous_format", "device", "dtype", "dtypes", "entered", "is_meta",
    "keep_freed_memory", "layout", "memory_format", "on_cpu", "preserve_format", "sparse_coo",
    "sparse_csr", "strided",
]  # fmt: skip
