"""In-place writes into memory that overlaps, has strides, or is read by the same write; copies in C order."""

from __future__ import annotations

import pytest

from support.parity import same


def overlapping_parts(torch):
    y = torch.ones(4)
    y[:3].add_(y[1:])


def overlapping_transpose(torch):
    y = torch.ones(3, 3)
    y.add_(y.t())


def put_into_itself(torch):
    y = torch.ones(3)
    y[[0]] = y


def every_fill_of_an_expanded_view(torch):
    e = torch.zeros(3).expand(2, 3)
    e.fill_(2.0)
    e.zero_()
    f = torch.zeros(3, 1).expand(3, 2)
    f.tril_()
    return e, f, e._version


def one_element_dimension_is_no_overlap(torch):
    x = torch.zeros(3)
    x.unsqueeze(0).add_(1)
    x[None].mul_(3)
    return x


def negated_with_strides(torch):
    x = torch.arange(1.0, 10.0)
    x[1::4].neg_()
    y = torch.arange(1.0, 18.0, dtype=torch.float64)
    y[::8].neg_()
    return x, y


def number_from_what_it_fills(torch):
    x = torch.arange(6.0).reshape(2, 3)
    x[0] = x[0, 1]
    x.expand(2, 2, 3).detach().zero_()
    return x


def contiguous_is_in_c_order(torch):
    x = torch.arange(6.0).reshape(2, 3)
    c = x.t().contiguous()
    cat = torch.cat([x.t(), x.t()])
    return c.is_contiguous(), cat.is_contiguous(), x.t().clone().is_contiguous(), x.expand(2, 2, 3).clone().stride()


RIGHT = [
    every_fill_of_an_expanded_view,
    one_element_dimension_is_no_overlap,
    negated_with_strides,
    number_from_what_it_fills,
    contiguous_is_in_c_order,
]

REFUSED = [
    overlapping_parts,
    overlapping_transpose,
    put_into_itself,
]


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("program", REFUSED, ids=lambda p: p.__name__)
def test_refused_as_torch_refuses(program):
    same(program)
