"""Layers, activations and initialisation: torch's numbers for the same seed, its gradients, texts and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from two_worlds import assert_alike, refusal

DTYPES = ["float32", "float64"]
SPECIAL = [-3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.9, 3.0, 6.0, 7.0, 25.0, float("nan")]


def state_of(torch):
    """Where the default generator stands: the next numbers."""
    return torch.rand(3)


# -- initialisation --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("inputs", "outputs", "bias"), [(1000, 100, True), (3, 2, False), (1, 1, True), (64, 10, True)]
)
def test_linear_starts_with_torchs_weights(inputs, outputs, bias, dtype) -> None:
    """Bit for bit, and the stream goes on at the same place."""

    def run(torch):
        layer = torch.nn.Linear(inputs, outputs, bias=bias, dtype=getattr(torch, dtype))
        return layer.state_dict(), repr(layer), state_of(torch)

    assert_alike(run)


def test_linear_without_inputs() -> None:
    assert_alike(lambda torch: [torch.nn.Linear(0, 3).bias, state_of(torch)])


def test_the_default_dtype_is_that_of_new_layers() -> None:
    def run(torch):
        torch.set_default_dtype(torch.float64)
        try:
            return torch.nn.Linear(3, 4).state_dict(), torch.nn.LayerNorm(2).state_dict()
        finally:
            torch.set_default_dtype(torch.float32)

    assert_alike(run)


UNIFORM = [
    lambda init, w: init.uniform_(w),
    lambda init, w: init.uniform_(w, -2.5, 0.3),
    lambda init, w: init.xavier_uniform_(w),
    lambda init, w: init.xavier_uniform_(w, gain=init.calculate_gain("relu")),
    lambda init, w: init.kaiming_uniform_(w),
    lambda init, w: init.kaiming_uniform_(w, a=0.3, mode="fan_out"),
    lambda init, w: init.kaiming_uniform_(w, nonlinearity="relu"),
    lambda init, w: init.constant_(w, 0.7),
    lambda init, w: init.ones_(w),
    lambda init, w: init.zeros_(w),
    lambda init, w: init.trunc_normal_(w, 0.0, 1.0, 3.0, 4.0),
    lambda init, w: init.trunc_normal_(w, 0.0, 1.0, 1.5, 2.0),
    lambda init, w: init.trunc_normal_(w, 5.0, 1.0, -2.0, 2.0),
]
NORMAL = [
    lambda init, w: init.normal_(w),
    lambda init, w: init.normal_(w, 3.0, 0.1),
    lambda init, w: init.xavier_normal_(w),
    lambda init, w: init.kaiming_normal_(w),
    lambda init, w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="tanh"),
    lambda init, w: init.trunc_normal_(w),
    lambda init, w: init.trunc_normal_(w, 0.5, 0.1, 0.4, 0.6),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 5), (40, 30), (2, 3, 4)])
@pytest.mark.parametrize(("fill", "rtol"), [(f, 0) for f in UNIFORM] + [(f, 1) for f in NORMAL])
def test_filling(fill, rtol, shape, dtype) -> None:
    """Uniforms bit for bit, normals to the last bits; in place, of the same object, without history."""

    def run(torch):
        weight = torch.nn.Parameter(torch.empty(shape, dtype=getattr(torch, dtype)))
        same = fill(torch.nn.init, weight)
        return weight, same is weight, weight.requires_grad, weight.is_leaf, state_of(torch)

    # trunc_normal_ with a narrow interval compares a logarithm with a bound: a tie within rounding would show here
    assert_alike(run, rtol=rtol * {"float32": 2e-7, "float64": 1e-14}[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (3, 2, 4), (0, 3)])
def test_orthogonal(shape, dtype) -> None:
    def run(torch):
        weight = torch.nn.init.orthogonal_(torch.empty(shape, dtype=getattr(torch, dtype)), gain=1.5)
        return weight, state_of(torch)

    assert_alike(run, rtol={"float32": 1e-5, "float64": 1e-13}[dtype])


def test_eye() -> None:
    assert_alike(lambda torch: [torch.nn.init.eye_(torch.empty(3, 5)), torch.nn.init.eye_(torch.empty(2, 0))])


def test_filling_from_a_generator() -> None:
    def run(torch):
        generator = torch.Generator().manual_seed(7)
        init = torch.nn.init
        fills = (init.uniform_, init.xavier_uniform_, init.kaiming_uniform_)
        return [f(torch.empty(4, 6), generator=generator) for f in fills], state_of(torch)

    assert_alike(run)


@pytest.mark.parametrize(
    "name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu", "conv_transpose3d"]
)
def test_gains(name) -> None:
    assert_alike(lambda torch: [torch.nn.init.calculate_gain(name), torch.nn.init.calculate_gain("leaky_relu", 2)])


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.init.calculate_gain("foo"),
        lambda torch: torch.nn.init.calculate_gain("leaky_relu", True),
        lambda torch: torch.nn.init.calculate_gain("leaky_relu", "x"),
        lambda torch: torch.nn.init.xavier_uniform_(torch.empty(3)),
        lambda torch: torch.nn.init.kaiming_normal_(torch.empty(3)),
        lambda torch: torch.nn.init.kaiming_normal_(torch.empty(3, 2), mode="foo"),
        lambda torch: torch.nn.init.eye_(torch.empty(3)),
        lambda torch: torch.nn.init.orthogonal_(torch.empty(3)),
        lambda torch: torch.nn.init.uniform_(torch.empty(3), 2.0, 1.0),
        lambda torch: torch.nn.init.normal_(torch.empty(3), 0.0, -1.0),
    ],
)
def test_refused_filling(program) -> None:
    refusal(program)


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


# -- activations -----------------------------------------------------------------------------------

PLAIN = ["Sigmoid", "Tanh", "LogSigmoid", "Softsign", "Tanhshrink", "GELU", "Softplus"]
INPLACE = ["ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish", "LeakyReLU", "ELU", "CELU", "Hardtanh"]
ACTIVATIONS = [(name, (), {}) for name in PLAIN + INPLACE] + [
    ("LeakyReLU", (0.2,), {}),
    ("ELU", (0.5,), {}),
    ("CELU", (0.5,), {}),
    ("Hardtanh", (-2.0, 0.5), {}),
    ("Threshold", (0.1, 20.0), {}),
    ("Softplus", (2.0, 3.0), {}),
    ("GELU", ("tanh",), {}),
    *((name, (), {"inplace": True}) for name in INPLACE),
    ("Threshold", (0.1, 20.0), {"inplace": True}),
]
RTOL = {"float32": 2e-6, "float64": 1e-13}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "args", "options"), ACTIVATIONS)
def test_activations(name, args, options, dtype) -> None:
    """Values, gradients and second gradients, at the special points too; in place, of what was computed before."""

    def run(torch):
        points = SPECIAL[:-1] if name in ("Softplus", "Mish", "Hardsigmoid", "Hardswish") else SPECIAL
        leaf = torch.tensor(points, dtype=getattr(torch, dtype), requires_grad=True)
        x = leaf * 1
        layer = getattr(torch.nn, name)(*args, **options)
        y = layer(x)
        (g,) = torch.autograd.grad(y.sum(), leaf, create_graph=True)
        second = leaf.detach() * 0
        if g.requires_grad and name != "Hardsigmoid":  # torch knows no second derivative of it
            second = torch.autograd.grad(g.sum(), leaf)[0]
        return y, g, second[:-1], repr(layer), bool(options) == (y is x)

    # Torch's own derivative of hardsigmoid, a sixth, is rounded to float32 in every dtype.
    assert_alike(run, rtol=max(RTOL[dtype], 5e-8 if name == "Hardsigmoid" else 0))


def test_a_leaf_that_is_learnt_is_not_overwritten() -> None:
    refusal(lambda torch: torch.nn.ReLU(inplace=True)(torch.ones(2, requires_grad=True)))
    refusal(lambda torch: torch.nn.ELU(inplace=True)(torch.ones(2, requires_grad=True)))


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, x: torch.nn.Softmax(dim=1)(x),
        lambda torch, x: torch.nn.LogSoftmax(dim=0)(x),
        lambda torch, x: torch.nn.Softmin(dim=-1)(x),
        lambda torch, x: torch.nn.Softmax()(x),
        lambda torch, x: torch.nn.functional.log_softmax(x[0]),
        lambda torch, x: torch.nn.functional.softmin(x),
        lambda torch, x: torch.nn.GLU()(x),
        lambda torch, x: torch.nn.GLU(0)(x),
        lambda torch, x: torch.nn.functional.glu(x, -2),
        lambda torch, x: torch.nn.functional.normalize(x),
        lambda torch, x: torch.nn.functional.normalize(x, p=1.0, dim=0),
        lambda torch, x: torch.nn.functional.normalize(x * 0),
    ],
)
def test_along_a_dimension(program) -> None:
    def run(torch):
        x = torch.rand(4, 6, dtype=torch.float64, requires_grad=True)
        y = program(torch, x)
        y.sin().sum().backward()
        return y, x.grad

    assert_alike(run, rtol=1e-12)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_softmax_in_another_dtype(name) -> None:
    def run(torch):
        x = torch.rand(4, 6, requires_grad=True)
        y = getattr(torch.nn.functional, name)(x, dim=1, dtype=torch.float64)
        y.sin().sum().backward()
        return y, x.grad

    assert_alike(run, rtol=1e-6)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: [repr(layer) for layer in (torch.nn.Softmax(1), torch.nn.LogSoftmax(), torch.nn.GLU(2))],
        lambda torch: repr(torch.nn.Softmin(1)),
        lambda torch: torch.nn.GLU()(torch.ones(3)),
        lambda torch: torch.nn.GLU()(torch.ones(())),
        lambda torch: torch.nn.Hardtanh(1.0, 1.0),
        lambda torch: torch.nn.functional.hardtanh(torch.ones(1), 1, 0),
        lambda torch: torch.nn.functional.celu(torch.ones(1), 0.0),
        lambda torch: torch.nn.functional.relu(torch.tensor([1, -2])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 2])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([[0, 2], [1, 1]]), 4),
        lambda torch: torch.nn.functional.one_hot(torch.tensor(1), 3),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0.0])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 3]), 2),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, -1])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 1]), -2),
        lambda torch: torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64)),
        lambda torch: torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64), 3),
    ],
)
def test_texts_and_classes(program) -> None:
    assert_alike(program)


# -- dropout ---------------------------------------------------------------------------------------


@given(
    shape=st.lists(st.integers(0, 6), max_size=3),
    p=st.sampled_from([0.0, 1.0, 0.5, 0.1, 0.99]) | st.floats(0, 1),
    dtype=st.sampled_from(DTYPES),
    inplace=st.booleans(),
    training=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
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


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.t(),
        lambda x: x[:, ::2],
        lambda x: x.reshape(2, 3, 4).permute(2, 0, 1),
        lambda x: x[:1].expand(4, 6),
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
    ],
)
def test_refused_normalisation(program) -> None:
    refusal(program, words=4)


def test_batch_norm_keeps_the_numbers_it_saw() -> None:
    def run(torch):
        layer = torch.nn.BatchNorm1d(2)
        layer(torch.rand(4, 2))
        layer.reset_running_stats()
        return layer.state_dict(), [str(b.dtype) for b in layer.buffers()]

    assert_alike(run)


# -- helpers of training ---------------------------------------------------------------------------


@given(
    shapes=st.lists(st.lists(st.integers(0, 4), max_size=2), min_size=1, max_size=4),
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
