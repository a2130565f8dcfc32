"""Linear, shape, dropout and normalisation layers, helpers of training: torch's numbers, texts and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal, state_of
from tinygrad_mlp import testing

DTYPES = ["float32", "float64"]


# -- shape layers, linear --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias) -> None:
    def run(torch):
        layer, x = torch.nn.Linear(3, 4, bias=bias), torch.rand(shape, requires_grad=True)
        y = layer(x)
        y.sin().sum().backward()
        return y, x.grad, [p.grad for p in layer.parameters()], y.grad_fn is not None

    assert_alike(run, rtol=1e-6)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.Flatten()(torch.rand(2, 3, 4)),
        lambda torch: torch.nn.Flatten(0, 1)(torch.rand(2, 3, 4)),
        lambda torch: torch.nn.Flatten(start_dim=2)(torch.rand(2, 3, 4)),
        lambda torch: torch.nn.Unflatten(1, (2, 3))(torch.rand(2, 6)),
        lambda torch: torch.nn.Unflatten(-1, (2, -1))(torch.rand(2, 6)),
        lambda torch: torch.nn.Unflatten(0, [2, 1])(torch.rand(2, 6)),
        lambda torch: torch.nn.Unflatten(1, (2, 4))(torch.rand(2, 6)),
        lambda torch: torch.nn.Unflatten(1, 3),
        lambda torch: torch.nn.Unflatten(1, (2, "a")),
        lambda torch: torch.nn.Identity(3, x=4)(torch.rand(2)),
        lambda torch: [repr(torch.nn.Flatten()), repr(torch.nn.Unflatten(1, (2, 3))), repr(torch.nn.Identity(3))],
        lambda torch: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))(torch.ones(3, 3, 4)),
    ],
)
def test_shapes(program) -> None:
    assert_alike(program, rtol=1e-6)


def test_a_weight_that_is_computed() -> None:
    """As in weight normalisation by hand: the parameter is deleted, and a tensor takes its name."""

    def run(torch):
        layer = torch.nn.Linear(3, 2)
        raw = layer.weight
        del layer.weight
        layer.weight = raw * 2
        y = layer(torch.ones(1, 3))
        y.sum().backward()
        return y, raw.grad, list(layer.state_dict())

    assert_alike(run, rtol=1e-6)


def test_linear_of_the_wrong_width() -> None:
    refusal(lambda torch: torch.nn.Linear(3, 4)(torch.ones(2, 5)))


# -- dropout ---------------------------------------------------------------------------------------


@given(
    shape=testing.shapes(max_side=6),
    p=st.sampled_from([0.0, 1.0, 0.5, 0.1, 0.99]) | st.floats(0, 1),
    dtype=st.sampled_from(DTYPES),
    inplace=st.booleans(),
    training=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@example((3,), 0.0, "float32", False, True, 0)  # nothing is drawn
@example((0, 3), 0.5, "float32", False, True, 0)
def test_dropout(shape, p, dtype, inplace, training, seed) -> None:
    """Torch's very elements, their gradients, and the generator afterwards."""

    def run(torch):
        leaf = torch.rand(shape, dtype=getattr(torch, dtype), requires_grad=True)
        x = leaf * 2
        layer = torch.nn.Dropout(p, inplace).train(training)
        y = layer(x)
        y.sum().backward()
        return y, leaf.grad, y is x, repr(layer), state_of(torch)

    assert_alike(run, seed=seed)


def test_dropout_of_all_keeps_the_signs() -> None:
    assert_alike(lambda torch: 1 / torch.nn.functional.dropout(torch.tensor([2.0, -2.0]), 1.0))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.t(),
        lambda x: x[:, ::2],
        lambda x: x.reshape(2, 3, 4).permute(2, 0, 1),
        lambda x: x[:1].expand(4, 6),
        lambda x: x[:, None].expand(4, 3, 6).permute(2, 1, 0),
        lambda x: x.reshape(-1).as_strided((3, 3), (1, 1)),
        lambda x: x.t()[1:],
    ],
)
def test_dropout_follows_memory(change) -> None:
    assert_alike(lambda torch: torch.nn.functional.dropout(change(torch.ones(4, 6)), 0.5))


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.Dropout(1.5),
        lambda torch: torch.nn.functional.dropout(torch.ones(1), -1),
        lambda torch: torch.nn.functional.dropout(torch.ones(1), 1.5),
        lambda torch: torch.nn.functional.dropout(torch.tensor([1, 2]), 0.5),
    ],
)
def test_refused_dropout(program) -> None:
    refusal(program)


