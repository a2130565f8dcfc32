"""Every row of the derivative table under `vmap` gives what a loop over the batch gives, stacked."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.row_inputs import row_inputs
from tinygrad_mlp.autograd import grad
from tinygrad_mlp.func import vjp, vmap
from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.tensor import FUNCTIONS, INPLACE, Tensor, wrap

COUNT = 3
# The shape of the result depends on values: refused, as in torch.
DYNAMIC = ("masked_select", "unique_all", "unique_dim", "unique_runs")


def rolled(x: Any, i: int) -> Any:
    """An array for the i-th element of the batch: the same numbers in other places, so that all are valid."""
    return np.roll(x.reshape(-1), i).reshape(x.shape)


class Case:
    """A row, its arguments for each element of the batch, and which of them are mapped over."""

    def __init__(self, row: Operator, args: tuple[Any, ...], mapped: list[bool]) -> None:
        self.row, self.args = row, args
        self.places = [i for i in row.tensors if args[i] is not None]
        self.mapped = [flag and self._is_array(args[i]) for i, flag in zip(self.places, mapped * 9, strict=False)]
        if not any(self.mapped):
            self.mapped = [self._is_array(args[i]) for i in self.places]

    def _is_array(self, x: Any) -> bool:
        return isinstance(x, (np.ndarray, list))

    def whole(self) -> list[Any]:
        """The tensors that vmap gets, with the batch in front where they are mapped over."""

        def batch(x: Any) -> Any:
            return (
                [batch(part) for part in x]
                if isinstance(x, list)
                else wrap(np.stack([rolled(x, i) for i in range(COUNT)]))
            )

        def same(x: Any) -> Any:
            return (
                [same(part) for part in x]
                if isinstance(x, list)
                else wrap(x.copy(order="K"))
                if isinstance(x, np.ndarray)
                else x
            )

        return [(batch if flag else same)(self.args[i]) for i, flag in zip(self.places, self.mapped, strict=True)]

    def dims(self) -> tuple[Any, ...]:
        return tuple(0 if flag else None for flag in self.mapped)

    def call(self, *operands: Any) -> tuple[Any, ...]:
        args = list(self.args)
        for i, x in zip(self.places, operands, strict=True):
            args[i] = x
        result = FUNCTIONS[self.row.name](*args)
        return tuple(result) if isinstance(result, (tuple, list)) else (result,)

    def loop(self, function: Any, *whole: Any) -> tuple[Any, ...]:
        """What vmap computes, by a loop."""

        def element(x: Any, flag: bool, i: int) -> Any:
            return [element(part, flag, i) for part in x] if isinstance(x, list) else x[i] if flag else x

        results = [
            function(*(element(x, flag, i) for x, flag in zip(whole, self.mapped, strict=True))) for i in range(COUNT)
        ]
        return tuple(FUNCTIONS["stack"](list(parts)) for parts in zip(*results, strict=True))


def leaves(tree: Any) -> list[Tensor]:
    found = [part for x in tree for part in (x if isinstance(x, list) else [x])]
    return [x for x in found if isinstance(x, Tensor) and x.array.dtype.kind == "f"]


def outcome(function: Any, *args: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args)
        except Exception as error:
            return error


def close(ours: Any, expected: Any, what: str) -> None:
    assert len(ours) == len(expected)
    for mine, other in zip(ours, expected, strict=True):
        if other is None or mine is None:
            assert mine is other
            continue
        assert mine.shape == other.shape and mine.dtype == other.dtype, what
        size = np.abs(other.array[np.isfinite(other.array)]).max(initial=1) if other.array.dtype.kind == "f" else 0
        np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), 1e-9, 1e-9 * size, err_msg=what)


def gradients(results: Any, inputs: Any, weights: Any, again: bool) -> Any:
    pairs = [(y, w) for y, w in zip(results, weights, strict=True) if y.requires_grad]
    if not pairs or not inputs:
        return ()
    ys, ws = zip(*pairs, strict=True)
    return grad(ys, inputs, ws, allow_unused=True, create_graph=again, retain_graph=True)


def weights_of(results: Any) -> list[Tensor]:
    draw = np.random.default_rng(0)
    return [wrap(np.asarray(draw.uniform(0.5, 1, y.shape))) for y in results]


def compare(case: Case) -> None:
    whole = case.whole()
    inputs = leaves(whole) if case.row.differentiable else []
    for x in inputs:
        x.requires_grad_()
    expected = outcome(case.loop, case.call, *whole)
    ours = outcome(lambda: vmap(case.call, case.dims())(*whole))
    if isinstance(expected, Exception):
        assert isinstance(ours, Exception)
        return
    if isinstance(ours, Exception):
        raise ours
    close(ours, expected, "value")
    weights = weights_of(expected)
    firsts = [outcome(gradients, results, inputs, weights, True) for results in (ours, expected)]
    if isinstance(firsts[1], Exception):
        assert isinstance(firsts[0], Exception)
        return
    if isinstance(firsts[0], Exception):
        raise firsts[0]
    close(*firsts, "gradient")
    again = [[g for g in first if g is not None] for first in firsts]
    seconds = [outcome(gradients, first, inputs, weights_of(first), False) for first in again]
    if isinstance(seconds[0], Exception) and not isinstance(seconds[1], Exception):
        raise seconds[0]
    if not isinstance(seconds[1], Exception):
        close(*seconds, "second gradient")
    plain = outcome(gradients, ours, inputs, weights, False)
    close(plain, firsts[1], "gradient as arrays")


def _of_element(case: Case) -> Any:
    def function(*operands: Any) -> tuple[Any, ...]:
        places = [k for k, x in enumerate(operands) if leaves([x])]

        def call(*own: Any) -> Any:
            args = list(operands)
            for k, x in zip(places, own, strict=True):
                args[k] = x
            return tuple(y for y in case.call(*args) if y.array.dtype.kind == "f")

        outputs, product = vjp(call, *(operands[k] for k in places))
        weights = tuple(wrap(np.arange(1.0, y.numel() + 1).reshape(y.shape)) for y in outputs)
        return tuple(leaves(product(weights)))

    return function


@pytest.mark.parametrize("name", sorted(set(TABLE).difference(DYNAMIC)))
@settings(max_examples=8)
@given(data=st.data())
def test_a_row(name: str, data: Any) -> None:
    row = TABLE[name]
    args = data.draw(row_inputs(row, "float64"))
    case = Case(row, args, data.draw(st.lists(st.booleans(), min_size=3, max_size=3)))
    compare(case)
    function = _of_element(case)
    whole = case.whole()
    expected = outcome(case.loop, function, *whole)
    ours = outcome(lambda: vmap(function, case.dims())(*whole))
    if not isinstance(expected, Exception):
        if isinstance(ours, Exception):
            raise ours
        close(ours, expected, "gradient of each element")


@pytest.mark.parametrize("name", sorted(name for name in TABLE if TABLE[name].inplace))
@settings(max_examples=4)
@given(data=st.data())
def test_a_row_in_place(name: str, data: Any) -> None:
    row = TABLE[name]
    kind = "float64" if "f" in (row.kinds or "f") else "int64"
    case = Case(row, data.draw(row_inputs(row, kind)), data.draw(st.lists(st.booleans(), min_size=2, max_size=2)))
    if not case.mapped[0]:
        case.mapped = [isinstance(case.args[i], np.ndarray) for i in case.places]

    def write(first: Tensor, *rest: Any) -> tuple[Any, ...]:
        args = list(case.args)
        own = first * 1 if kind == "float64" else first.clone()
        for i, x in zip(case.places, (own, *rest), strict=True):
            args[i] = x
        INPLACE[f"{name}_"](*args)
        return (own,)

    whole = case.whole()
    inputs = leaves(whole) if row.differentiable else []
    for x in inputs:
        x.requires_grad_()
    expected = outcome(case.loop, write, *whole)
    ours = outcome(lambda: vmap(write, case.dims())(*whole))
    if isinstance(expected, Exception):
        assert isinstance(ours, Exception)
        return
    if isinstance(ours, Exception):
        raise ours
    close(ours, expected, "value")
    weights = weights_of(expected)
    grads = [outcome(gradients, results, inputs, weights, False) for results in (ours, expected)]
    if isinstance(grads[1], Exception):
        assert isinstance(grads[0], Exception)
    elif isinstance(grads[0], Exception):
        raise grads[0]
    else:
        close(*grads, "gradient")


@pytest.mark.parametrize("name", DYNAMIC)
def test_a_result_whose_shape_depends_on_values_is_refused(name: str) -> None:
    x = wrap(np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 2.0]]))
    rest = {"masked_select": lambda y: (y > 0,), "unique_dim": lambda y: (0,)}.get(name, lambda y: ())
    with pytest.raises(RuntimeError, match="vmap"):
        vmap(lambda y: FUNCTIONS[name](y, *rest(y)))(x)
