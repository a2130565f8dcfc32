"""Sparse tensors in coordinates or by rows, and products with them, under torch's names (torch.sparse).

A sparse tensor is no Tensor here but a pair of them; see tensor.py. What else torch has of sparse tensors is a name
that refuses.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from .making import TYPES, dsmm, mm, sparse_coo_tensor, sparse_csr_tensor, sum
from .rows import SparseRows
from .tensor import SparseTensor

globals().update(TYPES)
__all__ = ["SparseRows", "SparseTensor", "dsmm", "mm", "sparse_coo_tensor", "sparse_csr_tensor", "sum", *TYPES]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        absent = importlib.import_module(f"{__package__.rpartition('.')[0]}.absent")
        return absent.name_in(sys.modules[__name__], name)
