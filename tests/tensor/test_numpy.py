"""The array of a tensor, in grad modes and of views."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.parity import same
from support.two_worlds import assert_alike, compare
from tinygrad_mlp.autograd.modes import modes


def numpy_without_grad(torch):
    x = torch.ones(3, requires_grad=True)
    with torch.no_grad():
        first, second, view = x.numpy(), np.asarray(x * 2), x[:2].numpy()
    with torch.inference_mode():
        third = x.numpy()
    return first.tolist(), second.tolist(), third.tolist(), view.tolist()


def test_no_grad_lets_one_have_the_array():
    same(numpy_without_grad)


def test_the_array_of_a_view_that_requires_grad_is_refused():
    def program(torch):
        x = torch.ones(3)
        view = x[:2]
        x.requires_grad_()
        view.numpy()

    assert_alike(program)


# -- NumPy's functions -----------------------------------------------------------------------------


def described(value):
    """A result of NumPy as plain values, with its type."""
    if isinstance(value, (tuple, list)):
        return [described(part) for part in value]
    if hasattr(value, "requires_grad"):
        return "Tensor", str(value.dtype), list(value.shape), value.tolist()
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value).__name__, str(value.dtype), list(value.shape), value.tolist()
    return type(value).__name__, value


def answer(function, x):
    """What a function gives for a tensor, or the type of what it raises. (Torch's tensors warn under NumPy 2.)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return described(function(x))
        except Exception as error:
            return type(error).__name__


MATRICES = {
    "float32": lambda torch: torch.tensor([[3.0, 1.0, 2.0], [0.5, 5.0, -4.0]]),
    "int64": lambda torch: torch.tensor([[3, 1, 2], [0, 5, 4]]),
    "bool": lambda torch: torch.tensor([[True, False, True], [False, False, True]]),
    "gradient": lambda torch: torch.tensor([[3.0, 1.0, 2.0], [0.5, 5.0, 4.0]], requires_grad=True),
}
FUNCTIONS = {
    **{
        name: lambda x, name=name: getattr(np, name)(x)
        for name in (
            "unique", "median", "shape", "ndim", "ravel", "sort", "argsort", "sum", "mean", "std", "max", "argmax",
            "cumsum", "nonzero", "atleast_2d", "copy", "zeros_like", "ones_like", "transpose", "squeeze", "diff",
            "any", "all", "ptp", "nanmean", "histogram", "array", "asarray", "isnan", "exp", "abs", "sign", "round",
            "count_nonzero", "diag", "flip", "concatenate", "trace", "isfinite", "square", "logical_not", "vstack",
        )
        if name != "concatenate"
    },
    "quantile": lambda x: np.quantile(x, 0.25),
    "percentile": lambda x: np.percentile(x, 50, axis=0),
    "linalg.norm": lambda x: np.linalg.norm(x),
    "linalg.svd": lambda x: np.linalg.svd(x, compute_uv=False).round(4),
    "allclose": lambda x: np.allclose(x, x),
    "array_equal": lambda x: np.array_equal(x, x),
    "isclose": lambda x: np.isclose(x, x),
    "concatenate": lambda x: np.concatenate([x, x]),
    "stack": lambda x: np.stack([x, x], 1),
    "where": lambda x: np.where(x, x, 0),
    "clip": lambda x: np.clip(x, 0, 2),
    "dot": lambda x: np.dot(x, np.ones(3)),
    "add": lambda x: np.add(x, x),
    "add of a number": lambda x: np.add(x, 2.5),
    "equal": lambda x: np.equal(x, 1),
    "add.reduce": lambda x: np.add.reduce(x, axis=1),
    "maximum.accumulate": lambda x: np.maximum.accumulate(x),
    "take": lambda x: np.take(x, [0, 1], axis=1),
    "sum along an axis": lambda x: np.sum(x, axis=0),
    "mean along an axis, kept": lambda x: np.mean(x, axis=0, keepdims=True),
    "max along an axis": lambda x: np.max(x, axis=1),
    "asarray of a dtype": lambda x: np.asarray(x, np.float64),
    "array of a list": lambda x: np.array([x, x]),
    "numpy's number times a tensor": lambda x: np.float64(2) * x,
    "a tensor times numpy's number": lambda x: x * np.float64(2),
    "numpy's number minus a tensor": lambda x: np.float32(2) - x,
    "einsum": lambda x: np.einsum("ij->j", x),
    "out": lambda x: np.add(x, x, out=np.zeros((2, 3))),
}  # fmt: skip


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_numpy_function_gives_what_it_gives_for_tensors_of_torch(name, matrix):
    theirs, ours = (answer(FUNCTIONS[name], MATRICES[matrix](world)) for world in (torch, tinygrad_mlp))
    if "float" in repr(theirs):
        compare(ours, theirs, 1e-6, 0)
    else:
        assert ours == theirs


@pytest.mark.parametrize("how", ["save", "savez", "savetxt"])
def test_numpy_writes_a_tensor_as_an_array(how, tmp_path):
    x = tinygrad_mlp.tensor([[1.0, 2.0], [3.0, 4.0]])
    path = tmp_path / "x.npy"
    with path.open("wb") as file:
        getattr(np, how)(file, x)
    read = np.loadtxt(path) if how == "savetxt" else np.load(path)
    assert (read["arr_0"] if how == "savez" else read).tolist() == [[1, 2], [3, 4]]


def test_rules_of_the_table_still_see_numpy_functions_that_are_recorded():
    def program(torch):
        x = torch.tensor([0.5, 1.5], requires_grad=True)
        (first,) = torch.autograd.grad((x.sin() * x.exp()).prod(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x)
        return second

    same(program)


def test_a_numpy_function_in_a_hook_is_refused_though_the_rules_around_it_are_recorded():
    def program(torch):
        x = torch.ones(3, requires_grad=True)
        y = x * x
        y.register_hook(lambda g: np.exp(g))
        torch.autograd.grad((y * x).sum(), x, create_graph=True)

    assert_alike(program)


def test_a_ufunc_in_another_thread_while_a_rule_runs_here():
    x = tinygrad_mlp.ones(3)
    modes.rules, results = True, []
    try:
        thread = threading.Thread(target=lambda: results.append((type(np.unique(x)), hasattr(x, "__array_ufunc__"))))
        thread.start()
        thread.join()
    finally:
        modes.rules = False
    assert results == [(np.ndarray, False)]


# -- membership ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "element", ["a", None, [1], (1,), 1, 7, 2.0, 2.5, True, 1j, np.float64(1), np.int64(9), np.ones(1)], ids=repr
)
def test_what_may_be_asked_to_be_in_a_tensor(element):
    assert_alike(lambda torch: element in torch.arange(3))


@pytest.mark.parametrize("other", [3, [1, 5, 2], [5, 6, 7], [[1], [9]], [1, 2]], ids=repr)
def test_whether_a_tensor_is_in_a_tensor(other):
    assert_alike(lambda torch: torch.tensor(other) in torch.arange(3))


# -- tensors among arrays ---------------------------------------------------------------------------


def written(array, index, value):
    array[index] = value
    return array


AMONG_ARRAYS = {
    "an array at indices": lambda torch: np.arange(4.0)[torch.tensor([0, 2])],
    "an array at a mask": lambda torch: np.arange(4.0)[torch.tensor([True, False, True, False])],
    "an array between tensors": lambda torch: np.arange(4.0)[torch.tensor(1) : torch.tensor(3)],
    "written at indices": lambda torch: written(np.arange(4.0), torch.tensor([0, 2]), torch.ones(2)),
    "written at a number": lambda torch: written(np.arange(4.0), 0, torch.tensor(5.0)),
    "an array of numbers": lambda torch: np.array([torch.tensor(1.0), torch.tensor(2.0)]),
    "increased in place": lambda torch: np.arange(4.0).__iadd__(torch.ones(4)),
    "another dtype": lambda torch: np.asarray(torch.ones(2), np.float64),
    "permutation": lambda torch: np.random.RandomState(0).permutation(torch.arange(5)),
    "full": lambda torch: np.full((2,), torch.tensor(3.0)),
    "from_dlpack": lambda torch: np.from_dlpack(torch.arange(3)),
    "from_dlpack with a gradient": lambda torch: np.from_dlpack(torch.ones(2, requires_grad=True)),
    "a parameter": lambda torch: np.add(torch.nn.Parameter(torch.ones(2)), 1),
}


@pytest.mark.parametrize("name", AMONG_ARRAYS)
def test_tensors_among_arrays(name):
    theirs, ours = (answer(AMONG_ARRAYS[name], world) for world in (torch, tinygrad_mlp))
    assert ours == theirs


@pytest.mark.parametrize(("copy", "shared"), [(True, False), (False, True), (None, True)])
def test_an_array_of_a_tensor_shares_its_memory_unless_a_copy_is_asked_for(copy, shared):
    x = tinygrad_mlp.zeros(2)
    array = np.array(x, copy=copy)
    x[0] = 1
    assert array.tolist() == ([1, 0] if shared else [0, 0])


def test_no_array_of_another_dtype_without_a_copy():
    with pytest.raises(ValueError, match="copy"):
        np.array(tinygrad_mlp.zeros(2), np.float64, copy=False)


def test_a_product_with_a_number_of_numpy_is_refused():
    for number in (2.0, np.float64(2)):
        with pytest.raises(TypeError):
            tinygrad_mlp.ones(2, 2) @ number
