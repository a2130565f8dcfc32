"""`axis=` and `keepdims=`, which torch takes for `dim=` and `keepdim=`."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike

OVER_DIM = ["argsort", "unbind", "softmax", "log_softmax", "cumsum", "cumprod", "sort", "squeeze", "unsqueeze"]
REDUCTIONS = [
    "std", "var", "max", "min", "sum", "mean", "prod", "amax", "amin", "argmax", "argmin", "all", "any", "logsumexp",
]  # fmt: skip
CALLS = {
    "axis": lambda f, x: f(x, axis=0),
    "axis from the end": lambda f, x: f(x, axis=-1),
    "axis and keepdim": lambda f, x: f(x, axis=1, keepdim=True),
    "axis and keepdims": lambda f, x: f(x, axis=1, keepdims=True),
    "dim and keepdims": lambda f, x: f(x, dim=0, keepdims=True),
    "axis and dim": lambda f, x: f(x, axis=0, dim=0),
    "a dimension and an axis": lambda f, x: f(x, 1, axis=1),
    "axes": lambda f, x: f(x, axes=0),
    "something else": lambda f, x: f(x, axis=0, other_than=1),
}


def matrix(torch):
    return torch.tensor([[3.0, 1.0, 2.0], [0.5, 5.0, 4.0]])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", OVER_DIM + REDUCTIONS)
def test_numpy_names_of_dimensions(name, call):
    def function(torch):
        return CALLS[call](getattr(torch, name), matrix(torch))

    def method(torch):
        return CALLS[call](getattr(torch.Tensor, name), matrix(torch))

    assert_alike(function, rtol=1e-6, words=0)
    assert_alike(method, rtol=1e-6, words=0)


PROGRAMS = {
    "chunk": lambda torch, x: x.chunk(2, axis=1),
    "tensor_split": lambda torch, x: torch.tensor_split(x, 2, axis=1),
    "split_with_sizes": lambda torch, x: x.split_with_sizes([1, 2], axis=1),
    "split, which takes none": lambda torch, x: torch.split(x, 1, axis=1),
    "norm, which takes none": lambda torch, x: torch.norm(x, axis=1),
    "cat": lambda torch, x: torch.cat([x, x], axis=1),
    "stack": lambda torch, x: torch.stack([x, x], axis=-1),
    "topk": lambda torch, x: x.topk(2, axis=1),
    "size": lambda torch, x: x.size(axis=1),
    "stride": lambda torch, x: x.stride(axis=0),
    "index_select": lambda torch, x: x.index_select(axis=1, index=torch.tensor([0, 2])),
    "gather": lambda torch, x: x.gather(axis=1, index=torch.tensor([[0], [2]])),
    "roll, which takes none": lambda torch, x: torch.roll(x, 1, axis=1),
    "names of the arguments": lambda torch, x: (torch.max(x=x), torch.argsort(a=x), torch.std(x1=x)),
    "std with a correction": lambda torch, x: torch.std(x, axis=1, correction=0, keepdims=True),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_numpy_names_elsewhere(name):
    assert_alike(lambda torch: PROGRAMS[name](torch, matrix(torch)), rtol=1e-6, words=0)
