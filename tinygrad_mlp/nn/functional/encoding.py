"""One-hot encoding: integer classes as vectors of zeros with a single one (torch.nn.functional.one_hot)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.dims import in_order
from ...ops.table import by_value
from ...tensor import Tensor, wrap
from ...tensor.overriding import asking
from ..refusals import ONE_HOT_DTYPE, ONE_HOT_EMPTY, ONE_HOT_NEGATIVE, ONE_HOT_TOO_LARGE


@by_value
def _check_range(classes: Any, num_classes: int) -> None:
    if classes.size and classes.min() < 0:
        raise RuntimeError(ONE_HOT_NEGATIVE)
    if classes.size and num_classes != -1 and classes.max() >= num_classes:
        raise RuntimeError(ONE_HOT_TOO_LARGE)


@asking
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Encode int64 classes of shape (*) as int64 vectors (*, num_classes): 1 at the class and 0 elsewhere.

    If `num_classes` is -1, it is the largest class plus 1. RuntimeError for another dtype, for a class below 0 or not
    below `num_classes`, and for an empty tensor without `num_classes`. Source: torch.nn.functional.one_hot.
    """
    classes = tensor.array
    if classes.dtype != np.int64:
        raise RuntimeError(ONE_HOT_DTYPE)
    if not classes.size and num_classes <= 0:
        raise RuntimeError(ONE_HOT_EMPTY)
    _check_range(classes, num_classes)
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    return wrap((in_order(classes)[..., None] == np.arange(num_classes)).astype(np.int64))
