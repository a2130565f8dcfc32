"""What a step can see of Python is watched: a program runs only while all of it is as it was."""

from __future__ import annotations

import argparse
import collections
import contextvars
import dataclasses
import functools
import os
import sys
import types
from os import getenv

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import values
from tinygrad_mlp.compiler import CannotRecord, compile
from tinygrad_mlp.compiler.state import is_users


class Config:
    """An object of the user's, with another inside."""

    def __init__(self):
        self.scale = 1.0
        self.inner = types.SimpleNamespace(scale=1.0)
        self.log = []

    def scaled(self, x):
        return x * self.scale

    @property
    def twice(self):
        return 2 * self.scale

    @staticmethod
    def unscaled(x):
        return x * config.scale

    def __call__(self, x):
        return x * self.scale


@dataclasses.dataclass
class Options:
    scale: float = 1.0


class Layer(torch.nn.Module):
    scale = 1.0

    def __init__(self):
        super().__init__()
        self.power = 1

    def forward(self, x):
        return x**self.power * self.scale


config, options, namespace = Config(), Options(), types.SimpleNamespace(scale=1.0)
arguments, counts, numbers = argparse.Namespace(scale=1.0), collections.defaultdict(float, k=1.0), [1.0, 2.0]
array, table = np.ones(3, np.float32), {"deep": [{"scale": 1.0}]}
tensor = torch.ones(3, requires_grad=True)
names = ["scale"]


def helper(x, *, by=None):
    return x * (config.scale if by is None else by)


def through_two_functions(x):
    return helper(x)


def set_to(holder, value):
    holder.scale = value


def put(holder, key, value):
    holder[key] = value


context = contextvars.ContextVar("context", default=1.0)
chosen = {1.0}


def to_environment(value):
    os.environ["TINYGRAD_TEST"] = str(value)


