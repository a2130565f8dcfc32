"""The handwritten digits that `tinygrad-mlp train` learns by default: real data, small enough to ship in the wheel."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np

__all__ = ["load_digits"]


def load_digits() -> tuple[np.ndarray[Any, np.dtype[np.uint8]], np.ndarray[Any, np.dtype[np.int64]]]:
    """The 1,797 images of the UCI optical digits' test set, and the digit that each one shows.

    Returns `(images, labels)`: uint8 of shape (1797, 8, 8) with values 0 (paper) to 16 (ink), and int64 of shape
    (1797,) with values 0 to 9, in the order of the source. Each call returns new arrays, free to be written to.

    Source: E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0, doi 10.24432/C50P49; `digits.txt`
    beside this file has the details.
    """
    with (files(__package__) / "digits.npz").open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return arrays["images"], arrays["labels"].astype(np.int64)
