"""One call of a row in torch, and the same in tinygrad_mlp, with gradients and second gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import tinygrad_mlp
from support import oracle
from support.oracle import torch
from tinygrad_mlp.autograd import grad
from tinygrad_mlp.ops import Operator
from tinygrad_mlp.tensor import wrap


def floating(tensors: Any) -> list[int]:
    return [i for i, x in enumerate(tensors) if oracle.to_numpy(x).dtype.kind == "f" and x.requires_grad]


def gradients(outputs: list[Any], inputs: list[Any], cotangents: list[Any], module: Any, **options: Any) -> list[Any]:
    found = module(outputs, inputs, cotangents, allow_unused=True, **options)
    zeros_like = torch().zeros_like if module is torch().autograd.grad else tinygrad_mlp.zeros_like
    return [zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]


class InTorch:
    """A call in torch with its gradients and second gradients, each computed when it is asked for.

    `cotangents` (of the floating results), `sources` (which gradients can be differentiated) and `again` (cotangents of
    those) are set in time.
    """

    def __init__(self, row: Operator, args: Any, needs: list[bool]) -> None:
        self.row, self.args, self.needs = row, args, needs
        self.cotangents: list[Any] = []
        self.again: list[Any] = []
        self.sources: list[int] = []
        self.needs_g = True  # whether the cotangents require grad

    @cached_property
    def arguments(self) -> tuple[list[Any], list[Any]]:
        """The arguments, and those of them that require grad."""
        needs = iter(self.needs)
        _, theirs, _, leaves = oracle.leaves(self.row, self.args, lambda: next(needs))
        return theirs, leaves

    @cached_property
    def results(self) -> list[Any]:
        return oracle.outputs(oracle.call_torch(self.row, self.arguments[0]))

    @property
    def roots(self) -> list[Any]:
        return [self.results[i] for i in floating(self.results)]

    @cached_property
    def g(self) -> list[Any]:
        return [self.tensor(g).requires_grad_(self.needs_g) for g in self.cotangents]

    @cached_property
    def plain(self) -> list[Any]:
        return self.gradients(self.roots, self.arguments[1], self.g, retain_graph=True)

    @cached_property
    def first(self) -> list[Any]:
        return self.gradients(self.roots, self.arguments[1], self.g, create_graph=True)

    @cached_property
    def second(self) -> list[Any]:
        sources = [self.first[i] for i in self.sources]
        inputs = [*self.arguments[1], *(self.g if self.needs_g else ())]
        return self.gradients(sources, inputs, [self.tensor(g) for g in self.again])

    def changed(self, change: Callable[[Any], Any]) -> Any:
        """The same call, with other floating numbers."""
        other = type(self)(self.row, oracle.changed(self.args, change), self.needs)
        other.cotangents, other.again = (oracle.changed(x, change) for x in (self.cotangents, self.again))
        other.sources, other.needs_g = self.sources, self.needs_g
        return other

    tensor = staticmethod(oracle.to_torch)

    def gradients(self, *args: Any, **options: Any) -> list[Any]:
        return gradients(*args, torch().autograd.grad, **options)


class Ours(InTorch):
    """The same of ours."""

    @cached_property
    def arguments(self) -> tuple[list[Any], list[Any]]:
        needs = iter(self.needs)
        ours, _, leaves, _ = oracle.leaves(self.row, self.args, lambda: next(needs))
        return ours, leaves

    @cached_property
    def results(self) -> list[Any]:
        return oracle.outputs(oracle.call_ours(self.row, self.arguments[0]))

    tensor = staticmethod(wrap)

    def gradients(self, *args: Any, **options: Any) -> list[Any]:
        return gradients(*args, grad, **options)
