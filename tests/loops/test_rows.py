"""The steps that people write, and the rows that have loops of their own: what stays NumPy's, and the same results."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support import interpreted
from support.compiled import World, assert_equal
from support.compiled import values as values_of
from tinygrad_mlp.compiler import loops

F, nn, optim = torch.nn.functional, torch.nn, torch.optim
LABELS, TARGETS, TRUTHS = "labels", "targets", "truths"


# name: (layers between two Linear, optimizer, loss, what the targets are)
STEPS = {
    "gelu and adamw": ((nn.GELU,), lambda p: optim.AdamW(p, lr=0.01), F.cross_entropy, LABELS),
    "smoothed labels": (
        (nn.ReLU,), lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        nn.CrossEntropyLoss(label_smoothing=0.1), LABELS,
    ),
    "weighted classes": (
        (nn.ReLU,), lambda p: optim.SGD(p, lr=0.1),
        nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1.0, 2.0, 0.1])), LABELS,
    ),
    "batch norm": ((lambda: nn.BatchNorm1d(16), nn.ReLU), lambda p: optim.SGD(p, lr=0.1), F.cross_entropy, LABELS),
    "layer norm": ((lambda: nn.LayerNorm(16), nn.SiLU), optim.RMSprop, nn.MSELoss(), TARGETS),
    "huber": ((nn.LeakyReLU,), optim.NAdam, nn.HuberLoss(), TARGETS),
    "logits": ((nn.ELU,), optim.Adagrad, nn.BCEWithLogitsLoss(), TRUTHS),
    "amsgrad": ((nn.Softplus,), lambda p: optim.Adam(p, amsgrad=True), nn.L1Loss(), TARGETS),
    "adamax": ((nn.Hardswish,), optim.Adamax, nn.SmoothL1Loss(), TARGETS),
    "adadelta": ((nn.Softsign,), optim.Adadelta, nn.MSELoss(), TARGETS),
    "dropout": ((nn.ReLU, lambda: nn.Dropout(0.3)), optim.Adam, F.cross_entropy, LABELS),
}  # fmt: skip


@pytest.fixture
def by_python(monkeypatch):
    """Loops are run by Python itself, as to compile each would take seconds."""
    monkeypatch.setattr(loops, "compiled", interpreted.compiled)


def left_to_numpy(step, capsys):
    capsys.readouterr()
    step.explain()
    said = capsys.readouterr().out.splitlines()
    return {line.split()[1].rstrip(":") for line in said if line.startswith("NumPy")}


def train(name, backend):
    layers, optimizer_of, loss_of, kind = STEPS[name]
    torch.manual_seed(0)
    first = nn.Linear(8, 16, bias=name != "batch norm")  # whose gradient is 0 but for rounding
    model = nn.Sequential(first, *(layer() for layer in layers), nn.Linear(16, 4))
    optimizer = optimizer_of(model.parameters())

    def step(x, y):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    x = torch.randn(32, 8)
    y = {
        LABELS: torch.randint(0, 4, (32,)), TARGETS: torch.randn(32, 4), TRUTHS: (torch.rand(32, 4) > 0.5).float()
    }[kind]  # fmt: skip
    compiled = torch.compile(step, backend=backend)
    losses = [compiled(x, y).item() for _ in range(5)]
    return losses, World(step, model, optimizer).seen(), compiled


@pytest.mark.parametrize("name", STEPS)
def test_the_steps_of_tutorials_are_loops(name, by_python, capsys):
    ours, theirs = train(name, "loops"), train(name, "numpy")
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    assert_equal(ours[1], theirs[1], 1e-6, name)
    assert left_to_numpy(ours[2], capsys) <= {"check_classes", "bernoulli"}


def reductions(x, y):
    return (
        x.argmax(1), x.argmin(), x.argmax(0, keepdim=True), (x > 0).any(1), (x > 5).all(), x.any(0), x.cumsum(1),
        x.cumsum(0), x.cumprod(0), x.max(1).values, x.norm(), torch.linalg.vector_norm(x, 1, dim=0), x.var(0), x.std(),
        (x.argmax(1) == y).float().mean(), x.mean((0, 1)), x.logsumexp(1), x.cummax(1).values, torch.stack([x, x * 2]),
        torch.cat([x, x + 1], 1) * 1, x.amin(0), x.median() * 2,
    )  # fmt: skip


def test_reductions_and_searches(capsys):
    random = np.random.default_rng(0)
    x = random.standard_normal((6, 5)).astype(np.float32)
    special = x.copy()
    special[1, 2], special[1, 4], special[2], special[3], special[:, 0] = np.nan, np.nan, -np.inf, -0.0, 1.0
    compiled = torch.compile(reductions, backend="loops")
    y = torch.tensor(random.integers(0, 5, 6))
    for array in (x, x, special):
        ours = values_of(compiled(torch.tensor(array), y))
        assert_equal(ours, values_of(reductions(torch.tensor(array), y)), 1e-6)
    assert left_to_numpy(compiled, capsys) <= {"middle", "np.concatenate", "np.stack", "np.maximum.accumulate"}


PRODUCTS = [
    ((4, 3), (3,)), ((3,), (3, 5)), ((3,), (3,)), ((2, 4, 3), (2, 3, 5)), ((2, 4, 3), (3, 5)), ((4, 3), (2, 3, 5)),
    ((2, 4, 3), (3,)), ((3,), (2, 3, 5)), ((1, 4, 3), (2, 3, 5)), ((4, 1), (1, 5)), ((2, 4, 1), (2, 1, 5)),
    ((1, 3), (3, 1)),
]  # fmt: skip


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-6), ("float64", 1e-12)])
def test_products_of_vectors_and_batches(dtype, rtol, by_python, capsys):
    torch.manual_seed(0)
    dtype = getattr(torch, dtype)
    operands = [torch.randn(*shape, dtype=dtype, requires_grad=True) for pair in PRODUCTS for shape in pair]

    of_four_axes = [
        [torch.randn(*shape, dtype=dtype) for shape in pair]
        for pair in (((2, 1, 4, 3), (2, 3, 5)), ((2, 2, 4, 3), (3, 5)), ((2, 3, 4, 3), (2, 3, 3, 1)))
    ]

    def step():
        for x in operands:
            x.grad = None
        outs = [a @ b for a, b in zip(operands[::2], operands[1::2], strict=True)]
        outs += [a.mT @ (a * 2) for a in operands[::2] if a.ndim > 1]
        sum(out.pow(2).sum() for out in outs).backward()
        return [out.detach() for out in outs], [x.grad for x in operands], [a @ b for a, b in of_four_axes]

    compiled = torch.compile(step, backend="loops")
    expected = values_of(step())
    for _ in range(4):
        assert_equal(values_of(compiled()), expected, rtol)
    assert left_to_numpy(compiled, capsys) == set()


def test_elements_at_indices_of_the_first_axes(capsys):
    torch.manual_seed(0)
    table = torch.randn(5, 3, requires_grad=True)

    def step(i, x):
        table.grad = None
        rows = F.embedding(i, table)
        loss = (rows.flatten(1) * x).sum()
        loss.backward()
        rows = rows.detach()
        rows[i[:, 0]] = 7.0
        return rows, table.grad

    compiled = torch.compile(step, backend="loops")
    for seed in range(4):
        torch.manual_seed(seed)
        i, x = torch.randint(0, 4, (4, 2)), torch.randn(4, 6)
        assert_equal(values_of(compiled(i, x)), values_of(step(i, x)), 1e-6)
    assert left_to_numpy(compiled, capsys) == {"check_indices"}
    with pytest.raises(IndexError):
        compiled(torch.full((4, 2), 5), torch.zeros(4, 6))


def test_a_copy_that_reshape_makes_is_the_memory_of_its_views():
    def step(x):
        flat = x.t().reshape(6)
        flat[1:] *= 2
        part = flat[:3].view(3, 1)
        part += 1
        return flat * 1

    x = torch.arange(6.0).reshape(2, 3)
    for backend in ("loops", "numpy"):
        compiled = torch.compile(step, backend=backend)
        for _ in range(4):
            np.testing.assert_array_equal(compiled(x).numpy(), step(x).numpy())


def test_arrays_that_are_joined(by_python, capsys):
    def step(x, y):
        together = torch.cat([x, y]) * 2, torch.stack([x, y], 1) + 1, torch.cat([x[::2], y, x]).sum()
        return *together, torch.stack([x.sum(), y.sum()]) + 1

    compiled = torch.compile(step, backend="loops")
    x, y = torch.arange(4) % 7 / 4, torch.ones(4)
    for _ in range(3):
        assert_equal(values_of(compiled(x, y)), values_of(step(x, y)), 1e-6)
    assert "np.concatenate" not in left_to_numpy(compiled, capsys)
    compiled = torch.compile(lambda x: torch.cat([x, x, x], 2)[..., :0].sum() + 1, backend="loops")
    x = torch.ones(1, 1, 700_000)  # together they are so long that two more axes leave no index
    assert [compiled(x).item() for _ in range(3)] == [1, 1, 1]
    assert "np.concatenate" in left_to_numpy(compiled, capsys)


def views(x):
    """Views of an array of four axes or more."""
    yield from (x.transpose(0, -1), x.movedim(1, -2), x.flip(0, -1), x[:, 1:, ..., ::2], x[1], x[..., -1], x[:, None])
    yield from (x.diagonal(0, 1, 2), x.permute(*reversed(range(x.ndim))), x.swapaxes(1, 2)[..., 1:].flip(1))
    yield from (x.unsqueeze(-1), x[:: -1 % 3, ..., 2:], x[:1].squeeze(0), x[:1].expand(3, *x.shape[1:]))


@pytest.mark.parametrize("backend", ["loops", "numpy"])
@pytest.mark.parametrize(
    "shape", [(2, 3, 3, 4), (2, 3, 3, 2, 4), (2, 2, 2, 3, 2, 3), (2, 3, 3, 1, 1, 2, 4), (40, 2, 2, 300)]
)
def test_views_of_many_axes(shape, backend, by_python, capsys):
    x = torch.arange(float(np.prod(shape))).reshape(shape).requires_grad_()

    def step(x):
        x.grad = None
        results = [view.contiguous() * 2 + 1 for view in views(x)]
        sum((result * result).sum() for result in results).backward()
        return [result.detach() for result in results], x.grad

    compiled = torch.compile(step, backend=backend)
    expected = values_of(step(x))
    for _ in range(4):
        assert_equal(values_of(compiled(x)), expected, 1e-6)
    assert compiled.backend == backend
    if backend == "loops":
        assert left_to_numpy(compiled, capsys) == {"np.copy"}  # of an array in an order of memory of its own


@pytest.mark.parametrize("backend", ["loops", "numpy"])
def test_assignments_to_parts(backend, by_python, capsys):
    def step(x, y, n):
        x = x * 1
        whole = x.clone()
        x[1:, 0] = y
        x[..., -1] = 2.5
        x[None, ::2, 1:] = x[1, :4] * 0.5
        x[0] = whole[0] + x[0]
        whole[:, 2:] += x[:, 2:]
        n = n * 2
        n[1:, :2] = n[1:, 1:3] * 2
        n[2, ::2] = 7
        return x, whole, n

    compiled = torch.compile(step, backend=backend)
    given = torch.arange(20.0).reshape(4, 5), torch.arange(3.0) * 10, torch.arange(20).reshape(4, 5)
    expected = values_of(step(*given))
    for _ in range(4):
        assert_equal(values_of(compiled(*given)), expected)
    assert compiled.backend == backend
    if backend == "loops":
        assert left_to_numpy(compiled, capsys) == set()


@pytest.mark.parametrize("backend", ["loops", "numpy"])
def test_views_of_a_long_axis(backend):
    """An index has room for any element: the further ones are no negative indices."""
    x = torch.arange(1_100_000.0)

    def step(x):
        return x[600_000:] * 2, x.flip(0) - 1, x[::900_000] + 1, x[::2_000_000] * 3, x.reshape(2, -1)[1, 549_000:] + 2

    compiled = torch.compile(step, backend=backend)
    expected = values_of(step(x))
    for _ in range(4):
        assert_equal(values_of(compiled(x)), expected)


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-6), ("float64", 1e-12)])
def test_assignments_to_slices(dtype, rtol, by_python, capsys):
    def step(x, y):
        a, b, c = x.chunk(3, 1)  # whose gradients are put into parts of zeros
        loss = (a * b.exp() * c).sum() + (x[:, 1] * y[:, 0]).sum() + x[::2, 2:].pow(2).sum()
        (grad,) = torch.autograd.grad(loss, x)
        z = grad * 1
        z[1:3, ::2] = y[:2, :3]
        z[:, -1] = 7.0
        z[None, 0, 1:] = y[0, 0]
        return grad, z

    torch.manual_seed(0)
    x, y = (torch.randn(4, 6, dtype=getattr(torch, dtype)) for _ in range(2))
    x.requires_grad_()
    compiled = torch.compile(step, backend="loops")
    for _ in range(4):
        assert_equal(values_of(compiled(x, y)), values_of(step(x, y)), rtol)
    assert left_to_numpy(compiled, capsys) == set()


def test_an_assignment_that_casts_or_fills_a_row_from_more_axes(by_python):
    def step(x, y):
        whole, z = torch.zeros(4, 6, dtype=torch.int64), x * 1
        whole[:, :2] = y[:, :2]
        whole[:, 2:4] = 2.9
        z[1, :3] = y[:1, :3]
        z[:, 4:] = True
        return whole, z

    x, y = torch.full((4, 6), 0.5), torch.arange(24.0).reshape(4, 6) + 0.7
    compiled = torch.compile(step, backend="loops")
    for _ in range(4):
        assert_equal(values_of(compiled(x, y)), values_of(step(x, y)))


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-6), ("float64", 1e-12)])
def test_products_of_what_lies_in_no_order_of_memory(dtype, rtol, by_python, capsys):
    def step(x, w):
        expanded = w[:1].expand(3, 4)
        (grad,) = torch.autograd.grad((x[:, ::2] @ w[:3]).sum(), w)  # the product of an expanded one
        return x[::2, 1:5] @ expanded.t(), x.flip(1)[:, 1:4] @ w[1:], grad, x[None, :, ::2] @ w[:3]

    torch.manual_seed(0)
    x, w = torch.randn(5, 6, dtype=getattr(torch, dtype)), torch.randn(4, 4, dtype=getattr(torch, dtype))
    w.requires_grad_()
    with torch.enable_grad():
        expected = [value.detach() for value in step(x, w)]
    compiled = torch.compile(lambda x, w: [value.detach() for value in step(x, w)], backend="loops")
    for _ in range(4):
        assert_equal(values_of(compiled(x, w)), values_of(expected), rtol)
    assert left_to_numpy(compiled, capsys) == set()


@pytest.mark.parametrize("dtype, rtol", [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_the_logarithm_of_a_sum_of_exponentials(dtype, rtol, capsys):
    special = [0.0, -0.0, 1.0, -3.5, 88.0, -88.0, 1e-30, 1e30, np.inf, -np.inf, np.nan]
    x, y = (torch.tensor(part.ravel()) for part in np.meshgrid(np.array(special, dtype), np.array(special, dtype)))
    compiled = torch.compile(lambda x, y: torch.logaddexp(x, y), backend="loops")
    for _ in range(4):
        assert_equal(values_of(compiled(x, y)), values_of(torch.logaddexp(x, y)), rtol)
    assert left_to_numpy(compiled, capsys) == set()


@pytest.mark.parametrize("target", [[0, 0, -1], [2, 1, 0], [1, -1, 2]])
def test_a_running_conjunction_begins_with_true(by_python, target):
    """The labels of `multilabel_margin_loss` end with the first that is below 0: `np.logical_and.accumulate`."""
    x, y = torch.tensor([0.5, -1.0, 2.0]), torch.tensor(target)
    step = torch.compile(lambda x: F.multilabel_margin_loss(x, y), backend="loops")
    assert [step(x).item() for _ in range(4)] == [F.multilabel_margin_loss(x, y).item()] * 4
