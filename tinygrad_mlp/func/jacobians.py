"""The Jacobian and the Hessian of a function: a backward for every element of the output, for many at once by `vmap`.

Behaviour and texts are those of torch 2.13's torch.func.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from ..autograd.batches import at_once
from ..tensor import FUNCTIONS, Tensor, wrap
from .refusals import CHUNK_SIZE, JVP, RANDOMNESS, VJP
from .transforms import Argnums, Function, check_floating, positions, vjp_of
from .tree import filled, leaves, mapped


def jacrev(func: Function, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None) -> Function:
    """Return a function that computes the Jacobian of `func` with respect to the argument at place `argnums`.

    In the tree of the output each Tensor y is replaced by a tree like the argument, in which each Tensor x is replaced
    by a Tensor of shape `y.shape + x.shape` (for a tuple of places, by a tuple of such trees). It is computed by a
    backward for the elements of the output, `chunk_size` of them at once, or all. With `has_aux`, `func` returns a pair
    (output, aux) and the new function (Jacobian, aux). ValueError for a `chunk_size` that is not positive. Source:
    torch.func.jacrev.
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(CHUNK_SIZE)
    return _jacobian(func, argnums, has_aux, VJP, chunk_size)


def jacfwd(func: Function, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error") -> Function:
    """Return a function that computes the Jacobian of `func`, as `jacrev` does.

    It is computed in the same way, while torch uses forward mode; so it costs a backward for each element of the
    output, not of the input. As in torch, the Jacobian of an output of integers is 0, and the arguments must be
    floating, else ValueError. `randomness` makes no difference; RuntimeError unless it is "error", "different" or
    "same". Source: torch.func.jacfwd.
    """
    jacobian = _jacobian(func, argnums, has_aux, JVP)

    @functools.wraps(func)
    def checked(*args: Any) -> Any:
        if randomness not in ("error", "different", "same"):
            raise RuntimeError(RANDOMNESS.format(randomness=randomness))
        return jacobian(*args)

    return checked


def _jacobian(func: Function, argnums: Argnums, has_aux: bool, name: str, chunk_size: int | None = None) -> Function:
    @functools.wraps(func)
    def jacobian(*args: Any) -> Any:
        if name == JVP:
            for place in positions(argnums, len(args)):
                for x in leaves(args[place]):
                    if isinstance(x, Tensor):
                        check_floating(x, "primal")
        output, product, aux, inputs = vjp_of(func, args, argnums, has_aux, name)
        flat = leaves(output)

        def of(k: int, y: Tensor) -> Any:
            if y.array.dtype.kind not in FLOATING:  # only in jacfwd: the derivative of integers is 0
                return mapped(lambda x: wrap(np.zeros((*y.shape, *x.shape), y.array.dtype)), inputs)
            if not y.array.size:
                return mapped(lambda x: wrap(np.zeros((*y.shape, *x.shape), x.array.dtype)), inputs)
            rows = _rows(lambda *basis: leaves(product(filled(output, iter(basis)))), flat, k, chunk_size)
            return filled(inputs, (part.reshape((*y.shape, *part.shape[1:])) for part in rows))

        result = filled(output, (of(k, y) for k, y in enumerate(flat)))
        return (result, aux) if has_aux else result

    return jacobian


def _rows(product: Function, flat: list[Any], k: int, chunk_size: int | None) -> list[Any]:
    """The rows of the Jacobian of the k-th output, stacked: `product` of cotangents that are 1 at one element of it."""
    size = flat[k].array.size
    chunks = []
    for start in range(0, size, chunk_size or size):
        count = min(chunk_size or size, size - start)
        basis = [np.zeros((count, *y.array.shape), y.array.dtype) for y in flat]
        basis[k].reshape((count, size))[range(count), range(start, start + count)] = 1
        rows = at_once(product, [wrap(x) for x in basis])
        if rows is None:
            each = [product(*(wrap(x[i]) for x in basis)) for i in range(count)]
            rows = [FUNCTIONS["stack"](column) for column in zip(*each, strict=True)]
        chunks.append(rows)
    return chunks[0] if len(chunks) == 1 else [FUNCTIONS["cat"](parts) for parts in zip(*chunks, strict=True)]


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """Return a function that computes the Hessian of `func`, the Jacobian of its Jacobian.

    For a 0-d output and one Tensor x its shape is `x.shape + x.shape`. Source: torch.func.hessian.
    """
    return jacfwd(jacrev(func, argnums), argnums)
