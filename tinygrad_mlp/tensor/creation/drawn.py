"""Making tensors of random numbers. The same seed gives torch's numbers.

The options are those of values.py. Numbers are drawn from `generator`, or else from the default generator; a call that
is refused draws none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import random
from ...arrays import Array, MetaArray, dtypes
from ...arrays.dtypes import FLOATING
from ...arrays.silence import silenced
from ...batching import running as batching
from ...ops.dims import mismatch
from ...ops.table import check_of_each
from ..arguments import as_array
from ..kinds import ABSENT, KINDS, no_such_call, read
from ..out import with_new_out
from ..overriding import asking
from ..refusals import MISSING_ARGUMENT, STD_NEGATIVE
from ..shape_refusals import HIGH_NDIM
from ..tensor import Tensor, wrap
from .options import (
    DType,
    integer,
    made,
    sequence_of,
    settle,
    size_of,
    stands_for,
    tensor_of,
)
from .values import order

if TYPE_CHECKING:
    from typing import Unpack

    from .options import LikeOptions, Options, SizedOptions

__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm",
]  # fmt: skip

Generator = random.Generator | None


def of(generator: Generator, *inputs: Tensor) -> Any:
    """The generator to draw from; inside of `vmap` one that draws for the batch, as far as the `inputs` allow it."""
    own = random.default_generator if generator is None else generator
    if not batching.batches:
        return own
    from ...random.batched import over_batches

    return over_batches(own, [x.array for x in inputs])


@with_new_out
def rand(
    *sizes: Any, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[SizedOptions],
) -> Tensor:  # fmt: skip
    """Uniform in [0, 1): torch's numbers for the same seed (torch.rand).

    NotImplementedError for a dtype that is not floating.
    """
    shape = _size("rand", sizes, options)
    return made(of(generator).uniform(shape, settle("rand", dtype, options)), requires_grad)


@with_new_out
def randn(
    *sizes: Any, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[SizedOptions],
) -> Tensor:  # fmt: skip
    """Normal, mean 0 and variance 1: torch's numbers for the same seed (torch.randn).

    Bit for bit in float32 from 16 elements on, else to rounding. NotImplementedError for a dtype that is not floating.
    """
    shape = _size("randn", sizes, options)
    return made(of(generator).normal(shape, settle("randn", dtype, options)), requires_grad)


def _size(function: str, size: tuple[Any, ...], options: Any) -> tuple[int, ...]:
    if not size and "size" not in options:
        raise no_such_call(function)
    return size_of(function, size, options)


def rand_like(
    input: Tensor, *, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[LikeOptions],
) -> Tensor:  # fmt: skip
    """As `rand`, with the shape, dtype and memory format of another tensor (torch.rand_like)."""
    array = _alike("rand_like", input, dtype, options)
    return made(filled(array, lambda shape: of(generator).uniform(shape, array.dtype)), requires_grad)


def randn_like(
    input: Tensor, *, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[LikeOptions],
) -> Tensor:  # fmt: skip
    """As `randn`, with the shape, dtype and memory format of another tensor (torch.randn_like)."""
    array = _alike("randn_like", input, dtype, options)
    return made(filled(array, lambda shape: normals(of(generator), array, shape)), requires_grad)


def randint_like(
    input: Tensor, *bounds: Any, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    low: int = 0, high: int | None = None, **options: Unpack[LikeOptions],
) -> Tensor:  # fmt: skip
    """As `randint`, with the shape, dtype and memory format of another tensor (torch.randint_like).

    The bounds are `high`, or `low` and `high`; TypeError for others.
    """
    array = _alike("randint_like", input, dtype, options)
    if len(bounds) == 2:
        low, high = bounds
    elif bounds:
        (low, high) = (0, bounds[0]) if high is None else (bounds[0], high)
    if high is None or len(bounds) > 2:
        raise no_such_call("randint_like", input, *bounds)
    if len(bounds) == 1 and isinstance(bounds[0], Tensor):
        if bounds[0].array.ndim:
            raise RuntimeError(HIGH_NDIM)
        high = int(bounds[0])
    try:
        start, end = integer("randint_like", "low", 2, low), integer("randint_like", "high", 3, high)
    except TypeError:
        raise no_such_call("randint_like", input, *bounds) from None
    return made(filled(array, lambda shape: of(generator).integers(start, end, shape, array.dtype)), requires_grad)


def _alike(function: str, input: Tensor, dtype: Any, options: Any) -> Array:
    own = tensor_of(function, input).array
    kind = settle(function, dtype, options, own.dtype)
    array: Array = np.empty_like(own, kind, order(options, own), subok=False)
    return array


@silenced
def filled(array: Any, draw: Any) -> Any:
    """Numbers from `draw(shape)` in the shape of an array, in the order in which its elements lie in memory."""
    if type(array) is MetaArray:  # no numbers are drawn, as in torch
        return array
    if array.flags.c_contiguous:
        return draw(array.shape)
    dims = np.argsort([-n for n in array.strides], kind="stable").tolist()
    return draw(tuple(array.shape[d] for d in dims)).transpose(np.argsort(dims).tolist())


@silenced
def normals(generator: random.Generator, array: Any, shape: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    """Normal numbers for an array. Torch draws them in blocks of 16 only if the elements lie in C order."""
    return generator.normal(shape, array.dtype, mean, std, blocks=array.flags.c_contiguous)


@with_new_out
def randint(
    *arguments: Any, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    low: int | None = None, high: int | None = None, **options: Unpack[SizedOptions],
) -> Tensor:  # fmt: skip
    """Integers from `low`, or 0, up to `high`, which is excluded: torch's numbers for the same seed, int64.

    Called with (high, size) or (low, high, size), where the size is one sequence. RuntimeError for bounds that are out
    of order, or out of range of another `dtype`; TypeError for other arguments. Source: torch.randint.
    """
    rest = list(arguments)
    size = options.pop("size") if "size" in options else rest.pop() if rest else None
    if high is None and rest:
        high = rest.pop()
    if low is None and rest:
        low = rest.pop()
    if rest or high is None or size is None:
        raise no_such_call("randint", *arguments)
    start = 0 if low is None else integer("randint", "low", 1, low)
    position = 1 if low is None else 2
    end = integer("randint", "high", position, high)
    shape = sequence_of("randint", size, position + 1)
    kind = settle("randint", dtype, options, dtypes.int64.numpy)
    return made(of(generator).integers(start, end, shape, kind), requires_grad)


@with_new_out
def randperm(
    n: int, *, generator: Generator = None, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[Options],
) -> Tensor:  # fmt: skip
    """The integers from 0 to n - 1 in random order, int64: torch's order for the same seed (torch.randperm).

    RuntimeError for n < 0 and for an n whose numbers another `dtype` cannot hold.
    """
    count = integer("randperm", "n", 1, n)
    kind = settle("randperm", dtype, options, dtypes.int64.numpy)
    return made(of(generator).permutation(count, kind), requires_grad)


# -- with parameters that may be tensors -----------------------------------------------------------


@with_new_out
def normal(
    mean: Any = ABSENT, std: Any = ABSENT, size: Any = ABSENT, *, generator: Generator = None, dtype: DType = None,
    requires_grad: bool = False, **options: Unpack[Options],
) -> Tensor:  # fmt: skip
    """Normal with a mean and a standard deviation (torch.normal).

    For two numbers, the result has the shape `size`. If one is a tensor, it has their common shape and the dtype of the
    tensor (of `mean`, if both are), no other options are taken, and the gradient for both is 0. RuntimeError for a
    negative std and for shapes that do not broadcast, NotImplementedError for a dtype that is not floating, TypeError
    for other arguments.
    """
    given = [x for x in (mean, std, size) if x is not ABSENT]
    tensors = [x for x in given if isinstance(x, Tensor)]
    if not tensors:
        if not all(isinstance(x, (int, float)) or stands_for(x, (int, float)) for x in (mean, std)) or not isinstance(
            size, (tuple, list)
        ):
            raise no_such_call("normal", *given)
        shape = sequence_of("normal", size, 3)
        kind = settle("normal", dtype, options)
        return made(of(generator).normal(shape, kind, mean, std), requires_grad)
    if mean is ABSENT:
        raise TypeError(MISSING_ARGUMENT.format(function="normal", name="mean"))
    numbers = all(isinstance(x, (Tensor, int, float)) or stands_for(x, (int, float)) for x in given)
    if not numbers or size is not ABSENT or dtype is not None or requires_grad or options:
        raise no_such_call("normal", *given)
    return with_zero_gradient(_normals_around(mean, 1.0 if std is ABSENT else std, of(generator, *tensors)), tensors)


@silenced
def _normals_around(mean: Any, std: Any, generator: random.Generator) -> Any:
    first = mean if isinstance(mean, Tensor) else std
    kind = first.array.dtype
    if not isinstance(std, Tensor):
        return generator.normal(mean.array.shape, kind, 0.0, std) + mean.array
    if std.array.dtype.kind in FLOATING and std.array.size:
        _refuse_negative(std.array)
    shape = std.array.shape
    if isinstance(mean, Tensor):
        refusal = mismatch(mean.array.shape, shape)
        if refusal is not None:
            raise refusal
        shape = np.broadcast_shapes(mean.array.shape, shape)
    around = mean.array if isinstance(mean, Tensor) else mean
    return (generator.normal(shape, kind) * std.array + around).astype(kind)


@check_of_each
def _refuse_negative(std: Any) -> None:
    if std.min() < 0:
        raise RuntimeError(STD_NEGATIVE)


def with_zero_gradient(values: Any, inputs: list[Tensor]) -> Tensor:
    """Make a tensor of drawn values. It is recorded if an input requires grad, and the gradient is 0.

    Torch does the same: what was drawn is taken as constant.
    """
    history = next((x for x in inputs if x.requires_grad), None)
    if history is None:
        return wrap(as_array(values))
    result: Tensor = history.expand(values.shape).clone()
    others = [x for x in inputs if x is not history and x.requires_grad]
    for x in others:
        result = result + x
    return result.copy_(wrap(as_array(values)))  # type: ignore[no-any-return]


@asking
@with_new_out
def bernoulli(input: Tensor, p: Any = ABSENT, *, generator: Generator = None) -> Tensor:
    """Draw 1 with the probability that each element gives, or with `p` for all, else 0; same shape and dtype.

    The gradient is 0. RuntimeError for a probability outside [0, 1], NotImplementedError for probabilities of a dtype
    that is not floating. Source: torch.bernoulli.
    """
    array = tensor_of("bernoulli", input).array
    source = of(generator, input)
    if p is not ABSENT:
        try:
            p = KINDS["float"].read(p)
        except TypeError:
            raise no_such_call("bernoulli", input, p) from None
    drawn = source.bernoulli_p(array) if p is ABSENT else source.bernoulli(p, array.shape)
    return with_zero_gradient(drawn.astype(array.dtype), [input])


@asking
@with_new_out
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator = None) -> Tensor:
    """`num_samples` int64 indices for each row of weights, each as likely as its weight (torch.multinomial).

    `input` is (n,) or (rows, n), floating, and its rows need not sum to 1. RuntimeError for other shapes and dtypes,
    for weights below 0 or not finite, for rows of zeros and, without `replacement`, for more samples than weights.
    """
    weights, count = tensor_of("multinomial", input).array, integer("multinomial", "num_samples", 2, num_samples)
    repeated = read("multinomial", "replacement", 3, KINDS["bool"], replacement)
    return wrap(of(generator).multinomial(weights, count, repeated))
