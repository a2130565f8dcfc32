"""In-place writes, views and version counters, as torch has them."""

from __future__ import annotations

from typing import Any

import pytest

from support.parity import same


def _leaf(torch: Any, *shape: int) -> Any:
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def inplace_chain(torch):
    x = _leaf(torch, 3)
    y = x * 2
    y.mul_(3).add_(1)
    y.exp_()
    y.sum().backward()
    return x.grad, y


def inplace_reads_its_old_value(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = x * 2
    y.mul_(w)
    y.pow_(2)
    y.sin_()
    y.sum().backward()
    return x.grad, w.grad, y


def operator_in_place(torch):
    x = _leaf(torch, 3)
    y = x * 1
    z = y
    y += 2
    y *= x
    y -= 1
    y /= 2
    y.sum().backward()
    return x.grad, y, z is y


def write_into_a_view(torch):
    x = _leaf(torch, 2, 3)
    y = x * 2
    v = y[0]
    v.mul_(3)
    y.sum().backward()
    return x.grad, y, v


def write_into_the_base_seen_by_a_view(torch):
    x = _leaf(torch, 2, 3)
    y = x * 2
    v = y[1]
    y.mul_(x)
    (v * v).sum().backward()
    return x.grad, y, v


def write_into_a_sibling(torch):
    x = _leaf(torch, 2, 3)
    y = x * 2
    a, b = y[0], y[:, 1]
    a.pow_(2)
    (b * 3).sum().backward()
    return x.grad, a, b


def views_of_views(torch):
    x = _leaf(torch, 4, 3)
    y = x * 1
    v = y[1:].t()[1:]
    w = v.reshape(-1) if v.is_contiguous() else v
    w.mul_(5)
    w.add_(y[0, 0].detach())
    (y * y).sum().backward()
    return x.grad, y, v, y._version, v._version


def constant_base_becomes_differentiable(torch):
    w = _leaf(torch, 2)
    y = torch.zeros(3)
    v = y[:2]
    v.copy_(w)
    y.sum().backward()
    return w.grad, y, v, v._base is y


def setitem(torch):
    x = _leaf(torch, 3, 3)
    y = x * 2
    y[0] = 7.0
    y[:, 1] = x[:, 0]
    y[y > 10] = 0.0
    y[torch.tensor([2])] = x[0]
    (y * y).sum().backward()
    return x.grad, y


def setitem_of_a_tensor_without_grad(torch):
    w = _leaf(torch, 3)
    y = torch.ones(2, 3)
    y[1] = w
    (y * y).sum().backward()
    return w.grad, y


def masked_fill_and_clamp(torch):
    x = _leaf(torch, 4)
    y = x * 1
    y.masked_fill_(x > 3, 0.0)
    y.clamp_(min=2)
    y.relu_()
    y.sum().backward()
    return x.grad, y


def fill_and_zero(torch):
    x = _leaf(torch, 4)
    y = x * 1
    y[:2].zero_()
    y[3:].fill_(5.0)
    y.sum().backward()
    return x.grad, y


def copy_casts_and_broadcasts(torch):
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    y = torch.zeros(2, 3)
    y.copy_(w)
    y.sum().backward()
    return w.grad, y


def second_order_through_a_view_write(torch):
    x = _leaf(torch, 3)
    y = x * x
    y[:2].mul_(x[1:])
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad((g * g).sum(), x)
    return g, h


def data_is_not_noticed(torch):
    x = _leaf(torch, 3)
    y = x * x
    x.data.mul_(2)
    y.sum().backward()
    return x.grad, x._version, x.data.requires_grad


def detach_shares_memory_and_version(torch):
    x = _leaf(torch, 3)
    d = x.detach()
    d[0] = 9.0
    return x, d._version, x._version, d._base is None


def no_grad_update_of_a_leaf(torch):
    w = _leaf(torch, 3)
    for _ in range(3):
        (w * w).sum().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad.zero_()
    return w, w.grad


def expanded_view_gets_the_sum(torch):
    x = _leaf(torch, 3)
    y = x * 1
    e = y.expand(2, 3)
    y.mul_(2)
    (e * torch.tensor([[1.0], [10.0]])).sum().backward()
    return x.grad, e


def no_grad_view_written_under_no_grad(torch):
    x = _leaf(torch, 3)
    y = x * 1
    with torch.no_grad():
        y[:2].mul_(4)
    y.sum().backward()
    return x.grad, y


def view_flags(torch):
    x = torch.arange(6.0).reshape(2, 3)
    results = [
        x.view(6), x.reshape(6), x.t(), x.t().reshape(6), x[0], x[0, 1], x[:, ::2], x[[0]], x[x > 2], x.expand(2, 2, 3),
        x.permute(1, 0), x.transpose(0, 1), x.squeeze(), x.unsqueeze(0), x.narrow(1, 0, 2), x.select(0, 1), x.detach(),
        x.unbind()[0], x.split(1)[0], x.chunk(2)[1], x.flatten(), x.clone(), x + 0, x.T, x.mT,
    ]  # fmt: skip
    return [r._is_view() for r in results[1:]], [tuple(r.stride()) for r in results]


def versions_count(torch):
    x = torch.zeros(2, 2)
    v, d, c = x[0], x.detach(), x.clone()
    v.add_(1)
    x.zero_()
    x[0, 0] = 1
    d.mul_(2)
    return x._version, v._version, d._version, c._version, x.data._version


REFUSED = [
    lambda torch: _leaf(torch, 3).add_(1),
    lambda torch: _leaf(torch, 3).zero_(),
    lambda torch: _leaf(torch, 3)[:2].mul_(2),
    lambda torch: _leaf(torch, 3).__setitem__(0, 1.0),
    lambda torch: _leaf(torch, 3).copy_(torch.zeros(3)),
    lambda torch: (_leaf(torch, 3) * 1).unbind()[0].mul_(2),
    lambda torch: (_leaf(torch, 4) * 1).split(2)[1].mul_(2),
    lambda torch: (_leaf(torch, 4) * 1).chunk(2)[1].add_(2),
    lambda torch: torch.zeros(3).expand(2, 3).add_(1),
    lambda torch: torch.zeros(3).add_(torch.zeros(2, 3)),
    lambda torch: torch.zeros(3, dtype=torch.int64).add_(1.5),
    lambda torch: torch.zeros(2, 3).t().view(6),
    lambda torch: (_leaf(torch, 3) * 1)[:2].detach_(),
]


def view_made_without_grad(torch):
    y = _leaf(torch, 3) * 1
    with torch.no_grad():
        v = y[:2]
    v.mul_(2)


def saved_output_changed(torch):
    y = _leaf(torch, 3).exp()
    y.add_(1)
    y.sum().backward()


def saved_input_changed(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = (x * w).sum()
    with torch.no_grad():
        w.add_(1)
    y.backward()


def saved_input_changed_through_a_view(torch):
    x = _leaf(torch, 2, 2)
    y = x * 2
    z = (y * y).sum()
    y[0].zero_()
    z.backward()


def saved_by_mm_changed(torch):
    x, w = _leaf(torch, 2, 2), _leaf(torch, 2, 2)
    y = x * 1
    z = y.mm(w).sum()
    y += 1
    z.backward()


def mask_write_into_a_leaf(torch):
    x = _leaf(torch, 3)
    x[x > 1] = 0.0


def division_saves_its_input(torch):
    x = _leaf(torch, 3)
    y = x * 1
    z = x / y
    with torch.no_grad():
        x.add_(1)
    z.sum().backward()


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


def input_detached_and_output_written(torch):
    """Of several faults of what was saved, that of the input is named."""
    y = _leaf(torch, 2, 3).tanh()
    z = y.logsumexp(0)
    z.tanh_()
    y.detach_()
    z.sum().backward()


REFUSED += [
    division_saves_its_input, written_slices_run_once, leaf_moved_inside,
    input_detached_and_output_written,
    mask_write_into_a_leaf, view_made_without_grad, saved_output_changed, saved_input_changed,
    saved_input_changed_through_a_view, saved_by_mm_changed,
]  # fmt: skip


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


RIGHT = [
    leaf_that_no_longer_requires_grad, retained_grad_follows_a_write,
    retained_grad_of_a_base_follows_a_write_into_a_view, hook_stays_with_what_it_saw,
    inplace_chain, inplace_reads_its_old_value, operator_in_place, write_into_a_view,
    write_into_the_base_seen_by_a_view, write_into_a_sibling, views_of_views, constant_base_becomes_differentiable,
    setitem, setitem_of_a_tensor_without_grad, masked_fill_and_clamp, fill_and_zero, copy_casts_and_broadcasts,
    second_order_through_a_view_write, data_is_not_noticed, detach_shares_memory_and_version,
    no_grad_update_of_a_leaf, expanded_view_gets_the_sum, no_grad_view_written_under_no_grad, view_flags,
    versions_count,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("program", REFUSED, ids=range(len(REFUSED)))
def test_refused_as_torch_refuses(program):
    same(program)
