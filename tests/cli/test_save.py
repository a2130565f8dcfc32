"""`train --save`: the file that is left, and what is left where training or saving is ended."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from support.commands import COMMAND, environment, houses, results, rows_to_test_on, succeed
from tinygrad_mlp.datasets import load_digits
from tinygrad_mlp.serialization import load_metadata
from tinygrad_mlp.tables import Model


def test_a_saved_classifier_predicts_the_same(tmp_path: Path) -> None:
    found = results(tmp_path, "--epochs", "3", "--save", "digits.safetensors")
    assert found["saved"] == "digits.safetensors"
    model = Model.load(tmp_path / "digits.safetensors")
    assert (model.task, model.target, model.classes) == ("classification", "digit", tuple("0123456789"))
    images, labels = load_digits()
    rows = rows_to_test_on(len(labels), classes=labels)
    predicted = model.outputs(model.inputs(images[rows].reshape(-1, 64))).argmax(1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels[rows], predicted), 1)
    assert confusion.tolist() == found["test"]["confusion"]


def test_a_saved_regression_predicts_the_same(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "houses.npz", X=features, y=price)
    output = succeed(tmp_path, "--data", "houses.npz", "--epochs", "5", "--save", "houses.safetensors")
    assert output.endswith("saved to houses.safetensors\n")
    facts = load_metadata(tmp_path / "houses.safetensors")
    assert json.loads(facts["task"]) == "regression"
    assert json.loads(facts["feature_names"]) == ["X[:, 0]", "X[:, 1]"]
    assert json.loads(facts["layers"]) == [2, 128, 64, 1]
    rows = rows_to_test_on(len(price))
    model = Model.load(tmp_path / "houses.safetensors")
    rmse = np.sqrt(np.square(model.outputs(model.inputs(features[rows])) - price[rows]).mean())
    assert f"test RMSE {rmse:.4g}" in output.replace(f"{rmse:.5g}", f"{rmse:.4g}")


def test_a_file_of_torchs_format_is_read_by_torch(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "houses.npz", X=features, y=price)
    for ending in ("pt", "pth", "safetensors"):
        succeed(tmp_path, "--data", "houses.npz", "--epochs", "5", "--save", f"houses.{ending}")
    content = torch.load(tmp_path / "houses.pt")
    assert content["task"] == "regression" and content["layers"] == [2, 128, 64, 1]
    assert content["feature_names"] == ["X[:, 0]", "X[:, 1]"]
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)
    )
    net.load_state_dict(content["state_dict"])
    models = [Model.load(tmp_path / f"houses.{ending}") for ending in ("pt", "pth", "safetensors")]
    inputs = models[0].inputs(features)
    wanted = models[2].outputs(inputs)
    assert all(np.array_equal(model.outputs(inputs), wanted) for model in models[:2])
    scaled = net(torch.from_numpy(inputs)).detach().numpy()[:, 0] * content["target_scale"] + content["target_mean"]
    assert np.allclose(scaled, wanted, rtol=1e-4, atol=1e-3)


def test_the_library_is_only_needed_for_its_own_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    Model.check_path(tmp_path / "a.pt")
    with pytest.raises(ImportError, match="safetensors"):
        Model.check_path(tmp_path / "a.safetensors")
    with pytest.raises(FileNotFoundError):
        Model.check_path(tmp_path / "nowhere" / "a.pt")


SLOW_SAVE = """
import os, sys, time
real = os.replace
def replace(*args):
    print("about to rename", file=sys.stderr, flush=True)
    time.sleep(60)
os.replace = replace
"""


@pytest.mark.parametrize(
    ("number", "code", "message", "left"),
    [(signal.SIGKILL, -signal.SIGKILL, "", 1), (signal.SIGINT, 130, "tinygrad-mlp: interrupted\n", 0)],
    ids=["kill", "ctrl-c"],
)
@pytest.mark.parametrize("name", ["net.safetensors", "net.pt"])
def test_a_save_that_is_ended_leaves_the_old_file(
    number: int, code: int, message: str, left: int, name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    slow = tmp_path_factory.mktemp("slow")
    (slow / "sitecustomize.py").write_text(SLOW_SAVE)
    succeed(tmp_path, "--epochs", "1", "--save", name)
    old = (tmp_path / name).read_bytes()
    args = [*COMMAND, "train", "--json", "--epochs", "1", "--seed", "1", "--save", name]
    with subprocess.Popen(
        args, cwd=tmp_path, env=environment(slow), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "about to rename\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, "", message)
    assert (tmp_path / name).read_bytes() == old
    assert len(list(tmp_path.glob(".*.tmp"))) == left


def test_ctrl_c_while_training_ends_with_one_line(tmp_path: Path) -> None:
    args = [*COMMAND, "train", "--epochs", "100000", "--save", "net.safetensors"]
    with subprocess.Popen(
        args, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("    1"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "tinygrad-mlp: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_on_a_terminal_gives_the_cursor_back(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    args = [*COMMAND, "train", "--epochs", "100000"]
    env = {**environment(), "TERM": "xterm"}
    process = subprocess.Popen(args, cwd=tmp_path, env=env, stdout=slave, stderr=slave)
    os.close(slave)
    sent = b""
    with contextlib.suppress(OSError):
        interrupted = False
        while select.select([master], [], [], 30)[0] and (piece := os.read(master, 65536)):
            sent += piece
            if b"training" in sent and not interrupted:
                process.send_signal(signal.SIGINT)
                interrupted = True
    os.close(master)
    assert process.wait(30) == 130
    assert sent.count(b"\x1b[?25l") == sent.count(b"\x1b[?25h") == 1  # hidden under the bar, shown again
    seen = re.sub(rb"\x1b\[[?0-9;]*[A-Za-z]", b"", sent)  # without what moves, colours or shows the cursor
    assert b"Traceback" not in seen and seen.rstrip().endswith(b"tinygrad-mlp: interrupted")
