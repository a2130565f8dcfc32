"""`compare.copy_weights`: parameters and buffers from one module into another one, within a framework and across."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from tinygrad_mlp import compare

BOTH = [tinygrad_mlp, torch]
PAIRS = [(a, b) for a in BOTH for b in BOTH]


def names_of(value: Any) -> str:
    return getattr(value, "__name__", str(value))


def network(package: Any, seed: int, dtype: str = "float32") -> Any:
    nn = package.nn
    package.manual_seed(seed)
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.LayerNorm(6), nn.Linear(6, 3, bias=False))
    for _ in range(seed):
        net(package.randn(5, 4))
    return net.to(getattr(package, dtype))


def arrays(net: Any) -> dict[str, np.ndarray]:
    return {name: x.detach().numpy().copy() for name, x in net.state_dict().items()}


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=names_of)
def test_all_parameters_and_buffers_are_copied(source: Any, target: Any) -> None:
    a, b = network(source, 3), network(target, 1)
    right, tensors = arrays(a), dict(b.state_dict(keep_vars=True))
    assert compare.copy_weights(a, b) is None
    assert list(right) == list(arrays(b)) and right["1.num_batches_tracked"] == 3
    for name, array in arrays(b).items():
        assert array.dtype == right[name].dtype and np.array_equal(array, right[name]), name
        assert tensors[name] is b.state_dict(keep_vars=True)[name]  # written into what was there
        array[...] = 7
        b.state_dict()[name].copy_(target.from_numpy(array))
        assert np.array_equal(arrays(a)[name], right[name])  # and nothing is shared
    compare.copy_weights(a, b)
    compare.models(a, b, np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)).assert_same()


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=names_of)
@pytest.mark.parametrize(("of", "to"), [("float64", "float32"), ("float32", "float64"), ("float16", "float32")])
def test_dtypes_are_converted_as_copy_does(source: Any, target: Any, of: str, to: str) -> None:
    a, b = network(source, 2, of), network(target, 1, to)
    compare.copy_weights(a, b)
    for name, array in arrays(a).items():
        right = array if array.dtype.kind == "i" else array.astype(to)
        found = arrays(b)[name]
        assert found.dtype == right.dtype and np.array_equal(found, right), name


def test_what_numpy_lacks_is_converted() -> None:
    a, b = network(torch, 2).bfloat16(), network(tinygrad_mlp, 1)
    compare.copy_weights(a, b)
    assert np.array_equal(arrays(b)["0.weight"], a[0].weight.float().detach().numpy())


class Scaled:
    """A factor, shared weights, a buffer that is not saved, and one of integers, under either framework."""

    def __new__(cls, package: Any, scale: Any, tied: bool = True) -> Any:
        class Module(package.nn.Module):  # type: ignore[misc,name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.scale = package.nn.Parameter(scale)
                self.first = package.nn.Linear(3, 3)
                self.last = package.nn.Linear(3, 3)
                if tied:
                    self.last.weight = self.first.weight
                self.register_buffer("counts", package.arange(3))
                self.register_buffer("mask", package.ones(int(scale.item())), persistent=False)

        return Module()


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=names_of)
def test_shared_weights_stay_shared_and_what_is_not_saved_stays(source: Any, target: Any) -> None:
    a = Scaled(source, source.tensor([2.0]))  # load_state_dict takes one element for no dimensions
    b = Scaled(target, target.tensor(1.0))
    a.counts += 5
    compare.copy_weights(a, b)
    assert b.scale.shape == () and b.scale.item() == 2.0 and b.last.weight is b.first.weight
    assert np.array_equal(arrays(a)["last.weight"], arrays(b)["first.weight"])
    assert b.counts.tolist() == [5, 6, 7] and b.mask.tolist() == [1.0]


# -- what does not fit -----------------------------------------------------------------------------


def linear(nn: Any) -> Any:
    return nn.Linear(4, 6)


UNLIKE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "missing": (lambda nn: nn.Sequential(nn.Linear(4, 6)), lambda nn: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6))),
    "unexpected": (lambda nn: nn.Sequential(nn.BatchNorm1d(4)), lambda nn: nn.Sequential(nn.Linear(4, 4))),
    "another name": (lambda nn: nn.Sequential(nn.Linear(4, 6)), linear),
    "another shape": (lambda nn: nn.Linear(4, 5), linear),
    "one dimension more": (lambda nn: nn.LayerNorm((1, 6)), lambda nn: nn.LayerNorm(6)),
    "the same size": (lambda nn: nn.Linear(6, 4), linear),
    "all at once": (
        lambda nn: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(5), nn.Linear(5, 2)),
        lambda nn: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 2)),
    ),
    "statistics": (lambda nn: nn.BatchNorm1d(3), lambda nn: nn.BatchNorm1d(3, track_running_stats=False)),
}  # fmt: skip


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=names_of)
@pytest.mark.parametrize("what", UNLIKE)
def test_what_does_not_fit_is_refused_in_the_words_of_load_state_dict(what: str, source: Any, target: Any) -> None:
    of, to = UNLIKE[what]
    a, b = of(source.nn), to(target.nn)
    with pytest.raises(RuntimeError) as right:
        to(torch.nn).load_state_dict(of(torch.nn).state_dict())
    before = arrays(b)
    with pytest.raises(RuntimeError) as caught:
        compare.copy_weights(a, b)
    assert str(caught.value) == str(right.value)
    assert all(np.array_equal(x, before[name]) for name, x in arrays(b).items()), "something was written"


@pytest.mark.parametrize(("a", "b"), [(torch.nn.ReLU(), {}), ({}, torch.nn.ReLU()), (torch.tanh, torch.tanh)])
def test_only_modules_have_weights(a: Any, b: Any) -> None:
    with pytest.raises(TypeError, match="a module of tinygrad_mlp or of torch is compared, not "):
        compare.copy_weights(a, b)
