"""Classes as vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.table import by_value
from ...tensor import Tensor, wrap


@by_value
def _check_range(classes: Any, num_classes: int) -> None:
    if classes.size and classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if classes.size and num_classes != -1 and classes.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A 1 at each class and 0 elsewhere: int64 classes (*) to int64 (*, num_classes).

    Without `num_classes` there are as many as the largest class asks for. RuntimeError for another dtype, for a class
    below 0 or too large. Source: torch.nn.functional.one_hot.
    """
    classes = tensor.array
    if classes.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not classes.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    _check_range(classes, num_classes)
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    return wrap((classes[..., None] == np.arange(num_classes)).astype(np.int64))
