"""Compiled and eager give the same: results, gradients, buffers, random numbers, versions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from compiled import World, assert_same_run, batches, descent, doubled, mlp, values

import tinygrad_mlp as torch
from tinygrad_mlp.compiler import compile

F = torch.nn.functional


def regression(count, size=8, seed=1):
    random = np.random.RandomState(seed)
    return [tuple(torch.tensor(random.randn(size, n).astype(np.float32)) for n in (4, 3)) for _ in range(count)]


def training(model_of, loss=F.mse_loss):
    """A world that trains a model with Adam."""

    def build():
        model = model_of()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        return World(descent(model, optimizer, loss), model, optimizer)

    return build


def of_weight(step_of, *tensors):
    """A world around one parameter of shape (4, 3), and a step made for it."""

    def build():
        weight = torch.nn.Parameter(torch.randn(4, 3))
        return World(step_of(weight), weight, *tensors)

    return build


# -- random numbers and buffers --------------------------------------------------------------------


def test_dropout_draws_the_same_stream():
    def model():
        return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Dropout(0.3), torch.nn.ReLU(), torch.nn.Linear(6, 3))

    assert_same_run(training(model), regression(30))


def test_dropout_that_is_switched_off_between_calls():
    few = regression(4)
    calls = [*few, lambda world: world.things[0].eval(), *few, lambda world: world.things[0].train(), *few]
    model = lambda: torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Dropout(0.3), torch.nn.Linear(6, 3))  # noqa: E731
    assert_same_run(training(model), calls, programs=2)


@pytest.mark.parametrize("draw", ["randn", "rand"])
@pytest.mark.parametrize("shape", [(8, 4), (3,), ()])
def test_noise(draw, shape):
    def build():
        model = mlp(4, 3)
        return World(lambda x, y: (model(x + getattr(torch, draw)(shape).sum()) - y).detach(), model)

    assert_same_run(build, regression(6))


def test_noise_of_a_generator_of_its_own():
    def build():
        generator = torch.Generator()
        generator.manual_seed(3)
        return World(lambda x, y: x + torch.randn(8, 4, generator=generator))

    assert_same_run(build, regression(6))


def test_a_permutation_and_random_integers():
    def step(x, y):
        return x[torch.randperm(8)], y[torch.randint(0, 8, (5,))], torch.bernoulli(torch.full((4,), 0.5))

    assert_same_run(lambda: World(step), regression(6))


def test_a_seed_set_in_the_step():
    def step(x, y):
        torch.manual_seed(7)
        return x + torch.randn(8, 4)

    assert_same_run(lambda: World(step), regression(4))


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm_moves_its_buffers(momentum):
    def model():
        return torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6, momentum=momentum), torch.nn.ReLU(), torch.nn.Linear(6, 3)
        )

    assert_same_run(training(model), regression(20))


def test_steps_that_switch_the_mode_of_the_model():
    def build():
        model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Dropout(0.5), torch.nn.Linear(6, 3))
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y, training):
            if not training:
                model.eval()
                with torch.no_grad():
                    return F.mse_loss(model(x), y)
            model.train()
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return World(step, model, optimizer)

    calls = [(x, y, i % 3 != 2) for i, (x, y) in enumerate(regression(18))]
    step = assert_same_run(build, calls, programs=None)
    assert sum(program.confirmed for program in step.programs) == 3


def test_layer_norm_and_friends():
    def model():
        return torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.LayerNorm(6), torch.nn.GELU(), torch.nn.Linear(6, 6), torch.nn.SiLU(),
            torch.nn.Linear(6, 3), torch.nn.Softplus(),
        )  # fmt: skip

    assert_same_run(training(model), regression(10))


def test_a_buffer_that_the_step_writes_to():
    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(4))
            self.layer = torch.nn.Linear(4, 3)

        def forward(self, x):
            self.mean.mul_(0.9).add_(x.detach().mean(0), alpha=0.1)
            return self.layer(x - self.mean)

    assert_same_run(training(Mean), regression(10))


# -- gradients -------------------------------------------------------------------------------------


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


# -- writes, views, indexing -----------------------------------------------------------------------


def test_in_place_operators():
    def step(x, y):
        z = x * 2
        z += 1
        z.mul_(z).sub_(0.5)
        z[:, 0] = 3
        z[1] *= y[0, 0]
        return z

    assert_same_run(lambda: World(step), regression(6))


def test_writes_into_an_argument():
    def step(x, y):
        x.mul_(2)
        x[0].fill_(1)
        return x.sum()

    compiled = compile(step)
    for _ in range(4):
        x, twin = torch.full((2, 2), 3.0), torch.full((2, 2), 3.0)
        assert compiled(x, None).item() == step(twin, None).item()
        assert x.tolist() == twin.tolist() and x._version == twin._version


def test_writes_into_views_on_the_tape():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            h = x @ weight
            part = h[:, 1:]
            part.mul_(2)
            h[0, 0] = y[0, 0]
            h.t()[2].add_(1)
            h.diagonal().mul_(3)
            (h * y).sum().backward()
            return weight.grad.clone(), part.detach()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_writes_through_an_expanded_gradient():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            h = x @ weight
            h[:, 0].relu_()
            h.sum().backward()
            return weight.grad.clone()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_indices():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            rows = torch.tensor([0, 2, 2])
            h = (x @ weight)[rows]
            h[torch.tensor([0, 1]), torch.tensor([1, 2])] = 0.5
            loss = h[:, [0, 1]].sum() + x[::2].gather(1, torch.zeros(4, 1, dtype=torch.int64)).sum()
            loss.backward()
            return loss, weight.grad.clone()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_a_mask_that_keeps_the_shape():
    def step(x, y):
        z = x.clone()
        z[z > 0] = 1
        return torch.where(x > 0, x, -x), z.masked_fill(z < 0, 7), (x > 0).float().mean()

    assert_same_run(lambda: World(step), regression(6))


def test_constants_that_the_step_makes_and_writes_to():
    def step(x, y):
        total = torch.zeros(3)
        for row in y:
            total += row
        table = torch.arange(12.0).reshape(4, 3)
        table[1] = total
        return total, table, torch.eye(3) @ total

    assert_same_run(lambda: World(step), regression(6))


def test_constants_as_results_that_the_caller_writes_to():
    weight = torch.ones(3, requires_grad=True)

    @compile
    def step(x):
        weight.grad = None
        weight.sum().backward()
        ones = torch.ones(3)
        return torch.zeros(3), torch.arange(3.0) * 2, ones, ones[:2], x + ones

    for _ in range(5):
        results = step(torch.ones(3))
        assert weight.grad.tolist() == [1.0, 1.0, 1.0]
        assert [r.tolist() for r in results] == [[0.0] * 3, [0.0, 2.0, 4.0], [1.0] * 3, [1.0] * 2, [2.0] * 3]
        for result in results[:2]:
            result.add_(100)
        weight.grad.add_(100)
        results[2].fill_(9)


def test_memory_that_the_step_makes_and_fills(monkeypatch):
    plain, junk = np.empty, iter(range(1, 1000))

    def empty(*args, **kwargs):
        array = plain(*args, **kwargs)
        array.fill(next(junk))  # as memory that was used before
        return array

    step = compile(lambda x: (torch.empty(3).fill_(2) * x, torch.empty(3).copy_(x) + 1))
    monkeypatch.setattr(np, "empty", empty)
    for i in range(4):
        first, second = step(torch.full((3,), float(i)))
        assert first.tolist() == [2.0 * i] * 3 and second.tolist() == [i + 1.0] * 3


def test_joining_and_splitting():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            a, b = (x @ weight).split([1, 2], dim=1)
            joined = torch.cat([b, a, y], dim=1)
            stacked = torch.stack([joined, joined * 2])
            stacked.pow(2).mean().backward()
            first, *rest = weight.detach().unbind()
            return weight.grad.clone(), first, rest

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_a_parameter_as_result_next_to_its_copy():
    def step_of(weight):
        def step(x, y):
            with torch.no_grad():
                before = weight.clone()
                weight.add_(1)
            return before, weight.detach().clone()

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_a_view_of_a_parameter_as_result():
    def step_of(weight):
        def step(x, y):
            with torch.no_grad():
                weight.mul_(0.5)
                return weight[0]

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_swapped_memory():
    def step_of(weight):
        other = torch.zeros(4, 3)

        def step(x, y):
            with torch.no_grad():
                kept = weight.clone()
                weight.copy_(other)
                other.copy_(kept + 1)
            return other.sum()

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_versions_advance():
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())
        return World(descent(model, optimizer, F.mse_loss), model, optimizer)

    step = assert_same_run(build, regression(6))  # seen() has the versions
    assert step.programs


def test_a_stale_graph_is_noticed_after_a_compiled_step():
    model = mlp(4, 5, 3)
    step = compile(descent(model, torch.optim.SGD(model.parameters(), lr=0.1), F.mse_loss))
    (x, y), *_ = regression(1)
    for _ in range(3):
        step(x, y)
    loss = model(x).sum()
    step(x, y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# -- larger steps ----------------------------------------------------------------------------------


def test_two_models_that_train_against_each_other():
    def build():
        maker, judge = mlp(4, 6, 3), mlp(3, 6, 1)
        makers = torch.optim.Adam(maker.parameters(), lr=1e-2)
        judges = torch.optim.SGD(judge.parameters(), lr=1e-2, momentum=0.9)
        loss_of = torch.nn.BCEWithLogitsLoss()

        def step(x, y):
            made = maker(x + torch.randn_like(x) * 0.1)
            judges.zero_grad()
            d_loss = loss_of(judge(y), torch.ones(8, 1)) + loss_of(judge(made.detach()), torch.zeros(8, 1))
            d_loss.backward()
            judges.step()
            makers.zero_grad()
            m_loss = loss_of(judge(made), torch.ones(8, 1))
            m_loss.backward()
            makers.step()
            return {"judge": d_loss.detach(), "maker": m_loss.detach()}

        return World(step, maker, judge, makers, judges)

    assert_same_run(build, regression(20), rtol=1e-6)


def test_a_module_with_shared_weights():
    def build():
        layer, head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)
        model = torch.nn.Sequential(layer, torch.nn.Tanh(), layer, torch.nn.Tanh(), head)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return World(descent(model, optimizer, F.mse_loss), model, optimizer)

    assert_same_run(build, regression(10))


def test_a_running_average_of_the_weights():
    def build():
        model, average = mlp(4, 5, 3), mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())
        inner = descent(model, optimizer, F.mse_loss)

        def step(x, y):
            loss = inner(x, y)
            with torch.no_grad():
                for p, q in zip(model.parameters(), average.parameters(), strict=True):
                    q.mul_(0.9).add_(p, alpha=0.1)
            return loss

        return World(step, model, average, optimizer)

    assert_same_run(build, regression(10))


def test_several_steps_in_one():
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())
        inner = descent(model, optimizer, F.mse_loss)

        def step(x, y):
            for _ in range(3):
                loss = inner(x, y)
            return loss

        return World(step, model, optimizer)

    assert_same_run(build, regression(8))


def test_infinity_and_nan_come_in_silence():
    step = compile(lambda x: (x / 0, torch.log(-x), (x * 1e38) @ x, torch.exp(x * 1000)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="tinygrad_mlp")  # the package's own
        for _ in range(3):
            for ours, theirs in zip(step(torch.ones(2)), step.function(torch.ones(2)), strict=True):
                np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
            step(torch.full((2,), 1e30))


def test_other_dtypes():
    def build():
        model = mlp(4, 5, 3).double()
        optimizer = torch.optim.Adam(model.parameters())
        return World(descent(model, optimizer, lambda out, y: F.mse_loss(out.float(), y)), model, optimizer)

    assert_same_run(build, [(x.double(), y) for x, y in regression(6)])


def test_checkpointing():
    from tinygrad_mlp.utils.checkpoint import checkpoint

    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y):
            optimizer.zero_grad()
            loss = F.mse_loss(checkpoint(model, x, use_reentrant=False), y)
            loss.backward()
            optimizer.step()
            return loss

        return World(step, model, optimizer)

    assert_same_run(build, regression(6))


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss], ids=["cross_entropy", "nll_loss"])
def test_losses_of_classes(loss):
    assert_same_run(training(lambda: mlp(4, 6, 3).double(), loss), doubled(batches(20)), rtol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_options(reduction, smoothing, weighted):
    weight = torch.tensor([0.5, 1.0, 2.0], dtype=torch.double) if weighted else None

    def loss_of(out, y):
        loss = F.cross_entropy(out, y, weight, reduction=reduction, label_smoothing=smoothing, ignore_index=1)
        return loss.sum()

    assert_same_run(training(lambda: mlp(4, 6, 3).double(), loss_of), doubled(batches(8)), rtol=1e-9)


def test_targets_out_of_range_are_refused_as_in_eager():
    model = mlp(4, 3)
    step = compile(descent(model, torch.optim.SGD(model.parameters(), lr=0.1), F.cross_entropy))
    (x, y), *_ = batches(1)
    for _ in range(3):
        step(x, y)
    with pytest.raises(IndexError, match="Target 5 is out of bounds"):
        step(x, torch.full((8,), 5))
