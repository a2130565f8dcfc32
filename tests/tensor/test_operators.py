"""Python's operators between a tensor and something else: who is asked, the dtype of the result, what is refused."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp

_NAMES = "add sub mul truediv floordiv mod pow and_ or_ xor matmul"
BINARY = {name: getattr(operator, name) for name in f"{_NAMES} eq ne lt le gt ge".split()}
IN_PLACE = {f"i{name}": getattr(operator, f"i{name.strip('_')}") for name in _NAMES.split()}


class Reflected:
    """What knows every operator, and says which was asked."""


for _name in [*_NAMES.split(), "eq", "ne", "lt", "le", "gt", "ge"]:
    _bare = _name.strip("_")
    for _asked in (f"__{_bare}__", f"__r{_bare}__"):
        setattr(Reflected, _asked, lambda self, other, asked=_asked: asked)


TENSORS = {
    "float32": lambda torch: torch.tensor([1.0, 2.0]),
    "float16": lambda torch: torch.tensor([1.0, 2.0], dtype=torch.float16),
    "float64": lambda torch: torch.tensor([1.0, 2.0], dtype=torch.float64),
    "int64": lambda torch: torch.tensor([1, 2]),
    "uint8": lambda torch: torch.tensor([1, 2], dtype=torch.uint8),
    "bool": lambda torch: torch.tensor([True, False]),
    "gradient": lambda torch: torch.tensor([1.0, 2.0], requires_grad=True),
    "0-d": lambda torch: torch.tensor(2.0),
    "matrix": lambda torch: torch.ones(2, 2),
}
OTHERS = {
    "an object that knows them": Reflected,
    "an object": object,
    "a text": lambda: "a",
    "None": lambda: None,
    "a list": lambda: [1, 2],
    "a tuple": lambda: (1, 2),
    "a class": lambda: int,
    "an array of float64": lambda: np.array([1.0, 2.0]),
    "an array of float32": lambda: np.array([1, 2], np.float32),
    "an array of int64": lambda: np.array([1, 2]),
    "an array of bools": lambda: np.array([True, False]),
    "a 0-d array": lambda: np.array(2.0),
    "an array of another size": lambda: np.ones(3),
    "an array of objects": lambda: np.array([1, None], object),
    "an array of texts": lambda: np.array(["a", "b"]),
    "a float64 of NumPy": lambda: np.float64(2),
    "an int32 of NumPy": lambda: np.int32(2),
    "an integer": lambda: 2,
    "a float": lambda: 2.5,
    "a bool": lambda: True,
}


def answer(function: Any, x: Any, y: Any) -> Any:
    """What an operator gives, with its dtype and type, or the type of what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's tensors warn under NumPy 2
        try:
            result = function(x, y)
        except Exception as error:
            return type(error).__name__
    if isinstance(result, (torch.Tensor, tinygrad_mlp.Tensor)):
        return str(result.dtype).split(".")[-1], repr(result.detach().tolist()), result.requires_grad
    return (
        result.tolist()
        if isinstance(result, np.ndarray)
        else result
        if isinstance(result, (str, bool))
        else type(result)
    )


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", [*BINARY, *IN_PLACE])
def test_an_operator_between_a_tensor_and(name: str, other: str) -> None:
    for kind, tensor in TENSORS.items():
        if name in ("iand_", "ior_", "ixor") and (kind == "gradient" or "float" in other):
            continue  # torch says that the result would not fit before it says that there is none
        for turned in (False, True) if name in BINARY else (False,):
            found = []
            for world in (tinygrad_mlp, torch):
                x, y = tensor(world), OTHERS[other]()
                found.append(answer({**BINARY, **IN_PLACE}[name], *((y, x) if turned else (x, y))))
            assert found[0] == found[1], (kind, turned)


@pytest.mark.parametrize("name", ["__radd__", "__rmul__", "__rand__", "__ror__", "__rxor__"])
def test_a_reflected_operator_of_a_number_is_refused(name: str) -> None:
    for world in (tinygrad_mlp, torch):
        with pytest.raises(TypeError, match=f"'{name}' for .* doesn't apply to a 'int' object"):
            getattr(world.Tensor, name)(2, world.tensor([1, 2]))


@pytest.mark.parametrize(
    "name", ["add", "mul", "eq", "maximum", "pow", "matmul", "atan2", "logical_and", "add_", "lerp"]
)
def test_a_function_takes_no_array(name: str) -> None:
    for world in (tinygrad_mlp, torch):
        with pytest.raises(TypeError):
            getattr(world.Tensor, name)(world.ones(2), *[np.ones(2)] * (1 + (name == "lerp")))


def test_rules_take_arrays() -> None:
    """The rule of pow reads a constant base, and sinc's makes arrays that it multiplies with Tensors."""
    for function in (lambda m, x: (m.ones(3) * 2) ** x, lambda m, x: m.sinc(x), lambda m, x: x.clamp(min=m.zeros(3))):
        found = []
        for world in (tinygrad_mlp, torch):
            x = world.tensor([0.5, 0.75, 2.0], requires_grad=True)
            (first,) = world.autograd.grad(function(world, x).sum(), x, create_graph=True)
            found.append(world.autograd.grad(first.sum() + x.sum(), x)[0].tolist())
        np.testing.assert_allclose(*found, rtol=1e-4)
