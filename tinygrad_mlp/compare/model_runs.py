"""One step of two modules with the same parameter names: forward, loss, gradients, and buffers after it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..testing.frameworks import array_of, is_tensor
from ..testing.subject import leaves_of
from .both import under
from .copying import package_of
from .differences import Differences
from .observing import Observed, differences, given_to, gradients, seeded
from .rounding import Moved, roundings


def models(
    ours: Any,
    theirs: Any,
    batch: Any,
    loss: Any = None,
    target: Any = None,
    *,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> Differences:
    """Compare a step of two modules: parameters, forward, loss, gradients by parameter name, and buffers after it.

    Usually one module is of this package and the other of torch; two of the same framework can be compared, too. Their
    parameters and buffers must have the same names and values: `copy_weights` makes them equal. `batch` is an array or
    a tensor of either framework, a tuple of arguments, or a dict of keyword arguments. `loss` is the name of a loss
    (`"cross_entropy"`), or a function as in `functions`, and is called with the output and, if it is given, `target`;
    without a loss, gradients are those for a fixed cotangent of the output. Each side draws its random numbers from
    `seed`, and the tolerance is that of `functions`, with parameters and buffers moved as well.

    The table has also what the innermost modules give that have the same names in both, so that it shows where a
    difference begins; whether the models are the same does not depend on these rows. Parameters, gradients, buffers and
    random streams are afterwards what they were. TypeError for anything but modules.
    """
    packages = package_of(ours), package_of(theirs)
    labels = packages if packages[0] != packages[1] else ("first", "second")
    seen = []
    for module, package, first in ((ours, packages[0], True), (theirs, packages[1], False)):
        step = _Step(package, module, _loss(loss, package, first), seed)
        seen.append(step.observed(batch, target))
    found = roundings(lambda moved: step.moved(moved).observed(moved(batch), target))
    _keep_other_modes(*seen)
    return differences(seen[0], seen[1], labels, rtol, atol, found)


def _loss(loss: Any, package: str, first: bool) -> Callable[..., Any] | None:
    if isinstance(loss, str):
        return getattr(importlib.import_module(package).nn.functional, loss)  # type: ignore[no-any-return]
    return None if loss is None else under(package, loss, first)


def _keep_other_modes(ours: Observed, theirs: Observed) -> None:
    """Leave a row for the modules of which one is in training and the other in evaluation, and for no others."""
    modes = [side.stages.pop(_MODE, {}) for side in (ours, theirs)]
    other = [name for name, mode in modes[0].items() if modes[1].get(name, mode) != mode]
    for side, mode in zip((ours, theirs), modes, strict=True):
        if other:
            side.stages = {_MODE: {name: mode[name] for name in other}, **side.stages}


_MODE = "mode of {}"


class _Step:
    """One step of a module, which leaves no trace on it."""

    def __init__(self, package: str, module: Any, loss: Callable[..., Any] | None, seed: int) -> None:
        self.framework = importlib.import_module(package)
        self.package, self.module, self.loss, self.seed = package, module, loss, seed
        self.found = Observed()
        self.parameters = dict(module.named_parameters(remove_duplicate=False))
        self.call: Callable[..., Any] = module
        self.buffers: Callable[[], dict[str, Any]] = lambda: dict(module.named_buffers(remove_duplicate=False))

    def moved(self, moved: Moved) -> _Step:
        """The same step with parameters and buffers moved by a rounding, those of the module itself as they are."""
        step = _Step(self.package, self.module, self.loss, self.seed)
        step.parameters = moved(self.parameters)
        state = {name: step.parameters[name] for name, _ in self.module.named_parameters()}
        buffers = {name: moved(buffer) for name, buffer in self.module.named_buffers()}
        state |= buffers
        step.buffers = lambda: {name: state[name] for name in buffers}
        functional_call = importlib.import_module(f"{self.package}.func").functional_call
        step.call = lambda *args, **kwargs: functional_call(self.module, state, args, kwargs)
        return step

    def observed(self, batch: Any, target: Any) -> Observed:
        """What the step gives, until an exception ends it."""
        with self._undone(), seeded(self.framework, self.seed), self.found.running():
            self._run(batch, target)
        return self.found

    def _run(self, batch: Any, target: Any) -> None:
        found = self.found
        for name, module in self.module.named_modules():
            found.see(_MODE, name or "the model", "training" if module.training else "evaluation")
        for name, parameter in self.parameters.items():
            found.see("parameter {}", name, parameter)
        self._see_buffers("buffer {}")
        leaves: dict[str, Any] = {}
        args, kwargs = self._arguments(batch, leaves)
        with self._watched():
            result = self.call(*args, **kwargs)
        outputs = list(leaves_of(result))
        for i, output in enumerate(outputs):
            found.see("output" if len(outputs) == 1 else "output {}", str(i), output)
        if self.loss is not None:
            right = given_to(self.framework, target, "target", {}, lambda x: False)
            value = self.loss(result) if target is None else self.loss(result, right)
            found.see("loss", "", value)
            outputs = [value]
        leaves |= {name: p for name, p in self.parameters.items() if p.requires_grad}
        for name, gradient in gradients(outputs, leaves, self.seed).items():
            found.see("gradient of {}", name, gradient)
        self._see_buffers("buffer {} after the step")

    def _arguments(self, batch: Any, leaves: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given = given_to(self.framework, batch, "the batch", leaves, lambda x: is_tensor(x) and x.requires_grad)
        if isinstance(given, dict):
            return (), given
        return (given if isinstance(given, tuple) else (given,)), {}

    def _see_buffers(self, stage: str) -> None:
        for name, buffer in self.buffers().items():
            self.found.see(stage, name, buffer)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """A block in which what the innermost modules give is kept, each call of them."""
        handles = []
        for name, module in self.module.named_modules():
            if name and next(module.children(), None) is None:
                handles.append(module.register_forward_hook(self._noting(name)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _noting(self, name: str) -> Callable[..., None]:
        count = 0

        def note(module: Any, args: Any, result: Any) -> None:
            nonlocal count
            count += 1
            if is_tensor(result):
                call = name if count == 1 else f"{name}, call {count}"
                self.found.see("output of {}", call, result)

        return note

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """A block after which the buffers are what they were before it."""
        kept = [
            (module, name, buffer, array_of(buffer))
            for module in self.module.modules()
            for name, buffer in module._buffers.items()
            if buffer is not None
        ]
        try:
            yield
        finally:
            with self.framework.no_grad():
                for module, name, buffer, array in kept:
                    module._buffers[name] = buffer
                    if not np.array_equal(array_of(buffer), array):  # a tape may have saved it as it is
                        buffer.copy_(self.framework.from_numpy(array))
