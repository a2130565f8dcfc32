"""Making tensors: from data, of one value, in steps, and at random.

Where nothing else is said the dtype is the default one, or `dtype`, and a size is given as integers or as one sequence;
RuntimeError for a negative size, and for `requires_grad` with a dtype that is not floating. Where a function takes a
`device` it does not look at it: the only one is the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import dtypes, random
from .arguments import as_array
from .composite.conversion import to
from .composite.shapes import sizes
from .dtypes import dtype as _dtype
from .tensor import Tensor, wrap

__all__ = [
    "arange", "as_tensor", "bernoulli", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "linspace",
    "normal", "ones", "ones_like", "rand", "rand_like", "randint", "randn", "randn_like", "randperm", "tensor", "zeros",
    "zeros_like",
]  # fmt: skip


def _numpy(dtype: _dtype | None) -> Any:
    return dtypes.get_default_dtype().numpy if dtype is None else dtype.numpy


def _made(array: Any, requires_grad: bool) -> Tensor:
    tensor = wrap(as_array(array))
    if requires_grad:
        if tensor.array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        tensor.needs_grad = True
    return tensor


def tensor(data: Any, *, dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of numbers, nested sequences of them, an array or a tensor, as a new leaf (torch.tensor).

    Python floats give the default dtype, integers int64, bools bool; arrays and tensors keep theirs. ValueError for
    sequences of unequal length, TypeError for text and for an array of a dtype that there is not, RuntimeError for any
    other object.
    """
    return _made(np.array(_as_array(data, dtype)), requires_grad)


def as_tensor(data: Any, dtype: _dtype | None = None, device: Any = None) -> Tensor:
    """The data as a tensor, sharing memory where it is an array or a tensor of that dtype already (torch.as_tensor).

    A tensor keeps its history. Errors as `tensor`.
    """
    if isinstance(data, Tensor):
        return data if dtype is None else to(data, dtype)
    return wrap(_as_array(data, dtype))


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares memory with an array (torch.from_numpy).

    TypeError for what is no array, and for a dtype that there is not.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.of(ndarray.dtype)
    return wrap(ndarray)


def _as_array(data: Any, dtype: _dtype | None) -> Any:
    if isinstance(data, Tensor):
        array = data.array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        array = _of_python(data, dtype)
    if dtype is not None:
        return array.astype(dtype.numpy, copy=False)
    dtypes.of(array.dtype)
    return array


def _of_python(data: Any, dtype: _dtype | None = None) -> Any:
    try:
        array = np.array(_without_tensors(data))
    except ValueError:
        _refuse_ragged(data, _depths(data), 0)
        raise
    if array.dtype.kind == "f" and not _has_numpy_floats(data):
        return array if dtype is not None else array.astype(_numpy(None))  # not rounded twice
    if array.dtype.kind in "OUSV":
        name = _first(data).__class__.__name__
        raise (
            TypeError(f"new(): invalid data type '{name}'")
            if name == "str"
            else RuntimeError(f"Could not infer dtype of {name}")
        )
    return array if array.size or array.dtype.kind != "f" else array.astype(_numpy(None))


def _depths(data: Any) -> list[int]:
    """The length of nested sequences at each depth, as that of the first."""
    return [len(data), *(_depths(data[0]) if len(data) else ())] if isinstance(data, (list, tuple)) else []


def _refuse_ragged(data: Any, lengths: list[int], dim: int) -> None:
    if dim == len(lengths):
        if isinstance(data, (list, tuple)):
            raise TypeError(f"'{type(data).__name__}' object cannot be interpreted as an integer")
        return
    if not isinstance(data, (list, tuple)):
        raise TypeError("not a sequence")
    if len(data) != lengths[dim]:
        raise ValueError(f"expected sequence of length {lengths[dim]} at dim {dim} (got {len(data)})")
    for part in data:
        _refuse_ragged(part, lengths, dim + 1)


def _without_tensors(data: Any) -> Any:
    if isinstance(data, Tensor):
        if data.numel() == 1:
            return float(data) if data.is_floating_point() else data.item()
        return data.tolist()
    if isinstance(data, (list, tuple)):
        return [_without_tensors(x) for x in data]
    return data


