"""Which values of a program are noted: what statements assign, change in place, and what backward leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_mlp.cli import watched
from tinygrad_mlp.compare.records import Trace, read_folder

# In processes of their own: what follows the instructions of a program would follow those of the tests' tools as well.


def noted(folder: Path, program: str, under: str = "tinygrad_mlp", **request: Any) -> Trace:
    """The trace of a program that is given as text."""
    script, trace = folder / "program.py", folder / "trace"
    script.write_text(textwrap.dedent(program))
    trace.mkdir()
    asked = {"program": [str(script)], "under": under, "seed": 0, "folder": str(trace), **request}
    (folder / "request.json").write_text(json.dumps(asked))
    root = str(Path(watched.__file__).parents[2])
    command = [sys.executable, "-m", "tinygrad_mlp.cli.watched", str(folder / "request.json")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": root}, capture_output=True)
    return read_folder(trace)


def lines(trace: Trace) -> list[tuple[str, int, float]]:
    """The names and lines of what was noted, and the root of the mean square of its elements."""
    calls = [trace.call(number) for number in range(len(trace))]
    return [(call.name, call.line, round(trace.summary(call.number).scale, 6)) for call in calls]


def test_what_statements_assign_is_noted_with_its_line(tmp_path: Path) -> None:
    found = noted(
        tmp_path,
        """\
        import numpy as np
        a = np.ones(3)
        b, c = a * 2, 3.0
        for i in range(2):
            d = b * i
        if i == 0: a = a * 100
        e = (
            a
            + 4
        )
        f = a if i else b; g = a * 5
        n = 7
        s = "text"
        """,
    )
    assert lines(found) == [
        (":a", 2, 1), (":b", 3, 2), (":c", 3, 3), (":d", 5, 0), (":d", 5, 2), (":e", 7, 5), (":f", 11, 1), (":g", 11, 5)
    ]  # fmt: skip


def test_what_is_assigned_twice_with_equal_values_is_noted_twice(tmp_path: Path) -> None:
    found = noted(tmp_path, "import numpy as np\nfor _ in range(3):\n    loss = 1.0\n    a = np.zeros(2)\n")
    assert [name for name, _, _ in lines(found)] == [":loss", ":a"] * 3


@pytest.mark.parametrize(
    "statement",
    [
        "w -= 1",
        "w[w > 2] = 2",
        "w[0] = 2",
        "np.subtract(w, 1, out=w)",
        "np.subtract(w, 1,\n            out=w)",
        "w.fill(2)",
        "view = w[1:]; view[:] = 2",
        "params = [w]\nfor p in params: p -= 1",
        "params = {'w': w}\nparams['w'] -= 1",
        "def step(p):\n    p -= 1\nstep(w)",
        "def step(params):\n    for p in params:\n        p -= 1\nstep([w])",
        "class Net:\n    pass\nnet = Net()\nnet.w = w\nnet.w -= 1",
        "class Net:\n    def step(self):\n        self.w -= 1\nnet = Net()\nnet.w = w\nnet.step()",
        "def step():\n    global w\n    w = w - 1\nstep()",
    ],
)
def test_every_way_of_changing_an_array_is_noted_under_its_name(tmp_path: Path, statement: str) -> None:
    found = noted(tmp_path, f"import numpy as np\nw = np.full(3, 3.0)\n{statement}\n")
    values = [value for name, _, value in lines(found) if name == ":w"]
    changed = [2, 3, 3] if "w[0]" in statement else [3, 2, 2] if "view" in statement else [2, 2, 2]
    assert values == [3, round(float(np.sqrt(np.mean(np.square(changed)))), 6)], lines(found)


def test_an_array_that_is_only_read_is_noted_once(tmp_path: Path) -> None:
    found = noted(tmp_path, "import numpy as np\nw = np.ones(3)\nv = w\nprint(w.sum())\nu = np.dot(w, w)\n")
    assert [name for name, _, _ in lines(found)] == [":w", ":v", ":u"]


def test_local_variables_have_their_function_s_name_and_arguments_are_not_assigned(tmp_path: Path) -> None:
    found = noted(
        tmp_path,
        """\
        import numpy as np
        def f(x):
            y = x + 1
            return [y for y in [x, x]]
        class A:
            kept = 1.0
            def g(self, x):
                y = x * 2
                return y
        f(np.ones(2))
        A().g(np.ones(2))
        (lambda q: q)(1.0)
        """,
    )
    assert [name.rpartition(".")[2] for name, _, _ in lines(found)] == ["f:y", "g:y"]


@pytest.mark.parametrize("under", ["tinygrad_mlp", "torch"])
def test_gradients_are_noted_when_backward_has_run_and_not_when_they_are_zeroed(tmp_path: Path, under: str) -> None:
    found = noted(
        tmp_path,
        """\
        import torch
        w = torch.full((3,), 2.0, requires_grad=True)
        for step in range(2):
            h = w * 3
            loss = h.sum() * 0 if step else h.sum()
            loss.backward()
            with torch.no_grad():
                w -= w.grad
            w.grad.zero_()
        """,
        under,
    )
    step = [(":h", 4), (":loss", 5), (":h.grad", 6), (":w.grad", 6)]
    assert [each[:2] for each in lines(found)] == [(":w", 2), *step, (":w", 8), *step, (":w", 8)]
    assert [value for name, _, value in lines(found) if name == ":w.grad"] == [3, 0]
    assert found.about["losses"] == [":loss"]
    assert found.about["leaves"] == [":w"]


@pytest.mark.parametrize("under", ["tinygrad_mlp", "torch"])
def test_modules_and_optimisers(tmp_path: Path, under: str) -> None:
    found = noted(
        tmp_path,
        """\
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            loss = net(torch.ones(4, 2)).sum()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 0.1)
            optimizer.step()
        """,
        under,
    )
    own = [line for name, line, _ in lines(found) if name == ":net.2.bias"]
    assert own == [2, 9, 9]
    gradients = [(line, value) for name, line, value in lines(found) if name == ":net.2.bias.grad"]
    assert [line for line, _ in gradients] == [7, 8, 7, 8]
    assert gradients[0][1] == 4
    assert 0 < gradients[1][1] <= 0.1


def test_files_beside_the_program_are_watched_and_libraries_are_not(tmp_path: Path) -> None:
    text = "import numpy as np\nscale = np.full(2, 5.0)\ndef f(x):\n    y = x * scale\n    return y\n"
    (tmp_path / "layers.py").write_text(text)
    found = noted(tmp_path, "import json\nimport numpy as np\nfrom layers import f\nz = f(np.ones(2))\n")
    assert [name for name, _, _ in lines(found)] == ["layers:scale", "f:y", ":z"]
    assert set(found.about["files"]) == {"layers.py", "program.py"}


def test_what_is_given_is_written_in_place_and_what_cannot_be_is_said(tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "given.npz", np.full(3, 7.0), np.full((2, 3), 7.0), np.full(4, 7.0), np.array(7.0))
    names = [[":w", 1], [":turned", 0], [":other", 0], [":number", 0]]
    found = noted(
        tmp_path,
        """\
        import numpy as np
        w = np.ones(3)
        w = w * 2
        v = w + 1
        turned = np.ones((3, 2))
        other = np.ones(3)
        number = 1.0
        """,
        given=str(tmp_path / "given.npz"),
        given_names=names,
        turned=["turned"],
    )
    assert [(name, value) for name, _, value in lines(found)] == [
        (":w", 1), (":w", 7), (":v", 8), (":turned", 7), (":other", 1), (":number", 1)
    ]  # fmt: skip
    handed = found.about["handed"]
    assert handed[":w"] == handed[":turned"] == "handed over"
    assert handed[":other"] == "has another shape: (3,) and not (4,)"
    assert "cannot be written to" in handed[":number"]


def test_a_program_that_raises_says_where(tmp_path: Path) -> None:
    found = noted(tmp_path, "import numpy as np\na = np.ones(2)\nb = np.ones((2, 2)) @ np.ones(3)\n")
    assert found.about["exit"] == 1
    assert found.about["raised"]["line"] == 3
    assert found.about["raised"]["says"].startswith("ValueError: matmul")
    assert [name for name, _, _ in lines(found)] == [":a"]


def test_memory_does_not_grow_with_the_number_of_steps(tmp_path: Path) -> None:
    program = """\
        import resource
        import numpy as np
        w = np.ones(20_000)
        for step in range(2000):
            h = w * step
            if step == 200:
                before = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        """
    found = noted(tmp_path, program)
    assert lines(found)[-1][0] == ":grown"
    assert lines(found)[-1][2] < 20_000  # KiB; all of them would be 288 MB


@pytest.mark.parametrize(
    "statement",
    ["w[5, 7] += 1e-9", "w[[0, 9]] = w[[9, 0]]", "w[:, [3, 4]] = w[:, [4, 3]]", "w[-1, -1] = 0", "np.negative(w, w)"],
)
def test_small_changes_of_a_large_array_are_noted(tmp_path: Path, statement: str) -> None:
    text = f"import numpy as np\nw = np.random.randn(300, 201)\nv = w.copy()\n{statement}\nu = w.sum()\n"
    assert [each[:2] for each in lines(noted(tmp_path, text))] == [(":w", 2), (":v", 3), (":w", 4), (":u", 5)]
