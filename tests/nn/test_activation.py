"""Activations: torch's numbers, gradients and texts."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike, refusal

DTYPES = ["float32", "float64"]
SPECIAL = [-3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.9, 3.0, 6.0, 7.0, 25.0, float("nan")]
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
        lambda torch, x: torch.nn.functional.softmax(x.reshape(2, 3, 4)),
        lambda torch, x: torch.nn.functional.log_softmax(x[0, 0]),
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
        lambda torch: torch.nn.functional.hardtanh(torch.arange(4.0), 2, 2),
        lambda torch: torch.nn.functional.celu(torch.ones(1), 0.0),
        lambda torch: torch.nn.functional.relu(torch.tensor([1, -2])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 2])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([[0, 2], [1, 1]]), 4),
        lambda torch: torch.nn.functional.one_hot(torch.tensor(1), 3),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0.0])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 3]), 2),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 2]), 2),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, -1])),
        lambda torch: torch.nn.functional.one_hot(torch.tensor([0, 1]), -2),
        lambda torch: torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64)),
        lambda torch: torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64), 3),
        lambda torch: torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64), 1),
        lambda torch: torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64), 0),
    ],
)
def test_texts_and_classes(program) -> None:
    assert_alike(program)
