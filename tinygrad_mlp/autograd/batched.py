"""torch.autograd.grad with `is_grads_batched`: a backward for each cotangent of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .engine import gradients
from .modes import as_rule
from .refusals import BATCHED_SHAPES_DIFFER, BATCHES_DIFFER, NOTHING_BATCHED
from .roots import as_tuple, shape_of, starts
from .tensors import wrap


def gradients_of_batch(
    outputs: Any, inputs: Sequence[Any], cotangents: Any, keep: bool, create_graph: bool, missing: bool
) -> list[Any]:
    """The gradients of a backward for each element of the `cotangents` along their first dimension."""
    outputs = as_tuple(outputs)
    cotangents = (None,) * len(outputs) if cotangents is None else as_tuple(cotangents)
    sizes = []
    for i, (output, cotangent) in enumerate(zip(outputs, cotangents, strict=False)):
        if cotangent is None:
            raise ValueError(NOTHING_BATCHED)
        shape = shape_of(output)
        if cotangent[0].shape != shape:
            raise RuntimeError(BATCHED_SHAPES_DIFFER.format(i, cotangent[0].shape[1:], i, list(shape)))
        sizes.append(len(cotangent))
    if len(set(sizes)) != 1:
        raise ValueError(BATCHES_DIFFER.format(sizes))
    each = [
        gradients(
            inputs,
            starts(outputs, [cotangent[i] for cotangent in cotangents], create_graph),
            keep or i + 1 < sizes[0],  # torch runs backward once, on all of them together
            create_graph,
            missing,
        )
        for i in range(sizes[0])
    ]
    return [None if parts[0] is None else _stacked(parts) for parts in zip(*each, strict=True)]


def _stacked(parts: Sequence[Any]) -> Any:
    if any(g.requires_grad for g in parts):
        return as_rule(np.stack, parts)
    return wrap(np.stack([g.array for g in parts]))
