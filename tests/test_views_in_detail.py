"""Views and in-place writes in the small: 0-d tensors, arguments that are refused, names, warnings."""

from __future__ import annotations

import numpy as np
import pytest
from parity import same
from two_worlds import assert_alike


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
