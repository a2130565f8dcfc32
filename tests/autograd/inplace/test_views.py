"""Views: of 0-d tensors, of other dtypes, of bases that change; their arguments, warnings and refusals."""

from __future__ import annotations

import subprocess
import sys

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


def view_of_what_is_transposed_in_place(torch):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    flat = y.view(-1)
    y.t_()
    return torch.autograd.grad((flat * torch.arange(6.0)).sum() + (y * y).sum(), x)


def test_a_view_follows_a_base_that_is_transposed_in_place():
    same(view_of_what_is_transposed_in_place)


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
