"""Backward in slow motion computes what `backward` does, tells it node by node, and can be stopped."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as torch
from tinygrad_mlp import nn, viz
from tinygrad_mlp.viz.steps import LeafAccumulated, NodeRan, PartsSummed

OPERATORS = (
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: (x @ y.T) @ y,
    lambda x, y: x.tanh(),
    lambda x, y: x - y.mean(0),
    lambda x, y: torch.cat([x, y])[1:4],
    lambda x, y: torch.where(x > 0, x, y),
    lambda x, y: x.softmax(1),
    lambda x, y: x.max(dim=1, keepdim=True).values * y,
    lambda x, y: nn.functional.linear(x, y),
)


def program(choices):
    """The leaves of a random program, and its loss."""
    torch.manual_seed(0)
    leaves = [torch.randn(3, 3, requires_grad=True) for _ in range(3)]
    values = list(leaves)
    for operator, i, j in choices:
        values.append(OPERATORS[operator](values[i % len(values)], values[j % len(values)]))
    return leaves, sum((value * value).mean() for value in values)


def gradients(leaves):
    return [None if leaf.grad is None else leaf.grad.numpy().tobytes() for leaf in leaves]


choices = st.lists(st.tuples(st.integers(0, len(OPERATORS) - 1), st.integers(0, 20), st.integers(0, 20)), max_size=12)


@given(choices, st.booleans(), st.booleans())
def test_random_programs_have_the_gradients_of_backward_bit_for_bit(chosen, twice, hooked):
    leaves, loss = program(chosen)
    others, same = program(chosen)
    for leaf, other in zip(leaves, others, strict=True) if hooked else ():
        leaf.register_hook(lambda g: g * 3)
        other.register_hook(lambda g: g * 3)
    for _ in range(1 + twice):
        loss.backward(retain_graph=twice)
        events = list(same.backward_steps(retain_graph=twice))
        assert gradients(others) == gradients(leaves)
    assert sum(isinstance(event, NodeRan) for event in events) == len(same.tape().rows.steps)
    assert sum(isinstance(event, LeafAccumulated) for event in events) == 3
    assert all(map(str, events))


def shared():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    doubled = w * 2
    return w, doubled, (doubled * doubled + doubled).sum()


def test_the_events_and_what_they_hold():
    w, doubled, loss = shared()
    w.grad = torch.tensor([10.0, 10.0])
    *_, second, total, first, leaf = loss.backward_steps()
    assert isinstance(second, NodeRan) and second.step.operator == "mul" and second.step.number == 2
    assert second.step.rules.keys() == {"input", "other"} and "g * other" in second.step.rules["input"]
    assert isinstance(total, PartsSummed) and (total.sum.name, total.sum.total.shape) == ("doubled", doubled.shape)
    np.testing.assert_array_equal(sum(part.values for _, part in total.sum.parts), total.sum.total.values)
    np.testing.assert_array_equal(first.step.cotangent.values, [5, 9])
    assert [part.to for part in first.step.parts] == ["w"]
    assert isinstance(leaf, LeafAccumulated) and leaf.name == "w"
    np.testing.assert_array_equal(leaf.before.values, [10, 10])
    np.testing.assert_array_equal(leaf.cotangent.values, [10, 18])
    np.testing.assert_array_equal(leaf.after.values, [20, 28])


def test_an_array_that_the_loop_looks_at_is_a_copy():
    w, _, loss = shared()
    for event in loss.backward_steps():
        if isinstance(event, NodeRan):
            event.step.cotangent.values[...] = 100
    np.testing.assert_array_equal(w.grad.numpy(), [10, 18])


@pytest.mark.parametrize("stop", ["break", "raise", "close"])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_stopping_before_the_leaves_touches_no_gradient_and_frees_what_has_run(stop, after):
    w, _, loss = shared()
    steps = loss.backward_steps()
    try:
        for i, _ in enumerate(steps, 1):
            if i == after and stop == "raise":
                raise KeyError
            if i == after:
                break
    except KeyError:
        pass
    steps.close()
    assert w.grad is None
    assert not [t for t in threading.enumerate() if t.name == "backward in steps"]
    if after > 3:  # the product has run, and was freed
        with pytest.raises(RuntimeError, match="a second time"):
            loss.backward()
    else:
        loss.backward()
        np.testing.assert_array_equal(w.grad.numpy(), [10, 18])


def test_nothing_runs_before_the_first_event_and_backward_is_refused_at_once():
    w, _, loss = shared()
    loss.backward_steps()
    loss.backward()
    np.testing.assert_array_equal(w.grad.numpy(), [10, 18])
    with pytest.raises(RuntimeError, match="implicitly created only for scalar"):
        (w * 2).backward_steps()
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.ones(1).backward_steps()
    with pytest.raises(RuntimeError, match="a second time"):
        list(loss.backward_steps())
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        torch.autograd.backward_steps(3)


def test_hooks_run_in_the_callers_modes_and_their_errors_arrive():
    w, doubled, loss = shared()
    seen = []
    doubled.register_hook(lambda g: seen.append((g.tolist(), torch.is_grad_enabled())))
    for _ in loss.backward_steps(retain_graph=True):
        assert torch.is_grad_enabled()  # the mode of backward is not that of the loop
    assert seen == [([5.0, 9.0], False)]

    def refuse(g):
        raise ZeroDivisionError("of the hook")

    before = w.grad.tolist()
    doubled.register_hook(refuse)
    with pytest.raises(ZeroDivisionError, match="of the hook"):
        list(loss.backward_steps())
    assert w.grad.tolist() == before


def test_a_backward_inside_of_a_hook_tells_nothing():
    w, doubled, loss = shared()
    v, _, other = shared()
    other.tape()  # so that its nodes are noted
    doubled.register_hook(lambda g: other.backward())
    events = list(loss.backward_steps())
    assert v.grad.tolist() == w.grad.tolist()
    assert [event.name for event in events if isinstance(event, LeafAccumulated)] == ["w"]


def test_gradient_inputs_and_create_graph():
    w, doubled, _ = shared()
    list(doubled.backward_steps(torch.tensor([1.0, 3.0]), retain_graph=True, inputs=[w]))
    assert w.grad.tolist() == [2.0, 6.0]
    w.grad = None
    cube = (w**3).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a cycle, once in a process
        list(cube.backward_steps(create_graph=True))
    (second,) = torch.autograd.grad(w.grad.sum(), w)
    assert second.tolist() == [6.0, 12.0]


def test_the_events_of_a_backward_that_has_run_are_the_same():
    _, _, loss = shared()
    tape = viz.tape(loss)
    loss.backward()
    others = [str(event) for event in viz.steps.events_of(tape.rows)]
    _, _, loss = shared()
    assert others == [str(event) for event in loss.backward_steps()]
    assert viz.steps.events_of(viz.tape(shared()[2]).rows) == []
