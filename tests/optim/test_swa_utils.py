"""Averages of models and their schedule against torch's: values, states, refusals."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.parity import same
from support.schedules import FRAMEWORKS, assert_same, plain


def model_of(framework, dtype="float64"):
    """Layers with parameters, buffers of floats and an integer, in which all numbers are short."""
    nn = framework.nn
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))
    model = model.to(getattr(framework, dtype))
    change(framework, model, 1)
    return model


def change(framework, model, k):
    """Another model, after a step of training, as it were."""
    with framework.no_grad():
        for i, p in enumerate(model.parameters()):
            values = framework.arange(p.numel(), dtype=p.dtype).reshape(p.shape)
            p.copy_((values * k + i) / 7 - k * k)
        for i, b in enumerate(model.buffers()):
            b.add_(k + i)


def averaged(framework, model, steps=6, **options):
    average = framework.optim.swa_utils.AveragedModel(model, **options)
    trace = []
    for k in range(steps):
        change(framework, model, k)
        average.update_parameters(model)
        trace.append(plain(average.state_dict()))
    return average, trace


OPTIONS = {
    "mean": lambda swa: {},
    "mean of buffers": lambda swa: {"use_buffers": True},
    "swa": lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
    "ema": lambda swa: {"avg_fn": swa.get_ema_avg_fn()},
    "ema 0.9": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.9), "use_buffers": True},
    "many": lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    "ema of many": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(), "use_buffers": True},
    "ema 0.3 of many": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.3)},
    "one's own": lambda swa: {"avg_fn": lambda average, value, n: average * 0.5 + value * n},
    "the last": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0)},
    "the first": lambda swa: {"avg_fn": swa.get_ema_avg_fn(1)},
    "cpu": lambda swa: {"device": "cpu"},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", OPTIONS)
def test_averages(case, dtype):
    def run(framework):
        model = model_of(framework, dtype)
        average, trace = averaged(framework, model, **OPTIONS[case](framework.optim.swa_utils))
        x = framework.linspace(-1, 1, 6, dtype=getattr(framework, dtype)).reshape(2, 3)
        return trace, plain(model.state_dict()), average.eval()(x).detach().numpy(), repr(average), average.training

    ours, theirs = map(run, FRAMEWORKS)
    assert ours[1] == theirs[1] and ours[3:] == theirs[3:]
    rtol = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(ours[2], theirs[2], rtol=100 * rtol)
    for our_state, their_state in zip(ours[0], theirs[0], strict=True):
        for (key, (_, dtype_of, values)), (their_key, (_, their_dtype, theirs_)) in zip(
            our_state, their_state, strict=True
        ):
            assert (key, dtype_of) == (their_key, their_dtype)
            np.testing.assert_allclose(values, theirs_, rtol=rtol, atol=rtol, err_msg=key)


@pytest.mark.parametrize("use_buffers", [False, True])
def test_a_function_of_many_is_called_once_for_each_dtype(use_buffers):
    def program(framework):
        calls = []

        def note(averages, values, n):
            kinds = {type(averages).__name__, type(values).__name__}
            needs = any(x.requires_grad for x in (*averages, *values))
            calls.append((str(averages[0].dtype), len(averages), len(values), kinds, needs, n.item(), str(n.dtype)))

        averaged(framework, model_of(framework, "float32"), steps=3, multi_avg_fn=note, use_buffers=use_buffers)
        return sorted(calls, key=str)

    result, _ = assert_same(program)
    assert len(result) == 2 * (1 + use_buffers)


def test_a_function_gets_values_without_history():
    def program(framework):
        seen_ = []

        def note(average, value, n):
            seen_.append((average.requires_grad, value.requires_grad, n.item(), framework.is_grad_enabled()))
            return value

        averaged(framework, model_of(framework), steps=3, avg_fn=note)
        return seen_

    result, _ = assert_same(program)
    assert len(result) == 2 * 6


def test_the_averages_are_those_of_the_values():
    """Against NumPy, not torch: the mean, and decay * average + (1 - decay) * value from the second on."""
    swa = tinygrad_mlp.optim.swa_utils
    values = np.array([[1.0, -2.0], [4.0, 0.5], [2.0, 3.0], [-1.0, 7.0]])
    ema = values[0]
    for value in values[1:]:
        ema = 0.75 * ema + 0.25 * value
    ways = {
        "mean": ({}, values.mean(0)),
        "means of many": ({"multi_avg_fn": swa.get_swa_multi_avg_fn()}, values.mean(0)),
        "ema": ({"avg_fn": swa.get_ema_avg_fn(0.75)}, ema),
        "ema of many": ({"multi_avg_fn": swa.get_ema_multi_avg_fn(0.75)}, ema),
    }
    for name, (options, expected) in ways.items():
        model = tinygrad_mlp.nn.Linear(1, 2, bias=False).double()
        average = swa.AveragedModel(model, **options)
        for value in values:
            model.weight.data = tinygrad_mlp.tensor(value).reshape(2, 1)
            average.update_parameters(model)
        # Torch's number of values is an integer tensor, whose reciprocal is a float32.
        np.testing.assert_allclose(average.module.weight.detach().numpy().ravel(), expected, rtol=1e-7, err_msg=name)


def copies(framework):
    average, _ = averaged(framework, model_of(framework))
    states = [plain(copy.deepcopy(average).state_dict())]
    other = framework.optim.swa_utils.AveragedModel(model_of(framework))
    other.load_state_dict(average.state_dict())
    states.append(plain(other.state_dict()))
    states.append(plain(pickle.loads(pickle.dumps(average)).state_dict()))
    assert states == [plain(average.state_dict())] * 3
    return average.n_averaged


def the_model_is_copied(framework):
    model = model_of(framework)
    average = framework.optim.swa_utils.AveragedModel(model)
    assert average.module is not model
    before = plain(average.module.state_dict())
    change(framework, model, 5)
    assert plain(average.module.state_dict()) == before
    return average.n_averaged, [p.requires_grad for p in average.parameters()], list(dict(average.named_buffers()))


def gradients_of_the_average(framework):
    average, _ = averaged(framework, model_of(framework))
    average(framework.ones(4, 3, dtype=framework.float64)).sum().backward()
    return [p.grad is not None for p in average.parameters()]


def update_in_place(framework):
    """The averages keep their memory, and autograd sees that they have changed."""
    model = framework.nn.Linear(2, 2)
    average = framework.optim.swa_utils.AveragedModel(model)
    average.update_parameters(model)
    first = list(average.parameters())
    loss = (average.module.weight * average.module.weight).sum()
    average.update_parameters(model)
    assert all(a is b for a, b in zip(first, average.parameters(), strict=True))
    loss.backward()


def other_buffers(framework):
    average = framework.optim.swa_utils.AveragedModel(model_of(framework))
    average.update_parameters(framework.nn.Linear(3, 4).double())


@pytest.mark.parametrize(
    "program", [copies, the_model_is_copied, gradients_of_the_average, update_in_place, other_buffers]
)
def test_averaged_models(program):
    same(program)


@pytest.mark.parametrize("decay", [1.1, -0.1, 2, "a", None])
@pytest.mark.parametrize("name", ["get_ema_avg_fn", "get_ema_multi_avg_fn"])
def test_decays(name, decay):
    result, _ = assert_same(lambda framework: getattr(framework.optim.swa_utils, name)(decay))
    assert result[0] in (ValueError, TypeError)


def test_two_functions():
    def program(framework):
        swa = framework.optim.swa_utils
        return swa.AveragedModel(
            framework.nn.Linear(1, 1), avg_fn=swa.get_swa_avg_fn(), multi_avg_fn=swa.get_swa_multi_avg_fn()
        )

    result, _ = assert_same(program)
    assert result[0] is AssertionError


@pytest.mark.parametrize("count", [lambda t: 1, lambda t: t.tensor(1), lambda t: t.tensor(2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("make", [lambda swa: swa.get_swa_multi_avg_fn(), lambda swa: swa.get_ema_multi_avg_fn(0.9)])
def test_functions_of_many(make, dtype, count):
    def program(framework):
        averages, values = (
            [framework.tensor(x, dtype=getattr(framework, dtype)) for x in pair]
            for pair in (([1, 2, 9], [[3], [7]]), ([7, 5, 3], [[1], [-4]]))
        )
        make(framework.optim.swa_utils)(averages, values, count(framework))
        return averages

    same(program)


# -- update_bn -------------------------------------------------------------------------------------


def batches(framework, dtype="float64"):
    values = np.random.RandomState(0).randn(5, 6, 3)
    return [framework.tensor(values[i], dtype=getattr(framework, dtype)) for i in range(5)]


def normalised(framework, momentum=0.1):
    nn = framework.nn
    first, second = nn.BatchNorm1d(4, momentum=momentum), nn.BatchNorm1d(2, momentum=0.3)
    model = nn.Sequential(nn.Linear(3, 4), first, nn.ReLU(), nn.Linear(4, 2), second, nn.InstanceNorm1d(6)).double()
    change(framework, model, 2)
    return model


LOADERS = {
    "tensors": lambda framework: batches(framework),
    "pairs": lambda framework: [(x, x.sum(1)) for x in batches(framework)],
    "lists": lambda framework: [[x, 0] for x in batches(framework)],
    "a generator": lambda framework: (x for x in batches(framework)),
    "a DataLoader": lambda framework: framework.utils.data.DataLoader(
        framework.utils.data.TensorDataset(framework.cat(batches(framework))), batch_size=7
    ),
    "nothing": lambda framework: [],
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("device", [None, "cpu"])
@pytest.mark.parametrize("loader", LOADERS)
def test_update_bn(loader, device, training):
    def program(framework):
        model = normalised(framework).train(training)
        model[1].eval()
        framework.optim.swa_utils.update_bn(LOADERS[loader](framework), model, device)
        return dict(model.state_dict()), model[1].momentum, model[4].momentum, [m.training for m in model.modules()]

    same(program)


def test_update_bn_of_an_averaged_model():
    def program(framework):
        model = normalised(framework, momentum=None)
        average, _ = averaged(framework, model, steps=2)
        framework.optim.swa_utils.update_bn(batches(framework), average)
        return dict(average.state_dict())

    same(program)


def test_without_normalisation_the_loader_is_not_asked():
    def program(framework):
        asked = []
        loader = (asked.append(1) or x for x in batches(framework))
        framework.optim.swa_utils.update_bn(loader, framework.nn.Linear(3, 2).double())
        return asked

    result, _ = assert_same(program)
    assert result == []


def test_update_bn_records_no_history():
    model = normalised(tinygrad_mlp)
    results = []
    model.register_forward_hook(lambda module, args, output: results.append(output))
    tinygrad_mlp.optim.swa_utils.update_bn(batches(tinygrad_mlp), model)
    assert len(results) == 5 and not any(result.requires_grad for result in results)
    assert tinygrad_mlp.is_grad_enabled()


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", torch.optim.swa_utils.__all__)
def test_names_and_signatures(name):
    import inspect

    assert name in tinygrad_mlp.optim.swa_utils.__all__
    ours, theirs = (inspect.signature(getattr(f.optim.swa_utils, name)) for f in FRAMEWORKS)
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]
