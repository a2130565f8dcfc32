"""Programs that torch refuses because of what is on the tape; the docstring of each is the note that it gets."""

from __future__ import annotations

# -- backward --------------------------------------------------------------------------------------


def backward_twice(torch):
    """`loss` () float32, from mul. A backward has already run through `loss`, and has given back what was saved there.
    Compute `loss` anew before each `backward()`, as a training loop does at every step; or, if both backwards are
    wanted, write `retain_graph=True` in the first."""
    w = torch.ones((), requires_grad=True)
    loss = w * w
    loss.backward()
    loss.backward()


def backward_twice_from_an_operator_before(torch):
    """`loss` () float32, from sum. A backward has already run through pow, from which `loss` was computed, and has
    given back what was saved there. Compute `loss` anew before each `backward()`, as a training loop does at every
    step; or, if both backwards are wanted, write `retain_graph=True` in the first."""
    w = torch.ones(3, requires_grad=True)
    loss = w.pow(2).sum()
    loss.backward()
    torch.autograd.backward(loss)


def backward_through_a_part_of_two(torch):
    """`second` () float32, from sum; `hidden` (3,) float32, from exp. A backward has already run through `hidden`, on
    which `second` depends, and has given back what was saved there. Compute `hidden` anew for each `backward()`, or
    write `hidden.detach()` where it is handed on as a constant; if both backwards are wanted, write `retain_graph=True`
    in the first."""
    w = torch.ones(3, requires_grad=True)
    hidden = w.exp()
    hidden.sum().backward()
    second = (hidden + 1).sum()
    torch.autograd.grad(second, w)


def backward_of_several_numbers(torch):
    """`y` (2, 3) float32, from mul. Backward begins with the derivative of one number, and `y` has 6 elements. Write
    `y.sum().backward()` or `y.mean().backward()`; or `y.backward(g)` with a cotangent `g` of the shape (2, 3)."""
    w = torch.ones(2, 3, requires_grad=True)
    y = w * 2
    y.backward()


def backward_of_several_numbers_without_a_name(torch):
    """The tensor (3,) float32, from mul. Backward begins with the derivative of one number, and the tensor has 3
    elements. Write `(...).sum().backward()` or `(...).mean().backward()`; or `(...).backward(g)` with a cotangent `g`
    of the shape (3,)."""
    (torch.ones(3, requires_grad=True) * 2).backward()


def nothing_requires_grad(torch):
    """`loss` () float32, a constant. No operator was recorded for `loss`: nothing that it was computed from requires
    grad, or it was detached or computed under `torch.no_grad()`. Make the tensors that are to get a gradient with
    `requires_grad=True`, or as `nn.Parameter`, and compute `loss` from them with grad mode on."""
    loss = torch.ones(3).sum()
    loss.backward()


def saved_value_written_since(torch):
    """`hidden` (3,) float32, from add. tanh had saved `hidden` for its derivative, and since then that has been written
    to in place once. Write a new tensor where `hidden` is changed, such as `hidden = hidden + 1` for `hidden += 1`; or
    change `hidden.clone()`."""
    w = torch.ones(3, requires_grad=True)
    hidden = w.tanh()
    hidden += 1
    hidden.sum().backward()


def saved_value_without_a_name_written_since(torch):
    """exp had saved its result for its derivative, and since then that has been written to in place twice. Look for an
    operator in place (`+=`, `x[i] = ...`, a method that ends in `_`) on this value, and compute a new tensor there."""
    w = torch.ones(3, requires_grad=True)
    w.exp().add_(1).mul_(2).sum().backward()


def weight_updated_before_its_backward(torch):
    """`w` (3,) float32, a leaf that requires grad. mul had saved `w` for its derivative, and since then that has been
    written to in place 3 times. Call every `backward()` that needs the old value before `w` is updated, by
    `optimizer.step()` or under `torch.no_grad()`."""
    w = torch.ones(3, requires_grad=True)
    loss = (w * w).sum()
    with torch.no_grad():
        for _ in range(3):
            w -= 0.1
    loss.backward()


# -- in place --------------------------------------------------------------------------------------


def leaf_written_to(torch):
    """`weight` (3,) float32, a leaf that requires grad. `sub_` writes into `weight`, which is to get a gradient:
    recorded, the write would make it an operator's output and no leaf any more. If this is an update, write it under
    `with torch.no_grad():`. If it is part of the computation, compute a new tensor, such as `weight - ...` for
    `weight -= ...`."""
    weight = torch.ones(3, requires_grad=True)
    weight -= 0.1


def leaf_filled(torch):
    """`w` (3,) float32, a leaf that requires grad. `zero_` writes into `w`, which is to get a gradient: recorded, the
    write would make it an operator's output and no leaf any more. If this is an update, write it under
    `with torch.no_grad():`. If it is part of the computation, compute a new tensor, for instance in `w.clone()`."""
    w = torch.ones(3, requires_grad=True)
    torch.zero_(w)


def leaf_transposed(torch):
    """`w` (2, 3) float32, a leaf that requires grad. `t_` writes into `w`, which is to get a gradient: recorded, the
    write would make it an operator's output and no leaf any more. If this is an update, write it under
    `with torch.no_grad():`. If it is part of the computation, compute a new tensor, for instance in `w.clone()`."""
    w = torch.ones(2, 3, requires_grad=True)
    w.t_()


def part_of_a_leaf_assigned(torch):
    """`w` (3,) float32, a leaf that requires grad. The assignment writes into a part of `w`, which is to get a
    gradient: recorded, the write would make it an operator's output and no leaf any more. If this is an update, write
    it under `with torch.no_grad():`. If it is part of the computation, write into `w.clone()`."""
    w = torch.ones(3, requires_grad=True)
    w[0] = 0


def result_larger_than_what_is_written_to(torch):
    """`total` (4,) float32, a constant; `rows` (8, 4) float32, a constant. `add_` writes its result into `total`, of
    the shape (4,), and the result has the shape (8, 4). Compute a new tensor: `total = total + rows`."""
    total, rows = torch.zeros(4), torch.ones(8, 4)
    total += rows
