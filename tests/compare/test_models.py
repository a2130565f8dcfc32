"""`compare.models`: a step of a module of this package and of one of torch, and planted differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from tinygrad_mlp import compare

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(8, 4)).astype(np.float32)
CLASSES = np.arange(8) % 3
Pair = tuple[Any, Any]


def network(package: Any) -> Any:
    nn = package.nn
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3), nn.LayerNorm(6), nn.Linear(6, 3)
    )  # fmt: skip


def tied(package: Any) -> Any:
    """An autoencoder whose second layer has the weights of the first one, and a scale that nothing uses."""

    class Tied(package.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encode = package.nn.Linear(4, 4)
            self.decode = package.nn.Linear(4, 4)
            self.decode.weight = self.encode.weight
            self.unused = package.nn.Parameter(package.ones(2))
            self.frozen = package.nn.Parameter(package.ones(4), requires_grad=False)

        def forward(self, x: Any, keep: Any = 1.0) -> Any:
            hidden = self.encode(x).tanh() * keep * self.frozen
            return {"hidden": hidden, "output": self.decode(self.encode(hidden))}

    return Tied()


def pair(make: Callable[[Any], Any] = network, seed: int = 0) -> Pair:
    """The same weights in both."""
    torch.manual_seed(seed)
    ours, theirs = make(tinygrad_mlp), make(torch)
    compare.copy_weights(theirs, ours)
    return ours, theirs


def state(module: Any) -> list[Any]:
    return [x.detach().numpy().copy() for x in module.state_dict().values()]


MODES: dict[str, Callable[[Any], Any]] = {
    "training": lambda module: module.train(),
    "evaluation": lambda module: module.eval(),
    "float64": lambda module: module.double(),
    "parts of it frozen": lambda module: module[0].requires_grad_(False),
    "all of it frozen": lambda module: module.requires_grad_(False),
}
LOSSES: dict[str, Any] = {
    "none": None,
    "a name": "cross_entropy",
    "a function of torch": torch.nn.functional.cross_entropy,
    "a function of this package": tinygrad_mlp.nn.functional.cross_entropy,
    "a function": lambda output, y: -torch.log_softmax(output, 1)[torch.arange(8), y].mean(),
    "a pair of modules": (tinygrad_mlp.nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss()),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_is_the_same_and_leaves_no_trace(loss: str, mode: str) -> None:
    ours, theirs = pair()
    for module in (ours, theirs):
        MODES[mode](module)
    x = X.astype(np.float64 if mode == "float64" else np.float32)
    before = [*state(ours), *state(theirs)]
    streams = tinygrad_mlp.get_rng_state(), torch.get_rng_state()
    found = compare.models(ours, theirs, x, LOSSES[loss], CLASSES if LOSSES[loss] else None)
    found.assert_same()
    names = [row.name for row in found.rows]
    assert "loss" in names or loss == "none"
    trained = {"parts of it frozen": list(theirs.named_parameters())[2:], "all of it frozen": []}
    gradients = trained.get(mode, list(theirs.named_parameters()))
    assert [name for name in names if name.startswith("gradient")] == [f"gradient of {name}" for name, _ in gradients]
    assert not [row for row in found.rows if row.absolute is None]
    assert all(map(np.array_equal, before, [*state(ours), *state(theirs)])), "parameters or buffers have changed"
    assert all(p.grad is None for p in [*ours.parameters(), *theirs.parameters()])
    assert tinygrad_mlp.equal(streams[0], tinygrad_mlp.get_rng_state()) and torch.equal(
        streams[1], torch.get_rng_state()
    )
    assert not [m for module in (ours, theirs) for m in module.modules() if m._forward_hooks]


def test_a_buffer_that_the_step_replaces_is_put_back() -> None:
    def counting(package: Any) -> Any:
        class Counting(package.nn.Linear):  # type: ignore[misc,name-defined]
            def __init__(self) -> None:
                super().__init__(4, 3)
                self.register_buffer("calls", package.zeros(1))

            def forward(self, x: Any) -> Any:
                self.calls = self.calls + 1
                return super().forward(x)

        return Counting()

    ours, theirs = pair(counting)
    calls = ours.calls, theirs.calls
    found = compare.models(ours, theirs, X)
    found.assert_same()
    assert [row.values for row in found.rows if row.name.startswith("buffer")] == [None, None]
    assert (ours.calls is calls[0], theirs.calls is calls[1]) == (True, True) and calls[1].item() == 0
    theirs.calls += 1
    apart = compare.models(ours, theirs, X)
    values = {row.name: row.values for row in apart.rows if not row.same}
    assert values == {"buffer calls": (0, 1), "buffer calls after the step": (1, 2)}


def test_the_rows_come_in_the_order_of_a_step() -> None:
    found = compare.models(*pair(), X, "cross_entropy", CLASSES)
    first = ["parameter", "buffer", "output", "loss", "gradient", "buffer"]
    words = [row.name.split()[0] for row in found.rows]
    assert [word for i, word in enumerate(words) if not i or words[i - 1] != word] == first
    count = next(row for row in found.rows if row.name == "buffer 1.num_batches_tracked after the step")
    assert (count.dtype, count.absolute, count.cosine) == ("int64", 0.0, 1.0)


def test_shared_weights_have_a_row_for_each_name() -> None:
    found = compare.models(*pair(tied), {"x": X, "keep": 0.5}, lambda out: (out["output"] * out["hidden"]).sum())
    found.assert_same()
    rows = {row.name: row for row in found.rows}
    assert rows["gradient of encode.weight"].values == rows["gradient of decode.weight"].values
    assert rows["gradient of unused"].note == "none in both" and "gradient of frozen" not in rows
    assert {"output 0", "output 1", "output of encode", "output of encode, call 2"} <= rows.keys()
    ours, theirs = pair(tied)
    ours.decode.weight = tinygrad_mlp.nn.Parameter(ours.decode.weight.detach().clone())
    apart = [row.name for row in compare.models(ours, theirs, X).rows if not row.same]
    assert apart == ["gradient of encode.weight", "gradient of decode.weight"]


def test_a_batch_may_be_several_arguments_that_have_gradients() -> None:
    x = torch.tensor(X, requires_grad=True)
    found = compare.models(*pair(tied), (x, tinygrad_mlp.tensor(X)))
    assert "gradient of the batch[0]" in [row.name for row in found.rows]
    found.assert_same()
    assert x.grad is None


def test_two_modules_of_one_framework() -> None:
    for package in (tinygrad_mlp, torch):
        a, b = network(package), network(package)
        assert compare.models(a, b, X).verdict.split("first in: ")[1].startswith("parameter 0.weight")
        compare.copy_weights(a, b)
        found = compare.models(a, b, X, "cross_entropy", CLASSES)
        assert found.verdict == "same to the last bit" and found.labels == ("first", "second")


def test_modules_may_be_given_the_other_way_round() -> None:
    ours, theirs = pair()
    found = compare.models(theirs, ours, X, "cross_entropy", CLASSES)
    assert found.labels == ("torch", "tinygrad_mlp") and found.same


# -- planted differences ---------------------------------------------------------------------------


def swap(ours: Any, theirs: Any) -> None:
    with torch.no_grad():
        theirs[0].weight.copy_(theirs[0].weight[[1, 0, 2, 3, 4, 5]].clone())


def other_eps(ours: Any, theirs: Any) -> None:
    theirs[4].eps = 1e-2


def other_momentum(ours: Any, theirs: Any) -> None:
    theirs[1].momentum = 0.2


def other_dtype(ours: Any, theirs: Any) -> None:
    theirs[5].double()
    theirs[4].register_forward_hook(lambda module, args, result: result.double())


def wrong_gradient(ours: Any, theirs: Any) -> None:
    theirs[5].bias.register_hook(lambda g: g * 1.01)


def one_in_evaluation(ours: Any, theirs: Any) -> None:
    ours[3].eval()


def other_statistics(ours: Any, theirs: Any) -> None:
    theirs[1].running_mean += 0.1


def other_count(ours: Any, theirs: Any) -> None:
    theirs[1].num_batches_tracked += 1


def no_bias(ours: Any, theirs: Any) -> None:
    theirs[5].bias = None


def one_stops(ours: Any, theirs: Any) -> None:
    ours[5] = tinygrad_mlp.nn.Linear(5, 3)


def frozen_in_one(ours: Any, theirs: Any) -> None:
    ours[0].bias.requires_grad_(False)


def without_dropout(ours: Any, theirs: Any) -> None:
    theirs[3] = torch.nn.Identity()


PLANTED: list[tuple[Callable[[Any, Any], None], str, str]] = [
    (swap, "parameter 0.weight", "by "),
    (other_eps, "output of 4", "by "),
    (other_momentum, "buffer 1.running_mean after the step", "by "),
    (other_dtype, "parameter 5.weight", "float32 and float64"),
    (wrong_gradient, "gradient of 5.bias", "by "),
    (one_in_evaluation, "mode of 3", "evaluation and training"),
    (other_statistics, "buffer 1.running_mean", "by 0.1"),
    (other_count, "buffer 1.num_batches_tracked", "by 1"),
    (no_bias, "parameter 5.bias", "only tinygrad_mlp has it"),
    (one_stops, "parameter 5.weight", "(3, 5) and (3, 6)"),
    (frozen_in_one, "gradient of 0.bias", "only torch has it"),
    (without_dropout, "output of 3", "by "),
]


@pytest.mark.parametrize(("plant", "name", "how"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_difference_is_found_where_it_begins(plant: Any, name: str, how: str) -> None:
    ours, theirs = pair()
    compare.models(ours, theirs, X, "cross_entropy", CLASSES).assert_same()
    plant(ours, theirs)
    found = compare.models(ours, theirs, X, "cross_entropy", CLASSES)
    assert not found.same
    assert found.verdict.split(", first in: ")[1].startswith(f"{name} ({how}"), found
    with pytest.raises(AssertionError, match=r"^they differ in "):
        found.assert_same()
    if plant is one_stops:
        assert found.rows[-1].note.startswith("tinygrad_mlp stops: RuntimeError: mat1 and mat2 shapes")
        assert "output of 4" in [row.name for row in found.rows]  # what was seen until then


def test_what_innermost_modules_give_does_not_count() -> None:
    """A model of one's own may compute the same in other parts that have the names of torch's."""

    class Doubled(tinygrad_mlp.nn.Linear):
        def forward(self, x: Any) -> Any:
            return super().forward(x) * 2

    ours = tinygrad_mlp.nn.Sequential(Doubled(4, 3), tinygrad_mlp.nn.ReLU())
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Identity())
    theirs[2].register_forward_hook(lambda module, args, result: result * 2)
    compare.copy_weights(ours, theirs)
    found = compare.models(ours, theirs, X)
    assert found.same and [row.name for row in found.rows if not row.same] == ["output of 0", "output of 1"]


SCALES = [1e-8, 1.0, 1e6]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("seed", range(5))
def test_gradients_that_cancel_are_as_exact_as_their_terms(seed: int, scale: float) -> None:
    """Those of a bias before a BatchNorm1d are 0 but for rounding, which is as large as the loss makes it."""
    ours, theirs = pair(seed=seed)
    found = compare.models(ours, theirs, 5 * X, lambda output: output.square().sum() * scale)
    found.assert_same()
    compare.models(ours, theirs, X / 100, "cross_entropy", CLASSES).assert_same()  # with a small variance to divide by
    (noise,) = (row for row in found.rows if row.name == "gradient of 0.bias")
    assert noise.cosine is None or noise.cosine < 0.999  # no two digits are the same


@pytest.mark.parametrize("scale", SCALES)
def test_small_gradients_are_not_less_wrong(scale: float) -> None:
    ours, theirs = pair()
    wrong_gradient(ours, theirs)
    found = compare.models(ours, theirs, X, lambda output: output.square().sum() * scale)
    assert [row.name for row in found.rows if not row.same] == ["gradient of 5.bias"]


@pytest.mark.parametrize(("ours", "theirs"), [(torch.tanh, network(torch)), (network(torch), X), (network, network)])
def test_only_modules_are_compared(ours: Any, theirs: Any) -> None:
    with pytest.raises(TypeError, match="a module of tinygrad_mlp or of torch is compared, not"):
        compare.models(ours, theirs, X)


def test_what_both_refuse_is_refused() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        compare.models(*pair(), X[:, :2])
