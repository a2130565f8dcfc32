"""What compile writes: a program as a person would write it, and a file that runs it without the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.compiler.emit import identifier
from tinygrad_mlp.nn import CrossEntropyLoss, Dropout, Linear, MSELoss, ReLU, Sequential
from tinygrad_mlp.optim import SGD, Adam

BY_HAND = Path(torch.__file__).parent / "examples" / "numpy_by_hand.py"  # read: to import it is to run it


def tutorial():
    """Program (b) of the examples, smaller."""
    torch.manual_seed(1)
    x, y = torch.randn(8, 20), torch.randn(8, 3)
    w1, w2 = torch.randn(20, 10, requires_grad=True), torch.randn(10, 3, requires_grad=True)
    learning_rate = 1e-4

    def step():
        nonlocal w1, w2
        y_pred = x.mm(w1).clamp(min=0).mm(w2)
        loss = (y_pred - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
            w1.grad.zero_()
            w2.grad.zero_()
        return loss

    return step


def classifier(optimizer=Adam, dropout=0.0, width=16):
    torch.manual_seed(0)
    model = Sequential(Linear(6, width), ReLU(), Dropout(dropout), Linear(width, 4))
    loss_of, optimizer = CrossEntropyLoss(), optimizer(model.parameters(), lr=0.1)

    def step(x, labels):
        optimizer.zero_grad()
        loss = loss_of(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def batch(n=8):
    torch.manual_seed(5)
    return torch.randn(n, 6), torch.randint(0, 4, (n,))


def settled(step, *args, calls=4):
    """The step, compiled, after some calls."""
    compiled = torch.compile(step)
    for _ in range(calls):
        compiled(*args)
    return compiled


def statements(text):
    """The statements of a function, or of a module's loop over steps."""
    tree = ast.parse(text).body
    body = next((x.body for x in tree if isinstance(x, ast.FunctionDef)), None)
    return body if body is not None else next(x.body for x in tree if isinstance(x, ast.For))


