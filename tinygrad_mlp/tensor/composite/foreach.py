"""One function of each tensor of a list: torch's `_foreach_` functions, which optimisers call in place of a loop.

Torch writes one kernel for all the tensors. Here they are the loop: the names are torch's, and so are the results.
An argument that is a list has an element for each tensor; any other is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..functions import FUNCTIONS
from ..kinds import no_such_call
from ..tensor import Tensor
from . import LATER
from .refusals import FOREACH_COUNT, FOREACH_NOTHING, FOREACH_SCALARS

__all__ = sorted(LATER["foreach"][0].split())

Function = Callable[..., Any]

# Those that are not the method of the same name.
_OTHERS: dict[str, Function] = {
    "_foreach_norm": lambda x, ord=2, dtype=None: FUNCTIONS["linalg_vector_norm"](x, ord, None, False, dtype),
    "_foreach_max": lambda x: x.max(),
    "_foreach_maximum": lambda x, other: _of_two("maximum", "clamp_min", x, other),
    "_foreach_minimum": lambda x, other: _of_two("minimum", "clamp_max", x, other),
    "_foreach_maximum_": lambda x, other: x.copy_(_of_two("maximum", "clamp_min", x, other)),
    "_foreach_minimum_": lambda x, other: x.copy_(_of_two("minimum", "clamp_max", x, other)),
}


def _of_two(name: str, by_number: str, x: Tensor, other: Any) -> Any:
    return getattr(x, name if isinstance(other, Tensor) else by_number)(other)


def _spread(function: str, argument: Any, count: int) -> list[Any]:
    """An argument for each of the tensors: RuntimeError for a list of another length."""
    if not isinstance(argument, (list, tuple)):
        return [argument] * count
    if len(argument) != count:
        tensors = any(isinstance(x, Tensor) for x in argument)
        raise RuntimeError(FOREACH_COUNT.format(own=count, other=len(argument)) if tensors else FOREACH_SCALARS)
    return list(argument)


def _apply(name: str, tensors: Any, args: tuple[Any, ...], options: dict[str, Any]) -> list[Any]:
    if not isinstance(tensors, (list, tuple)):
        raise no_such_call(name, tensors, *args, **options)
    if not tensors:
        raise RuntimeError(FOREACH_NOTHING)
    kind = name.removeprefix("_foreach_").removesuffix("_")
    if kind in ("addcmul", "addcdiv") and len(args) > 2:
        *args, options["value"] = args  # type: ignore[assignment]
    if kind in ("addcmul", "addcdiv") and isinstance(options.get("value"), Tensor) and options["value"].ndim:
        options["value"] = options["value"].tolist()  # a number for each
    function = _OTHERS.get(name) or getattr(Tensor, name.removeprefix("_foreach_"))
    each = [_spread(name, argument, len(tensors)) for argument in (*args, *options.values())]
    results = []
    for i, x in enumerate(tensors):
        own = [argument[i] for argument in each]
        results.append(function(x, *own[: len(args)], **dict(zip(options, own[len(args) :], strict=True))))
    return results


def _function(name: str) -> Function:
    """torch's function of a name: one that ends in an underscore gives back a list, another a tuple of new tensors."""

    def call(self: Any, *args: Any, **options: Any) -> Any:
        if name == "_foreach_pow" and isinstance(self, (int, float)):  # a number, to the power of each
            return tuple(FUNCTIONS["pow"](self, exponent) for exponent in args[0])
        results = _apply(name, self, args, options)
        return results if name.endswith("_") else tuple(results)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name.removeprefix('_foreach_')} of every tensor of a list (torch.{name})."
    return call


globals().update({name: _function(name) for name in __all__})
