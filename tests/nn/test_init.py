"""Initialisation: torch's numbers for the same seed, and its refusals."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike, refusal, state_of

DTYPES = ["float32", "float64"]


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
