"""Compiled and eager give the same gradients: zeroed, accumulated, held, clipped, hooked, differentiated again."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run, descent, mlp, of_weight, regression, values
from tinygrad_mlp.compiler import compile

F = torch.nn.functional


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("of", ["optimizer", "model"])
def test_zero_grad(set_to_none, after, of):
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        zero = (optimizer if of == "optimizer" else model).zero_grad

        def step(x, y):
            if not after:
                zero(set_to_none=set_to_none)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            if after:
                zero(set_to_none=set_to_none)
            return loss

        return World(step, model, optimizer)

    step = assert_same_run(build, regression(20), programs=None)
    assert len(step.programs) <= 2 and step.programs[-1].confirmed


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("after", [True, False])
def test_zero_grad_in_plain_descent(set_to_none, after):
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y):
            if not after:
                optimizer.zero_grad(set_to_none)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            if after:
                optimizer.zero_grad(set_to_none)
            return loss

        return World(step, model, optimizer)

    step = assert_same_run(build, regression(20), rtol=1e-6, programs=None)
    assert len(step.programs) <= 2 and step.programs[-1].confirmed


def test_gradients_are_accumulated_in_one_step():
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y):
            optimizer.zero_grad()
            total = 0
            for part in range(0, 8, 2):
                loss = F.mse_loss(model(x[part : part + 2]), y[part : part + 2]) / 4
                loss.backward()
                total = total + loss.detach()
            optimizer.step()
            return total

        return World(step, model, optimizer)

    assert_same_run(build, regression(10))


def test_gradients_are_accumulated_over_several_steps():
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y, last):
            loss = F.mse_loss(model(x), y)
            loss.backward()
            if last:
                optimizer.step()
                optimizer.zero_grad()
            return loss

        return World(step, model, optimizer)

    calls = [(x, y, i % 3 == 2) for i, (x, y) in enumerate(regression(24))]
    assert_same_run(build, calls, rtol=1e-6, programs=None)


def test_gradients_that_are_never_zeroed():
    def build():
        model = mlp(4, 5, 3)
        return World(lambda x, y: F.mse_loss(model(x), y).backward(), model)

    assert_same_run(build, regression(6), programs=None)


def test_a_gradient_that_somebody_holds_is_not_overwritten():
    model = mlp(4, 5, 3)
    step = compile(descent(model, torch.optim.SGD(model.parameters(), lr=0.1), F.mse_loss))
    held = []
    for x, y in regression(6):
        step(x, y)
        held.append((model[0].weight.grad, values(model[0].weight.grad)))
    for grad, as_it_was in held:
        np.testing.assert_array_equal(grad.numpy(), as_it_was)
    assert len({id(grad) for grad, _ in held}) == 6


def test_a_result_that_somebody_holds_is_not_overwritten():
    model = mlp(4, 5, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        out = model(x)
        loss = F.mse_loss(out, y)
        loss.backward()
        optimizer.step()
        return loss, out.detach(), out.detach()[0], model[0].weight.grad

    compiled = compile(step)
    held = []
    for x, y in regression(6):
        result = compiled(x, y)
        held.append((result, values(result)))
    for result, as_it_was in held:
        for a, b in zip(values(result), as_it_was, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_gradient_from_before_as_result():
    def step_of(weight):
        def step(x, y):
            before, weight.grad = weight.grad, None
            (x @ weight).sum().backward()
            return before

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_the_gradient_of_an_argument():
    def step(x):
        (x * x).sum().backward()
        return x.grad

    compiled = compile(step)
    for i in range(4):
        x = torch.full((3,), float(i), requires_grad=True)
        assert compiled(x).tolist() == [2.0 * i] * 3
        assert x.grad.tolist() == [2.0 * i] * 3


def test_the_gradient_of_an_argument_that_grows_over_the_calls():
    x = torch.tensor([0.5, 2.0], requires_grad=True)

    @compile
    def step(x):
        (x * x).sum().backward()

    for _ in range(4):
        step(x)
    assert x.grad.tolist() == [4.0, 16.0]


def test_a_gradient_that_is_clipped():
    for clip in (torch.nn.utils.clip_grad_norm_, torch.nn.utils.clip_grad_value_):

        def build(clip=clip):
            model = mlp(4, 5, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

            def step(x, y):
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                norm = clip(model.parameters(), 0.1)
                optimizer.step()
                return loss, norm

            return World(step, model, optimizer)

        assert_same_run(build, regression(20))


def test_retain_grad():
    def build():
        model = mlp(4, 5, 3)

        def step(x, y):
            hidden = model[0](x)
            hidden.retain_grad()
            F.mse_loss(model[2](model[1](hidden)), y).backward()
            model.zero_grad()
            return hidden.grad

        return World(step, model)

    assert_same_run(build, regression(6))


def test_hooks_that_change_gradients():
    def build():
        model = mlp(4, 5, 3)
        model[0].weight.register_hook(lambda g: g * 0.5)

        def clamp(p):
            p.grad.clamp_(-0.01, 0.01)

        model[2].weight.register_post_accumulate_grad_hook(clamp)
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y):
            optimizer.zero_grad()
            hidden = model[0](x)
            hidden.register_hook(lambda g: g + 0.01)
            loss = F.mse_loss(model[2](model[1](hidden)), y)
            loss.backward()
            optimizer.step()
            return loss

        return World(step, model, optimizer)

    assert_same_run(build, regression(10))


def test_functional_gradients():
    def step_of(weight):
        def step(x, y):
            loss = F.mse_loss(x @ weight, y)
            (grad,) = torch.autograd.grad(loss, weight)
            with torch.no_grad():
                weight.sub_(grad, alpha=0.1)
            return loss, grad

        return step

    assert_same_run(of_weight(step_of), regression(10), rtol=1e-6)


def test_a_gradient_penalty():
    def build():
        model = mlp(4, 5, 3, activation=torch.nn.Tanh)
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y):
            optimizer.zero_grad()
            x = x.clone().requires_grad_()
            loss = F.mse_loss(model(x), y)
            (grad,) = torch.autograd.grad(loss, x, create_graph=True)
            total = loss + grad.pow(2).sum()
            total.backward()
            optimizer.step()
            return total

        return World(step, model, optimizer)

    assert_same_run(build, regression(10))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_loss_of_classes_that_the_step_makes(weighted):
    """The number by which its gradient is divided is known when the step is recorded."""

    def step_of(weight):
        def step(x, y):
            logits = x @ weight
            classes = torch.zeros(len(x), dtype=torch.int64)
            of_classes = torch.arange(1.0, logits.shape[1] + 1) if weighted else None
            loss = F.cross_entropy(logits, classes, weight=of_classes) ** 2
            (grad,) = torch.autograd.grad(loss, weight, create_graph=True)
            (again,) = torch.autograd.grad(grad.pow(2).sum(), weight)
            return loss, grad.detach(), again

        return step

    assert_same_run(of_weight(step_of), regression(6), rtol=1e-6)


def test_a_hessian_vector_product():
    def step_of(weight):
        def step(x, y):
            loss = (torch.tanh(x @ weight) - y).pow(3).sum()
            (grad,) = torch.autograd.grad(loss, weight, create_graph=True)
            (product,) = torch.autograd.grad(grad.sum(), weight)
            return product

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_backward_through_retained_graph_twice():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            loss = ((x @ weight) * y).sum()
            loss.backward(retain_graph=True)
            loss.backward()
            return weight.grad.clone()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_a_hook_elsewhere_changes_no_program():
    """A hook that lives while the first call is recorded and not while the second is, on a tensor of another graph."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    x = torch.randn(5, 3)
    other = torch.ones(2, requires_grad=True)
    handle = other.register_hook(lambda g: g)

    @torch.compile
    def step():
        model.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        return loss

    model(x).sum().backward()  # so that every call begins with gradients
    first = step().item()
    handle.remove()
    del other, handle
    assert [step().item() for _ in range(3)] == [first] * 3
    assert [program.confirmed for program in step.programs] == [True]
