"""`tinygrad-mlp tape SCRIPT.py`: the tape of a script's last backward, or of the K-th."""

from __future__ import annotations

import json

import pytest

from tinygrad_mlp.cli import main
from tinygrad_mlp.cli.refusals import IN_COMPILED

SCRIPT = """\
import sys
import torch

torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(5, 3), torch.randn(5, 1)
for step in range(3):
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    print("loss", loss.item(), *sys.argv[1:])
    optimizer.step()
"""


COMPILED = """\
import torch

w = torch.ones(3, requires_grad=True)

@torch.compile
def step(x):
    w.grad = None
    loss = (w * x).exp().sum()
    loss.backward()
    return loss

for _ in range(4):
    step(torch.ones(3))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "descent.py"
    path.write_text(SCRIPT)
    return str(path)


def test_the_table_comes_after_what_the_script_prints(script, capsys):
    assert main(["tape", script, "an argument"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("loss ") and line.endswith("an argument") for line in lines) == 3
    assert lines[3].split()[:3] == ["#", "operator", "inputs"]
    assert [line.split()[1] for line in lines[4:]] == ["linear", "sub", "pow", "mean"]
    assert "model.weight (1, 3)" in lines[4] and lines[4].endswith("descent.py:9")
    assert "loss () float32" in lines[-1]


def test_json_of_a_step(script, capsys):
    found = {}
    for step in ("1", "3", None):
        assert main(["tape", "--json", *(["--step", step] if step else []), script]) == 0
        out, err = capsys.readouterr()
        assert err.count("loss ") == 3
        found[step] = json.loads(out)
    losses = {step: tape["steps"][-1]["value"]["mean"] for step, tape in found.items()}
    assert losses["3"] == losses[None] < losses["1"]
    assert found[None]["leaves"][0]["name"] == "model.weight"


def test_pictures(script, tmp_path, capsys):
    page, picture = tmp_path / "tape.html", tmp_path / "tape.svg"
    assert main(["tape", "--html", str(page), "--svg", str(picture), script]) == 0
    assert "operator" not in capsys.readouterr().out
    assert "model.weight" in page.read_text() and picture.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("options", "program", "message"),
    [
        ([], "import torch\ntorch.ones(2)\n", "the program ran no backward, so there is no tape to show"),
        (["--step", "4"], SCRIPT, "--step: the program ran 3 backward passes"),
    ],
)
def test_no_such_tape(options, program, message, tmp_path, capsys):
    path = tmp_path / "program.py"
    path.write_text(program)
    assert main(["tape", *options, str(path)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"{path}: {message}"


@pytest.mark.parametrize("options", [[], ["--json"], ["--html", "tape.html"], ["--step", "2"]])
def test_a_compiled_step_is_shown_as_it_was_recorded(options, tmp_path, capsys, monkeypatch):
    path = tmp_path / "compiled.py"
    path.write_text(COMPILED)
    monkeypatch.chdir(tmp_path)
    assert main(["tape", *options, str(path)]) == 0
    out, err = capsys.readouterr()
    assert err.count(IN_COMPILED) == 1
    shown = (tmp_path / "tape.html").read_text() if "--html" in options else out
    assert all(word in shown for word in ("mul", "exp", "sum", "loss"))


def test_an_eager_backward_is_not_said_to_be_compiled(script, capsys):
    assert main(["tape", script]) == 0
    assert IN_COMPILED not in capsys.readouterr().err


def test_a_script_that_fails_keeps_its_exit_code(tmp_path, capsys):
    path = tmp_path / "program.py"
    path.write_text("import sys\nsys.exit(7)\n")
    assert main(["tape", str(path)]) == 7
    assert main(["tape", str(tmp_path / "none.py")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_page_cannot_be_written(script, tmp_path, capsys):
    assert main(["tape", "--svg", str(tmp_path / "none" / "tape.svg"), script]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_walk_goes_through_the_backward(script, capsys):
    assert main(["tape", "--walk", script]) == 0
    out = capsys.readouterr().out
    assert "model.weight" in out and out.index("mean") < out.index("linear")
