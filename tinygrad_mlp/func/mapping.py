"""`vmap`: a function of one element becomes a function of a whole batch.

The function is called once, with tensors that look like one element and hold a batched array. Behaviour and texts are
those of torch 2.13's torch.func.vmap; what runs on batched arrays is in `batching`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.batches import enter, leave, write_through
from ..autograd.captured import running
from ..batching import Batch, ReadsValues, begin, end
from ..batching.array import BatchedArray
from ..batching.crossing import varying_batches
from ..ops.dims import axis
from ..random import default_generator
from ..tensor import FUNCTIONS, Tensor
from .refusals import (
    BATCHED_OUTPUT,
    IN_DIM_NO_TENSOR,
    IN_DIM_RANGE,
    IN_DIM_TYPE,
    IN_DIMS_STRUCTURE,
    IN_DIMS_TYPE,
    NO_INPUTS,
    NOT_A_TENSOR_RETURNED,
    NOTHING_TO_MAP,
    OUT_DIMS_STRUCTURE,
    OUT_DIMS_TYPE,
    RANDOMNESS,
    SIZES_DIFFER,
    VMAP_CHUNK_SIZE,
)
from .tree import filled, leaves, torch_structure

Function = Callable[..., Any]


def vmap(
    func: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Function:
    """Return a function that maps `func` over a dimension of its arguments, as a loop and `stack` would, but at once.

    `in_dims` says which dimension of each argument is mapped over, as an int for all or as a tree like the arguments;
    None for what every call gets as it is, as keyword arguments are. `out_dims` says where that dimension is in the
    results. Random numbers are refused unless `randomness` is "different" or "same" for the
    elements. With `chunk_size` only so many elements run at once. ValueError for dimensions that do not fit and results
    that are no Tensors, RuntimeError for another `randomness` and where `func` reads values. Source: torch.func.vmap.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(RANDOMNESS.format(randomness=randomness))
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(VMAP_CHUNK_SIZE.format(chunk_size=chunk_size))

    @functools.wraps(func)
    def batched(*args: Any, **kwargs: Any) -> Any:
        _check_out_dims(out_dims, func)
        dims, size = _in_dims(func, in_dims, args)
        if chunk_size is None:
            return _run(func, leaves(args), dims, args, kwargs, size, out_dims, randomness)
        return _run_in_chunks(func, dims, args, kwargs, size, out_dims, randomness, chunk_size)

    return batched


def _run(
    func: Function, flat: list[Any], dims: list[Any], args: Any, kwargs: Any, size: int, out_dims: Any, randomness: str
) -> Any:
    """Call the function on a batch: on the leaves of `args` that are given, with the structure of `args`."""
    batch = Batch(size, randomness)
    outer = begin(batch)
    running.append(0)  # a transform that marks no tensors: in it `backward` and `requires_grad_` are refused
    try:
        own = [x if dim is None else enter(x, dim, batch) for x, dim in zip(flat, dims, strict=True)]
        nodes = [getattr(x, "node", None) for x in own]
        outputs = func(*filled(args, iter(own)), **kwargs)
        for x, dim, inside, node in zip(flat, dims, own, nodes, strict=True):
            if dim is not None and inside.node is not node:
                write_through(x, inside, dim, batch)
    except ReadsValues as error:
        raise RuntimeError(str(error)).with_traceback(error.__traceback__) from None
    finally:
        running.remove(0)
        end(outer)
    return _outputs(func, outputs, out_dims, batch)


def _outputs(func: Function, outputs: Any, out_dims: Any, batch: Batch) -> Any:
    name = _name(func)
    if isinstance(outputs, Tensor):
        single = out_dims[0] if isinstance(out_dims, tuple) and len(out_dims) == 1 else out_dims
        places: list[Any] | None = [single] if single is None or isinstance(single, int) else None
    else:
        places = _spread(out_dims, outputs)
    if places is None:
        texts = {"out_dims": out_dims, "own": torch_structure(out_dims), "outputs": torch_structure(outputs)}
        raise ValueError(OUT_DIMS_STRUCTURE.format(name=name, **texts))

    def out(y: Any, dim: Any) -> Any:
        if dim is None:
            if isinstance(y, Tensor) and batch in varying_batches(y.array):
                raise ValueError(BATCHED_OUTPUT.format(name=name))
            return leave(y, 0, batch)[0] if isinstance(y, Tensor) and _is_of(y, batch) else y
        if not isinstance(y, Tensor):
            raise ValueError(NOT_A_TENSOR_RETURNED.format(name=name, kind=type(y)))
        return leave(y, axis(dim, y.array.ndim + 1), batch)

    return filled(outputs, iter([out(y, dim) for y, dim in zip(leaves(outputs), places, strict=True)]))


