"""What a program does that may differ from run to run is named where it is seen, if the runs are not the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygrad_mlp.compare import scripts
from tinygrad_mlp.compare.runs import Request, recorded

START = "import torch\nx = torch.ones(3, requires_grad=True)\n"
SEEN = {
    "clock": ("import time\nbegan = time.perf_counter()\n", "script.py:4 reads a clock (`perf_counter`)"),
    "address": ("y = id(x)\n", "script.py:3 asks for an `id()`"),
    "bytes": ("import os\ny = os.urandom(4)\n", "script.py:4 asks the system for random bytes"),
    "thread": (
        "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\n",
        "script.py:5 starts a thread",
    ),
    "process": ("import subprocess\nsubprocess.run(['true'])\n", "the program starts processes"),
    "fork": ("import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\n", "the program starts processes"),
    "path": (
        "from pathlib import Path\nPath('log.txt').write_text(Path('log.txt').read_text() + 'x')\n",
        "the program reads and writes log.txt",
    ),
    "output": ("with open('log.txt', 'a') as f:\n    f.write('x')\n", "the program reads and writes log.txt"),
}


@pytest.mark.parametrize("kind", SEEN)
def test_it_is_named_with_its_line(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("log.txt").write_text("")
    lines, said = SEEN[kind]
    tmp_path.joinpath("script.py").write_text(START + lines + "(x * 2).sum().backward()\n")
    trace = recorded("tinygrad_mlp", Request(["script.py"]))
    assert trace.about["exit"] == 0
    assert [note for note in trace.about["unsure"] if note.startswith(said)] == trace.about["unsure"] != []


def test_a_plain_training_has_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("script.py").write_text(
        "import copy, torch\nnet = torch.nn.Linear(3, 2)\nother = copy.deepcopy(net)\n"
        "loss = net(torch.randn(4, 3)).sum()\nloss.backward()\nprint(loss.item(), open('script.py').read()[:3])\n"
    )
    assert recorded("tinygrad_mlp", Request(["script.py"])).about["unsure"] == []


def test_a_program_that_does_not_repeat_itself_is_said_to(tmp_path: Path) -> None:
    tmp_path.joinpath("script.py").write_text(
        "import os, torch\nx = torch.tensor([float(n) for n in os.urandom(8)], requires_grad=True)\n"
        "(x * x).sum().backward()\n"
    )
    comparison = scripts(str(tmp_path / "script.py"))
    text = str(comparison)
    assert not comparison.same
    assert "run again under torch the program does other things, from the 1st call of `tensor`, script.py:2, on" in text
    assert "script.py:2 asks the system for random bytes" in text
