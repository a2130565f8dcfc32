"""What functions and models give under a framework, by stages and names, and the rows of two of them."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..testing.comparing import cotangents_for
from ..testing.frameworks import array_of, framework_of, is_tensor
from ..testing.subject import is_array
from .differences import Differences, Row, row
from .parting import Tolerance
from .refusals import NO_TORCH
from .runs import CannotRun

# Stages whose rows only show where a difference begins: what the parts of a model give is not what the model is for.
_SHOWN = frozenset({"output of {}"})


@dataclass
class Observed:
    """What was seen of one side: for each stage the values by name, and the exception that ended it, if one did.

    A stage is a template for the names of its rows.
    """

    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopped: Exception | None = None

    def see(self, stage: str, name: str, value: Any) -> None:
        """Keep a value as it is now."""
        self.stages.setdefault(stage, {})[name] = array_of(value) if is_tensor(value) else value

    @contextmanager
    def running(self) -> Iterator[None]:
        """A block that an exception ends, which is kept."""
        try:
            yield
        except Exception as error:
            self.stopped = error


def differences(
    ours: Observed,
    theirs: Observed,
    labels: tuple[str, str],
    rtol: float | None,
    atol: float | None,
    roundings: Mapping[tuple[str, str], float] | None = None,
) -> Differences:
    """The rows of what was seen of both. What both refuse is refused: the exception of the first is raised.

    Unless a tolerance is given, it follows from the dtype, the size of each array, and by how much rounding changes it:
    `roundings`, by stage and name.
    """
    if ours.stopped is not None and theirs.stopped is not None:
        raise ours.stopped
    rows = []
    tolerance = Tolerance.of(_narrowest(ours, theirs), rtol, atol)
    for stage, left in ours.stages.items():
        right = theirs.stages.get(stage, {})
        shown = stage in _SHOWN
        if (ours.stopped or theirs.stopped) and not right:
            continue
        for name in dict.fromkeys([*left, *right]):
            if not shown or (name in left and name in right):
                values = left.get(name), right.get(name)
                bound = tolerance
                if rtol is None and atol is None:
                    rounding = (roundings or {}).get((stage, name), 0.0)
                    bound = replace(tolerance, atol=tolerance.atol * _largest(values[1]) + rounding)
                rows.append(row(stage.format(name), *values, bound, labels=labels, counts=not shown))
    for side, label in ((ours, labels[0]), (theirs, labels[1])):
        if side.stopped is not None:
            error = side.stopped
            rows.append(Row("the run", False, note=f"{label} stops: {type(error).__name__}: {error}"))
    return Differences(tuple(rows), labels)


def _largest(value: Any) -> float:
    """The largest finite element of a floating array; 0 if there is none."""
    if not is_array(value) or value.dtype.kind != "f":
        return 0.0
    return float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))


def _narrowest(*sides: Observed) -> str:
    """The floating dtype with the fewest digits of all that was seen, as nothing that follows from it has more."""
    values = [value for side in sides for stage in side.stages.values() for value in stage.values()]
    dtypes = {str(value.dtype) for value in values if is_array(value) and value.dtype.kind == "f"}
    return max(dtypes, key=lambda dtype: np.finfo(dtype).eps, default="float64")


# -- the frameworks --------------------------------------------------------------------------------


def need_torch() -> None:
    """CannotRun where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise CannotRun(NO_TORCH)


@contextmanager
def seeded(module: Any, seed: int) -> Iterator[None]:
    """A block in which a framework, NumPy and Python draw from a seed; afterwards they go on from where they were."""
    states = module.get_rng_state(), np.random.get_state(), random.getstate()
    module.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    try:
        with module.enable_grad():
            yield
    finally:
        module.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


def given_to(module: Any, value: Any, name: str, leaves: dict[str, Any], ask: Callable[[Any], bool]) -> Any:
    """A value with tensors of a framework for its arrays and tensors, each of its own memory.

    Those that are floating and for which `ask` says so require grad; they are added to `leaves` by name.
    """
    if is_tensor(value) or is_array(value):
        array = array_of(value) if is_tensor(value) else np.array(value)
        tensor = module.from_numpy(array)
        if tensor.is_floating_point() and ask(value):
            leaves[name] = tensor.requires_grad_()
        return tensor
    if isinstance(value, (list, tuple)):
        given = [given_to(module, each, f"{name}[{i}]", leaves, ask) for i, each in enumerate(value)]
        return value._make(given) if hasattr(value, "_make") else type(value)(given)  # of named tuples, or plain ones
    if isinstance(value, dict):
        return {key: given_to(module, each, f"{name}[{key!r}]", leaves, ask) for key, each in value.items()}
    return value


def gradients(outputs: Sequence[Any], leaves: dict[str, Any], seed: int, again: bool = False) -> dict[str, Any]:
    """The gradient of each leaf, or None, for a cotangent of each output that is the same in both frameworks."""
    found = [y for y in outputs if is_tensor(y) and y.requires_grad]
    if not found or not leaves:
        return dict.fromkeys(leaves)
    module = framework_of(found[0])
    drawn = cotangents_for(tuple(array_of(y) for y in found), seed)[0]
    ones = [module.ones_like(y) if y.ndim == 0 else module.from_numpy(c) for y, c in zip(found, drawn, strict=True)]
    given = module.autograd.grad(found, list(leaves.values()), ones, create_graph=again, allow_unused=True)
    return dict(zip(leaves, given, strict=True))