def numpy_calls(body):
    """How many calls on arrays the statements make: functions and operators; views and prints are none."""
    count = 0
    for node in (part for statement in body for part in ast.walk(statement)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            count += name not in ("view", "reshape", "item", "print")
        count += isinstance(node, (ast.BinOp, ast.AugAssign, ast.Compare))
    return count


# -- the text --------------------------------------------------------------------------------------


def test_program_b_has_no_more_calls_than_program_a():
    by_hand = numpy_calls(statements(BY_HAND.read_text(encoding="utf-8")))
    by_machine = numpy_calls(statements(settled(tutorial()).source))
    assert by_hand == 17
    assert by_machine <= by_hand


def test_values_have_the_users_names():
    source = settled(tutorial()).source
    for line in ("np.dot(x, w1, out=", "y_pred = ", "loss = np.add.reduce(", "w2.T", "return loss"):
        assert line in source or line.replace("y_pred = ", "out=y_pred") in source, line


def test_parameters_state_and_cotangents_have_theirs():
    source = settled(classifier(), *batch()).source
    assert source.startswith("def step(x, labels, lr):")
    for name in ("weight_0", "bias_3", "grad_weight_0", "exp_avg_weight_0", "exp_avg_sq_bias_3", "step_weight_3"):
        assert name in source, name


@pytest.mark.parametrize(
    ("text", "name"),
    [("linear.weight", "linear_weight"), ("0.weight", "weight_0"), ("0.1.weight", "weight_0_1"), ("0", "_0"),
     ("0.1", "_0_1"), ("model.0.1.bias", "model_0_1_bias"), ("3d.weight", "weight_3d"), ("-", "value")],
)  # fmt: skip
def test_every_path_has_a_name(text, name):
    assert identifier(text) == name
    assert name.isidentifier()


def test_layers_within_layers():
    model = Sequential(Sequential(Linear(3, 2), Sequential(Linear(2, 2))), ReLU())

    def step(x):
        loss = model(x).sum()
        loss.backward()
        return loss

    compiled = torch.compile(step)
    for _ in range(3):
        model.zero_grad()
        compiled(torch.ones(1, 3))
    assert "weight_0_0.T" in compiled.source
    assert "weight_0_1_0.T" in compiled.source


def test_comments_name_the_users_lines():
    source = settled(classifier(), *batch()).source
    comments = [line.strip() for line in source.splitlines() if line.strip().startswith("#")]
    assert [comment.split("  ")[-1] for comment in comments[:3]] == [
        "loss = loss_of(model(x), labels)", "loss.backward()", "optimizer.step()",
    ]  # fmt: skip
    assert all(comment.startswith("# test_source.py:") for comment in comments)


def test_the_weight_update_is_in_the_product_where_nobody_reads_the_gradient():
    assert settled(tutorial()).source.count("sgemm(-0.0001, ") == 2
    assert "w1 -= 0.0001 * (x.T @ " in settled(tutorial()).source
    assert "gemm" not in settled(classifier(SGD), *batch()).source  # its .grad can be seen after the step


def test_softmax_is_not_taken_twice():
    source = settled(classifier(), *batch()).source
    assert source.count("np.exp(") == 1
    assert source.count("np.log(") == 1


def test_no_buffer_is_made_while_the_program_runs():
    """What elementwise calls, products and sums give lies in buffers, but for what is handed out."""
    source = settled(classifier(SGD), *batch()).source
    handed_out = ("loss", "grad_weight_0", "grad_bias_0", "grad_weight_3", "grad_bias_3")
    for line in source.splitlines():
        if "np.matmul(" in line and not line.strip().startswith(handed_out):
            assert "out=" in line, line


def test_large_updates_run_in_blocks():
    source = settled(classifier(Adam, width=50_000), *batch()).source
    assert "for i in range(0, 300000, 262144):" in source
    assert "for" not in settled(classifier(Adam, width=16), *batch()).source


def test_blocks_compute_what_eager_does_to_the_last_bit():
    runs = []
    for wrap in (lambda step: step, torch.compile):
        torch.manual_seed(0)
        w = torch.randn(700, 801, requires_grad=True)
        optimizer = Adam([w], lr=0.1, weight_decay=0.01)

        def step(x, w=w, optimizer=optimizer):
            optimizer.zero_grad()
            x.mm(w).tanh().square().mean().backward()
            optimizer.step()

        step = wrap(step)
        for i in range(6):
            step(torch.full((2, 700), i / 100))
        runs.append(w.detach().numpy())
    assert "for i in range(0, 560700, 262144):" in step.source
    np.testing.assert_array_equal(runs[1], runs[0])


# -- the file --------------------------------------------------------------------------------------


def run_alone(path):
    """What the file prints where neither this package nor SciPy can be imported."""
    code = (
        "import runpy, sys\n"
        "for name in ('tinygrad_mlp', 'torch', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        f"runpy.run_path({str(path)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return [float(line.split()[-1]) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("make", [tutorial, lambda: classifier(Adam), lambda: classifier(SGD, dropout=0.5)])
def test_a_saved_step_goes_on_alone(make, tmp_path):
    args = () if make is tutorial else batch()
    step = settled(make(), *args)
    step.save(tmp_path / "step.py", steps=6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step.npz", "step.py"]
    expected = [step(*args).item() for _ in range(6)]
    assert run_alone(tmp_path / "step.py") == pytest.approx(expected, rel=1e-5)


def test_a_saved_step_names_no_package(tmp_path):
    settled(classifier(), *batch()).save(tmp_path / "step.py")
    imports = [line for line in (tmp_path / "step.py").read_text().splitlines() if "import" in line]
    assert imports == ["from pathlib import Path", "import numpy as np"]


def test_a_saved_step_names_a_wrong_class(tmp_path):
    step = settled(classifier(), *batch())
    step.programs[-1].example[0][1][0] = 7
    step.save(tmp_path / "step.py")
    told = subprocess.run([sys.executable, "-I", "step.py"], cwd=tmp_path, capture_output=True, text=True).stderr
    assert told.endswith("IndexError: Target 7 is out of bounds.\n")


def test_what_cannot_be_saved_is_refused(tmp_path):
    def noisy(x):
        return (x + torch.randn(3)).sum()

    with pytest.raises(RuntimeError, match="nothing is recorded yet"):
        torch.compile(noisy).save(tmp_path / "step.py")
    with pytest.raises(ValueError, match="draws with normal"):
        settled(noisy, torch.ones(3)).save(tmp_path / "step.py")
    assert not list(tmp_path.iterdir())


def test_saved_memory_that_is_shared_is_refused(tmp_path):
    both = torch.zeros(4)
    first, second = both[:2], both[2:]

    def step():
        first.add_(1)
        return (first * second).sum()

    with pytest.raises(ValueError, match="share memory"):
        settled(step).save(tmp_path / "step.py")


# -- what the passes must not do -------------------------------------------------------------------


def test_views_of_a_masked_value_keep_it_alive():
    """A transposed view of what a mask leaves is read after other lines have taken new buffers."""
    torch.manual_seed(0)
    w = torch.randn(5, 5, requires_grad=True)

    def step(x):
        h = x.mm(w).relu()
        loss = (h.t().mm(h).relu() * 2).sum() + MSELoss()(h, x)
        (g,) = torch.autograd.grad(loss, w)
        return g

    x = torch.randn(5, 5)
    expected, compiled = step(x), settled(step, x)
    np.testing.assert_allclose(compiled(x).numpy(), expected.numpy(), rtol=1e-5)


def test_a_product_with_the_weight_itself_is_not_folded_into_it():
    torch.manual_seed(0)
    m = torch.randn(4, 4)

    def make():
        w = torch.eye(4) + 0.1

        def step():
            nonlocal w
            w -= 0.1 * w.mm(m)
            return w.sum()

        return step

    eager, compiled = make(), settled(make(), calls=3)
    for _ in range(3):
        eager()
    for _ in range(3):
        assert compiled().item() == pytest.approx(eager().item(), rel=1e-6)


def test_a_zeroed_gradient_in_fortran_order_is_looked_at_anew():
    m = torch.arange(1600.0).reshape(40, 40).t()
    runs = []
    for wrap in (lambda step: step, torch.compile):
        w = torch.zeros(40, 40).requires_grad_()

        def step(w=w):
            (w * m).sum().backward()
            with torch.no_grad():
                w.sub_(w.grad)
                w.grad.zero_()

        step = wrap(step)
        for i in range(6):
            if i == 5:
                w.grad.fill_(1)
            step()
        runs.append(w.detach().numpy())
    assert w.grad.numpy().flags.f_contiguous
    np.testing.assert_array_equal(runs[1], runs[0])


def test_zeroed_gradients_are_added_to_when_they_are_not_zero():
    """A gradient that is 0 when a step begins is written over; one that somebody has set is added to."""
    runs = []
    for wrap in (lambda step: step, torch.compile):
        x, w = torch.ones(2, 3), torch.ones(3, 2).requires_grad_()

        def step(x=x, w=w):
            (x.mm(w) ** 2).sum().backward()
            with torch.no_grad():
                w.sub_(0.01 * w.grad)
                w.grad.zero_()
            return w.detach().clone()

        step = wrap(step)
        for i in range(8):
            if i in (4, 6):
                w.grad.numpy()[...] = i
            result = step()
        runs.append((result.numpy(), w.grad.numpy()))
    np.testing.assert_allclose(runs[1][0], runs[0][0], rtol=1e-6)
    np.testing.assert_array_equal(runs[1][1], runs[0][1])
