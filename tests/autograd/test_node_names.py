"""The names of nodes, as a loss' repr and a picture of the tape show them: torch's, over the same inputs."""

from __future__ import annotations

import pytest

from support.parity import same


def _tree(node):
    return node and [node.name().rpartition(":")[2], *((_tree(edge), index) for edge, index in node.next_functions)]


def _functional(torch):
    return torch.nn.functional


# Of a (4, 3) tensor x that requires grad.
EXPRESSIONS = {
    "1 - x": lambda torch, x: 1 - x,
    "1 + x": lambda torch, x: 1 + x,
    "2 * x": lambda torch, x: 2 * x,
    "2 / x": lambda torch, x: 2 / x,
    "2 ** x": lambda torch, x: 2**x,
    "2 // x": lambda torch, x: 2 // x,
    "x // 2": lambda torch, x: x // 2,
    "x // x": lambda torch, x: x // x,
    "x ** 3": lambda torch, x: x**3,
    "x ** x": lambda torch, x: x**x,
    "tensor ** x": lambda torch, x: torch.full((3,), 2.0) ** x,
    "0-d tensor ** x": lambda torch, x: torch.tensor(2.0) ** x,
    "x % 2": lambda torch, x: x % 2,
    "tensor - x": lambda torch, x: torch.ones(4, 3) - x,
    "x @ vector": lambda torch, x: x @ torch.ones(3),
    "vector @ vector": lambda torch, x: x[0] @ x[1],
    "x.T @ x": lambda torch, x: x.T @ x,
    "x.clamp(0)": lambda torch, x: x.clamp(0),
    "x.clamp(tensor)": lambda torch, x: torch.clamp(x, torch.zeros(3)),
    "x.std()": lambda torch, x: x.std(),
    "x.norm()": lambda torch, x: x.norm(),
    "x.cumsum(0)": lambda torch, x: x.cumsum(0),
    "x.logsumexp(1)": lambda torch, x: x.logsumexp(1),
    "x.repeat(2, 1)": lambda torch, x: x.repeat(2, 1),
    "x.double()": lambda torch, x: x.double(),
    "x.masked_fill": lambda torch, x: x.masked_fill(x > 0, 1.0),
    "x.eq_": lambda torch, x: (x * 1).eq_(1),
    "x.lt_": lambda torch, x: (x * 1).lt_(1.5),
    "x.floor_divide_": lambda torch, x: (x * 1).floor_divide_(2),
    **{
        name: lambda torch, x, name=name: getattr(_functional(torch), name)(x)
        for name in (
            "celu", "elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu",
            "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh", "tanhshrink",
        )
    },
    **{
        f"{name} in place": lambda torch, x, name=name: getattr(_functional(torch), name)(x * 1, inplace=True)
        for name in (
            "celu", "elu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "mish", "relu", "selu", "silu",
        )
    },
    "threshold": lambda torch, x: _functional(torch).threshold(x, 0.5, 1.0),
    "glu": lambda torch, x: _functional(torch).glu(x, 0),
    "softmax": lambda torch, x: _functional(torch).softmax(x, 1),
    "dropout": lambda torch, x: _functional(torch).dropout(x, 0.5, True),
    "layer_norm": lambda torch, x: _functional(torch).layer_norm(x, (3,)),
    "batch_norm": lambda torch, x: _functional(torch).batch_norm(x, None, None, x[0], training=True),
}  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_an_expression(expression) -> None:
    def names(torch):
        x = torch.arange(1.0, 13.0).reshape(4, 3).clone().requires_grad_()
        return _tree(expression(torch, x).grad_fn)

    same(names)


def overwritten_by_a_comparison(torch):
    """What is written is a constant: its gradient is 0."""
    gradients = []
    for name in ("eq_", "ne_", "lt_", "le_", "gt_", "ge_"):
        x = torch.tensor([1.5, -2.0], requires_grad=True)
        y = x * 3
        getattr(y, name)(torch.tensor([1.5, 2.0]))
        (y + x).sum().backward()
        gradients.append(x.grad)
    return gradients


def divided_and_rounded(torch):
    """Torch has no derivative of it, and says so rather than leave it out."""
    x = torch.tensor([1.5, -2.0], requires_grad=True)
    (x // 2 + x).sum().backward()


def divided_and_rounded_in_place(torch):
    x = torch.tensor([1.5, -2.0], requires_grad=True)
    y = x * 1
    y //= 2
    try:
        (y + x).sum().backward()
    except RuntimeError as error:
        return str(error)[:32]


def numbers_on_the_left(torch):
    x, n = torch.tensor([1.5, -2.0]), torch.tensor([3, 2])
    return 2 // x, 2.5 // n, 2 // n, 2 % n, 2.5 % n, 2 - n, 2.5 - n, 2 / n, 3.0 / x, 2.5**n


@pytest.mark.parametrize(
    "program",
    [overwritten_by_a_comparison, divided_and_rounded, divided_and_rounded_in_place, numbers_on_the_left],
)
def test_same_as_torch(program) -> None:
    same(program)
