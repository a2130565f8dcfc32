"""Machine code is kept on disk: a second process needs neither numba nor seconds; and no file is ever an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.compiler.lines import Value
from tinygrad_mlp.compiler.loops import LoopsFunction, cache, machine, objects

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of its own for what is kept."""
    monkeypatch.setenv("TINYGRAD_MLP_CACHE", str(tmp_path))
    return tmp_path


def kept_files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def losses():
    """The results of a small step that is compiled, which takes numba a second."""
    step = torch.compile(lambda x: (x * 2 + 1).exp().sum(), backend="loops")
    results = [step(torch.arange(i, i + 5.0)).item() for i in range(4)]
    assert step.backend == "loops"
    return results


@pytest.fixture
def compilations(monkeypatch):
    """The names of the functions that are compiled, as the test goes on."""
    made, found = objects.made, []

    def noted(text, name, kinds):
        found.append(name)
        return made(text, name, kinds)

    monkeypatch.setattr(objects, "made", noted)
    return found


def test_what_is_on_disk_is_not_compiled_again(folder, compilations):
    first = losses()
    files = {path: path.stat().st_mtime_ns for path in kept_files(folder)}
    assert {path.suffix for path in files} == {".code"}
    assert losses() == first
    assert {path: path.stat().st_mtime_ns for path in kept_files(folder)} == files
    assert len(compilations) == 1


PROGRAM = """
import json, sys
import tinygrad_mlp as torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
def step(x, y):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss
step = torch.compile(step, backend="loops")
losses = [step(torch.randn(8, 4), torch.randint(0, 3, (8,))).item() for _ in range(6)]
print(json.dumps([losses, step.backend, "numba" in sys.modules]))
"""


def process():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_second_process_runs_the_same_code_without_numba(folder):
    losses, backend, with_numba = process()
    assert (backend, with_numba) == ("loops", True)
    assert process() == [losses, "loops", False]


def changed_in_the_middle(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"x\n" * 99, changed_in_the_middle]
)
def test_damaged_files_are_made_anew(damage, folder, compilations):
    first = losses()
    whole = [path.read_bytes() for path in kept_files(folder)]
    for path in kept_files(folder):
        path.write_bytes(damage(path.read_bytes()))
    assert losses() == first
    assert len(compilations) == 2
    assert [len(path.read_bytes()) for path in kept_files(folder)] == [len(data) for data in whole]


def test_files_that_cannot_be_written_or_read(tmp_path, monkeypatch, compilations):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TINYGRAD_MLP_CACHE", str(tmp_path / "file"))
    first = losses()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("TINYGRAD_MLP_CACHE", str(tmp_path / "other"))
    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "replace", full)
        assert losses() == first
    assert kept_files(tmp_path / "other") == []
    losses()
    (path,) = kept_files(tmp_path / "other")
    path.unlink()
    path.mkdir()
    assert losses() == first
    assert len(compilations) == 4


def test_two_threads_write_at_once(folder):
    found = {}

    def work(i):
        found[i] = losses()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert len(kept_files(folder)) == 1


def test_files_that_were_not_used_for_long_make_room(folder, monkeypatch):
    losses()
    (new,) = kept_files(folder)
    for age in range(1, 5):
        other = new.with_name(f"other{age}.nbi")
        other.write_bytes(b"of another version")
        os.utime(other, (new.stat().st_mtime - age, new.stat().st_mtime - age))
    monkeypatch.setattr(cache, "_MOST_FILES", 3)
    monkeypatch.setattr(cache, "_versions", lambda: ("others",))
    losses()
    assert len(kept_files(folder)) == 3
    assert {path.name for path in kept_files(folder)} >= {new.name, "other1.nbi"}


def test_a_file_that_is_used_stays(folder):
    losses()
    (path,) = kept_files(folder)
    os.utime(path, (1, 1))
    losses()
    assert path.stat().st_mtime > 1


def test_other_settings_of_numba_are_another_key(folder, monkeypatch, compilations):
    losses()
    monkeypatch.setenv("NUMBA_ENABLE_AVX", "0")
    losses()
    assert len(compilations) == 2


def test_code_that_calls_what_is_not_there_is_made_anew(folder, compilations, monkeypatch):
    first = losses()
    made = objects.made
    code = made("def f(table):\n    return 0, 0\n", "f", ())
    monkeypatch.setattr(cache, "found", lambda parts: code._replace(outside=("no_such_function",)))
    assert losses() == first


# -- what the machine code takes and raises --------------------------------------------------------


def function(text, *parameters):
    """A function of loops with this body."""
    names = [value.name for value in parameters]
    made = LoopsFunction("f", list(parameters), names)
    made.text = f"def f({', '.join(names)}):\n    {text}\n"
    return made


def test_arrays_of_every_layout_and_numbers():
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    arrays = [base, base.T, base[:, ::2], base[1:3, 1:].T, base[::-1], np.array(3.0, np.float32)]
    for array in arrays:
        out = np.zeros(array.shape, np.float64)
        index = {0: "()", 2: "i, j"}[array.ndim]
        loops = (
            "" if array.ndim == 0 else f"for i in range({array.shape[0]}):\n        for j in range({array.shape[1]}): "
        )
        body = f"{loops}y[{index}] = np.float64(x[{index}]) * a + b"
        values = (
            Value(array, "input", "x"),
            Value(out, "input", "y"),
            Value(0.5, "number", "a"),
            Value(2, "number", "b"),
        )
        run = machine.compiled(function(body, *values))
        assert run(array, out, 0.25, -3) is None
        np.testing.assert_array_equal(out, array * 0.25 - 3.0)


def test_an_argument_that_is_no_array(tmp_path):
    x = np.ones(3, np.float32)
    run = machine.compiled(function("x[0] = np.float32(2.0)", Value(x, "input", "x")))
    for other in (1.0, None, [1.0], np.float32(1.0)):
        with pytest.raises(TypeError, match="an array was expected"):
            run(other)
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=(3,))
    run(mapped)
    assert mapped.tolist() == [2, 0, 0]


def test_what_is_raised_in_machine_code_is_raised_in_python(folder):
    x = np.ones(3, np.float32)
    values = (Value(x, "input", "x"), Value(0.5, "number", "a"))
    for _ in range(2):  # compiled, and from the disk
        run = machine.compiled(function("x[0] = divided(1.0, a)\n    x[1] = raised(-8.0, a)", *values))
        with pytest.raises(ZeroDivisionError, match=r"^division by zero$"):
            run(x, 0.0)
        with pytest.raises(ValueError, match=r"^a negative number cannot be raised to a fractional power$"):
            run(x, 0.5)
        run(x, 2.0)
        assert x.tolist() == [0.5, 64.0, 1.0]


def test_static_arrays_live_as_long_as_the_function():
    x = np.ones(3, np.float32)
    value = Value(np.full(3, 7, np.float32), "constant", "constant")
    run = machine.compiled(function("for i in range(3): x[i] = constant[i]", value, Value(x, "input", "x")))
    value.array = None
    np.full(3, 9, np.float32)
    run(x)
    assert x.tolist() == [7, 7, 7]


def test_the_line_of_the_step_makes_no_difference(compilations, folder):
    text = "def step(x):\n    return x * 3 + 1\n"
    for lines in ("", "\n\n# more above it\n"):
        scope = {}
        exec(compile(lines + text, "user.py", "exec"), scope)
        step = torch.compile(scope["step"], backend="loops")
        for _ in range(3):
            assert step(torch.ones(2)).tolist() == [4, 4]
        assert f"user.py:{2 + lines.count(chr(10))}" in step.source
    assert len(compilations) == 1
