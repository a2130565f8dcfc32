"""What a function may not do while one of func's transforms runs it, such as a write into a captured tensor.

A transform gets the derivative of what the function computes from its arguments; a write into a tensor from outside
would change the caller's numbers besides. So a function may only write into what was made since the innermost transform
began. The transforms are numbered in the order in which they begin, and a tensor is marked with the number of the one
in which it was made. Behaviour and texts are those of torch's ADInterpreters.cpp.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from ..batching import is_batched
from ..batching import running as batching
from ..batching.refusals import DATA
from . import making
from .modes import modes
from .refusals import CAPTURED
from .tensors import is_tensor

# The transforms that run in any thread. Operators in place look further only if there are any.
running: list[int] = []
_numbers = itertools.count(1)


class Transform:
    """A transform while it runs its function, from `begin` to `end`."""

    __slots__ = ("last", "number", "outer")

    def begin(self) -> None:
        """Begin; the transforms that run already are around this one."""
        self.outer, self.number, self.last = modes.transform, next(_numbers), math.inf
        making.begin()
        running.append(self.number)
        modes.transform = self.number

    def end(self) -> None:
        """End."""
        modes.transform, self.last = self.outer, next(_numbers)
        running.remove(self.number)
        making.end()

    def made(self, tensor: Any) -> bool:
        """Whether a tensor was made while this transform ran, by its function or by a transform inside of it."""
        return self.number <= made_in(tensor) < self.last

    def take(self, own: Any, given: Any) -> None:
        """Let the function write into `own`, its argument, if the code around the transform may write into `given`."""
        own._transform = self.number if made_in(given) >= self.outer else 0


def made_in(tensor: Any) -> int:
    """The number of the transform in which a tensor was made, or the tensor that it is a view of; else 0."""
    view = tensor.viewed
    return int((tensor if view is None else view.base)._transform)


def share_memory(tensor: Any, source: Any) -> None:
    """Mark a new tensor, which is no view but has the memory of another, as having been made where that was."""
    tensor._transform = made_in(source)


def share_data(tensor: Any, source: Any) -> None:
    """The same for `x.data`. RuntimeError in torch's words where that is of a batch of `vmap`."""
    if is_batched(source.array):
        raise RuntimeError(DATA)
    share_memory(tensor, source)


def is_captured(tensor: Any) -> bool:
    """Whether this thread runs a function that may not write into a tensor."""
    return modes.transform > made_in(tensor) and not modes.lowered


def refuse_captured(tensor: Any, name: str, args: tuple[Any, ...] = ()) -> None:
    """RuntimeError in torch's words if the function that is run may not write into a tensor.

    `name` is the operator in place, and `args` are its other arguments.
    """
    if is_captured(tensor):
        raise RuntimeError(CAPTURED.format(name=_torchs_name(name, args)))


def refuse_inside(text: str) -> None:
    """RuntimeError with this text while a transform runs."""
    if (modes.transform or batching.batches) and not modes.lowered:
        raise RuntimeError(text)


def outside(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function as if no transform ran, as torch calls the forward of a Function."""
    outer, modes.lowered = modes.lowered, True
    try:
        return function(*args)
    finally:
        modes.lowered = outer


# -- what torch calls an operator in place: the name of its function in C++, and of the overload -----

_NAMES = {
    "assign_": "copy_", "div_rounded_": "div_", "put_": "index_put_", "put_added_": "index_put_",
    "put_index_": "put_",
    "scatter_combined_": "scatter_",
}  # fmt: skip
_OVERLOADS: dict[str, tuple[str, str]] = {  # with a Tensor for the last argument, and with a number
    **dict.fromkeys(("add_", "sub_", "mul_", "div_", "floor_divide_"), ("Tensor", "Tensor")),
    **dict.fromkeys(("bitwise_and_", "bitwise_or_", "bitwise_xor_", "fill_", "fmod_"), ("Tensor", "Scalar")),
    **dict.fromkeys(("bitwise_left_shift_", "bitwise_right_shift_"), ("Tensor", "Tensor_Scalar")),
    **dict.fromkeys(("eq_", "ge_", "gt_", "le_", "lt_", "ne_"), ("Tensor", "Scalar")),
    **dict.fromkeys(("lerp_", "masked_fill_", "pow_", "remainder_"), ("Tensor", "Scalar")),
    **dict.fromkeys(("clamp_", "clamp_max_", "clamp_min_"), ("Tensor", "")),
    "copysign_": ("Tensor", "Scalar"),
    "div_rounded_": ("Tensor_mode", "Tensor_mode"),
    "index_fill_": ("int_Tensor", "int_Scalar"),
    "scatter_": ("src", "value"),
    "scatter_combined_": ("reduce", "value_reduce"),
    "xlogy_": ("Tensor", "Scalar_Other"),
    "bernoulli_": ("Tensor", "float"),
}


def _torchs_name(name: str, args: tuple[Any, ...]) -> str:
    overload = ""
    if name in _OVERLOADS:
        given = [x for x in args if x is not None and not isinstance(x, str)]
        overload = _OVERLOADS[name][not (given and is_tensor(given[-1]))]
    elif name == "set_":
        overload = "source_Tensor" if args and is_tensor(args[0]) else ""
    elif name == "scatter_reduce_":
        overload = "two"
    elif name == "random_":
        overload = ("", "to", "from")[len(args)]
    elif name == "squeeze_" and args:
        overload = {int: "dim", tuple: "dims", list: "dims"}.get(type(args[0]), "")
    return _NAMES.get(name, name) + (overload and f".{overload}")
