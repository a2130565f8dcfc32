"""One function under both frameworks: its values, its gradients, and the gradients of these."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from ..testing.frameworks import is_tensor
from ..testing.subject import leaves_of, names_of
from .both import PACKAGES, takes_package, under
from .differences import LABELS, Differences
from .observing import Observed, differences, given_to, gradients, need_torch, seeded
from .rounding import roundings


def functions(
    f: Any,
    *inputs: Any,
    second: bool = True,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> Differences:
    """Compare a function under this package and under torch: values, gradients and second gradients.

    `f` is a function of either framework, such as `torch.tanh`, whose namesake is the other side; a function of
    tensors, in which each framework stands for the other (what it calls `torch` is this package, and the other way
    round); a function `f(torch, *inputs)`, which is handed the package; or a pair of functions, the first for this
    package. `inputs` are arrays, tensors of either framework, and what else `f` takes; lists and dicts of them, too.
    The gradient is that of each floating input, or of those that require grad, if any does, for a fixed cotangent;
    a second gradient is the gradient of the first, with zeros where there is none. Each side draws its random numbers
    from `seed`. An element may be off by `atol + rtol * |theirs|`; by default both follow from the floating
    dtype with the fewest digits among the results, from the size of each array, and from what it changes when the
    inputs are moved by a rounding, for which the second function runs three times more.

    What both refuse raises the exception of this package; what only one refuses is a difference. TypeError where `f`
    has no counterpart; CannotRun where torch is missing.
    """
    need_torch()
    names = _names(f, len(inputs))
    asking = [x for x in leaves_of(list(inputs)) if is_tensor(x) and x.requires_grad]
    seen = []
    for first, package in zip((True, False), PACKAGES, strict=True):
        run = _Run(importlib.import_module(package), under(package, f, first), bool(asking), names, second, seed)
        seen.append(run.observed(inputs))
    found = roundings(lambda moved: run.observed(moved(inputs)))
    return differences(seen[0], seen[1], LABELS, rtol, atol, found)


def _names(f: Any, count: int) -> list[str]:
    """What the inputs are called: of a pair, by the one that says more of their names."""
    found = [names_of(each, count, int(takes_package(each))) for each in (f if isinstance(f, tuple) else (f,))]
    return min(found, key=lambda names: sum(name.startswith("input ") for name in names))


@dataclass(frozen=True)
class _Run:
    """A function under one framework; `only_asking` says that only inputs which require grad have a gradient."""

    module: Any
    f: Any
    only_asking: bool
    names: list[str]
    second: bool
    seed: int

    def observed(self, inputs: tuple[Any, ...]) -> Observed:
        """What the function gives, and its gradients."""
        found = Observed()
        leaves: dict[str, Any] = {}
        arguments = [
            given_to(self.module, value, name, leaves, self._asks)
            for name, value in zip(self.names, inputs, strict=True)
        ]
        with seeded(self.module, self.seed), found.running():
            outputs = list(leaves_of(self.f(*arguments)))
            for i, output in enumerate(outputs):
                found.see("value" if len(outputs) == 1 else "value {}", str(i), output)
            firsts = gradients(outputs, leaves, self.seed, again=self.second)
            for name, gradient in firsts.items():
                found.see("gradient of {}", name, gradient)
            if self.second:
                seconds = gradients(list(firsts.values()), leaves, self.seed + 1)
                for name, gradient in seconds.items():
                    zeros = self.module.zeros_like(leaves[name])
                    found.see("second gradient of {}", name, zeros if gradient is None else gradient)
        return found

    def _asks(self, x: Any) -> bool:
        """Whether the gradient of an input is wanted."""
        return not self.only_asking or (is_tensor(x) and x.requires_grad)
