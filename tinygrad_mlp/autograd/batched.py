"""torch.autograd.grad with `is_grads_batched`: a backward for each cotangent of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .engine import gradients
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
            raise ValueError(
                "vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for some input, but that input is a Tensor of "
                "dimensionality 0 so expected in_dim to satisfy 0 <= in_dim < 0."
            )
        shape = shape_of(output)
        if cotangent[0].shape != shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{i}] has a shape of {cotangent[0].shape[1:]} and "
                f"output[{i}] has a shape of torch.Size({list(shape)}). If you only want some tensors in `grad_output` "
                "to be considered batched, consider using vmap."
            )
        sizes.append(len(cotangent))
    if len(set(sizes)) != 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
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
    return np.stack(parts) if any(g.requires_grad for g in parts) else wrap(np.stack([g.array for g in parts]))
