"""Classes as vectors."""

from __future__ import annotations

import numpy as np

from ...tensor import Tensor, wrap


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
    if classes.size and classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    elif classes.size and classes.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap((classes[..., None] == np.arange(num_classes)).astype(np.int64))
