"""How results of several tensors and the classes that programs see print, and that they can be pickled."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike

RESULTS = {
    "max": lambda torch: torch.tensor([[1.0, 3.0, 2.0], [4.0, 0.0, 5.0]]).max(1),
    "min": lambda torch: torch.min(torch.tensor([[1.0, 3.0, 2.0]]), 0, keepdim=True),
    "sort": lambda torch: torch.tensor([3.0, 1.0]).sort(descending=True),
    "topk": lambda torch: torch.tensor([3, 1, 2]).topk(2),
    "with a gradient": lambda torch: torch.ones(2, 2, requires_grad=True).max(0),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_print_as_torch_return_types(name):
    assert_alike(lambda torch: [repr(RESULTS[name](torch)), str(RESULTS[name](torch))])


@pytest.mark.parametrize("name", RESULTS)
def test_parts_of_results(name):
    def program(torch):
        result = RESULTS[name](torch)
        values, indices = result
        return [
            values is result.values, indices is result[1], isinstance(result, tuple), len(result), result[:1],
            type(result).__name__, type(result) is getattr(torch.return_types, type(result).__name__),
            type(result)([1, 2]).indices, hasattr(result, "_fields"), result.__match_args__,
        ]  # fmt: skip

    assert_alike(program)


@pytest.mark.parametrize("attribute", ["values", "other"])
def test_parts_of_results_are_not_set(attribute):
    def program(torch):
        try:
            setattr(torch.ones(2).sort(), attribute, 3)
        except AttributeError:
            return "refused"

    assert_alike(program)


def test_results_of_compiled_steps():
    compiled = tinygrad_mlp.compile(lambda x: x.sort())
    results = [compiled(tinygrad_mlp.tensor([2.0, 1.0])) for _ in range(4)]
    assert [type(result).__name__ for result in results] == ["sort"] * 4
    assert results[-1].values.tolist() == [1, 2]


CLASSES = [
    "Tensor", "Size", "dtype", "device", "layout", "memory_format", "nn.Parameter", "nn.Module", "nn.Linear",
    "nn.Sequential", "nn.ReLU", "optim.SGD", "optim.Adam", "optim.Optimizer", "utils.data.Dataset", "no_grad",
    "return_types.max",
]  # fmt: skip


def found(world, path):
    for name in path.split("."):
        world = getattr(world, name)
    return world


@pytest.mark.parametrize("path", CLASSES)
def test_the_text_of_a_class_says_where_programs_find_it(path):
    assert str(found(tinygrad_mlp, path)).replace("tinygrad_mlp", "torch") == str(found(torch, path))
    assert pickle.loads(pickle.dumps(found(tinygrad_mlp, path))) is found(tinygrad_mlp, path)


OBJECTS = {
    "tensor": lambda torch: torch.arange(3.0),
    "leaf": lambda torch: torch.ones(2, requires_grad=True),
    "parameter": lambda torch: torch.nn.Parameter(torch.ones(2)),
    "size": lambda torch: torch.Size([1, 2]),
    "float32": lambda torch: torch.float32,
    "bool": lambda torch: torch.bool,
    "device": lambda torch: torch.device("cpu"),
    "format": lambda torch: torch.contiguous_format,
    "result": lambda torch: torch.ones(2).max(0),
    "module": lambda torch: torch.nn.Linear(2, 1),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_of_these_classes_are_pickled_and_copied(name):
    value = OBJECTS[name](tinygrad_mlp)
    twins = [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for twin in [*twins, copy.deepcopy(value)]:
        assert type(twin) is type(value)
        assert repr(twin) == repr(value)
    if isinstance(value, tinygrad_mlp.dtype):
        assert twins[0] is value


@pytest.mark.parametrize("convert", [float, int, complex, bool])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (2,), (0,)])
def test_a_number_of_a_tensor(convert, shape):
    assert_alike(lambda torch: convert(torch.ones(shape)))


@pytest.mark.parametrize("attribute", ["real", "imag"])
def test_parts_of_complex_numbers(attribute):
    def program(torch):
        x = torch.ones(2)
        return getattr(x, attribute) is x

    assert_alike(program)