# Each: what a step does, and how its world changes with a number.
CASES = {
    "the environment": (lambda x: x * float(os.environ.get("TINYGRAD_TEST", "0")), lambda v: to_environment(v)),
    "the environment by getenv": (lambda x: x * float(getenv("TINYGRAD_TEST", "0")), lambda v: to_environment(v)),
    "what the environment has": (
        lambda x: x * (2 if "TINYGRAD_TEST" in os.environ else 3),
        lambda v: to_environment(v) if v == 3.0 else os.environ.pop("TINYGRAD_TEST", None),
    ),
    "a context variable": (lambda x: x * context.get(), lambda v: context.set(v)),
    "what a set contains": (lambda x: x * (2 if 3.0 in chosen else 3), lambda v: (chosen.clear(), chosen.add(v))),
    "the command line": (lambda x: x * len(sys.argv[-1]), lambda v: sys.argv.__setitem__(-1, "a" * int(v))),
    "an attribute": (lambda x: x * config.scale, lambda v: set_to(config, v)),
    "a nested attribute": (lambda x: x * config.inner.scale, lambda v: set_to(config.inner, v)),
    "an attribute by getattr": (lambda x: x * getattr(config, names[0]), lambda v: set_to(config, v)),
    "an attribute by vars": (lambda x: x * vars(config)["scale"], lambda v: set_to(config, v)),
    "a method": (lambda x: config.scaled(x), lambda v: set_to(config, v)),
    "a property": (lambda x: x * config.twice, lambda v: set_to(config, v)),
    "a static method": (lambda x: Config.unscaled(x), lambda v: set_to(config, v)),
    "an object that is called": (lambda x: config(x), lambda v: set_to(config, v)),
    "a function that calls a function": (through_two_functions, lambda v: set_to(config, v)),
    "a partial function": (functools.partial(helper, by=None), lambda v: set_to(config, v)),
    "a dataclass": (lambda x: x * options.scale, lambda v: set_to(options, v)),
    "a namespace": (lambda x: x * namespace.scale, lambda v: set_to(namespace, v)),
    "parsed arguments": (lambda x: x * arguments.scale, lambda v: set_to(arguments, v)),
    "a defaultdict": (lambda x: x * counts["k"], lambda v: put(counts, "k", v)),
    "a list": (lambda x: x * torch.tensor(numbers).sum(), lambda v: put(numbers, 0, v)),
    "a comprehension": (lambda x: sum(x * n for n in numbers), lambda v: put(numbers, 1, v)),
    "a deep container": (lambda x: x * table["deep"][0]["scale"], lambda v: put(table["deep"][0], "scale", v)),
    "an element of a NumPy array": (lambda x: x * float(array[0]), lambda v: put(array, 0, v)),
    "a sum by NumPy": (lambda x: x * array.sum(), lambda v: put(array, 1, v)),
    "a copy of a NumPy array": (lambda x: x * torch.tensor(array), lambda v: put(array, 2, v)),
    "the memory of a NumPy array": (lambda x: x * torch.from_numpy(array), lambda v: put(array, 2, v)),
    "a part of a NumPy array": (lambda x: x * torch.from_numpy(array[1:])[0], lambda v: put(array, 1, v)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_late(name):
    step, change = CASES[name]
    compiled, x = compile(step), torch.tensor([1.0, 2.0, 3.0])
    change(1.0)
    for value in (1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 4.0, 5.0, 1.0, 3.0):
        change(value)
        np.testing.assert_allclose(values(compiled(x)), values(step(x)), rtol=1e-6)
    change(1.0)
    assert compiled.programs


FLAGS = {
    "requires_grad": (lambda x: x * (2 if tensor.requires_grad else 3), lambda on: tensor.requires_grad_(on)),
    "grad": (
        lambda x: x * (2 if tensor.grad is None else 3),
        lambda on: setattr(tensor, "grad", torch.ones(3) if on else None),
    ),
    "shape": (lambda x: x * len(tensor), lambda on: setattr(tensor, "data", torch.ones(3 if on else 2))),
    "a key": (lambda x: x * (2 if "more" in table else 3), lambda on: table.update(more=1) if on else table.clear()),
    "truth": (lambda x: x * (2 if config.log else 3), lambda on: config.log.append(1) if on else config.log.clear()),
    "default dtype": (
        lambda x: x * torch.ones(()).double().sum() * torch.get_default_dtype().itemsize,
        lambda on: torch.set_default_dtype(torch.float64 if on else torch.float32),
    ),
}


@pytest.mark.parametrize("name", FLAGS)
def test_what_decides(name):
    step, change = FLAGS[name]
    compiled, x = compile(step), torch.ones(3)
    kept = dict(table)
    try:
        for on in (True, True, True, False, False, False, True, False):
            change(on)
            np.testing.assert_array_equal(values(compiled(x)), values(step(x)))
    finally:
        torch.set_default_dtype(torch.float32)
        table.update(kept)
        tensor.data, tensor.grad = torch.ones(3), None
        tensor.requires_grad_()
        config.log.clear()


def test_attributes_of_a_module_and_of_its_class():
    layer = Layer()
    step, x = compile(layer), torch.tensor([1.0, 2.0])
    for power, of_class, of_itself in ((1, 1.0, None), (2, 1.0, None), (2, 3.0, None), (2, 3.0, 5.0), (1, 3.0, 6.0)):
        layer.power, Layer.scale = power, of_class
        if of_itself is not None:
            layer.scale = of_itself
        for _ in range(3):
            assert step(x).tolist() == layer(x).tolist()
    Layer.scale = 1.0


def test_options_of_layers():
    norm, dropout = torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.5)
    step, x = compile(lambda x: dropout(norm(x).detach())), torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    for eps, p in ((1e-5, 0.5), (1.0, 0.5), (1.0, 0.0), (1.0, 1.0)):
        norm.eps, dropout.p = eps, p
        for _ in range(3):
            torch.manual_seed(0)
            ours = step(x)
            torch.manual_seed(0)
            assert ours.tolist() == dropout(norm(x)).tolist()


def test_a_captured_tensor_as_argument_is_another_program():
    weight = torch.ones(2)
    step = compile(lambda x: x * 2 if x is weight else x * 3)
    xs = (torch.ones(2), torch.ones(2), torch.ones(2), weight, weight, weight, torch.ones(2))
    assert [step(x).tolist()[0] for x in xs] == [3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 3.0]


def test_a_view_of_a_captured_tensor_as_argument():
    weight = torch.ones(2)

    @compile
    def step(x):
        before = x * 1
        weight.add_(1)
        return before + x * weight

    for i in range(4):
        assert step(torch.ones(2)).tolist() == [3.0 + i] * 2
    with pytest.raises(CannotRecord, match="shares its memory with `weight`"):
        step(weight.view(2))
    assert weight.tolist() == [5.0, 5.0]


def steps_that_find_an_argument():
    """Steps and arguments whose memory the step finds in a second way, with the way's name."""
    array = np.arange(3, dtype=np.float32)
    weight = torch.ones(3, requires_grad=True)
    weight.grad = torch.zeros(3)

    def twice(x):
        (weight * x).sum().backward()
        return x * 2

    yield lambda x: x * 2 + torch.from_numpy(array), torch.from_numpy(array), "array"
    yield lambda x: torch.from_numpy(array) + x * 2, torch.from_numpy(array), "array"
    yield lambda x: x[0] * 2 + torch.from_numpy(array[1:]), torch.from_numpy(array), "array"
    yield lambda x: x * 2 + weight.grad, weight.grad, "grad"
    yield lambda x: weight.grad + x * 2, weight.grad, "grad"
    yield lambda x: x * 2 + weight.grad, weight.grad.detach(), "grad"
    yield lambda x: weight.grad + x[0], weight.grad[1:].detach(), "grad"
    yield twice, weight.grad, "grad"


@pytest.mark.parametrize("number", range(8))
def test_an_argument_that_the_step_finds_by_itself(number):
    """A program would take both for one and the same also at a call where they are two."""
    function, x, path = [*steps_that_find_an_argument()][number]
    step = compile(function)
    for _ in range(2):
        with pytest.raises(CannotRecord, match=f"shares its memory with `{path}`"):
            step(x)
    for other in (torch.full(x.shape, n + 1.0) for n in range(4)):
        assert step(other).tolist() == function(other).tolist()


def test_a_count_of_writes_is_refused():
    with pytest.raises(CannotRecord, match="_version"):
        compile(lambda x: x * x._version)(torch.ones(2))


def test_a_large_numpy_array_that_may_be_read_is_refused():
    data = np.ones(100_000)
    with pytest.raises(CannotRecord, match="`data`, a NumPy array"):
        compile(lambda x: x * data.mean())(torch.ones(2))


def test_a_large_numpy_array_that_is_a_tensor_is_followed():
    data = np.zeros(100_000, np.float32)
    step = compile(lambda x: x + torch.from_numpy(data).sum())
    for i in range(5):
        data[0] = i
        assert step(torch.ones(2)).tolist() == [1.0 + i] * 2


def test_inference_mode_is_not_no_grad():
    step, x = compile(lambda x: x * 2), torch.ones(2)
    for mode in (torch.no_grad, torch.inference_mode, torch.no_grad):
        for _ in range(3):
            with mode():
                assert step(x).is_inference() is (mode is torch.inference_mode)


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_a_library_of_another_environment_is_no_code_of_the_users(folder):
    """As with system-site-packages, packages of the user alone, or a .pth file."""
    assert not is_users(f"/somewhere/lib/python3/{folder}/library/part.py")
    assert is_users("/somewhere/lib/python3/part.py")
    assert is_users(f"{sys.prefix}/project/part.py")


def test_more_objects_than_can_be_watched_are_refused():
    many = [float(i) for i in range(10_000)]
    with pytest.raises(CannotRecord, match="more Python objects"):
        compile(lambda x: x * sum(many))(torch.ones(2))
