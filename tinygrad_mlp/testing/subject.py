"""What is checked, behind one interface: the value of a function and its vector-Jacobian product, as NumPy arrays.

The judges know only `Subject`; the kinds that there are stand in `numpy_subjects` and `tensor_subjects`.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .refusals import NO_FLOATING_OUTPUT

Array = Any
Arrays = tuple[Array, ...]


class BackwardRaised(Exception):
    """The backward of what is checked has raised an exception, `cause`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass
class Trial:
    """What a forward and a backward returned, and what they changed in place: the name of each array, and who did."""

    outputs: Arrays
    gradients: tuple[Array | None, ...]
    changes: list[tuple[str, str]]


class Subject(ABC):
    """A function of several arrays that has a gradient of its own, which may be wrong.

    `names` and `arrays` are the inputs whose gradients are checked, and the point at which they are; constants are
    inside. The arrays handed to the methods have the shapes of `arrays`, and may have another floating dtype.
    """

    names: tuple[str, ...]
    arrays: Arrays

    @abstractmethod
    def value(self, arrays: Arrays) -> Arrays:
        """The floating outputs of the function."""

    def vjp(self, arrays: Arrays, cotangents: Arrays) -> tuple[Array | None, ...]:
        """The gradient of each input, as it is given: None where there is none, in whatever shape it has.

        BackwardRaised for an exception of the backward.
        """
        try:
            return self.gradients(arrays, cotangents)
        except Exception as error:
            raise BackwardRaised(error) from error

    @abstractmethod
    def gradients(self, arrays: Arrays, cotangents: Arrays) -> tuple[Array | None, ...]:
        """What `vjp` returns."""

    def promoted(self) -> Subject:
        """The same function where all that is float32 or float16 is float64."""
        return self

    def second(self, cotangents: Arrays) -> Subject | None:
        """The gradient as a function of the inputs and of the cotangents, if it can be differentiated again."""
        return None

    @abstractmethod
    def trial(self, cotangents: Arrays) -> Trial:
        """One forward and backward, whose arrays are looked at afterwards. BackwardRaised as from `vjp`."""

    def raw_gradients(self, cotangents: Arrays) -> Iterator[tuple[str, str, tuple[int, ...], tuple[int, ...]]]:
        """Gradients whose shape is not that of their input: who returned it, the input, its shape and the right one.

        Only of what returns gradients that a framework then sums down to the shape of the input without a word.
        """
        return iter(())


class Inputs:
    """The arguments of a function: which of them are checked, and what they are called.

    Those that require grad are checked, or, if none says so, all that are floating; the rest are constants.
    """

    def __init__(self, arguments: Sequence[Any], names: Sequence[str]) -> None:
        self.arguments = [array_of(x) for x in arguments]
        floating = [i for i, x in enumerate(self.arguments) if is_floating(x)]
        asking = [i for i in floating if getattr(arguments[i], "requires_grad", False)]
        self.checked = tuple(asking or floating)
        self.names = tuple(names)

    def arrays(self) -> Arrays:
        """The checked arguments, as arrays of their own: nothing shares memory."""
        return tuple(np.array(self.arguments[i], order="C") for i in self.checked)

    def with_checked(self, values: Sequence[Any], constant: Callable[[Any], Any] = lambda x: x) -> list[Any]:
        """All arguments, with `values` as the checked ones; the others are handed to `constant`."""
        by_place = dict(zip(self.checked, values, strict=False))
        return [by_place[i] if i in by_place else constant(x) for i, x in enumerate(self.arguments)]

    def promoted(self) -> Inputs:
        """The same with float64 for every narrower floating dtype."""
        wide = object.__new__(Inputs)
        wide.arguments = [promoted(x) for x in self.arguments]
        wide.checked, wide.names = self.checked, self.names
        return wide


# -- arguments and outputs -------------------------------------------------------------------------


def is_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic))


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor of either framework."""
    return hasattr(x, "detach") and hasattr(x, "requires_grad") and hasattr(x, "grad_fn")


def is_floating(x: Any) -> bool:
    return is_array(x) and np.issubdtype(x.dtype, np.floating)


def array_of(x: Any) -> Any:
    """The array of a tensor, which shares its memory and strides; other objects are returned as they are."""
    return x.detach().numpy() if is_tensor(x) else np.asarray(x) if isinstance(x, np.generic) else x


def promoted(x: Any) -> Any:
    return x.astype(np.float64) if is_floating(x) and x.dtype.itemsize < 8 else x


def differing(now: Sequence[Any], before: Sequence[Any]) -> list[int]:
    """The places of the arrays that are no longer what they were."""
    pairs = enumerate(zip(now, before, strict=True))
    return [i for i, (x, y) in pairs if is_array(y) and not _are_equal(x, y)]


def _are_equal(x: Any, y: Any) -> bool:
    """Whether arrays are equal, nan to nan; which is asked only where it matters, because it takes longer."""
    return np.array_equal(x, y) or (y.dtype.kind in "fc" and np.array_equal(x, y, equal_nan=True))


def leaves_of(result: Any) -> Iterator[Any]:
    """The arrays and tensors in tuples, lists and dictionaries, in order."""
    if isinstance(result, Mapping):
        result = list(result.values())
    if isinstance(result, (tuple, list)):
        for item in result:
            yield from leaves_of(item)
    elif result is not None:
        yield result


def outputs_of(result: Any) -> Arrays:
    """The floating or complex arrays in a result of NumPy. ValueError if there are none."""
    arrays = tuple(np.asarray(x) for x in leaves_of(result))
    found = tuple(x for x in arrays if x.dtype.kind in "fc")
    if not found:
        raise ValueError(NO_FLOATING_OUTPUT)
    return found


def names_of(function: Callable[..., Any], count: int, skipped: int = 0) -> list[str]:
    """The names of the first `count` parameters, after `skipped` ones; "input 0" where the signature has none."""
    if isinstance(function, np.ufunc):  # whose signature only later versions of NumPy say
        return ["x"] if function.nin == 1 else [f"x{i}" for i in range(1, function.nin + 1)]
    try:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
    except (ValueError, TypeError):  # builtin functions
        parameters = []
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [p.name for p in parameters if p.kind in plain][:count]
    return found + [f"input {i}" for i in range(len(found), count)]
