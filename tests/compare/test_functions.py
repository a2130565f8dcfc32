"""`compare.functions`: one function under both frameworks, however it is written, and planted differences."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tinygrad_mlp
from tinygrad_mlp import compare
from tinygrad_mlp.nn.functional import softplus

X = np.random.default_rng(0).normal(size=(3, 4))
WEIGHT = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(4, 2)
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}
SEEN: list[Any] = []
SIGNAL = torch.signal


def layer(x: Any) -> Any:
    return F.softmax(x @ WEIGHT, 1)


def even(x: Any, depth: int) -> Any:
    return torch.exp(x) if depth == 0 else odd(x, depth - 1)


def odd(x: Any, depth: int) -> Any:
    return even(x.tanh(), depth - 1)


def in_closures(activation: Any) -> Callable[..., Any]:
    def f(x: Any, dtype: Any = torch.float32) -> Any:
        return [activation(y) for y in x.to(dtype)]

    return f


def seeing(x: Any) -> Any:
    SEEN.append(type(x).__module__)
    return x.sin()


def importing(x: Any) -> Any:
    import torch.nn.functional as functional
    from torch import exp

    return functional.relu(exp(x) - 1)


class Layer:
    def __init__(self) -> None:
        self.slope = 0.1

    def forward(self, x: Any) -> Any:
        return F.leaky_relu(x, self.slope)


WRITTEN = {
    "a function of torch": torch.tanh,
    "one of this package": tinygrad_mlp.tanh,
    "one that torch has in C": F.gelu,
    "one of the functional namespace": softplus,
    "a method of torch": torch.Tensor.sigmoid,
    "a method of this package": tinygrad_mlp.Tensor.sigmoid,
    "methods": lambda x: (x * 2).exp().sum(0),
    "a function that names torch": lambda x: torch.where(x > 0, x, torch.zeros_like(x)) ** 3,
    "a function that names this package": lambda x: tinygrad_mlp.nn.functional.silu(x),
    "a function that calls another one": lambda x: layer(x).log(),
    "functions that call one another": functools.partial(even, depth=4),
    "a function from a dict": lambda x: ACTIVATIONS["tanh"](x),
    "a function that imports": importing,
    "a function in a function": lambda x: sum(torch.exp(y).sum() for y in x),
    "a method of an object": Layer().forward,
    "a closure": in_closures(torch.sigmoid),
    "the package as an argument": lambda torch, x: torch.cumsum(x, 1),
    "a pair": (lambda x: 1 / (1 + (-x).exp()), torch.sigmoid),
}  # fmt: skip


@pytest.mark.parametrize("how", WRITTEN)
def test_a_function_is_the_same_under_both(how: str) -> None:
    found = compare.functions(WRITTEN[how], X)
    found.assert_same()
    kinds = ["value", "gradient", "second"]
    assert list(dict.fromkeys(row.name.split()[0] for row in found.rows)) == kinds
    assert all(row.absolute is not None for row in found.rows), found  # none is there without numbers


def test_what_a_function_names_stays_what_it_is() -> None:
    SEEN.clear()
    compare.functions(seeing, X)
    kinds = [name.partition(".")[0] for name in SEEN]
    assert (kinds[:2], set(kinds[2:])) == (["tinygrad_mlp", "torch"], {"torch"})  # in the very list that it names
    assert layer.__globals__["F"] is F and layer.__globals__["WEIGHT"] is WEIGHT
    contains_itself: list[Any] = [torch.tanh]
    contains_itself.append(contains_itself)
    compare.functions(lambda x: contains_itself[0](x), X).assert_same()


def test_every_input_has_its_rows() -> None:
    x, index = tinygrad_mlp.tensor(X), np.array([2, 0])
    found = compare.functions(lambda x, rest, i: x[i] * rest[0] + rest[1]["y"], x, [X[:2], {"y": X[1:]}], index)
    names = ["x", "rest[0]", "rest[1]['y']"]
    assert [row.name for row in found.rows] == [
        "value", *(f"gradient of {name}" for name in names), *(f"second gradient of {name}" for name in names)
    ]  # fmt: skip
    found.assert_same()
    asking = compare.functions(torch.mul, x, torch.tensor(X, requires_grad=True), second=False)
    assert [row.name for row in asking.rows] == ["value", "gradient of input 1"]
    transposed = compare.functions(lambda x: x.stride(), X.T)
    assert [row.values for row in transposed.rows if row.name.startswith("value")] == [None, None]
    assert transposed.same and x.grad is None and not x.requires_grad


def test_results_may_be_anything() -> None:
    def f(x: Any) -> Any:
        return {"where": x.argmax(1), "shape": x.shape, "dtype": str(x.dtype), "sign": x > 0, "no": None}

    compare.functions(f, X.astype(np.float32)).assert_same()
    found = compare.functions((f, lambda x: {**f(x), "where": x.argmin(1), "dtype": "float"}), X)
    assert [row.name for row in found.rows if not row.same] == ["value 0", "value 3"]
    assert found.rows[3].note == "torch.float64 and float"


# -- planted differences ---------------------------------------------------------------------------


class Square(tinygrad_mlp.autograd.Function):
    """Its backward is wrong by a factor where x is above 1, and right elsewhere."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * tinygrad_mlp.where(x > 1, 2.02 * x, 2 * x)


