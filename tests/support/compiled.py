"""A step run eagerly and compiled, in two equal worlds, call by call; what can be seen of them is compared."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import tinygrad_mlp as torch
from tinygrad_mlp.compiler import CompiledStep, compile

Call = tuple[Any, ...]

# By how much results of whole runs may differ in any case, by dtype: loops add up sums in another order than NumPy.
rounding: dict[str, float] = {}


class World:
    """What a test builds: the step, and the modules, optimisers and tensors that it works on."""

    def __init__(self, step: Callable[..., Any], *things: Any) -> None:
        self.step = step
        self.things = things

    def seen(self) -> dict[str, Any]:
        """Every number that a program could see: elements, gradients, versions, optimiser state, the generator."""
        seen: dict[str, Any] = {}
        for i, thing in enumerate(self.things):
            if isinstance(thing, torch.nn.Module):
                for name, tensor in (*thing.named_parameters(), *thing.named_buffers()):
                    _see(seen, f"{i}.{name}", tensor)
            elif isinstance(thing, torch.optim.Optimizer):
                for group in thing.param_groups:
                    for k, p in enumerate(group["params"]):
                        _see(seen, f"{i}.{k}", p)
                        for key, x in sorted(thing.state.get(p, {}).items()):
                            seen[f"{i}.state.{k}.{key}"] = x.array.copy() if isinstance(x, torch.Tensor) else x
            else:
                _see(seen, str(i), thing)
        seen["generator"] = np.array(torch.get_rng_state())
        return seen


def _see(seen: dict[str, Any], name: str, tensor: torch.Tensor) -> None:
    seen[name] = tensor.array.copy()
    seen[f"{name}.version"] = tensor.versions[0]
    seen[f"{name}.grad"] = None if tensor._grad is None else tensor._grad.array.copy()


def values(x: Any) -> Any:
    """A result with copies of arrays for its tensors."""
    if isinstance(x, torch.Tensor):
        return x.detach().numpy().copy()
    if isinstance(x, dict):
        return {key: values(part) for key, part in x.items()}
    if isinstance(x, (list, tuple)):
        return [values(part) for part in x]
    return x


def run(build: Callable[[], World], calls: Iterable[Any], compiled: bool, seed: int = 0) -> tuple[Any, ...]:
    """The results of a world's calls, what is there at the end, and the step; a call is arguments, or a function."""
    torch.manual_seed(seed)
    world = build()
    step = compile(world.step) if compiled else world.step
    results = []
    torch.manual_seed(seed + 1)
    for call in calls:
        if callable(call):
            call(world)
        else:
            results.append(values(step(*call)))
    return results, world.seen(), step


def assert_equal(ours: Any, eager: Any, rtol: float = 0.0, place: str = "") -> None:
    """AssertionError with the place where two structures of arrays differ: in a bit, or by more than `rtol`."""
    if isinstance(eager, dict):
        assert ours.keys() == eager.keys(), place
        for key in eager:
            assert_equal(ours[key], eager[key], rtol, f"{place}.{key}")
    elif isinstance(eager, list):
        assert isinstance(ours, list) and len(ours) == len(eager), f"{place}: {ours!r}, eager {eager!r}"
        for i, (a, b) in enumerate(zip(ours, eager, strict=True)):
            assert_equal(a, b, rtol, f"{place}[{i}]")
    elif isinstance(eager, np.ndarray):
        assert isinstance(ours, np.ndarray) and (ours.shape, ours.dtype) == (eager.shape, eager.dtype), place
        rtol = max(rtol, rounding.get(eager.dtype.name, 0.0))
        if rtol and eager.dtype.kind == "f":
            size = np.abs(eager[np.isfinite(eager)]).max(initial=0)
            # A sum that is 0 but for rounding has that of its terms, which are of about size 1 here.
            atol = rtol * size + np.finfo(np.float64).eps
            np.testing.assert_allclose(ours, eager, rtol=rtol, atol=atol, err_msg=place)
        else:
            np.testing.assert_array_equal(ours, eager, err_msg=place)
    else:
        assert ours == eager, f"{place}: {ours!r}, eager {eager!r}"


