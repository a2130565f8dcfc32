"""A Function of the user's inside of `vmap`: its own `vmap` runs, or forward and backward on tensors of the batch."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...batching import Batch, running
from ...batching.array import youngest
from ..batches import enter, leave, of_all, share
from ..tensors import is_tensor
from .refusals import TWO_VMAPS, WITHOUT_VMAP


class VmapInfo(NamedTuple):
    """What `vmap` of a Function is told."""

    batch_size: int
    randomness: str


def batch_of(args: tuple[Any, ...]) -> Batch | None:
    """The batch that the arguments of a Function are of, if any."""
    return youngest([getattr(x, "array", x) for x in args])


def has_own_vmap(cls: Any, overridden: bool) -> bool:
    """Whether the `vmap` of a Function runs; RuntimeError in torch's words where there is no way, or two."""
    if overridden and cls.generate_vmap_rule:
        raise RuntimeError(TWO_VMAPS.format(name=cls.__name__))
    if not overridden and not cls.generate_vmap_rule:
        raise RuntimeError(WITHOUT_VMAP.format(name=cls.__name__))
    return overridden


def shared(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, with those that need a gradient as tensors that every element of the batch has for itself."""
    batches = of_all(*args)
    return tuple(share(x, batches) if is_tensor(x) and x.requires_grad else x for x in args)


def call_vmap(cls: Any, batch: Batch, args: tuple[Any, ...]) -> Any:
    """Call `cls.vmap` with whole tensors; what it returns comes back into the batch."""
    of_batch = [batch_of((x,)) is batch for x in args]
    whole = [leave(x, 0, batch) if own else x for x, own in zip(args, of_batch, strict=True)]
    dims = tuple(0 if own else None for own in of_batch)
    outer = running.batches
    running.batches = tuple(each for each in outer if each is not batch)
    try:
        outputs, out_dims = cls.vmap(VmapInfo(batch.size, batch.randomness), dims, *whole)
    finally:
        running.batches = outer
    if is_tensor(outputs):
        return outputs if out_dims is None else enter(outputs, out_dims % outputs.dim(), batch)
    places = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(outputs)
    return tuple(y if dim is None else enter(y, dim % y.dim(), batch) for y, dim in zip(outputs, places, strict=True))