def _is_of(y: Tensor, batch: Batch) -> bool:
    array = y.array
    while type(array) is BatchedArray:
        if array.batch is batch:
            return True
        array = array.value
    return False


def _name(func: Any) -> str:
    if hasattr(func, "__name__"):
        return str(func.__name__)
    return f"functools.partial({_name(func.func)}, ...)" if isinstance(func, functools.partial) else repr(func)


# -- which dimensions -------------------------------------------------------------------------------


def _spread(dims: Any, tree: Any) -> list[Any] | None:
    """Dimensions for the leaves of a tree: each of `dims` is for all leaves in its place; None if they do not fit."""
    if not isinstance(dims, (tuple, list, dict)):
        return [dims] * len(leaves(tree))
    if type(dims) is not type(tree) or len(dims) != len(tree):
        return None
    if isinstance(dims, dict):
        if list(dims) != list(tree):
            return None
        pairs = [(dims[key], tree[key]) for key in dims]
    else:
        pairs = list(zip(dims, tree, strict=True))
    parts = [_spread(each, part) for each, part in pairs]
    return None if any(part is None for part in parts) else [dim for part in parts for dim in part or ()]


def _in_dims(func: Function, in_dims: Any, args: tuple[Any, ...]) -> tuple[list[Any], int]:
    """The dimension of each leaf of the arguments, counted from the front or None, and the size of the batch."""
    name = _name(func)
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(IN_DIMS_TYPE.format(name=name, in_dims=in_dims, kind=type(in_dims)))
    if not args:
        raise ValueError(NO_INPUTS.format(name=name))
    dims = _spread(in_dims, args)
    if dims is None:
        texts = {"own": torch_structure(in_dims), "inputs": torch_structure(args)}
        raise ValueError(IN_DIMS_STRUCTURE.format(name=name, in_dims=in_dims, **texts))
    flat = leaves(args)
    for i, (x, dim) in enumerate(zip(flat, dims, strict=True)):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(IN_DIM_TYPE.format(name=name, in_dims=in_dims, dim=dim))
        if not isinstance(x, Tensor):
            raise ValueError(IN_DIM_NO_TENSOR.format(name=name, in_dims=in_dims, dim=dim, kind=type(x)))
        ndim = x.array.ndim
        if not -ndim <= dim < ndim:
            raise ValueError(IN_DIM_RANGE.format(name=name, in_dims=in_dims, dim=dim, ndim=ndim))
        dims[i] = dim % ndim
    sizes = [x.array.shape[dim] for x, dim in zip(flat, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError(NOTHING_TO_MAP)
    if sizes.count(sizes[0]) != len(sizes):
        raise ValueError(SIZES_DIFFER.format(sizes=sizes))
    return dims, sizes[0]


def _check_out_dims(out_dims: Any, func: Function) -> None:
    for dim in leaves(out_dims):
        if dim is not None and not isinstance(dim, int):
            raise ValueError(OUT_DIMS_TYPE.format(name=_name(func), out_dims=out_dims))


# -- chunks -----------------------------------------------------------------------------------------


def _run_in_chunks(
    func: Function, dims: list[Any], args: Any, kwargs: Any, size: int, out_dims: Any, randomness: str, chunk_size: int
) -> Any:
    """Run the function on some elements after the others, and join the results along `out_dims`."""
    flat = leaves(args)
    results = []
    state = default_generator.get_state() if randomness == "same" else None
    for start in range(0, size, chunk_size):
        if state is not None:
            default_generator.set_state(state)
        count = min(chunk_size, size - start)
        part = [x if d is None else FUNCTIONS["narrow"](x, d, start, count) for x, d in zip(flat, dims, strict=True)]
        results.append(_run(func, part, dims, args, kwargs, count, out_dims, randomness))
    columns = zip(*map(leaves, results), strict=True)
    places = _spread(out_dims, results[0]) or [out_dims[0]]
    joined = (FUNCTIONS["cat"](list(column), dim) for column, dim in zip(columns, places, strict=True))
    return filled(results[0], joined)
