"""A backward that is refused: which refusal comes first, its whole text, and what was accumulated before it."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp
from support.functions_of_ones_own import square
from support.program_state import functions
from support.two_worlds import assert_alike, refusal


def _leaf(torch, n=3):
    return torch.ones(n, requires_grad=True)


def written_twice(torch):
    a = _leaf(torch).exp()
    b = a * a
    a.mul_(2).add_(1)
    b.sum().backward()


def view_of_what_is_written(torch):
    a = _leaf(torch) * 2
    b = a[:2]
    c = b * b
    a.mul_(2)
    c.sum().backward()


def base_written_through_a_view(torch):
    a = _leaf(torch) * 2
    c = a * a
    a[0] = 3
    c.sum().backward()


def constant_that_became_differentiable(torch):
    x, w = _leaf(torch), torch.ones(3)
    c = x * w
    w.mul_(x)
    c.sum().backward()


def sum_over_a_dimension(torch):
    s = torch.ones(2, 3, requires_grad=True).sum(0)
    b = s * s
    with torch.no_grad():
        s.mul_(2)
    b.sum().backward()


def written_with_a_tensor(torch):
    s = _leaf(torch) * 2
    b = s * s
    s.pow_(b)
    b.sum().backward()


def one_of_several_views(torch):
    a, b, _ = (_leaf(torch) * 2).unbind()
    c = a * b
    with torch.no_grad():
        b.mul_(2)
    c.backward()


def view_made_without_grad(torch):
    x = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        v = x[0]
    c = x @ v
    with torch.no_grad():
        x.neg_()
    c.sum().backward()


def written_and_detached(torch):
    a = _leaf(torch) * 2
    b = a * a
    a.mul_(3)
    a.detach_()
    b.sum().backward()


def transposed_and_detached(torch):
    a = torch.ones(2, 3, requires_grad=True) * 2
    b = a * a
    a.t_()
    a.detach_()
    b.sum().backward()


def copy_of_what_was_detached(torch):
    x = _leaf(torch)
    a = x * 2
    b = x * a.detach()
    a.mul_(3)
    a.detach_()
    b.sum().backward()


def saved_by_a_function_and_written(torch):
    a = _leaf(torch) * 2
    b = square(torch)(a)
    a.mul_(3)
    b.sum().backward()


def two_saved_tensors_of_one_node(torch):
    a, b = _leaf(torch) * 2, _leaf(torch) * 3
    c = a * b
    b.add_(1)
    a.detach_()
    c.sum().backward()


def split_of_a_number_that_is_stale(torch):
    y = torch.ones(2, requires_grad=True) * 2
    a, _ = y.unbind()
    y.mul_(2)
    return a.split(1)


def slice_of_a_number_that_is_stale(torch):
    y = torch.ones(2, requires_grad=True) * 2
    a, _ = y.unbind()
    y.mul_(2)
    return a[::2]


REFUSED = [
    written_twice, view_of_what_is_written, base_written_through_a_view, sum_over_a_dimension, written_with_a_tensor,
    one_of_several_views, written_and_detached, transposed_and_detached, copy_of_what_was_detached,
    saved_by_a_function_and_written, slice_of_a_number_that_is_stale, split_of_a_number_that_is_stale,
    two_saved_tensors_of_one_node,
]  # fmt: skip


@pytest.mark.parametrize("program", REFUSED, ids=lambda p: p.__name__)
def test_refused_in_torch_s_words(program):
    refusal(program)


@pytest.mark.parametrize("program", [constant_that_became_differentiable, view_made_without_grad])
def test_refused_in_fewer_words(program):
    # What was saved had no node then, so it cannot be told which operator wrote, or of what it is a view.
    for world in (torch, tinygrad_mlp):
        with pytest.raises(RuntimeError, match=r"modified"):
            program(world)


# -- gradients of gradients read what the first backward has saved ----------------------------------


def _weighted(torch, make, change):
    x, v = torch.tensor([[1.0, 2.0]], requires_grad=True), torch.tensor([[3.0, 4.0]], requires_grad=True)
    y, saved = make(torch, x)
    (g,) = torch.autograd.grad(y, x, v, create_graph=True)
    with torch.no_grad():
        change(saved)
    return torch.autograd.grad(g.sum(), v)


def _product_with_a_constant(torch, x):
    w = torch.tensor([[5.0, 6.0]])
    return x * w, w


def _product_with_a_matrix(torch, x):
    w = torch.tensor([[5.0, 6.0], [7.0, 8.0]])
    return x.mm(w), w


def _square(torch, x):
    y = x * 2
    return y * y, y


def _output(torch, x):
    y = (x * 2).exp()
    return y, y


MADE = [_product_with_a_constant, _product_with_a_matrix, _square, _output]


@pytest.mark.parametrize("make", MADE, ids=lambda m: m.__name__)
def test_a_change_after_the_first_backward_is_refused(make):
    refusal(lambda torch: _weighted(torch, make, lambda saved: saved.mul_(5)))


@pytest.mark.parametrize("make", MADE, ids=lambda m: m.__name__)
def test_without_a_change_it_is_right(make):
    assert_alike(lambda torch: _weighted(torch, make, lambda saved: None), rtol=1e-6)


# -- a refused backward accumulates nothing ---------------------------------------------------------
# Torch has accumulated into the leaves that had all of their gradient by then; here `.grad` is as it was.


def leaf_of_two_graphs(torch):
    x, y = _leaf(torch), _leaf(torch)
    other = x * 1  # this graph is older, and has the leaf's node
    a = y.exp()
    a.mul_(a)
    return [x, y], x * 2 + a * 3, other


def leaf_that_is_a_root(torch):
    x, y = _leaf(torch), _leaf(torch)
    other = x * 1
    a = y.exp()
    b = a * a
    a.mul_(2)
    return [x, y], [b.sum(), x.sum()], other


def leaf_that_is_not_yet_complete(torch):
    x, y = _leaf(torch), _leaf(torch)
    a = y * x.exp()
    b = a * a
    a.mul_(2)
    return [x, y], b + x, None


def behind_nothing(torch):
    x, y = _leaf(torch), _leaf(torch)
    a = y.exp()
    b = a * a
    c = x * 3
    a.mul_(2)
    return [x, y], functions(torch)["nothing"](b) + c, None


def behind_nothing_younger(torch):
    x, y = _leaf(torch), _leaf(torch)
    c = x * 3
    a = y.exp()
    b = a * a
    a.mul_(2)
    return [x, y], functions(torch)["nothing"](b) + c, None


@pytest.mark.parametrize("inputs", [False, True], ids=["leaves", "inputs"])
@pytest.mark.parametrize(
    "make",
    [
        leaf_of_two_graphs,
        leaf_that_is_a_root,
        leaf_that_is_not_yet_complete,
        behind_nothing,
        behind_nothing_younger,
    ],
    ids=lambda p: p.__name__,
)
def test_a_refused_backward_accumulates_nothing(make, inputs):
    seen = []

    def program(torch):
        leaves, roots, kept = make(torch)
        roots = [root.sum() for root in roots] if isinstance(roots, list) else [roots.sum()]
        with pytest.raises(RuntimeError) as caught:
            torch.autograd.backward(roots, inputs=leaves if inputs else None)
        seen.append([leaf.grad for leaf in leaves])
        return str(caught.value), kept

    assert_alike(program, rtol=1e-6)
    assert seen[-1] == [None, None]


def test_nothing_through_diamonds_is_handed_on_once():
    """A node is asked once however many ways lead to it: 60 diamonds have 2**60."""

    def program(torch):
        x = _leaf(torch)
        y = x
        for _ in range(60):
            y = y * 0.5 + y * 0.5
        middle = y * y
        (functions(torch)["nothing"](middle) + x).sum().backward()
        with pytest.raises(RuntimeError) as caught:  # they were freed as if they had run
            middle.sum().backward()
        return x.grad, str(caught.value)

    assert_alike(program)


# -- tensors that are gone when backward refuses ---------------------------------------------------


def gone(write):
    def program(torch):
        def loss(x):
            a = x * 2
            return write(torch, x, a).sum()

        loss(torch.ones(4, requires_grad=True)).backward()

    return program


def _written(torch, x, a):
    b = a * a
    a.exp_().relu_()
    return b


def _written_by_index(torch, x, a):
    b = a * a
    a[0] = 1
    return b


def _chunk(torch, x, a):
    first, second = a.chunk(2)
    b = first * second
    a.add_(1)
    return b


def _view(torch, x, a):
    b = a.view(2, 2) * a.view(2, 2)
    a.add_(1)
    return b


def _kept_after(torch, x, a):
    b = a.sin()
    a.exp_()
    return b.sum() + a.sum()


@pytest.mark.parametrize("write", [_written, _written_by_index, _chunk, _view, _kept_after], ids=lambda w: w.__name__)
def test_the_words_do_not_depend_on_what_lives(write):
    refusal(gone(write))


@pytest.mark.parametrize("again", ["", "leaf.requires_grad_()", "leaf.requires_grad = True"])
def test_a_view_that_is_a_leaf_keeps_its_node_when_it_is_told_again_to_require_grad(again):
    leaf = tinygrad_mlp.linspace(0.5, 1, 6).reshape(6).requires_grad_()
    before = (leaf * 2).grad_fn.next_functions[0][0]
    written = leaf.tanh()
    exec(again, {"leaf": leaf})
    assert (leaf * 2).grad_fn.next_functions[0][0] is before
    written.tanh_()  # which the backward of the first tanh refuses
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (written.sum() + (leaf * leaf).sum()).backward()
    assert leaf.grad is None
