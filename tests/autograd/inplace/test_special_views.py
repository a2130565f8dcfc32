"""In-place writes and views on which ours and torch once parted, found by test_random_programs.py."""

from __future__ import annotations

from typing import Any

import pytest

from support.parity import same


def _leaf(torch: Any, *shape: int) -> Any:
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def mul_by_itself(torch):
    y = _leaf(torch, 3) * 1
    y.mul_(y)
    y.sum().backward()


def division_saves_its_input(torch):
    x = _leaf(torch, 3)
    y = x * 1
    z = x / y
    with torch.no_grad():
        x.add_(1)
    z.sum().backward()


def overlapping_parts(torch):
    y = torch.ones(4)
    y[:3].add_(y[1:])


def overlapping_transpose(torch):
    y = torch.ones(3, 3)
    y.add_(y.t())


def put_into_itself(torch):
    y = torch.ones(3)
    y[[0]] = y


def view_of_one_of_several(torch):
    a, _ = (_leaf(torch, 2, 3) * 1).unbind()
    a[0:1].mul_(2)


def one_of_several_constants(torch):
    a, _ = torch.zeros(2, 3).unbind()
    a.mul_(_leaf(torch, 3))


def view_of_a_view_made_without_grad(torch):
    y = _leaf(torch, 2, 3) * 1
    with torch.no_grad():
        v = y[0]
    v[0:1].mul_(2)


def stale_view_made_without_grad(torch):
    y = _leaf(torch, 4) * 1
    with torch.no_grad():
        v = y[:2]
    y.mul_(2)
    v + 1


def stale_one_of_several(torch):
    y = _leaf(torch, 4) * 1
    a, _ = y.split(2)
    with torch.no_grad():
        y.mul_(2)
    return a.grad_fn


def written_slices_run_once(torch):
    y = _leaf(torch, 4) * 1
    y[:2].add_(2)
    z = (y + 1).sum()
    z.backward()
    z.backward()


def leaf_moved_inside(torch):
    x = _leaf(torch, 3)
    y = x * 2
    x.requires_grad_(False)
    x += y
    x.sum().backward()


def backward_from_a_view_made_without_grad(torch):
    x = _leaf(torch, 3)
    with torch.no_grad():
        v = x[0]
    v.backward()


def item_of_another_shape(torch):
    y = torch.zeros(2, 3)
    y[0] = torch.zeros(2, 3)


def fill_with_several(torch):
    torch.zeros(3).fill_(torch.zeros(2))


def lerp_of_two_dtypes(torch):
    return torch.zeros(3).lerp(torch.zeros(3, dtype=torch.float64), 0.5)


def index_of_a_number(torch):
    x = torch.tensor(1.0)
    x[[0]] = 2.0


def split_of_a_number(torch):
    return torch.tensor(1.0).split(1)


def leaf_that_is_a_stale_view(torch):
    """Backward refuses it at the end of the tape, even when nobody else has it."""
    x = _leaf(torch, 3)
    with torch.no_grad():
        v = x.view(-1)
    v.requires_grad_()
    y = v.tanh()
    with torch.no_grad():
        v.tanh_()
    del v
    (y * y).sum().backward()


def input_detached_and_output_written(torch):
    """Of several faults of what was saved, that of the input is named."""
    y = _leaf(torch, 2, 3).tanh()
    z = y.logsumexp(0)
    z.tanh_()
    y.detach_()
    z.sum().backward()


FOUND_REFUSED = [
    input_detached_and_output_written,
    leaf_that_is_a_stale_view,
    mul_by_itself, division_saves_its_input, overlapping_parts, overlapping_transpose, put_into_itself,
    view_of_one_of_several, one_of_several_constants, view_of_a_view_made_without_grad, stale_view_made_without_grad,
    stale_one_of_several, written_slices_run_once, leaf_moved_inside, backward_from_a_view_made_without_grad,
    item_of_another_shape, fill_with_several, lerp_of_two_dtypes, index_of_a_number, split_of_a_number,
]  # fmt: skip


def view_made_without_grad_requires_it(torch):
    x = _leaf(torch, 3)
    with torch.no_grad():
        v = x[:2]
    z = (v * v).sum()
    z.backward()
    return v.requires_grad, v.is_leaf, v.grad, x.grad, z.requires_grad


def view_of_what_later_requires_grad(torch):
    z = torch.zeros(4)
    v = z[:2]
    z.requires_grad_()
    (v * 2).sum().backward()
    return v.requires_grad, v.is_leaf, v.grad, z.grad


def leaf_that_no_longer_requires_grad(torch):
    x = _leaf(torch, 3)
    y = x * 2
    x.requires_grad_(False)
    y.sum().backward()
    return x.grad


def retained_grad_follows_a_write(torch):
    y = _leaf(torch, 3) * 1
    y.retain_grad()
    y.mul_(2)
    (y * y).sum().backward()
    return y.grad, y.retains_grad


def retained_grad_of_a_base_follows_a_write_into_a_view(torch):
    y = _leaf(torch, 2, 3) * 1
    y.retain_grad()
    v = y[0]
    v.retain_grad()
    v.mul_(2)
    (y * y).sum().backward()
    return y.grad, v.grad


