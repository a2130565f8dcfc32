"""Products that are added to a tensor, as programs of old call them: with the factors before the tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...messages import warn_once
from ..functions import FUNCTIONS, INPLACE
from ..kinds import KINDS
from ..namespace import function_of_torch
from ..refusals import FACTORS_BY_POSITION
from ..tensor import Tensor

__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm"]

_PARAMETERS = {
    "addbmm": ("batch1", "batch2"), "addmm": ("mat1", "mat2"), "addmv": ("mat", "vec"), "addr": ("vec1", "vec2"),
    "baddbmm": ("batch1", "batch2"),
}  # fmt: skip


def _with_old_forms(name: str, new: Callable[..., Tensor], place: int) -> Callable[..., Tensor]:
    """The function of a row, which takes the factors before the tensors as well, with a warning.

    A function takes (beta, input, alpha, a, b), a method input.(beta, alpha, a, b); alpha may be left out. `place` is
    where beta stands then.
    """

    def function(*args: Any, **kwargs: Any) -> Tensor:
        try:
            return new(*args, **kwargs)
        except TypeError:
            tensors = [x for x in args if isinstance(x, Tensor)]
            factors = [x for x in args if not isinstance(x, Tensor)]
            last = all(isinstance(x, Tensor) for x in args[-2:])
            old = len(tensors) == 3 and 0 < len(factors) < 3 and last and not isinstance(args[place], Tensor)
            if not old or kwargs.keys() - {"out"}:
                raise
        factors = [KINDS["Number"].read(x) for x in factors]
        warn_once(_deprecated(name, args))
        return new(*tensors, *factors, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = new.__doc__
    return function


def _deprecated(name: str, args: tuple[Any, ...]) -> str:
    own = ("input",) if not isinstance(args[0], Tensor) else ()  # of a method torch does not name it
    names, factors = iter((*own, *_PARAMETERS[name.removesuffix("_")])), iter(("beta", "alpha"))
    shown = args if own else args[1:]
    old = (f"Tensor {next(names)}" if isinstance(x, Tensor) else f"Number {next(factors)}" for x in shown)
    new = (f"Tensor {each}" for each in (*own, *_PARAMETERS[name.removesuffix("_")]))
    return FACTORS_BY_POSITION.format(name=name, old=", ".join(old), new=", ".join(new))


addbmm, addmm, addmv, addr, baddbmm = (_with_old_forms(name, function_of_torch(name), 0) for name in _PARAMETERS)
METHODS: dict[str, Any] = {name: _with_old_forms(name, FUNCTIONS[name], 1) for name in _PARAMETERS}
METHODS |= {f"{name}_": _with_old_forms(f"{name}_", INPLACE[f"{name}_"], 1) for name in _PARAMETERS}