class Cube(tinygrad_mlp.autograd.Function):
    """Its backward is right, but cannot be differentiated."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 3 * ctx.saved_tensors[0].detach() ** 2


def infinite(x: Any) -> Any:
    return tinygrad_mlp.where(x > 1, x / 0, x)


PLANTED: dict[str, tuple[Any, str, str]] = {
    "a wrong element": ((lambda x: x + 1e-3 * (x == x.max()), lambda x: x + 0), "value", ""),
    "a wrong gradient": ((Square.apply, lambda x: x * x), "gradient of x", ""),
    "a wrong second gradient": ((Cube.apply, lambda x: x**3), "second gradient of x", ""),
    "float64 in one": ((lambda x: x.double(), lambda x: x * 1), "value", "float64 and float32"),
    "another shape": ((lambda x: x.sum(0), lambda x: x.sum(1)), "value", "(4,) and (3,)"),
    "detached in one": ((lambda x: x.detach() * 2, lambda x: x * 2), "gradient of x", "only torch has it"),
    "infinite in one": ((infinite, lambda x: x * 1), "value", ""),
    "nan in one": ((lambda x: x * 1, lambda x: torch.log(x) - torch.log(x) + x), "value", ""),
    "other numbers drawn": ((lambda x: tinygrad_mlp.rand(3), lambda x: torch.rand(4)[1:]), "value", ""),
    "one refuses": ((lambda x: x.reshape(5), lambda x: x * 1), "the run", "tinygrad_mlp stops: RuntimeError: shape"),
    "backward refuses": ((Square.apply, torch.Tensor.item), "the run", "torch stops: RuntimeError: a Tensor with 12"),
}


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_a_planted_difference_is_found(plant: str) -> None:
    pair, name, note = PLANTED[plant]
    x = X.astype(np.float32)
    x[0, 1] = 1.5
    found = compare.functions(pair, x)
    first = next(row for row in found.rows if not row.same)
    assert first.name == name and first.note.startswith(note) and bool(first.note) == bool(note), found
    assert not found.same and found.verdict.split(", first in: ")[1].startswith(f"{name} (")
    with pytest.raises(AssertionError) as caught:
        found.assert_same()
    assert str(caught.value) == str(found)


def test_the_table_shows_the_worst_element() -> None:
    def f(x: Any) -> Any:
        return x * 1

    def g(x: Any) -> Any:
        return x + torch.tensor([[0, 0, 0.5, 0], [0, 0.25, 0, 0], [0, 0, 0, 0]])

    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = compare.functions((f, g), x, second=False)
    head, line = str(found).splitlines()[2:4]
    assert head.split() == [
        "shape",
        "largest",
        "difference",
        "relative",
        "cosine",
        "worst",
        "at",
        "tinygrad_mlp",
        "torch",
    ]
    assert line.split() == ["value", "(3,", "4)", "0.5", "0.045", "0.9997039", "differs", "[0,", "2]", "2.0", "2.5"]
    row = json.loads(found.to_json())["rows"][0]
    assert (row["index"], row["values"], row["shape"], row["same"]) == ([0, 2], [2.0, 2.5], [3, 4], False)
    nans = json.loads(compare.functions((f, lambda x: x / x), x, second=False).to_json(), parse_constant=pytest.fail)
    assert (nans["rows"][0]["absolute"], nans["rows"][0]["values"]) == ("inf", [0.0, "nan"])


def test_nan_and_infinities_of_both_are_the_same() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1.0])
    found = compare.functions((lambda x: x * 1, lambda x: x * 1), x)
    assert found.verdict == "same to the last bit"
    assert found.rows[0].cosine is None


@pytest.mark.parametrize(
    ("pair", "tolerance", "same"),
    [
        ((lambda x: x * (1 + 3e-5), lambda x: x * 1), {}, True),
        ((lambda x: x * (1 + 3e-4), lambda x: x * 1), {}, False),
        ((lambda x: x * (1 + 3e-4), lambda x: x * 1), {"rtol": 1e-3}, True),
        ((lambda x: x * (1 + 3e-5), lambda x: x * 1), {"rtol": 0}, False),
        ((lambda x: x + 1e-3, lambda x: x * 1), {}, False),
        ((lambda x: x + 1e-3, lambda x: x * 1), {"atol": 2e-3}, True),
    ],
)
def test_the_tolerance(pair: Any, tolerance: dict[str, float], same: bool) -> None:
    found = compare.functions(pair, X.astype(np.float32), **tolerance)
    assert found.same == same and found.verdict.startswith("same within tolerance" if same else "they differ")
    assert not compare.functions((lambda x: x * (1 + 3e-5), lambda x: x * 1), X).same  # of float64


CANCELLING = np.append(np.random.default_rng(1).normal(size=999), 0.0).astype(np.float32)
CANCELLING[-1] = -CANCELLING.sum(dtype=np.float64)


def test_a_sum_that_cancels_is_as_exact_as_its_terms() -> None:
    """Added in another order it has another value, none of whose digits is right; more than that is a difference."""

    def in_one_order(x: Any) -> Any:
        total = x[:1].sum()
        for i in range(1, 1000):
            total = total + x[i]
        return total * 1e3

    def in_another_order(x: Any) -> Any:
        return in_one_order(x.flip(0))

    orders = in_one_order, in_another_order
    found = compare.functions(orders, CANCELLING)
    assert found.rows[0].relative is not None and found.rows[0].relative > 0.1
    found.assert_same()
    assert not compare.functions(orders, CANCELLING, rtol=1e-4).same  # which is then meant
    assert not compare.functions(orders, CANCELLING, atol=0).same
    assert not compare.functions((in_one_order, lambda x: in_another_order(x) + 10), CANCELLING).same


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_the_tolerance_goes_with_the_size_of_the_numbers(scale: float) -> None:
    x = (X * scale).astype(np.float32)
    for share, same in ((3e-5, True), (3e-4, False)):
        found = compare.functions((lambda x, share=share: x + share * x.sign() * x.abs(), lambda x: x * 1), x)
        assert found.rows[0].same == same


def test_inputs_are_moved_by_a_rounding_and_only_what_is_floating() -> None:
    seen: list[tuple[Any, ...]] = []

    def see(x: Any, pair: Any, n: int) -> Any:
        seen.append(tuple(each.detach().numpy() for each in (x, pair["y"], pair["i"])))
        return x + pair["y"] + n

    x, same = X.astype(np.float32), tinygrad_mlp.tensor(X)
    compare.functions((see, lambda x, pair, n: see(x, pair, n)), x, {"y": same, "i": np.arange(3)}, 2)
    assert len(seen) == 5 and all(np.array_equal(i, np.arange(3)) for *_, i in seen)
    for first, second, _ in seen[2:]:
        for moved, right in ((first, x), (second, X)):
            eps = np.finfo(right.dtype).eps
            assert moved.dtype == right.dtype and not np.array_equal(moved, right)
            assert np.max(np.abs(moved - right) / np.abs(right)) <= 3 * eps
    assert not np.array_equal(seen[2][0], seen[3][0])


def test_the_verdict_passes_over_what_cancels_to_nearly_nothing() -> None:
    """A relative difference of 2 in elements of 1e-9 is rounding, and no reason to look there."""
    found = compare.functions((lambda x: (x * 1e-9, x + 1e-6), lambda x: (x * -1e-9, x * 1)), X, rtol=1e-5, atol=1e-7)
    assert not found.same
    found = compare.functions((lambda x: x * 1e-9, lambda x: x * -1e-9), X, atol=1e-7, second=False)
    assert found.verdict.startswith("same within tolerance (largest difference")
    found = compare.functions((lambda x: -0.0 * abs(x), lambda x: 0.0 * abs(x)), abs(X), second=False)
    assert found.verdict == "same within tolerance (only signs of zeros, or bits of nan, differ)"


# -- random numbers --------------------------------------------------------------------------------


def test_both_draw_the_same_numbers_and_go_on_from_where_they_were() -> None:
    def draws(x: Any) -> Any:
        return F.dropout(x, 0.5) + torch.rand(4) + np.random.rand() + random.random()

    before = tinygrad_mlp.get_rng_state(), torch.get_rng_state(), np.random.get_state()[2], random.getstate()
    compare.functions(draws, X.astype(np.float32)).assert_same()
    assert tinygrad_mlp.equal(before[0], tinygrad_mlp.get_rng_state()) and torch.equal(before[1], torch.get_rng_state())
    assert (before[2], before[3]) == (np.random.get_state()[2], random.getstate())
    values = [compare.functions(draws, X, seed=seed).rows[0].values for seed in (1, 2)]
    assert values[0] != values[1] or values == [None, None]


def test_gradients_are_recorded_also_where_the_caller_records_none() -> None:
    with tinygrad_mlp.no_grad(), torch.no_grad():
        assert [row.note for row in compare.functions(torch.tanh, X).rows] == ["", "", ""]


# -- refusals --------------------------------------------------------------------------------------


class Net(torch.nn.Module):
    pass


ONES = torch.nn.Linear(4, 2)

REFUSED: dict[str, tuple[Any, str]] = {
    "no function": (3, "a function, or a pair of functions for tinygrad_mlp and torch, is compared, not 3"),
    "a class": (torch.nn.Linear, "a function, or a pair of functions for tinygrad_mlp and torch, is compared, not <cl"),
    "a triple": ((abs, abs, abs), "a function, or a pair"),
    "what this package lacks": (torch.sparse.spdiags, "tinygrad_mlp has no _spdiags: give a pair of functions"),
    "a module that it lacks": (lambda x: SIGNAL.windows.hann(x), "tinygrad_mlp has no torch.signal: give a pair"),
    "a class of one's own": (lambda x: Net()(x), "Net is a class that derives from one of torch, so that it cannot be"),
    "a module": (ONES, "a Linear is an object of torch that tinygrad_mlp does not know: give a pair"),
    "a method of a module": (ONES.forward, "a Linear is an object of torch"),
    "a function that names a module": (lambda x: ONES(x), "a Linear is an object of torch"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_counterpart_is_refused(what: str) -> None:
    f, text = REFUSED[what]
    with pytest.raises(TypeError) as caught:
        compare.functions(f, X)
    assert str(caught.value).startswith(text)


def test_what_both_refuse_is_refused() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        compare.functions(torch.mm, X, X)


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(compare.CannotRun, match="torch is not installed"):
        compare.functions(tinygrad_mlp.tanh, X)