def hook_stays_with_what_it_saw(torch):
    seen = []
    y = _leaf(torch, 3) * 1
    y.register_hook(lambda g: seen.append(g * 1))
    y.mul_(3)
    y.sum().backward()
    return seen


def several_views_are_one_node(torch):
    x = _leaf(torch, 4, 2)
    a, b = x.split(2)
    c, d = x.split([1, 3])
    e, f = x.unbind(1)
    (a * d[:2] + e[:2, None] * f[2:, None] + b * c).sum().backward()
    nodes = [(t.grad_fn.name(), t.output_nr) for t in (a, b, c, d, e, f)]
    return nodes, a.grad_fn is b.grad_fn, x.grad, [t.grad_fn.name() for t in x.tensor_split(2)]


def several_views_twice_differentiable(torch):
    x = _leaf(torch, 4)
    a, b = x.chunk(2)
    (g,) = torch.autograd.grad((a * a * b).sum(), x, create_graph=True)
    (g * g).sum().backward()
    return g, x.grad


def index_is_a_chain_of_views(torch):
    x = _leaf(torch, 3, 4)
    parts = [x[0], x[1:], x[None], x[...], x[()], x[:, 0], x[0:1, 0], x[..., None, 1:], x[:, :]]
    return [p.grad_fn.name() for p in parts], [p._base is x for p in parts]


def whole_slices_are_the_tensor_itself(torch):
    y = _leaf(torch, 3) * 1
    y[:] = 5.0
    z = _leaf(torch, 3) * 1
    z[...] = torch.zeros(3)
    return y.grad_fn.name().rstrip("0123456789"), z.grad_fn.name(), y._version, z._version


def diagonal_is_written(torch):
    x = _leaf(torch, 3, 3)
    y = x * 1
    y.diagonal().mul_(4)
    y.diagonal(1).fill_(2.0)
    (y * y).sum().backward()
    return x.grad, y, torch.ones(2, 3, 4).diagonal(-1, 2, 1).shape


def strided_view_with_overlap(torch):
    x = _leaf(torch, 6)
    s = x.as_strided((3, 3), (1, 1), 1)
    (s * s).sum().backward()
    return s, x.grad, s.grad_fn.name(), s._base is x


def strided_view_is_written(torch):
    x = _leaf(torch, 2, 3)
    y = x * 1
    s = y[1].as_strided((2, 2), (3, 1))
    s.mul_(x[:, 1:])
    (y * y).sum().backward()
    return x.grad, y, s


def base_transposed_in_place(torch):
    x = _leaf(torch, 2, 3)
    y = x * 1
    v = y[0]
    y.t_()
    v.mul_(x[1])
    (v * v).sum().backward()
    (y * y).sum()
    return x.grad, y.shape, y._version, v


def reshaped_in_place(torch):
    x = _leaf(torch, 2, 3)
    y = x * 1
    y.t_().unsqueeze_(0).transpose_(0, 1).squeeze_(1).swapaxes_(0, 1)
    (y * x).sum().backward()
    return x.grad, y, y._version, y._is_view()


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


def fused_in_place(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = x * 1
    y.addcmul_(w, x, value=0.5).addcdiv_(x, w, value=2).lerp_(w, 0.25).clamp_min_(2).clamp_max_(9.5)
    y.sum().backward()
    return x.grad, w.grad, y, y._version


def detached_by_a_view_of_everything(torch):
    x = _leaf(torch, 3)
    flat, same_shape = x.flatten(), x.reshape(3)
    return flat is x, same_shape is x, same_shape._base is x, torch.tensor(1.0).transpose(0, -1)._is_view()


def contiguous_is_in_c_order(torch):
    x = torch.arange(6.0).reshape(2, 3)
    c = x.t().contiguous()
    cat = torch.cat([x.t(), x.t()])
    return c.is_contiguous(), cat.is_contiguous(), x.t().clone().is_contiguous(), x.expand(2, 2, 3).clone().stride()


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


def mask_of_a_number(torch):
    y = _leaf(torch) * 2
    y[y > 0] = y.sum() * 3
    part = y[y > 0]
    part.sum().backward()
    return y, part.shape


def indexed_view_that_leads_nowhere(torch):
    x = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        v = x.view(-1)
    y = v[[0]]
    y.backward(torch.ones_like(y))
    y.backward(torch.ones_like(y))


FOUND = [
    indexed_view_that_leads_nowhere,
    view_made_without_grad_requires_it, view_of_what_later_requires_grad, leaf_that_no_longer_requires_grad,
    retained_grad_follows_a_write, retained_grad_of_a_base_follows_a_write_into_a_view, hook_stays_with_what_it_saw,
    several_views_are_one_node, several_views_twice_differentiable, index_is_a_chain_of_views,
    whole_slices_are_the_tensor_itself, diagonal_is_written, strided_view_with_overlap, strided_view_is_written,
    base_transposed_in_place, reshaped_in_place, every_fill_of_an_expanded_view, one_element_dimension_is_no_overlap,
    fused_in_place, detached_by_a_view_of_everything, contiguous_is_in_c_order, mask_of_a_number,
    negated_with_strides, number_from_what_it_fills,
]  # fmt: skip


@pytest.mark.parametrize("program", FOUND + FOUND_REFUSED, ids=lambda p: p.__name__)
def test_found_by_random_programs(program):
    same(program)
