"""The functions of torch's own namespace that make sparse tensors of layouts that this package lacks: they refuse."""

from __future__ import annotations

from .rows import functions

NAMES = "sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_csc_tensor"

globals().update(
    functions(
        NAMES,
        "its sparse tensors are in coordinates or by rows, as sparse_coo_tensor and sparse_csr_tensor make them",
    )("")
)
