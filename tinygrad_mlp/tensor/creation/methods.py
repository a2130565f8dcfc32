"""The methods of Tensor that fill it at random, and those that make others like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import random
from ...arrays.silence import silenced
from ...autograd.captured import refuse_captured, running
from ...batching import running as batching
from ...ops import TABLE
from ..arguments import as_array
from ..inplace import inplace_of
from ..kinds import KINDS, no_such_call, read
from ..refusals import UNEXPECTED_KEYWORD
from ..tensor import Tensor, wrap
from .data import new_tensor
from .drawn import Generator, bernoulli, filled, multinomial, normals, of
from .options import DType, made, number, sequence_of, settle, size_of
from .values import in_dtype, strided

if TYPE_CHECKING:
    from typing import Unpack

    from .options import Options, SizedOptions


def _drawn(name: str, node_name: str, parameters: tuple[str, ...], draw: Any) -> Any:
    """A method that writes what `draw` gives; its arguments are the distribution's parameters, which are floats."""
    write = inplace_of(TABLE["assign"], node_name)

    def method(self: Tensor, *args: Any, generator: Generator = None, **kwargs: Any) -> Tensor:
        if running:  # before numbers are drawn
            refuse_captured(self, name, args)
        args = tuple(_float(name, parameters, place, value) for place, value in enumerate(args))
        kwargs = {
            key: _float(name, parameters, parameters.index(key), value) if key in parameters else value
            for key, value in kwargs.items()
        }
        source = of(generator)
        if batching.batches:
            from ...random.batched import refuse_unbatched_draw

            refuse_unbatched_draw(self.array, source)
        values = draw(source, self.array, *args, **kwargs)
        return write(self, wrap(as_array(values)))  # type: ignore[no-any-return]

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Fill with random numbers, torch's for the same seed (torch.Tensor.{name})."
    return method


def _float(function: str, parameters: tuple[str, ...], place: int, value: Any) -> Any:
    if place >= len(parameters) or (parameters[place] == "p" and isinstance(value, Tensor)):
        return value
    return read(function, parameters[place], place + 1, KINDS["float"], value)


def _random(generator: random.Generator, array: Any, *bounds: Any, **named: Any) -> Any:
    if "from" in named:
        bounds = (named.pop("from"), *bounds)
    if "to" in named:
        bounds = (*bounds, named.pop("to"))
    if named:
        raise TypeError(UNEXPECTED_KEYWORD.format(function="random_", name=next(iter(named))))
    if not bounds:
        return filled(array, lambda shape: generator.nonnegative_integers(shape, array.dtype))
    try:
        bounds = tuple(map(KINDS["int"].read, bounds))
    except TypeError:
        raise no_such_call("random_", *bounds) from None
    low, high = (0, bounds[0]) if len(bounds) == 1 else bounds
    return filled(array, lambda shape: generator.integers(low, high, shape, array.dtype))


def _uniform(generator: random.Generator, array: Any, low: float = 0.0, high: float = 1.0, **named: Any) -> Any:
    low, high = named.pop("from", low), named.pop("to", high)
    if named:
        raise TypeError(UNEXPECTED_KEYWORD.format(function="uniform_", name=next(iter(named))))
    return filled(array, lambda shape: generator.uniform(shape, array.dtype, low, high))


def _normal(generator: random.Generator, array: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    return filled(array, lambda shape: normals(generator, array, shape, mean, std))


def _bernoulli(generator: random.Generator, array: Any, p: Any = 0.5) -> Any:
    if isinstance(p, Tensor):
        return generator.bernoulli_p(np.broadcast_to(p.array, array.shape))
    return filled(array, lambda shape: generator.bernoulli(p, shape))


def _exponential(generator: random.Generator, array: Any, lambd: float = 1.0) -> Any:
    return filled(array, lambda shape: generator.exponential(shape, array.dtype, lambd))


def _cauchy(generator: random.Generator, array: Any, median: float = 0.0, sigma: float = 1.0) -> Any:
    return filled(array, lambda shape: generator.cauchy(shape, array.dtype, median, sigma))


def _log_normal(generator: random.Generator, array: Any, mean: float = 1.0, std: float = 2.0) -> Any:
    return filled(array, lambda shape: generator.log_normal(shape, array.dtype, mean, std))


def _geometric(generator: random.Generator, array: Any, p: float) -> Any:
    return filled(array, lambda shape: generator.geometric(shape, array.dtype, p))


def _spread(array: Any, own: Any) -> Any:
    from ...batching.crossing import spread  # inside of `vmap`

    return spread(array, own)


def _new(make: Any) -> Any:
    name = f"new_{make.__name__}"

    def method(
        self: Tensor, *sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]
    ) -> Tensor:
        shape = size_of(name, sizes, options)
        array = make(shape, settle(name, dtype, options, self.array.dtype))
        array = _spread(array, self.array) if batching.batches else array
        return made(array, requires_grad, options.get("device", self.device))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"As torch.{name[4:]}, in the dtype of this tensor unless another is given (torch.Tensor.{name})."
    return method


@silenced
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[Options],
) -> Tensor:  # fmt: skip
    """As torch.full, in the dtype of this tensor unless another is given (torch.Tensor.new_full)."""
    value = number("new_full", "fill_value", 2, fill_value)
    shape = sequence_of("new_full", size, 1)
    kind = settle("new_full", dtype, options, self.array.dtype)
    array = np.full(shape, in_dtype(value, kind), kind)
    array = _spread(array, self.array) if batching.batches else array
    return made(array, requires_grad, options.get("device", self.device))


def new_empty_strided(
    self: Tensor, size: Any, stride: Any, *, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[Options],
) -> Tensor:  # fmt: skip
    """As torch.empty_strided, in the dtype of this tensor unless another is given (torch.Tensor.new_empty_strided)."""
    kind = settle("new_empty_strided", dtype, options, self.array.dtype)
    return made(strided("new_empty_strided", size, stride, kind), requires_grad)


_DRAWS = {
    "uniform_": ("UniformBackward0", ("from", "to"), _uniform),
    "normal_": ("NormalBackward0", ("mean", "std"), _normal),
    "bernoulli_": ("BernoulliBackward2", ("p",), _bernoulli),
    "random_": ("RandomBackward0", (), _random),
    "cauchy_": ("CauchyBackward0", ("median", "sigma"), _cauchy),
    "log_normal_": ("LogNormalBackward0", ("mean", "std"), _log_normal),
    "geometric_": ("GeometricBackward0", ("p",), _geometric),
    "exponential_": ("ExponentialBackward0", ("lambd",), _exponential),
}
METHODS: dict[str, Any] = {name: _drawn(name, *how) for name, how in _DRAWS.items()} | {
    function.__name__: function
    for function in (
        new_tensor,
        new_full,
        new_empty_strided,
        bernoulli,
        multinomial,
        *map(_new, (np.zeros, np.ones, np.empty)),
    )
}
