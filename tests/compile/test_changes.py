"""compile: what changes between calls is seen: another program is recorded, or the same one reads another number."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import batches, descent, mlp, repeated
from tinygrad_mlp.compiler import compile

x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


# -- what is seen between calls --------------------------------------------------------------------


def seen_change(change, undo=None):
    """Whether calls of a compiled step follow a change of its world, and back."""
    torch.manual_seed(3)
    model = mlp(4, 5, 3)
    torch.manual_seed(3)
    twin = mlp(4, 5, 3)
    steps = [descent(m, torch.optim.SGD(m.parameters(), lr=0.1), torch.nn.CrossEntropyLoss()) for m in (model, twin)]
    compiled = compile(steps[0])
    for part in (None, change, undo):
        if part is not None:
            part(model), part(twin)
        for features, classes in batches(3):
            assert compiled(features, classes).item() == pytest.approx(steps[1](features, classes).item(), rel=1e-6)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
    return compiled


def test_a_frozen_parameter():
    seen_change(lambda m: m[0].weight.requires_grad_(False), lambda m: m[0].weight.requires_grad_(True))


def test_a_replaced_parameter():
    def replace(model):
        model[2].bias = torch.nn.Parameter(torch.full((3,), 0.5))

    seen_change(replace)


def test_a_replaced_array():
    def replace(model):
        model[0].weight.data = torch.full((5, 4), 0.25)

    seen_change(replace)


def test_a_loaded_state():
    def load(model):
        model.load_state_dict({name: torch.full_like(p, 0.1) for name, p in model.state_dict().items()})

    assert len(seen_change(load).programs) == 1


def test_a_replaced_layer():
    def replace(model):
        model[1] = torch.nn.Tanh()

    seen_change(replace)


def test_hooks_of_a_module():
    handles = []
    seen_change(
        lambda m: handles.append(m[0].register_forward_hook(lambda module, args, out: out * 2)),
        lambda m: handles.pop(0).remove(),
    )


def test_hooks_of_a_parameter():
    handles = []
    seen_change(
        lambda m: handles.append(m[0].weight.register_hook(lambda g: g * 3)),
        lambda m: handles.pop(0).remove(),
    )


def test_a_gradient_that_is_there_already():
    def leave(model):
        model[0].weight.grad = torch.ones(5, 4)

    seen_change(leave)


def test_the_default_dtype():
    step = compile(lambda: torch.ones(2) * 2)
    assert repeated(step).dtype == torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert repeated(step).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert step().dtype == torch.float32


def test_no_grad_around_a_call():
    weight = torch.ones(2, requires_grad=True)
    step = compile(lambda: (weight * 2).detach() if torch.is_grad_enabled() else weight * 3)
    assert repeated(step).tolist() == [2.0, 2.0]
    with torch.no_grad():
        assert repeated(step).tolist() == [3.0, 3.0]
    assert step().tolist() == [2.0, 2.0]


SCALE = 2.0


def test_a_global_variable():
    global SCALE
    step = compile(lambda x: x * SCALE)
    repeated(step, x)
    SCALE = 5.0
    assert repeated(step, x).tolist() == (x * 5).tolist()
    SCALE = 2.0
    assert step(x).tolist() == (x * 2).tolist()


def test_a_closure_variable():
    scale = 2.0
    step = compile(lambda x: x * scale)
    repeated(step, x)
    scale = 5.0
    assert repeated(step, x).tolist() == (x * 5).tolist()


def test_a_tensor_in_a_container_is_replaced():
    weights = {"a": [torch.ones(2)]}
    step = compile(lambda x: x * weights["a"][0])
    repeated(step, x)
    weights["a"][0] = torch.full((2,), 3.0)
    assert repeated(step, x).tolist() == (x * 3).tolist()
    weights["a"].append(torch.ones(2))
    assert repeated(step, x).tolist() == (x * 3).tolist()


def test_a_changed_method_of_a_class():
    class Layer(torch.nn.Module):
        def forward(self, x):
            return x * 2

    layer = Layer()
    step = compile(lambda x: layer(x))
    repeated(step, x)
    Layer.forward = lambda self, x: x * 3
    assert repeated(step, x).tolist() == (x * 3).tolist()


class Slotted:
    __slots__ = ("scale",)


class Classed:
    scale = 2.0


@pytest.mark.parametrize("kind", [Slotted, Classed])
def test_an_attribute_that_is_in_a_slot_or_hides_that_of_the_class(kind):
    holder = kind()
    if kind is Slotted:
        holder.scale = 2.0
    step = compile(lambda x: x * holder.scale)
    assert repeated(step, x).tolist() == (x * 2).tolist()
    holder.scale = 5.0
    assert repeated(step, x).tolist() == (x * 5).tolist()
    holder.scale = 7.0
    assert repeated(step, x).tolist() == (x * 7).tolist()


def test_a_forward_that_is_put_on_a_layer():
    model = mlp(2, 3, 2)
    step = compile(lambda x: model(x).detach())
    repeated(step, x)
    model[0].forward = lambda x: torch.zeros(2, 3)
    assert repeated(step, x).tolist() == model(x).tolist()
    del model[0].forward
    assert repeated(step, x).tolist() == model(x).tolist()


def test_a_set_that_grows():
    doubled = {"a"}
    step = compile(lambda x: x * (2 if "b" in doubled else 1))
    assert repeated(step, x).tolist() == x.tolist()
    doubled.add("b")
    assert repeated(step, x).tolist() == (x * 2).tolist()


# -- numbers that change ---------------------------------------------------------------------------


def descending(wrap):
    """A step whose learning rate is a variable of the enclosing function, and the function that sets it."""
    torch.manual_seed(0)
    w, x, rate = torch.randn(4, 3, requires_grad=True), torch.randn(5, 4), 0.1

    def step():
        (x.mm(w) ** 2).mean().backward()
        with torch.no_grad():
            w.sub_(rate * w.grad)
            w.grad = None
        return w.detach().clone()

    def set_rate(value):
        nonlocal rate
        rate = value

    return wrap(step), set_rate


def test_a_number_that_changes_is_read_at_each_call():
    (eager, set_eager), (compiled, set_compiled) = descending(lambda step: step), descending(torch.compile)
    for i in range(12):
        for set_rate in (set_eager, set_compiled):
            set_rate(0.1 / (1 + i))
        np.testing.assert_allclose(compiled().numpy(), eager().numpy(), rtol=1e-6)
    assert len(compiled.programs) <= 3
    assert "def step(rate):" in compiled.source


def test_a_number_that_decides_is_watched():
    scale = 1.0

    @torch.compile
    def step(x):
        return x * 2 if scale > 2 else x * scale

    seen = []
    for i in range(9):
        scale = i / 2
        seen.append(step(torch.ones(1)).item())
    assert seen == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_gradients_that_are_added_up_over_calls_need_few_programs():
    """The gradient that a call begins with is another tensor after each update; its place is what counts."""
    runs = []
    for wrap in (lambda step: step, torch.compile):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        def step(x, last, model=model, optimizer=optimizer):
            loss = model(x).square().mean()
            loss.backward()
            if last:
                optimizer.step()
                optimizer.zero_grad()
            return loss

        step = wrap(step)
        runs.append([step(torch.full((4, 3), i / 5), i % 3 == 2).item() for i in range(24)])
    assert runs[1] == runs[0]
    assert len(step.programs) <= 5
    assert sum(program.confirmed for program in step.programs) == 3  # the first, the second and the last of three
