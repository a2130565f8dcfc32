"""What the tape shows of writes and views: the edges of their nodes, what is saved, and names."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike

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