def assert_same_run(
    build: Callable[[], World], calls: Iterable[Any], *, rtol: float = 0.0, programs: int | None = 1
) -> CompiledStep:
    """AssertionError unless the compiled calls do what the eager ones do, and a program (or `programs`) ran them."""
    calls = list(calls)
    eager_results, eager_seen, _ = run(build, calls, compiled=False)
    results, seen, step = run(build, calls, compiled=True)
    assert_equal(results, eager_results, rtol, "results")
    assert_equal(seen, eager_seen, rtol, "seen")
    if programs is not None:
        assert len(step.programs) == programs
        assert all(program.confirmed for program in step.programs)
    return step


def mlp(*sizes: int, activation: type[torch.nn.Module] = torch.nn.ReLU) -> torch.nn.Sequential:
    """Linear layers with an activation between them."""
    layers: list[torch.nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(a, b), activation()]
    return torch.nn.Sequential(*layers[:-1])


def descent(model: torch.nn.Module, optimizer: Any, loss_of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The training step of every tutorial."""

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def batches(count: int, size: int = 8, features: int = 4, classes: int = 3, seed: int = 0) -> list[Call]:
    """Batches of inputs and classes."""
    random = np.random.RandomState(seed)
    return [
        (
            torch.tensor(random.randn(size, features).astype(np.float32)),
            torch.tensor(random.randint(0, classes, size)),
        )
        for _ in range(count)
    ]


def doubled(calls: list[Call]) -> list[Call]:
    """The calls in float64, in which what a pass rounds otherwise stays small even after many steps."""
    return [tuple(x.double() if x.is_floating_point() else x for x in call) for call in calls]


def regression(count: int, size: int = 8, seed: int = 1) -> list[Call]:
    """Batches of four inputs and three targets."""
    random = np.random.RandomState(seed)
    return [tuple(torch.tensor(random.randn(size, n).astype(np.float32)) for n in (4, 3)) for _ in range(count)]


def training(
    model_of: Callable[[], torch.nn.Module], loss: Callable[[Any, Any], Any] = torch.nn.functional.mse_loss
) -> Callable[[], World]:
    """A world that trains a model with Adam."""

    def build() -> World:
        model = model_of()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        return World(descent(model, optimizer, loss), model, optimizer)

    return build


def of_weight(step_of: Callable[[Any], Callable[..., Any]]) -> Callable[[], World]:
    """A world around one parameter of shape (4, 3), and a step made for it."""

    def build() -> World:
        weight = torch.nn.Parameter(torch.randn(4, 3))
        return World(step_of(weight), weight)

    return build


class Snapshot:
    """All that a refused step must put back."""

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.model, self.optimizer = model, optimizer
        self.before = self.seen()

    def seen(self) -> dict[str, Any]:
        state = {
            f"{i}.{key}": values(s) for i, p in enumerate(self.model.parameters())
            for key, s in self.optimizer.state.get(p, {}).items()
        }  # fmt: skip
        tensors = [*self.model.parameters(), *self.model.buffers()]
        return {
            "values": [values(p) for p in tensors],
            "versions": [p._version for p in tensors],
            "grads": [values(p.grad) for p in tensors],
            "grad_ids": [id(p.grad) for p in tensors],
            "state": state,
            "states": len(self.optimizer.state),
            "lr": [group["lr"] for group in self.optimizer.param_groups],
            "lr_types": [type(group["lr"]).__name__ for group in self.optimizer.param_groups],
            "generator": np.array(torch.get_rng_state()),
            "training": [module.training for module in self.model.modules()],
        }

    def assert_put_back(self) -> None:
        assert_equal(self.seen(), self.before, place="after the refusal")


def trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """A model with an optimiser that has state, and gradients that are there."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.5))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(torch.tensor([[1.0, -2.0], [3.0, 4.0]])).sum().backward()
    optimizer.step()
    return model, optimizer


def repeated(step: Callable[..., Any], *args: Any, times: int = 3, **kwargs: Any) -> Any:
    """The last result; by then a program runs."""
    for _ in range(times):
        result = step(*args, **kwargs)
    return result
