"""`tinygrad-mlp train` as its user meets it: a process, its two streams, its exit code and the file that it leaves."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from tinygrad_mlp.cli import main
from tinygrad_mlp.cli.report import comparison, summary
from tinygrad_mlp.cli.scores import Classification, Regression, score
from tinygrad_mlp.cli.split import split_rows
from tinygrad_mlp.cli.training import Epoch, Fitted, build_model
from tinygrad_mlp.datasets import load_digits
from tinygrad_mlp.serialization import load_file, load_metadata

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "tinygrad_mlp"]


def environment(*folders: Path) -> dict[str, str]:
    """The environment of a process: `folders` in front of the import path, torch on one core, as others may be busy."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT])), "OMP_NUM_THREADS": "1"}


def run(folder: Path, *args: str, before: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `tinygrad-mlp` in a folder; `before` is one for the front of the import path."""
    env = environment(*([before] if before else []))
    return subprocess.run([*COMMAND, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def succeed(folder: Path, *args: str) -> str:
    """Run `train`, which must succeed without a word on stderr; its stdout."""
    done = run(folder, "train", *args)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def results(folder: Path, *args: str) -> dict[str, Any]:
    return json.loads(succeed(folder, "--json", *args))


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(part) for key, part in value.items() if key != "seconds"}
    return [without_times(part) for part in value] if isinstance(value, list) else value


# -- the main job ----------------------------------------------------------------------------------


def test_the_default_run_learns_the_digits_and_tells_of_it(tmp_path: Path) -> None:
    start = time.monotonic()
    output = succeed(tmp_path)
    assert time.monotonic() - start < 10
    assert "1,438 rows to train on, 359 to test on" in output
    epochs = re.findall(r"^ +(\d+) +(\S+) +(\d+\.\d\d)%$", output, re.M)
    assert [int(number) for number, _, _ in epochs] == list(range(1, 31))
    assert float(epochs[-1][1]) < 0.1 < float(epochs[0][1])
    accuracy = re.search(r"^test accuracy (\S+)% \((\d+) of 359\); trained in \S+ s$", output, re.M)
    assert accuracy and float(accuracy[1]) >= 97 and accuracy[1] == epochs[-1][2]
    matrix = [re.findall(r"[\d.]+", line) for line in output.partition("confusion")[2].splitlines()[2:12]]
    counts = [[0 if cell == "." else int(cell) for cell in row[1:-1]] for row in matrix]
    assert np.trace(counts) == int(accuracy[2]) and np.sum(counts) == 359
    assert "most confused: " in output
    assert list(tmp_path.iterdir()) == []


def test_every_seed_from_0_to_9_learns_the_digits(capsys: pytest.CaptureFixture[str]) -> None:
    accuracies = []
    for seed in range(10):
        assert main(["train", "--json", "--seed", str(seed)]) == 0
        accuracies.append(json.loads(capsys.readouterr().out)["test"]["accuracy"])
    assert min(accuracies) >= 0.95
    assert len(set(accuracies)) > 1


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        results(tmp_path, "--epochs", "3", "--seed", seed, "--save", f"{name}.safetensors")
        for name, seed in (("first", "7"), ("again", "7"), ("other", "8"))
    )
    assert without_times(first) == {**without_times(again), "saved": "first.safetensors"}
    assert first["epochs"][0]["loss"] != other["epochs"][0]["loss"]
    saved = {name: (tmp_path / f"{name}.safetensors").read_bytes() for name in ("first", "again", "other")}
    assert saved["first"] == saved["again"] != saved["other"]


def test_json_is_all_there_is_on_stdout_and_holds_the_results(tmp_path: Path) -> None:
    found = results(tmp_path, "--epochs", "2", "--hidden", "32,16", "--optimizer", "sgd", "--batch-size", "50")
    assert found["plan"] == {
        "task": "classification",
        "layers": [64, 32, 16, 10],
        "epochs": 2,
        "batch_size": 50,
        "optimizer": "sgd",
        "lr": 0.05,
        "momentum": 0.9,
        "seed": 0,
    }
    assert found["data"]["train_rows"] + found["data"]["test_rows"] == 1797
    assert [epoch["epoch"] for epoch in found["epochs"]] == [1, 2]
    assert found["test"]["accuracy"] == found["epochs"][-1]["accuracy"]
    confusion = np.array(found["test"]["confusion"])
    assert confusion.trace() / confusion.sum() == pytest.approx(found["test"]["accuracy"])
    assert found["saved"] is None and "torch" not in found
    assert found["seconds"] == pytest.approx(sum(epoch["seconds"] for epoch in found["epochs"]))


# (the option, where the plan has it, what the plan then says)
@pytest.mark.parametrize(
    ("args", "key", "value"),
    [
        (["--lr", "0.01"], "lr", 0.01),
        (["--optimizer", "sgd", "--momentum", "0.5"], "momentum", 0.5),
        (["--optimizer", "adam"], "optimizer", "adam"),
        (["--hidden", "8"], "layers", [64, 8, 10]),
        (["--batch-size", "5000"], "batch_size", 5000),
    ],
)
def test_each_option_changes_the_training(args: list[str], key: str, value: Any, capsys) -> None:
    assert main(["train", "--json", "--epochs", "1", *args]) == 0
    changed = json.loads(capsys.readouterr().out)
    assert main(["train", "--json", "--epochs", "1", "--optimizer", changed["plan"]["optimizer"]]) == 0
    default = json.loads(capsys.readouterr().out)
    assert changed["plan"][key] == value
    assert (changed["epochs"][0]["loss"] == default["epochs"][0]["loss"]) == (key == "optimizer")


def test_the_test_fraction_is_the_share_of_rows_to_test_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--json", "--epochs", "1", "--test-fraction", "0.5"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert (data["train_rows"], data["test_rows"]) == (899, 898)


# -- a terminal, or none ---------------------------------------------------------------------------


def on_a_terminal(folder: Path, *args: str, before: Path | None = None) -> str:
    """What a terminal of 100 columns is sent by `train`."""
    master, slave = pty.openpty()
    env = {**environment(*([before] if before else [])), "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([*COMMAND, "train", *args], cwd=folder, env=env, stdout=slave, stderr=slave)
    os.close(slave)
    sent = b""
    with contextlib.suppress(OSError):  # EIO: the other side is closed
        while piece := os.read(master, 65536):
            sent += piece
    os.close(master)
    assert process.wait(60) == 0, sent.decode()
    return sent.decode()


def test_a_terminal_gets_a_progress_bar(tmp_path: Path) -> None:
    sent = on_a_terminal(tmp_path, "--epochs", "3")
    assert "training" in sent and "\u2501" in sent and "100%" in sent
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", sent)
    assert re.search(r"    3 +0\.\d+ +9\d\.\d\d%$", shown, re.M)
    assert "test accuracy" in sent


@pytest.fixture
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A folder for the import path in which a package cannot be imported."""

    def hide(package: str) -> Path:
        folder = tmp_path_factory.mktemp("hidden")
        (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
        return folder

    return hide


def test_a_terminal_without_rich_gets_plain_lines(tmp_path: Path, without: Any) -> None:
    sent = on_a_terminal(tmp_path, "--epochs", "3", before=without("rich"))
    assert "\x1b" not in sent and "test accuracy" in sent


def test_a_pipe_gets_plain_lines_at_once(tmp_path: Path) -> None:
    args = [*COMMAND, "train", "--epochs", "100000"]
    process = subprocess.Popen(args, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(6)]
    process.stdout.close()  # as `head -6` does
    assert process.wait(30) == 141
    assert lines[-1].split()[0] == b"2" and b"\x1b" not in b"".join(lines)


# -- tables of one's own ---------------------------------------------------------------------------


def flowers(rows: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points in the plane, on scales far apart, and the cloud of each."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, rows)
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    return (centres[kind] + random.standard_normal((rows, 2)) * 0.5) * [1e-3, 1e6], kind


def write_csv(path: Path, header: str, columns: list[Any]) -> None:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n")


def test_classes_from_a_csv_by_name(tmp_path: Path) -> None:
    features, kind = flowers()
    names = np.array(["iris", "rose", "tulip"])[kind]
    write_csv(tmp_path / "flowers.csv", "kind,width,height", [names, *features.T])
    found = results(tmp_path, "--data", "flowers.csv", "--target", "kind")
    assert found["data"]["classes"] == ["iris", "rose", "tulip"]
    assert found["test"]["accuracy"] >= 0.95
    output = succeed(tmp_path, "--data", "flowers.csv", "--target", "kind", "--epochs", "1")
    assert "'kind' (3 classes) from 2 features" in output and " tulip " in output


def test_classes_from_an_npz(tmp_path: Path) -> None:
    features, kind = flowers()
    np.savez(tmp_path / "flowers.npz", X=features, y=kind)
    found = results(tmp_path, "--data", "flowers.npz")
    assert found["data"]["classes"] == ["0", "1", "2"] and found["test"]["accuracy"] >= 0.95


def houses() -> tuple[np.ndarray, np.ndarray]:
    """Prices in a curved dependence on two features, noise of 5 on a spread of some 300."""
    random = np.random.default_rng(1)
    features = np.stack([random.random(400), random.standard_normal(400) * 5], 1)
    return features, 1000 * features[:, 0] ** 2 + 30 * features[:, 1] + random.standard_normal(400) * 5


@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_quantities_from_a_csv_and_an_npz(suffix: str, tmp_path: Path) -> None:
    features, price = houses()
    write_csv(tmp_path / "houses.csv", "area,age,price", [*features.T, price])
    np.savez(tmp_path / "houses.npz", X=features, price=price)
    found = results(tmp_path, "--data", f"houses.{suffix}", "--target", "price")
    assert found["plan"]["task"] == "regression" and found["plan"]["layers"][-1] == 1
    assert 4 < found["test"]["rmse"] < 30 and found["test"]["r2"] > 0.98
    assert found["epochs"][0]["rmse"] > found["epochs"][-1]["rmse"]
    output = succeed(tmp_path, "--data", f"houses.{suffix}", "--target", "price")
    assert f"test RMSE {found['test']['rmse']:.5g} (in units of 'price'), R2 {found['test']['r2']:.4f}" in output


def test_a_test_part_with_one_row_has_no_r2(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "houses.npz", X=features, y=price)
    args = ["--data", "houses.npz", "--test-fraction", "0.0025", "--epochs", "1"]
    assert results(tmp_path, *args)["test"]["r2"] is None
    assert "R2 undefined" in succeed(tmp_path, *args)


# -- saving ----------------------------------------------------------------------------------------


def predict(path: Path, rows: np.ndarray) -> np.ndarray:
    """What a saved network makes of a table's rows, by what the file says and nothing else."""
    facts = {key: json.loads(text) for key, text in load_metadata(path).items()}
    model = build_model(tinygrad_mlp, facts["layers"])
    model.load_state_dict({name: tinygrad_mlp.from_numpy(array) for name, array in load_file(path).items()})
    inputs = ((rows - facts["feature_mean"]) / facts["feature_scale"]).astype(np.float32)
    with tinygrad_mlp.no_grad():
        outputs = model(tinygrad_mlp.from_numpy(inputs)).numpy()
    if facts["task"] == "classification":
        return np.array(facts["class_names"])[outputs.argmax(1)]
    return outputs[:, 0].astype(np.float64) * facts["target_scale"] + facts["target_mean"]


def rows_to_test_on(rows: int, seed: int = 0) -> np.ndarray:
    generator = tinygrad_mlp.Generator().manual_seed(seed)
    return split_rows(tinygrad_mlp.randperm(rows, generator=generator).numpy(), 0.2)[1]


def test_a_saved_classifier_predicts_the_same(tmp_path: Path) -> None:
    found = results(tmp_path, "--epochs", "3", "--save", "digits.safetensors")
    assert found["saved"] == "digits.safetensors"
    images, labels = load_digits()
    rows = rows_to_test_on(len(labels))
    predicted = predict(tmp_path / "digits.safetensors", images[rows].reshape(-1, 64)).astype(int)
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
    assert json.loads(facts["hidden"]) == [128, 64]
    rows = rows_to_test_on(len(price))
    rmse = np.sqrt(np.square(predict(tmp_path / "houses.safetensors", features[rows]) - price[rows]).mean())
    assert f"test RMSE {rmse:.4g}" in output.replace(f"{rmse:.5g}", f"{rmse:.4g}")


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
def test_a_save_that_is_ended_leaves_the_old_file(
    number: int, code: int, message: str, left: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    slow = tmp_path_factory.mktemp("slow")
    (slow / "sitecustomize.py").write_text(SLOW_SAVE)
    succeed(tmp_path, "--epochs", "1", "--save", "net.safetensors")
    old = (tmp_path / "net.safetensors").read_bytes()
    args = [*COMMAND, "train", "--json", "--epochs", "1", "--seed", "1", "--save", "net.safetensors"]
    with subprocess.Popen(
        args, cwd=tmp_path, env=environment(slow), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "about to rename\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, "", message)
    assert (tmp_path / "net.safetensors").read_bytes() == old
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
    assert b"Traceback" not in sent and sent.rstrip().endswith(b"tinygrad-mlp: interrupted")


# -- torch beside it -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_compare_trains_the_same_under_torch(optimizer: str, tmp_path: Path) -> None:
    found = results(tmp_path, "--compare", "--epochs", "3", "--optimizer", optimizer)
    ours, theirs = ([epoch["loss"] for epoch in side["epochs"]] for side in (found, found["torch"]))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    assert found["test"]["accuracy"] == pytest.approx(found["torch"]["test"]["accuracy"], abs=0.01)
    assert found["torch"]["seconds"] > 0


def test_compare_shows_both_columns_and_the_times(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "houses.npz", X=features, y=price)
    output = succeed(tmp_path, "--data", "houses.npz", "--compare", "--epochs", "2")
    assert re.search(r"^epoch( +tinygrad_mlp +torch){4}$", output, re.M)
    rows = [line.split() for line in output.splitlines() if re.match(r" +[12] ", line)]
    assert [len(row) for row in rows] == [9, 9]  # loss, RMSE, R2 and time, twice each
    for row in rows:
        assert float(row[1]) == pytest.approx(float(row[2]), rel=1e-4)
    assert re.search(r"^losses: at most \S+ apart \(relative, epoch [12]\)", output, re.M)
    assert re.search(r"^time to train: \S+ s, torch \(1 thread\) \S+ s; median epoch \S+ of torch's$", output, re.M)


def test_torch_is_imported_for_compare_only(tmp_path: Path) -> None:
    done = run(tmp_path, "train", "--epochs", "1")
    watched = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tinygrad_mlp", "train", "--epochs", "1"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == watched.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in watched.stderr.splitlines()}
    assert "tinygrad_mlp.cli.train" in imported
    assert not imported & {"torch", "rich", "safetensors"}


# -- what is refused -------------------------------------------------------------------------------

REFUSED = [
    ("--hidden 0", "--hidden: must be sizes of 1 or more, as in 128,64, not '0'"),
    ("--hidden 12,-3", "--hidden: must be sizes of 1 or more, as in 128,64, not '12,-3'"),
    ("--hidden ten", "--hidden: must be sizes of 1 or more, as in 128,64, not 'ten'"),
    ("--hidden 12,,3", "--hidden: must be sizes of 1 or more, as in 128,64, not '12,,3'"),
    ("--epochs -1", "--epochs: must be a whole number, 1 or more, not '-1'"),
    ("--epochs 2.5", "--epochs: must be a whole number, 1 or more, not '2.5'"),
    ("--batch-size 0", "--batch-size: must be a whole number, 1 or more, not '0'"),
    ("--test-fraction 2", "--test-fraction: must be between 0 and 1, not '2'"),
    ("--test-fraction nan", "--test-fraction: must be between 0 and 1, not 'nan'"),
    ("--test-fraction 0.0001", "1797 rows are too few: a test fraction of 0.0001 leaves none for the test"),
    ("--lr nan", "--lr: must be a number above 0, not 'nan'"),
    ("--lr inf", "--lr: must be a number above 0, not 'inf'"),
    ("--lr 0", "--lr: must be a number above 0, not '0'"),
    ("--optimizer sgd --momentum 1", "--momentum: must be a number from 0 to below 1, not '1'"),
    ("--momentum 0.5", "--momentum is for --optimizer sgd, not adam"),
    ("--seed -1", "--seed: must be a whole number from 0 to 2**64 - 1, not '-1'"),
    ("--seed 18446744073709551616", "--seed: must be a whole number from 0 to 2**64 - 1, not '18446744073709551616'"),
    ("--optimizer adamw", "--optimizer: invalid choice: 'adamw'"),
    ("--epochs", "--epochs: expected one argument"),
    ("--epoch 3", "unrecognized arguments: --epoch 3"),
    ("--target digit", "--target is for a --data FILE: the digits' target is known"),
    ("--data missing.csv", "missing.csv: no such file"),
    ("--data .", ".: the data must be a .csv or an .npz file"),
    ("--data words.csv", "words.csv: column 'age' is not numeric: row 3 has 'old'"),
    ("--data holes.csv", "holes.csv: 2 values are empty or nan: the first is column 'age', row 2"),
    ("--data good.csv --target hight", "no column 'hight' for the target (did you mean 'height'?)"),
    ("--data header.csv", "header.csv: no rows of data"),
    ("--data empty.csv", "empty.csv: the file is empty"),
    ("--data far.csv", "column 'age' has a value too far from the others to be standardised"),
    ("--data text.npz", "text.npz: not an .npz file"),
    ("--lr 1e30 --epochs 2", "the training diverged: the loss of epoch 1 is nan; try --lr below 1e+30"),
    ("--optimizer sgd --lr 1e9 --hidden 4", "the training diverged: the loss of epoch 1 is "),
    ("--hidden 1000000000000", "there is not enough memory for this network and data"),
    ("--save net.bin", "--save: the file's name must end with .safetensors, not 'net.bin'"),
    ("--save nowhere/net.safetensors", "--save nowhere/net.safetensors: No such file or directory"),
    ("--save folder.safetensors", "--save folder.safetensors: Is a directory"),
    ("--save empty.csv/net.safetensors", "--save empty.csv/net.safetensors: Not a directory"),
]


@pytest.fixture(scope="module")
def bad_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    far = rows_to_test_on(20)[0]
    contents = {
        "words.csv": "age,height\n1,2\nold,3\n",
        "holes.csv": "age,height\n,2\n3,\n",
        "good.csv": "age,height\n" + "".join(f"{i},{i / 7}\n" for i in range(20)),
        "far.csv": "age,height\n" + "".join(f"{1e300 if i == far else 1},{i / 7}\n" for i in range(20)),
        "header.csv": "age,height\n",
        "empty.csv": "",
        "text.npz": "hello",
    }
    for name, text in contents.items():
        (folder / name).write_text(text)
    (folder / "folder.safetensors").mkdir()
    return folder


@pytest.mark.parametrize(("args", "message"), REFUSED, ids=[args for args, _ in REFUSED])
def test_what_is_refused_gets_one_line(
    args: str, message: str, bad_data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bad_data)
    before = sorted(bad_data.iterdir())
    assert main(["train", "--json", *args.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"tinygrad-mlp( train)?: error: [^\n]+\n", err) and message in err
    assert sorted(bad_data.iterdir()) == before


@pytest.mark.parametrize("args", ["--lr nan", "--data words.csv", "--optimizer sgd --lr 1e9"])
def test_a_refusal_is_the_process_exit_code(args: str, bad_data: Path) -> None:
    done = run(bad_data, "train", *args.split())
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_a_path_that_cannot_be_saved_to_is_found_before_training(bad_data: Path) -> None:
    done = run(bad_data, "train", "--save", "nowhere/net.safetensors")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_disk_that_is_full_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "net.safetensors"
    assert main(["train", "--json", "--epochs", "1", "--save", str(path)]) == 2
    assert capsys.readouterr().err == f"tinygrad-mlp train: error: --save {path}: No space left on device\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("package", "args", "message"),
    [
        ("torch", ["--compare"], "--compare needs torch, which is not installed: pip install torch"),
        (
            "safetensors",
            ["--save", "net.safetensors"],
            "--save net.safetensors: reading and writing .safetensors files",
        ),
    ],
)
def test_a_missing_package_is_named_before_training(package, args, message, tmp_path: Path, without: Any) -> None:
    done = run(tmp_path, "train", *args, before=without(package))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tinygrad-mlp train: error: {message}") and done.stderr.count("\n") == 1


def test_a_broken_torch_is_told_in_one_line(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "torch.py").write_text("raise ImportError('libtorch.so: not found')\n")
    done = run(tmp_path, "train", "--epochs", "1", "--compare", before=folder)
    assert done.returncode == 2
    assert done.stderr == "tinygrad-mlp train: error: --compare: torch cannot be imported (libtorch.so: not found)\n"


# -- the command itself ----------------------------------------------------------------------------


def test_help_and_version(tmp_path: Path) -> None:
    for args in (["--help"], ["train", "--help"], ["run", "--help"]):
        done = run(tmp_path, *args)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("usage: tinygrad-mlp")
    assert "--batch-size N" in run(tmp_path, "train", "--help").stdout
    version = run(tmp_path, "--version")
    assert version.returncode == 0
    assert re.fullmatch(rf"tinygrad-mlp .+ \(Python .+, NumPy {re.escape(np.__version__)}\)\n", version.stdout)


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("usage: tinygrad-mlp")
    wrong = run(tmp_path, "trian")
    assert wrong.returncode == 2 and "'trian'" in wrong.stderr and wrong.stderr.count("\n") == 1


# -- scores and their words ------------------------------------------------------------------------


def test_scores_of_classes() -> None:
    outputs = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]]
    found = score("classification", outputs, np.array([0, 1, 2, 2]))
    assert isinstance(found, Classification)
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert found.accuracy == 0.75


def test_scores_of_quantities() -> None:
    target = np.array([[-1.0], [0.0], [1.0]], np.float32)
    found = score("regression", target + np.float32(0.5), target, unit=10.0)
    assert isinstance(found, Regression)
    assert found.rmse == pytest.approx(5)
    assert found.r2 == pytest.approx(1 - 0.75 / 2)


def test_a_summary_of_many_classes_names_the_worst_only() -> None:
    names = [f"class {i}" for i in range(30)]
    confusion = np.eye(30, dtype=np.int64) * 5
    confusion[3, 7] = 2
    lines = summary(Classification(confusion), 1.0, names, "kind")
    assert lines[-1] == "most confused: class 3 taken for class 7 (2 times)"
    assert len(lines) == 3


def test_a_summary_cuts_long_names_and_leaves_out_what_was_not_tested() -> None:
    confusion = np.array([[3, 0], [0, 0]])
    lines = summary(Classification(confusion), 1.0, ["a name that is long", "b"], "kind")
    assert lines[3].split() == ["a", "name", "tha..", "b", "found"]
    assert lines[4].split()[-3:] == ["3", ".", "100.0%"] and lines[5].split()[-1] == "-"
    assert lines[-1] == "nothing was confused"


def test_a_comparison_names_the_epoch_where_the_losses_are_furthest_apart() -> None:
    ours = Fitted(None, [Epoch(1, 1.0, Regression(1, 1), 1.0), Epoch(2, 0.5, Regression(1, 1), 1.0)])
    theirs = Fitted(None, [Epoch(1, 1.0, Regression(1, 1), 9.0), Epoch(2, 0.4, Regression(1, 1), 3.0)])
    assert comparison(ours, theirs, 2) == [
        "losses: at most 2.5e-01 apart (relative, epoch 2); 0.0e+00 in epoch 1",
        "time to train: 2.00 s, torch (2 threads) 12.00 s; median epoch 0.17 of torch's",
    ]


def test_a_name_that_the_terminal_cannot_show_is_no_reason_to_fail(tmp_path: Path) -> None:
    features, kind = flowers(60)
    write_csv(tmp_path / "f.csv", "a,b,kind", [*features.T, np.array(["\u017c\u00f3\u0142w", "b", "c"])[kind]])
    env = {**environment(), "PYTHONIOENCODING": "ascii"}
    args = [*COMMAND, "train", "--data", "f.csv", "--epochs", "1"]
    done = subprocess.run(args, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and "\\u017c" in done.stdout


def test_main_can_be_called_where_stdout_is_not_a_file() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["train", "--epochs", "1"]) == 0
    assert "test accuracy" in out.getvalue()
