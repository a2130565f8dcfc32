"""Elements that are kept where a mask holds: of few elements by np.where, of many by arithmetic on their bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinygrad_mlp.ops import masking

SIZES = {"none": 0, "few": masking._FEW // 8 - 1, "many": masking._FEW // 8}  # of rows of eight
MASKS = {
    "of the same shape": lambda shape: np.arange(shape[0] * 8).reshape(shape) % 3 > 0,
    "of one row": lambda shape: np.arange(8)[None] % 3 > 0,
    "of one element": lambda shape: np.array(True),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_keep_is_where(dtype: str, size: str, mask: str) -> None:
    """Of numbers, infinities, nan and zeros of both signs."""
    values = [1, -2, 3] if dtype == "int64" else [0.5, -0.0, np.inf, -1.5, np.nan, 0.0, -np.inf]
    x = np.resize(np.array(values, dtype), (SIZES[size], 8))
    chosen = MASKS[mask](x.shape)
    wanted = torch.where(torch.from_numpy(chosen), torch.from_numpy(x), 0).numpy()
    found = masking.keep.forward(x, chosen)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.copysign(1.0, found), np.copysign(1.0, wanted))


@pytest.mark.parametrize("size", [3, masking._FEW])
def test_keep_what_torch_does_not_know(size: int) -> None:
    """A dtype wider than float64, and a mask of integers."""
    wide, mask = np.linspace(-1, 1, size).astype("longdouble"), np.arange(size) % 3
    np.testing.assert_array_equal(masking.keep.forward(wide, mask > 0), np.where(mask, wide, 0))
    np.testing.assert_array_equal(masking.keep.forward(wide.astype("f"), mask), np.where(mask, wide.astype("f"), 0))