def _first(data: Any) -> Any:
    while isinstance(data, (list, tuple)) and data:
        data = next((x for x in data if not isinstance(x, (int, float))), data[0])
    return data


def _has_numpy_floats(data: Any) -> bool:
    first = _first(data)
    return isinstance(first, np.ndarray)


# -- of one value ----------------------------------------------------------------------------------


def _shape(size: Any) -> tuple[int, ...]:
    shape = sizes(size)
    for n in shape:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def zeros(*size: Any, dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros (torch.zeros)."""
    if any(n < 0 for n in sizes(size)):
        raise RuntimeError("zeros: Dimension size must be non-negative.")
    return _made(np.zeros(sizes(size), _numpy(dtype)), requires_grad)


def ones(*size: Any, dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones (torch.ones)."""
    return _made(np.ones(_shape(size), _numpy(dtype)), requires_grad)


def empty(*size: Any, dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose elements are whatever was in memory (torch.empty)."""
    return _made(np.empty(_shape(size), _numpy(dtype)), requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of one value, whose type gives the dtype (torch.full)."""
    kind = dtype.numpy if dtype is not None else dtypes.result_type(fill_value)
    return _made(np.full(_shape((size,)), fill_value, kind), requires_grad)


def _like(make: Any) -> Any:
    def like(input: Tensor, *, dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
        kind = input.array.dtype if dtype is None else dtype.numpy
        return _made(make(input.array.shape, kind), requires_grad)

    like.__name__ = like.__qualname__ = f"{make.__name__}_like"
    like.__doc__ = f"As `{make.__name__}`, with the shape and dtype of another tensor (torch.{make.__name__}_like)."
    return like


zeros_like, ones_like, empty_like = _like(np.zeros), _like(np.ones), _like(np.empty)


def full_like(input: Tensor, fill_value: Any, *, dtype: _dtype | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of one value, with the shape and dtype of another (torch.full_like)."""
    kind = input.array.dtype if dtype is None else dtype.numpy
    return _made(np.full(input.array.shape, fill_value, kind), requires_grad)


def eye(n: int, m: int | None = None, *, dtype: _dtype | None = None, requires_grad: bool = False) -> Tensor:
    """Ones on the diagonal of an (n, m), or (n, n), matrix, zeros elsewhere; RuntimeError below 0 (torch.eye)."""
    for name, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    return _made(np.eye(n, m, dtype=_numpy(dtype)), requires_grad)


# -- in steps --------------------------------------------------------------------------------------


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: _dtype | None = None, requires_grad: bool = False
) -> Tensor:
    """The numbers from `start` (0) to before `end`, `step` apart: integers give int64 (torch.arange).

    RuntimeError for a step of 0 or in the other direction.
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (x.item() if isinstance(x, Tensor) else x for x in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    kind = dtype.numpy if dtype is not None else dtypes.result_type(start, end, step)
    count = int(np.ceil((end - start) / step))
    return _made((start + np.arange(count) * step).astype(kind), requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: _dtype | None = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers from `start` to `end`, evenly spaced; RuntimeError for fewer than 0 (torch.linspace)."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return _made(np.linspace(start, end, steps, dtype=_numpy(dtype)), requires_grad)


# -- at random -------------------------------------------------------------------------------------


def rand(
    *size: Any, generator: random.Generator | None = None, dtype: _dtype | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform in [0, 1): torch's numbers for the same seed (torch.rand).

    NotImplementedError for a dtype that is not floating.
    """
    return _made(_of(generator).uniform(_shape(size), _numpy(dtype)), requires_grad)


def randn(
    *size: Any, generator: random.Generator | None = None, dtype: _dtype | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal, mean 0 and variance 1: torch's numbers for the same seed (torch.randn).

    Bit for bit in float32 from 16 elements on, else to rounding. NotImplementedError for a dtype that is not floating.
    """
    return _made(_of(generator).normal(_shape(size), _numpy(dtype)), requires_grad)


def rand_like(input: Tensor, *, dtype: _dtype | None = None, requires_grad: bool = False) -> Tensor:
    """As `rand`, with the shape and dtype of another tensor (torch.rand_like)."""
    return rand(input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def randn_like(input: Tensor, *, dtype: _dtype | None = None, requires_grad: bool = False) -> Tensor:
    """As `randn`, with the shape and dtype of another tensor (torch.randn_like)."""
    return randn(input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def randint(
    low: Any, high: Any = None, size: Sequence[int] | None = None, *, generator: random.Generator | None = None,
    dtype: _dtype | None = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """int64 from `low` (0) to before `high`: torch's numbers for the same seed (torch.randint).

    RuntimeError for bounds that are out of order, or out of range of another `dtype`.
    """
    if size is None:
        low, high, size = 0, low, high
    assert size is not None
    kind = dtypes.int64.numpy if dtype is None else dtype.numpy
    return _made(_of(generator).integers(low, high, tuple(size), kind), requires_grad)


def randperm(
    n: int, *, generator: random.Generator | None = None, dtype: _dtype | None = None, device: Any = None
) -> Tensor:
    """The int64 below `n` in random order: torch's order for the same seed (torch.randperm).

    RuntimeError for n < 0 and for an n whose numbers another `dtype` cannot hold.
    """
    return wrap(_of(generator).permutation(n, dtypes.int64.numpy if dtype is None else dtype.numpy))


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: random.Generator | None = None) -> Tensor:
    """Normal with a mean and a standard deviation (torch.normal).

    Where one is a tensor, of their common shape; for two numbers of shape `size`, and RuntimeError for a negative std.
    """
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        shape = np.broadcast_shapes(*(x.array.shape for x in (mean, std) if isinstance(x, Tensor)))
        drawn: Tensor = randn(shape, generator=generator) * std + mean
        return drawn
    return wrap(_of(generator).normal(tuple(size), _numpy(None), mean, std))


def bernoulli(input: Tensor, *, generator: random.Generator | None = None) -> Tensor:
    """1 with the probability that each element gives, else 0, in the same shape and dtype (torch.bernoulli).

    RuntimeError for a probability outside [0, 1], NotImplementedError for a dtype that is not floating.
    """
    return wrap(_of(generator).bernoulli_p(input.array).astype(input.array.dtype))


def _of(generator: random.Generator | None) -> random.Generator:
    return random.default_generator if generator is None else generator


def _drawn(name: str, draw: Any) -> Any:
    def method(self: Tensor, *args: Any, generator: random.Generator | None = None, **kwargs: Any) -> Tensor:
        values = draw(_of(generator), self.array, *args, **kwargs)
        return self.copy_(wrap(as_array(values)))  # type: ignore[no-any-return]

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Fill with random numbers, torch's for the same seed (torch.Tensor.{name})."
    return method


def install() -> None:
    """Give Tensor the methods that fill it at random, and those that make others like it."""
    draws = {
        "uniform_": lambda g, a, low=0.0, high=1.0, **kw: g.uniform(
            a.shape, a.dtype, kw.get("from", low), kw.get("to", high)
        ),
        "normal_": lambda g, a, mean=0.0, std=1.0: g.normal(a.shape, a.dtype, mean, std),
        "bernoulli_": lambda g, a, p=0.5: g.bernoulli(p, a.shape),
        "random_": lambda g, a, *bounds: _random(g, a, *bounds),
        "exponential_": lambda g, a, lambd=1.0: g.exponential(a.shape, a.dtype, lambd),
    }
    for name, draw in draws.items():
        setattr(Tensor, name, _drawn(name, draw))
    Tensor.new_zeros = lambda self, *size, **kw: zeros(*size, **{"dtype": self.dtype, **kw})  # type: ignore[attr-defined]
    Tensor.new_ones = lambda self, *size, **kw: ones(*size, **{"dtype": self.dtype, **kw})  # type: ignore[attr-defined]
    Tensor.new_tensor = lambda self, data, **kw: tensor(data, **{"dtype": self.dtype, **kw})  # type: ignore[attr-defined]
    Tensor.new_full = lambda self, size, value, **kw: full(size, value, **{"dtype": self.dtype, **kw})  # type: ignore[attr-defined]


def _random(generator: random.Generator, array: Any, *bounds: Any) -> Any:
    if not bounds:
        return generator.nonnegative_integers(array.shape, array.dtype)
    low, high = (0, bounds[0]) if len(bounds) == 1 else bounds
    return generator.integers(low, high, array.shape, array.dtype)


install()
