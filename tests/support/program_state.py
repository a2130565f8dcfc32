"""A program that runs under one framework, and all that it could see of its tensors."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from support.parity import first_words


class Run:
    """The state of a program under one framework: its variables, and what its hooks saw."""

    def __init__(self, framework: Any) -> None:
        self.framework = framework
        self.log: list[Any] = []
        self.scope: dict[str, Any] = {
            "torch": framework,
            **functions(framework),
            "seen": self.seen,
            "seen_all": self.seen_all,
            "accumulated": self.accumulated,
            "written": self.written,
            "written_all": self.written_all,
        }
        self.kinds: set[str] = set()  # of the statements so far, where another one has to know
        self.counted_from: dict[int, tuple[int, Any]] = {}
        framework.set_grad_enabled(True)

    def seen(self, name: str, factor: float | None = None, once: str | None = None) -> Callable[[Any], Any]:
        """A hook that notes its gradient, and replaces it by `factor` times it; `once` is its handle, to be removed."""

        def hook(g: Any) -> Any:
            if once is not None and once in self.scope:
                self.scope[once].remove()
            self.log.append((name, None if g is None else described(g)))
            return None if factor is None or g is None else g * factor

        return hook

    def seen_all(self, name: str, factor: float | None = None) -> Callable[..., Any]:
        """A hook on a node, or on several tensors, that notes all, and may replace the first tuple."""

        def hook(*tuples: Any) -> Any:
            tensors = [None if g is None else described(g) for grads in tuples for g in grads]
            self.log.append((name, tensors))
            return None if factor is None else tuple(None if g is None else g * factor for g in tuples[0])

        return hook

    def written(self, name: str) -> Callable[[Any], Any]:
        """A hook that notes its gradient and halves it in place."""
        note = self.seen(name)

        def hook(g: Any) -> Any:
            note(g)
            return self._halved(g)

        return hook

    def written_all(self, name: str) -> Callable[..., Any]:
        """A hook on a node that notes all, and halves the first tuple in place."""
        note = self.seen_all(name)

        def hook(*tuples: Any) -> Any:
            note(*tuples)
            replaced, places = [], []
            for g in tuples[0]:
                if g is not None and g.data_ptr() in places and self.framework is not torch:
                    replaced.append(None)  # a node may hand on one cotangent twice; it has been written by now
                else:
                    replaced.append(self._halved(g))
                    places.append(None if g is None else g.data_ptr())
            if all(g is None for g in replaced):
                return None
            return tuple(g if new is None else new for g, new in zip(tuples[0], replaced, strict=True))

        return hook

    def _halved(self, g: Any) -> Any:
        """Halve a gradient in place, or give one that replaces it.

        Torch hands one tensor to several hooks, and tensors with a stride of 0, into which it refuses to write. Here
        what a hook gets is its own; so that writing does what replacing does in torch.
        """
        if g is None or self.framework is torch or g.requires_grad:
            return None if g is None else g * 0.5
        g.mul_(0.5)
        return None

    def accumulated(self, name: str, writes: bool = False) -> Callable[[Any], Any]:
        """A hook on a leaf that notes its gradient after accumulation, and may halve it in place."""

        def hook(leaf: Any) -> None:
            self.log.append((name, None if leaf.grad is None else described(leaf.grad)))
            if writes and leaf.grad is not None and not leaf.grad.requires_grad:
                leaf.grad.mul_(0.5)

        return hook

    def execute(self, line: str) -> Any:
        """None, or the type and the first words of what the statement raised."""
        try:
            if self.framework is torch:
                exec(line, self.scope)
            else:
                with warnings.catch_warnings(), np.errstate(all="raise"):  # which no function of ours may notice
                    warnings.simplefilter("error", RuntimeWarning)
                    exec(line, self.scope)
        except Exception as error:
            return type(error).__name__, words(error)
        for x in self.tensors().values() if "grad" in line else ():
            if x._base is None and storage(x) not in self.counted_from:
                # How often backward added to a new gradient is its own affair; held, so that its id stays its own.
                self.counted_from[storage(x)] = x._version if line.endswith(".grad") else 0, memory(x)
        return None

    def version(self, x: Any) -> int:
        """The version of a tensor; of a gradient, counted from when it got its name."""
        return x._version - self.counted_from.get(storage(x), (0, None))[0]

    def tensors(self) -> dict[str, Any]:
        """The live tensors by name."""
        return {name: x for name, x in self.scope.items() if isinstance(x, self.framework.Tensor)}


def functions(framework: Any) -> dict[str, Callable[..., Any]]:
    """Operators of one's own: one whose gradient is None, one that doubles, and one with two outputs."""

    class Nothing(framework.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return None

    class Double(framework.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2 + ctx.saved_tensors[0] * 0

    class Both(framework.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * 2, y * 3

        @staticmethod
        def backward(ctx, g, h):
            return g * 2, h * 3

    return {"nothing": Nothing.apply, "double": Double.apply, "both": Both.apply}


# -- what can be seen ------------------------------------------------------------------------------


def described(x: Any) -> dict[str, Any]:
    """The elements and the flags of a tensor that say nothing of other tensors."""
    return {
        "dtype": str(x.dtype).removeprefix("torch."),
        "shape": tuple(x.shape),
        "requires_grad": x.requires_grad,
        "array": np.array(x.detach().numpy()),
    }


def snapshot(run: Run) -> dict[str, Any]:
    """All that a program could see of its tensors."""
    tensors = run.tensors()
    bases: dict[int, str] = {}
    storages: dict[int, str] = {}
    result: dict[str, Any] = {}
    for name, x in tensors.items():
        base = x._base
        result[name] = {
            **described(x),
            "is_leaf": looked_at(x, lambda x: x.is_leaf),
            "version": run.version(x),
            "base": None if base is None else bases.setdefault(id(base), name),
            "is_its_base": [other for other, y in tensors.items() if base is y],
            "is_view": x._is_view(),
            "storage": storages.setdefault(storage(x), name) if x.numel() else None,
            "retains_grad": x.retains_grad,
            "grad": None if x._grad is None else described(x._grad),
            "grad_fn": looked_at(x, node_name),
            "output_nr": x.output_nr,
        }
    result["hooks"] = list(run.log)
    return result


def gradients(run: Run) -> dict[str, Any]:
    """What `.grad` is of every tensor, without a look at the tensor's place on the tape."""
    return {name: None if x._grad is None else described(x._grad) for name, x in run.tensors().items()}


def looked_at(x: Any, look: Callable[[Any], Any]) -> Any:
    """What a look at a tensor's place on the tape gives, or raises: a view whose base was written to may be refused."""
    try:
        return look(x)
    except RuntimeError as error:
        return words(error)


def words(error: Exception) -> str:
    """The first words of a refusal, nodes named as in `node_name`."""
    return first_words(re.sub(r"(Output \d+ of [A-Za-z]+)\d*", r"\1", str(error)).replace("ReshapeAlias", "View"))


def node_name(x: Any) -> str | None:
    """The name of a tensor's node without the number of the overload."""
    if x.grad_fn is None:
        return None
    return x.grad_fn.name().rstrip("0123456789").removeprefix("torch::autograd::").replace("ReshapeAlias", "View")


def storage(x: Any) -> int:
    """What is the same for two tensors that share memory."""
    return memory(x)._cdata if isinstance(x, torch.Tensor) else id(memory(x))


def memory(x: Any) -> Any:
    """Torch's storage, or the array that owns the memory of a tensor."""
    if isinstance(x, torch.Tensor):
        return x.untyped_storage()
    array = x.array
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def differences(ours: Any, theirs: Any, tolerance: float, place: str = "") -> Iterator[str]:
    """Where two snapshots differ by more than rounding."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs.keys() | ours.keys():
            yield from differences(ours.get(key), theirs.get(key), tolerance, f"{place}.{key}".strip("."))
    elif isinstance(theirs, np.ndarray) and isinstance(ours, np.ndarray):
        if ours.shape != theirs.shape or not close(ours, theirs, tolerance):
            yield f"{place}: {ours.tolist()} is not torch's {theirs.tolist()}"
    elif isinstance(theirs, (list, tuple)) and isinstance(ours, (list, tuple)) and len(ours) == len(theirs):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(a, b, tolerance, f"{place}[{i}]")
    elif ours != theirs:
        yield f"{place}: {ours} is not torch's {theirs}"


def close(ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> bool:
    """Equal to a part of the largest element, nan where nan is."""
    size = np.abs(theirs[np.isfinite(theirs)]).max(initial=1e-2)
    return bool(np.allclose(ours, theirs, rtol=0, atol=tolerance * size, equal_nan=True))
