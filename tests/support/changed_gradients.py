"""Steps that find gradients from the call before, and what can be another fact about these at a call.

All numbers are small integers and halves of such, so that sums are exact in any order: results are compared bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_mlp as torch

KINDS = [((), "float32"), ((1,), "float64"), ((3,), "float32"), ((2, 3), "float64"), ((33, 32), "float32")]


class OfTensors(torch.Tensor):
    pass


class OfArrays(np.ndarray):
    pass


class Pair:
    """Two parameters of a shape with gradients that are all 0, or not, and a step that adds to these."""

    def __init__(self, shape: tuple[int, ...], dtype: str, zeroed: bool) -> None:
        self.parameters = []
        for k in range(2):
            elements = np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape) % 5 + k
            self.parameters.append(torch.tensor(elements, requires_grad=True))
        self.gradients = [torch.full(shape, 0.0 if zeroed else 3.0 + k, dtype=getattr(torch, dtype)) for k in range(2)]
        self.zeroed = zeroed
        self.put_back()

    def put_back(self) -> None:
        """The gradients that the step expects, each with memory of its own."""
        for p, grad in zip(self.parameters, self.gradients, strict=True):
            p.grad = grad.clone()

    def step(self, factor: Any) -> list[Any]:
        first, second = self.parameters
        loss = (first * factor).sum() + (second * 2 * factor).sum()
        loss.backward()
        seen = [p.grad.clone() for p in self.parameters]
        with torch.no_grad():
            for p in self.parameters:
                p -= p.grad * 0.5
                if self.zeroed:
                    p.grad.zero_()
                else:
                    p.grad.fill_(1.0)
        return [loss.detach(), *seen]

    def seen(self) -> list[Any]:
        """All that a program could see of the parameters and gradients."""
        found: list[Any] = []
        for p in self.parameters:
            found += [p.array, p.versions[0], p._grad]
            if p._grad is not None:
                g = p._grad
                found += [g.array, g.versions[0], g.needs_grad, g.node is None, g.viewed is None, type(g)]
        return [x.array if isinstance(x, torch.Tensor) else x for x in found]


def outcome(pair: Pair, step: Callable[..., Any], factor: Any) -> list[Any]:
    """What a call returns and leaves, bit by bit; or the error that it raises."""
    try:
        results = step(factor)
    except (RuntimeError, ValueError, TypeError) as error:
        return [type(error), str(error)]
    return [bits(x) for x in (*[x.array for x in results], *pair.seen())]


def bits(x: Any) -> Any:
    """An array as what tells it from all others."""
    return (x.shape, x.dtype.str, type(x), np.asarray(x).tobytes()) if isinstance(x, np.ndarray) else x


# -- what may be another fact about a gradient -----------------------------------------------------


def _given(array: Any) -> Any:
    """A tensor with this very array."""
    tensor = torch.zeros(())
    tensor.array = array
    return tensor


def _nonzero(position: int, value: float) -> Callable[[Pair], None]:
    def change(pair: Pair) -> None:
        array = pair.parameters[0]._grad.array
        array.ravel("K")[...] = 0
        array.reshape(-1)[(array.size - 1) * position // 2] = value

    return change


def _other_shape(pair: Pair) -> None:
    p = pair.parameters[0]
    p._grad = _given(np.zeros((1, *p.shape), p.array.dtype))


def _other_strides(pair: Pair) -> None:
    p = pair.parameters[0]
    p._grad = _given(np.array(p._grad.array, order="F", copy=True))


def _other_dtype(pair: Pair) -> None:
    p = pair.parameters[0]
    p._grad = _given(p._grad.array.astype("float64" if p.array.dtype == "float32" else "float32"))


def _swapped_bytes(pair: Pair) -> None:
    p = pair.parameters[1]
    p._grad = _given(p._grad.array.astype(p.array.dtype.newbyteorder()))


def _view_of_an_array(pair: Pair) -> None:
    p = pair.parameters[0]
    p._grad = _given(np.stack([p._grad.array] * 2)[1, ...])


def _view_of_a_tensor(pair: Pair) -> None:
    p = pair.parameters[1]
    p._grad = torch.stack([p._grad] * 2)[1]


def _requires_grad(pair: Pair) -> None:
    pair.parameters[0]._grad.requires_grad_()


def _on_the_tape(pair: Pair) -> None:
    p = pair.parameters[1]
    p._grad = p._grad + torch.zeros(p.shape, dtype=p.dtype, requires_grad=True)


def _the_same_array(pair: Pair) -> None:
    first, second = pair.parameters
    second._grad.array = first._grad.array


def _the_same_tensor(pair: Pair) -> None:
    first, second = pair.parameters
    second._grad = first._grad


def _none(pair: Pair) -> None:
    pair.parameters[1]._grad = None


def _subclass_of_tensor(pair: Pair) -> None:
    p = pair.parameters[0]
    p._grad = p._grad.as_subclass(OfTensors)


def _subclass_of_array(pair: Pair) -> None:
    p = pair.parameters[1]
    array = OfArrays(p._grad.array.shape, p._grad.array.dtype)
    array[...] = p._grad.array
    p._grad = _given(array)


def _replaced(pair: Pair) -> None:
    """No other fact: another tensor of the same kind."""
    for p in pair.parameters:
        p._grad = p._grad.clone()


REFUSED = {"other shape", "requires grad", "on the tape"}  # of these a step cannot be recorded, or even run
CHANGES: dict[str, Callable[[Pair], None]] = {
    "other shape": _other_shape, "other strides": _other_strides, "other dtype": _other_dtype,
    "swapped bytes": _swapped_bytes, "view of an array": _view_of_an_array, "view of a tensor": _view_of_a_tensor,
    "requires grad": _requires_grad, "on the tape": _on_the_tape, "same array": _the_same_array,
    "same tensor": _the_same_tensor, "first is nonzero": _nonzero(0, 2.0), "middle is nonzero": _nonzero(1, -1.0),
    "last is nonzero": _nonzero(2, 0.5), "last is -0.0": _nonzero(2, -0.0), "last is nan": _nonzero(2, np.nan),
    "none": _none, "subclass of Tensor": _subclass_of_tensor, "subclass of ndarray": _subclass_of_array,
    "replaced": _replaced,
}  # fmt: skip
