"""Whole steps in loops that numba compiles: beside the NumPy program, kept on disk, explained, saved."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_equal, batches, descent, doubled, mlp
from tinygrad_mlp.compiler import loops

F = torch.nn.functional
WITHOUT_SCIPY = "import runpy, sys; sys.modules['scipy'] = None; runpy.run_path('step.py', run_name='__main__')"
ADAM, SGD = torch.optim.Adam, torch.optim.SGD


def world(optimizer=ADAM, dtype="float32", loss=F.cross_entropy, **options):
    torch.manual_seed(0)
    model = mlp(4, 6, 3).to(getattr(torch, dtype))
    optimizer = optimizer(model.parameters(), lr=0.05, **options)
    return World(descent(model, optimizer, loss), model, optimizer)


def calls(count=8, dtype="float32"):
    return batches(count) if dtype == "float32" else doubled(batches(count))


def run(world, calls, backend):
    step = torch.compile(world.step, backend=backend)
    losses = [step(*call).detach().numpy().copy() for call in calls]
    assert step.backend == backend
    return losses, world.seen(), step


@pytest.mark.parametrize(
    "optimizer, options, dtype, rtol",
    [(ADAM, {}, "float32", 1e-6), (SGD, {"momentum": 0.9, "weight_decay": 0.1}, "float64", 1e-12)],
)
def test_a_step_in_loops_is_the_numpy_program(optimizer, options, dtype, rtol):
    ours, theirs = (run(world(optimizer, dtype, **options), calls(5, dtype), kind) for kind in ("loops", "numpy"))
    assert_equal(list(ours[:2]), list(theirs[:2]), rtol, "step")


def test_a_step_that_stays_in_numpy_in_part():
    torch.manual_seed(0)
    layer = torch.nn.Linear(4, 3)

    def step(x):
        h = F.dropout(layer(x), 0.5).tanh().detach()
        order = h.argsort(dim=1)
        return h.sum(), order, (h * 2).amax(dim=0)

    results = []
    for backend in ("loops", "numpy"):
        torch.manual_seed(1)
        compiled = torch.compile(step, backend=backend)
        results.append([[x.numpy().copy() for x in compiled(batches(1)[0][0])] for _ in range(4)])
    assert_equal(results[0], results[1], 1e-6)
    assert [line.function.__name__ for line in compiled.programs[0].recorded.lines if "sort" in str(line.function)]


def test_new_arrays_of_a_step_whose_names_are_those_of_what_makes_them():
    def new_loss(x):
        loss = (x * 2).sum()
        new_loops = x + 1
        new_loops_2 = x - 1
        loops = new_loops * new_loops_2
        return loss, new_loops, new_loops_2, loops

    def new(x):
        loops = x * 2 + 1
        return (loops,)

    x = torch.tensor([1.0, 2.0, 4.0])
    for function in (new_loss, new):
        step = torch.compile(function, backend="loops")
        results = [step(x) for _ in range(5)]
        expected, *others = [[part.tolist() for part in result] for result in results]
        assert others == [expected] * 4
        assert step.backend == "loops" and "np.empty(" in step.source
        arrays = [part.array for result in results for part in result]
        assert all(type(array) is np.ndarray for array in arrays)
        assert len({id(array) for array in arrays}) == len(arrays)


def test_an_index_that_is_out_of_bounds():
    def step(x, i):
        return (x * 2)[torch.arange(3), i] + 1

    x, compiled, in_numpy = torch.randn(3, 4), *(torch.compile(step, backend=kind) for kind in ("loops", "numpy"))
    for i in ([0, 1, 2], [3, 3, 3], [1, 0, 1], [-1, -4, 0]):
        np.testing.assert_array_equal(compiled(x, torch.tensor(i)).numpy(), in_numpy(x, torch.tensor(i)).numpy())
    for i in ([0, 4, 0], [0, 0, -5]):
        with pytest.raises(IndexError) as theirs:
            in_numpy(x, torch.tensor(i))
        with pytest.raises(IndexError) as ours:
            compiled(x, torch.tensor(i))
        assert str(ours.value) == str(theirs.value)


def test_what_runs_where(capsys):
    _, _, step = run(world(), calls(4), "loops")
    step.explain()
    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith("BLAS   product = x @ ") for line in said)
    assert any(line.startswith("loop   8 x 6: ") for line in said)
    assert "NumPy  check_classes: it checks what it is given, and has no result" in said
    _, _, step = run(world(), calls(4), "numpy")
    step.explain()
    assert capsys.readouterr().out == "All lines are calls of NumPy: the backend is 'numpy'.\n"


def test_the_source_is_the_loops():
    _, _, step = run(world(), calls(4), "loops")
    assert "def step_loops(x, " in step.source
    assert "# compiled.py:" in step.source
    assert "grad_weight_0[:]" not in step.source
    assert "gemm(1.0, x, False, weight_0, True, 0.0, product)  # product = x @ weight_0.T" in step.source


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-6), ("float64", 1e-12)])
def test_a_saved_step_goes_on_alone(dtype, rtol, tmp_path):
    _, _, step = run(world(dtype=dtype), calls(4, dtype), "loops")
    x, y = step.programs[-1].example[0]
    step.save(tmp_path / "step.py", steps=5)
    printed = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_SCIPY], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    np.testing.assert_allclose(np.array(printed[1::2], float), [step(x, y).item() for _ in range(5)], rtol=rtol)
    text = (tmp_path / "step.py").read_text()
    assert "@jit\ndef step_loops(x, " in text
    assert text.count("tinygrad_mlp") == 1  # the sentence that says who wrote it


def test_a_saved_step_raises_for_a_wrong_index(tmp_path):
    step = torch.compile(lambda x, i: (x * 2)[torch.arange(3), i].sum(), backend="loops")
    for i in ([0, 1, 2], [1, 1, 1], [2, 0, 3]):
        step(torch.ones(3, 4), torch.tensor(i))
    step.programs[-1].example[0][1][:] = 4
    step.save(tmp_path / "step.py")
    told = subprocess.run([sys.executable, "-I", "step.py"], cwd=tmp_path, capture_output=True, text=True).stderr
    assert told.endswith("IndexError: index 4 is out of bounds for axis 1 with size 4\n")


def test_a_program_that_numba_refuses_runs_in_numpy(monkeypatch):
    def refuse(function):
        raise TypeError("no such type")

    monkeypatch.setattr(loops, "compiled", refuse)
    step = torch.compile(world().step, backend="loops")
    expected, *_ = run(world(), calls(5), "numpy")
    for call, loss in zip(calls(5), expected, strict=True):
        np.testing.assert_allclose(step(*call).detach().numpy(), loss, rtol=1e-6)
    assert step.backend == "numpy"
    assert "_loops" not in step.source


def test_loops_without_numba(monkeypatch):
    monkeypatch.setattr(loops, "is_available", lambda: False)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_mlp\[fast\]'"):
        torch.compile(world().step, backend="loops")


def test_what_numpy_computes_faster_stays_there(capsys):
    step = torch.compile(lambda x: (x * 2).tanh() + 1, backend="loops")
    for size in (8, 4096):
        x = torch.linspace(-3, 3, size)
        for _ in range(3):
            np.testing.assert_allclose(step(x).numpy(), (x * 2).tanh().numpy() + 1, rtol=1e-6, atol=1e-6)
    step.explain()
    assert [line.split(":")[0].split(" ->")[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "loop   4096", "NumPy  np.tanh", "loop   4096",
    ]  # fmt: skip


def test_variables_that_are_called_like_what_loops_use():
    def step(range, table):
        abs = range * table
        gemm = abs @ abs.t() + 1
        return gemm.abs().sum()

    compiled, in_numpy = (torch.compile(step, backend=kind) for kind in ("loops", "numpy"))
    x, y = torch.randn(3, 4), torch.randn(3, 4)
    for _ in range(3):
        np.testing.assert_allclose(compiled(x, y).numpy(), in_numpy(x, y).numpy(), rtol=1e-6)


def test_a_read_only_argument_is_left_to_eager_code():
    step = torch.compile(lambda x: x.add_(1), backend="loops")
    for _ in range(3):
        step(torch.zeros(3))
    x = torch.zeros(3)
    x.array.flags.writeable = False
    step(x)
    assert x.tolist() == [1, 1, 1]
    assert len(step.programs) == 2


def test_arithmetic_of_pythons_numbers_raises_what_python_raises():
    from tinygrad_mlp.compiler.loops.functions import divided, raised

    assert divided(1.0, 3.0) == 1.0 / 3.0
    assert raised(0.999, 10.0) == pytest.approx(0.999**10, rel=1e-15)
    for function, a, b, error in (
        (divided, 1.0, 0.0, ZeroDivisionError), (raised, 0.0, -1.0, ZeroDivisionError),
        (raised, 10.0, 400.0, OverflowError), (raised, -8.0, 0.5, ValueError),
    ):  # fmt: skip
        with pytest.raises(error):
            function(a, b)
