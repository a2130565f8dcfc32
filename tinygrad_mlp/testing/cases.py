"""What a gradient test calls, and with what: the subject, made from a declaration, and its inputs as arrays."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A subject and the inputs with which it is called.

    `make` returns what is called: always the same function, or a new module. `module` is the framework of its tensors.
    The inputs are arrays and constants. `batched` are the places of the inputs that have a row for each sample.
    """

    make: Callable[[], Any]
    module: Any
    inputs: tuple[Any, ...]
    reference: Callable[..., Any] | None = None
    against: Any = None
    shrinking: bool = False  # whether a smaller failure is looked for, so that none needs to be told

    def with_inputs(self, inputs: Sequence[Any]) -> Case:
        """The same with other inputs."""
        return dataclasses.replace(self, inputs=tuple(inputs))

    def for_shrinking(self) -> Case:
        """The same, which fails without a report."""
        return dataclasses.replace(self, shrinking=True)

    @property
    def has_batch(self) -> bool:
        """Whether the first array has rows."""
        return any(isinstance(x, np.ndarray) for x in self.inputs) and _first(self.inputs).ndim > 0

    def of_rows(self, count: int) -> list[Case]:
        """The case with the first rows of its inputs, in the ways in which the rows may be samples.

        All inputs with as many rows as the first array may be batches, or that array alone.
        """
        first = _first(self.inputs)
        rows = len(first)
        together = [isinstance(x, np.ndarray) and x.ndim > 0 and len(x) == rows for x in self.inputs]
        alone = [x is first for x in self.inputs]
        ways = [together] if together == alone else [together, alone]
        return [
            self.with_inputs([x[:count].copy() if cut else x for x, cut in zip(self.inputs, way, strict=True)])
            for way in ways
        ]

    def in_dtype(self, name: str) -> Case:
        """The case with its floating inputs in another dtype."""
        return self.with_inputs([x.astype(name) if is_floating(x) else x for x in self.inputs])

    def tensors(self, laid_out: Callable[[Any], Any] = np.copy) -> list[Any]:
        """The inputs as tensors of their own memory, of which the floating are leaves."""
        return [self.tensor(laid_out(x)) if isinstance(x, np.ndarray) else x for x in self.inputs]

    def tensor(self, array: Any) -> Any:
        """A tensor over an array, that requires grad if it is floating."""
        tensor = self.module.from_numpy(array)
        return tensor.requires_grad_() if is_floating(array) else tensor

    def subject(self) -> Any:
        """What is called, a module in the dtype of the inputs and with parameters that are always the same."""
        made = self.make()
        if isinstance(made, self.module.nn.Module):
            dtypes = [x.dtype.name for x in self.inputs if is_floating(x)]
            made.to(getattr(self.module, dtypes[0] if dtypes else "float64"))
        return made


def is_floating(x: Any) -> bool:
    """Whether it is an array of floats."""
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _first(inputs: Sequence[Any]) -> Any:
    return next(x for x in inputs if isinstance(x, np.ndarray))


# -- subjects --------------------------------------------------------------------------------------


def fixed_cases(subject: Any, inputs: Any, options: dict[str, Any]) -> list[Case]:
    """The cases of a declaration with given inputs."""
    given = _inputs_of(inputs)
    module = _framework(subject, given)
    numbers = np.random.default_rng(zlib.crc32(getattr(subject, "__name__", "").encode()))
    return [Case(_maker(subject, module), module, tuple(_array(x, numbers) for x in given), **options)]


def _framework(subject: Any, inputs: Sequence[Any]) -> Any:
    """Torch where the subject or an input is torch's, else this package."""
    ours, torch = importlib.import_module("tinygrad_mlp"), sys.modules.get("torch")
    kind = subject if isinstance(subject, type) else type(subject)
    if torch is not None and (
        issubclass(kind, (torch.nn.Module, torch.autograd.Function)) or any(isinstance(x, torch.Tensor) for x in inputs)
    ):
        return torch
    if inspect.isfunction(subject) and not inspect.signature(subject).parameters and torch is not None:
        return torch if isinstance(_seeded(subject, torch), torch.nn.Module) else ours
    return ours


def _maker(subject: Any, module: Any) -> Callable[[], Any]:
    """What returns the thing to call: a Function's `apply` stays with its class, a module is made anew."""
    if isinstance(subject, type) and issubclass(subject, module.nn.Module):
        return lambda: _seeded(subject, module)
    if inspect.isfunction(subject) and not inspect.signature(subject).parameters:
        return lambda: _seeded(subject, module)
    return lambda: subject


def _seeded(factory: Callable[[], Any], module: Any) -> Any:
    """What a factory makes with the seed 0; the stream of random numbers is left as it is."""
    state = module.get_rng_state()
    try:
        module.manual_seed(0)
        return factory()
    finally:
        module.set_rng_state(state)


# -- inputs ----------------------------------------------------------------------------------------


def as_strategy(inputs: Any) -> Any:
    """The inputs, if they are a strategy of hypothesis, else None."""
    hypothesis = sys.modules.get("hypothesis.strategies")  # who has a strategy has imported it
    return inputs if hypothesis is not None and isinstance(inputs, hypothesis.SearchStrategy) else None


def _inputs_of(inputs: Any) -> tuple[Any, ...]:
    if isinstance(inputs, (tuple, list)) and not all(isinstance(x, int) for x in inputs):
        return tuple(inputs)
    return (inputs,)


def _array(x: Any, numbers: np.random.Generator) -> Any:
    """An input as an array, if it is one, a tensor or a shape; floats are widened to float64."""
    if isinstance(x, (tuple, list)) and all(isinstance(n, int) for n in x):
        return numbers.normal(size=tuple(x))
    if hasattr(x, "detach"):
        x = x.detach().numpy()
    if isinstance(x, np.ndarray):
        return np.array(x, "float64" if x.dtype.kind == "f" else x.dtype)
    return x