# -- normalisation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda nn: nn.LayerNorm(4), (3, 4)),
        (lambda nn: nn.LayerNorm((3, 4), eps=0.1), (2, 3, 4)),
        (lambda nn: nn.LayerNorm([4], bias=False), (4,)),
        (lambda nn: nn.LayerNorm(4, elementwise_affine=False), (3, 4)),
        (lambda nn: nn.BatchNorm1d(4), (5, 4)),
        (lambda nn: nn.BatchNorm1d(4, momentum=None, eps=0.1), (5, 4, 3)),
        (lambda nn: nn.BatchNorm1d(4, affine=False, momentum=0.5), (5, 4)),
        (lambda nn: nn.BatchNorm1d(4, track_running_stats=False), (5, 4)),
        (lambda nn: nn.BatchNorm1d(4, bias=False), (5, 4)),
    ],
)
def test_normalisation(make, shape) -> None:
    """Two steps of training, then evaluation: values, gradients, the running statistics, the text."""

    def run(torch):
        layer = make(torch.nn).double()
        for p in layer.parameters():
            torch.nn.init.uniform_(p)
        log = [repr(layer)]
        for mode in (True, True, False):
            layer.train(mode)
            x = torch.rand(shape, dtype=torch.float64, requires_grad=True)
            y = layer(x)
            log += [y, torch.autograd.grad(y.sin().sum(), [x, *layer.parameters()]), layer.state_dict()]
        return log

    assert_alike(run, rtol=1e-10)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.LayerNorm(4)(torch.ones(2, 3)),
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), (3,), torch.ones(2)),
        lambda torch: torch.nn.BatchNorm1d(3)(torch.ones(2, 4)),
        lambda torch: torch.nn.BatchNorm1d(3)(torch.ones(1, 3)),
        lambda torch: torch.nn.BatchNorm1d(3)(torch.ones(3)),
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3), None, None),
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3), torch.ones(3), None),
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3), None, torch.ones(3)),
        lambda torch: torch.nn.functional.batch_norm(
            torch.ones(2, 3), None, None, torch.ones(3).double(), training=True
        ),
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3).double(), torch.ones(3), torch.ones(3)),
        lambda torch: torch.nn.functional.batch_norm(torch.ones(1, 3, 1), None, None, training=True),
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), ()),
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), (3,), torch.ones(3).double()),
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3).double(), (3,), torch.ones(3)),
        lambda torch: torch.nn.functional.batch_norm(
            torch.ones(2, 3), torch.ones(3, requires_grad=True), torch.ones(3)
        ),
    ],
)
def test_refused_normalisation(program) -> None:
    refusal(program, words=4)


def test_statistics_of_halves_whose_squares_are_more_than_they_hold() -> None:
    def run(torch):
        x, mean, variance = (torch.arange(24.0) * 40).reshape(8, 3).half(), torch.zeros(3).half(), torch.ones(3).half()
        return torch.nn.functional.batch_norm(x, mean, variance, training=True), mean, variance

    assert_alike(run, rtol=1e-3)


def test_no_sample_changes_no_statistics() -> None:
    def run(torch):
        mean, variance = torch.zeros(3), torch.ones(3)
        return torch.nn.functional.batch_norm(torch.ones(0, 3), mean, variance, training=True), mean, variance

    assert_alike(run)


def test_statistics_that_have_changed_are_seen() -> None:
    """Torch does not count the change as a write, and gives a gradient by the new statistics without a word."""
    torch = tinygrad_mlp
    x, mean, variance = torch.rand(2, 3, requires_grad=True), torch.zeros(3), torch.ones(3)
    y = torch.nn.functional.batch_norm(x, mean, variance)
    torch.nn.functional.batch_norm(x, mean, variance, training=True)
    assert (mean._version, variance._version) == (1, 1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_statistics_that_are_given() -> None:
    """A batch of one has values then; without recording they may require a gradient."""

    def run(torch):
        x, mean = torch.rand(1, 3, requires_grad=True), torch.rand(3)
        y = torch.nn.functional.batch_norm(x, mean, mean + 1)
        (g,) = torch.autograd.grad(y, x, torch.arange(3.0)[None])
        with torch.no_grad():
            return y, g, torch.nn.functional.batch_norm(x, mean.requires_grad_(), mean + 1)

    assert_alike(run, rtol=1e-6)


@pytest.mark.parametrize(
    "normalise",
    [
        lambda f, x, w, b: f.layer_norm(x, (3,), w, b),
        lambda f, x, w, b: f.layer_norm(x, (3,), w),
        lambda f, x, w, b: f.layer_norm(x, (4, 3)),
        lambda f, x, w, b: f.batch_norm(x.transpose(1, 2), None, None, w, b, training=True),
        lambda f, x, w, b: f.batch_norm(x.transpose(1, 2), w.detach(), b.detach() ** 2, w, b, eps=0.1),
        lambda f, x, w, b: f.batch_norm(x.transpose(1, 2), None, None, training=True, eps=0.1),
    ],
)
def test_normalisation_from_outside(normalise) -> None:
    """The node that it is on the tape, and its second gradients."""

    def run(torch):
        x, w, b = (torch.rand(shape, dtype=torch.float64, requires_grad=True) for shape in ((2, 4, 3), (3,), (3,)))
        y = normalise(torch.nn.functional, x, w, b)
        inputs = [leaf for leaf in (x, w, b) if any(n and n.variable is leaf for n, _ in y.grad_fn.next_functions[1:])]
        first = torch.autograd.grad(y.sin().sum(), [x, *inputs], create_graph=True)
        second = torch.autograd.grad(sum((g * g).sum() for g in first), [x, *inputs])
        return type(y.grad_fn).__name__, len(y.grad_fn.next_functions), first, second

    assert_alike(run, rtol=1e-8)


def test_batch_norm_keeps_the_numbers_it_saw() -> None:
    def run(torch):
        layer = torch.nn.BatchNorm1d(2)
        layer(torch.rand(4, 2))
        layer.reset_running_stats()
        return layer.state_dict(), [str(b.dtype) for b in layer.buffers()]

    assert_alike(run)


# -- helpers of training ---------------------------------------------------------------------------


@given(
    shapes=st.lists(testing.shapes(max_ndim=2, max_side=4), min_size=1, max_size=4),
    max_norm=st.sampled_from([0.1, 1.0, 100.0]),
    norm_type=st.sampled_from([2.0, 1.0, 3.0, float("inf")]),
    seed=st.integers(0, 100),
)
def test_clipping_by_norm(shapes, max_norm, norm_type, seed) -> None:
    def run(torch):
        parameters = [torch.nn.Parameter(torch.rand(shape)) for shape in shapes]
        for p in parameters[1:] or parameters:
            p.grad = torch.rand(p.shape) - 0.5
        total = torch.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)
        return total, [p.grad for p in parameters]

    if norm_type != float("inf") or all(np.prod(shape) for shape in shapes):
        assert_alike(run, seed=seed, rtol=1e-6)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, float("inf")])
