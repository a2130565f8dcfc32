"""The array of a tensor, in grad modes and of views."""

from __future__ import annotations

import numpy as np

from support.parity import same
from support.two_worlds import assert_alike


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
