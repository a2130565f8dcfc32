"""Views and in-place writes in the small: 0-d tensors, arguments that are refused, names, warnings."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from support.parity import same
from support.two_worlds import assert_alike


def number_written_through_a_view(view):
    def program(torch):
        x = torch.tensor(0.5, requires_grad=True)
        y = x * 2
        z = y.clone()
        view(y).mul_(3)
        (y * y + z).sum().backward()
        return x.grad, y

    return program


VIEWS_OF_A_NUMBER = [
    lambda y: y.t(),
    lambda y: y.view(()),
    lambda y: y[None],
    lambda y: y[...],
    lambda y: y.view(1, 1),
    lambda y: y.reshape(-1).unsqueeze(0),
]


@pytest.mark.parametrize("view", VIEWS_OF_A_NUMBER, ids=range(len(VIEWS_OF_A_NUMBER)))
def test_a_write_into_a_view_of_a_number(view):
    same(number_written_through_a_view(view))


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


def view_of_what_is_transposed_in_place(torch):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    flat = y.view(-1)
    y.t_()
    return torch.autograd.grad((flat * torch.arange(6.0)).sum() + (y * y).sum(), x)


def test_a_view_follows_a_base_that_is_transposed_in_place():
    same(view_of_what_is_transposed_in_place)


# -- what the tape says of writes ------------------------------------------------------------------

WRITES = {
    "number at an index": lambda torch, y, w: y.__setitem__(0, 0.5),
    "number in all": lambda torch, y, w: y.__setitem__(Ellipsis, 0.5),
    "0-d tensor": lambda torch, y, w: y.__setitem__(0, w.sum()),
    "row": lambda torch, y, w: y.__setitem__(0, w),
    "row, expanded": lambda torch, y, w: y.__setitem__(slice(0, 1), w),
    "number at a mask": lambda torch, y, w: y.__setitem__(y > 3, 0.5),
    "tensor at indices": lambda torch, y, w: y.__setitem__([0, 1], w),
    "fill of a view": lambda torch, y, w: y[0].fill_(0.5),
    "fill of a view with a tensor": lambda torch, y, w: y[0].fill_(torch.tensor(0.5)),
    "fill with a tensor": lambda torch, y, w: y.fill_(torch.tensor(0.5)),
    "clamp of a view": lambda torch, y, w: y[0].clamp_(0, 1),
    "power of a view": lambda torch, y, w: y[0].pow_(2),
    "power of a view by a tensor": lambda torch, y, w: y[0].pow_(w),
    "masked fill of a view": lambda torch, y, w: y[0].masked_fill_(y[0] > 0, 1.0),
    "lerp of a view": lambda torch, y, w: y[0].lerp_(w, 0.5),
    "sum in a view": lambda torch, y, w: y[0].add_(w),
    "normal": lambda torch, y, w: y.normal_(),
    "uniform in a view": lambda torch, y, w: y[0].uniform_(),
    "bernoulli": lambda torch, y, w: y.bernoulli_(0.5),
    "random": lambda torch, y, w: y.random_(0, 3),
    "exponential": lambda torch, y, w: y.exponential_(),
}


def _graph(node):
    return None if node is None else (node.name(), [_graph(behind) for behind, _ in node.next_functions])


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_node_of_a_write_has_the_edges_of_torch(write):
    def program(torch):
        w = torch.ones(3, requires_grad=True)
        y = torch.arange(6.0).reshape(2, 3).requires_grad_() * 2
        write(torch, y, w)
        before, seen = _graph(y.grad_fn), []
        y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs, outputs)))
        y.sum().backward()
        return before, _graph(y.grad_fn), seen, w.grad

    assert_alike(program, rtol=1e-6)


def saved_by_what_is_detached(torch):
    y = torch.ones(3, requires_grad=True) * 2
    z = y * y
    y.detach_()
    saved = z.grad_fn._saved_self
    return saved.requires_grad, saved.grad_fn, saved


def version_of_what_is_saved(torch):
    y = torch.ones(3, requires_grad=True) * 2
    y.add_(1)
    return (y * y).grad_fn._saved_self._version, y.exp().grad_fn._saved_result._version


@pytest.mark.parametrize("program", [saved_by_what_is_detached, version_of_what_is_saved], ids=lambda p: p.__name__)
def test_saved_tensors(program):
    assert_alike(program)


# -- arguments -------------------------------------------------------------------------------------

CALLS = """
x.view(-2, 3); x.view(7); x.view(-1, -1); x.view(2.0, 3); x.view("a"); x.view(None); x.view(); x.view(size=(3, 2))
x.view([3, 2]); x.view(torch.Size((6,))); x.view(torch.float32); x.view(dtype=torch.int32); x.view(torch.float64)
x.t().view(torch.float64); x[0, 0].view(torch.float64); x[:, :2].view(torch.float64); x.view(torch.int16)
torch.ones(4)[1:3].view(torch.float64); x.t().view(6); x.reshape(-2, 3); x.reshape(-1, 4); x.view_as(3)
torch.zeros(0, 3).view(0, -1); torch.zeros(0, 3).reshape(-1, 0); torch.zeros(0, 3).view(-1)
x.split(0); x.split(-1); x.split([1, -1]); x.split([1, 2]); x.split(1.5); x.split("a"); x.split(split_size=1)
x.split(split_size=[1, 1], dim=0); torch.split(x, split_size_or_sections=1); x.split_with_sizes([1, 1])
torch.split_with_sizes(x, [1, 2], 1); x.chunk(0); x.chunk(2.0); x.chunk(5)
x.movedim((0, 1), (1, 0)); x.movedim((0, 1), (1,)); x.movedim((0, 0), (1, 0)); x.movedim((0, 1), (1, 1))
torch.ones(2, 3, 4, 5).movedim((0, 3), (2, 0)); torch.ones(2, 3, 4).moveaxis((2,), (0,)); torch.ones(()).movedim(0, 0)
torch.moveaxis(x, 0, 1); torch.swapdims(x, 0, 1); torch.detach(x); torch.broadcast_to(x, (2, 2, 3)).shape
x.broadcast_to((2, 2, 3)).shape; x.as_strided((2, 2), (1,)); x.as_strided((2, 2), (-1, 1))
x.as_strided((2,), (1,), -1); x.as_strided((-2,), (1,)); x.unflatten(0, ()); x.unflatten(1, (2, -1))
torch.zeros(3).mT; torch.ones(2, 3, 4).mT.shape; x.mT
"""


@pytest.mark.parametrize("call", [call.strip() for call in CALLS.replace("\n", ";").split(";") if call.strip()])
def test_arguments(call):
    def program(torch):
        x = torch.arange(6.0).reshape(2, 3).requires_grad_()
        result = eval(call, {"torch": torch, "x": x})
        several = result if isinstance(result, tuple) and not hasattr(result, "numel") else (result,)
        flags = [(y.requires_grad, y._is_view(), y.stride()) for y in several if hasattr(y, "_is_view")]
        return [list(y) if hasattr(y, "numel") and isinstance(y, tuple) else y for y in several], flags

    assert_alike(program, words=6)


def test_a_view_as_another_dtype_shares_memory_and_version():
    def program(torch):
        x = torch.ones(4)
        bits = x.view(torch.int32)
        bits.add_(1)
        return x, bits, x._version, bits._version

    assert_alike(program)


def test_views_of_an_inference_tensor_outside():
    def program(torch):
        with torch.inference_mode():
            x = torch.arange(6.0)
        view = x.view(2, 3).tolist()
        with pytest.raises(RuntimeError) as caught:
            x.view(2, 3).mul_(2)
        return view, str(caught.value)

    assert_alike(program)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_t_of_other_dimensions_warns(shape):
    """Once in a process, so in one of its own."""
    code = f"""
import warnings, MODULE as torch
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    shapes = [tuple(torch.ones({shape}).T.shape) for _ in range(2)]
    torch.ones(2, 3).T
print(shapes, [str(w.message)[:70] for w in caught], [w.category.__name__ for w in caught])
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", code.replace("MODULE", module)], capture_output=True, text=True, check=True
        ).stdout
        for module in ("torch", "tinygrad_mlp")
    ]
    assert said[0] == said[1]


NAMED = [
    lambda y: y.squeeze(),
    lambda y: y.squeeze(0),
    lambda y: y.squeeze((0, 2)),
    lambda y: y.squeeze_(),
    lambda y: y.squeeze_(0),
    lambda y: y.squeeze_((0, 2)),
    lambda y: y.squeeze(0).t_(),
    lambda y: y.transpose_(0, 1),
    lambda y: y.swapdims_(0, 1),
    lambda y: y.unsqueeze_(0),
    lambda y: y.as_strided_((2,), (1,)),
]


@pytest.mark.parametrize("view", NAMED, ids=range(len(NAMED)))
def test_names_of_nodes(view):
    assert_alike(lambda torch: view(torch.ones(1, 2, 1, requires_grad=True) * 1).grad_fn.name())