@pytest.mark.parametrize("value", [300.0, 1e-3])
def test_clipping_float16_by_a_norm_whose_squares_it_cannot_hold(value, norm_type) -> None:
    def run(torch):
        p = torch.nn.Parameter(torch.ones(40, dtype=torch.float16))
        p.grad = torch.full((40,), value, dtype=torch.float16)
        return torch.nn.utils.clip_grad_norm_([p], 1.0, norm_type), p.grad

    assert_alike(run, rtol=2e-3)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, p: torch.nn.utils.clip_grad_value_(p, 0.5),
        lambda torch, p: torch.nn.utils.clip_grad_value_(p[1], 1),
        lambda torch, p: torch.nn.utils.clip_grad_norm_(p[1], 1),
        lambda torch, p: torch.nn.utils.clip_grad_norm_([], 1.0),
        lambda torch, p: torch.nn.utils.clip_grad_norm_((q for q in []), 1.0),
        lambda torch, p: torch.nn.utils.clip_grad_norm_(iter(p), 1.0),
        lambda torch, p: torch.nn.utils.get_total_norm([q.grad for q in p]),
        lambda torch, p: (p[0].grad.fill_(float("nan")), torch.nn.utils.clip_grad_norm_(p, 1.0)),
        lambda torch, p: (p[0].grad.fill_(float("inf")), torch.nn.utils.clip_grad_norm_(p, 1.0)),
        lambda torch, p: (
            p[0].grad.fill_(float("inf")),
            torch.nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True),
        ),
        lambda torch, p: torch.nn.utils.parameters_to_vector(p),
        lambda torch, p: torch.nn.utils.vector_to_parameters(torch.arange(8.0), p),
        lambda torch, p: torch.nn.utils.vector_to_parameters([1.0], p),
    ],
)
def test_training_helpers(program) -> None:
    def run(torch):
        parameters = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2, 3))]
        for i, p in enumerate(parameters):
            p.grad = torch.full(p.shape, i + 0.25)
        result = program(torch, parameters)
        return result, [p.grad for p in parameters], parameters

    assert_alike(run, rtol=1e-6, words=3)


# -- programs of a tutorial ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_network_learns_as_in_torch(dtype) -> None:
    """Default initialisation, dropout, cross entropy, updates by hand: the same losses for the same seed."""

    def run(torch):
        torch.set_default_dtype(getattr(torch, dtype))
        try:
            model = torch.nn.Sequential(
                torch.nn.Linear(20, 16), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(16, 4)
            )
            criterion = torch.nn.CrossEntropyLoss()
            x, y = torch.rand(32, 20), torch.randint(0, 4, (32,))
            losses = []
            for _ in range(30):
                loss = criterion(model(x), y)
                model.zero_grad()
                loss.backward()
                with torch.no_grad():
                    for p in model.parameters():
                        p -= 0.5 * p.grad
                losses.append(loss.item())
            return losses
        finally:
            torch.set_default_dtype(torch.float32)

    assert_alike(run, rtol={"float32": 1e-4, "float64": 1e-11}[dtype])


@pytest.mark.parametrize("momentum", [0.1, None])
def test_statistics_that_are_tracked_no_more(momentum):
    def program(torch):
        layer = torch.nn.BatchNorm1d(3, momentum=momentum)
        x = torch.arange(12.0).reshape(4, 3)
        results = [layer(x)]
        layer.track_running_stats = False
        results += [layer(x * 2), layer.eval()(x * 3), layer.train()(x)]
        return results, layer.running_mean, layer.running_var, layer.num_batches_tracked

    assert_alike(program, rtol=1e-5)
