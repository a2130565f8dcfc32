"""`tinygrad-mlp train` as its user meets it: a process, its two streams, its exit code."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support import commands, interpreted
from support.commands import COMMAND, environment, flowers, houses, results, run, succeed, write_csv
from tinygrad_mlp.cli import build_parser, main
from tinygrad_mlp.cli.train import train_quietly
from tinygrad_mlp.compiler import loops
from tinygrad_mlp.tables import steps

# A fixture, which pytest finds by the name that it has here.
without = commands.without


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(part) for key, part in value.items() if key != "seconds"}
    return [without_times(part) for part in value] if isinstance(value, list) else value


# -- the main job ----------------------------------------------------------------------------------


def test_the_default_run_learns_the_digits_and_tells_of_it(tmp_path: Path) -> None:
    before = os.times()
    output = succeed(tmp_path)
    after = os.times()  # the time of the processor, which does not depend on what else the machine does
    assert after.children_user - before.children_user < 10
    assert "1,438 rows to train on, 359 to test on" in output
    epochs = re.findall(r"^ +(\d+) +(\S+) +(\d+\.\d\d)%$", output, re.M)
    assert [int(number) for number, _, _ in epochs] == list(range(1, 31))
    assert float(epochs[-1][1]) < 0.1 < float(epochs[0][1])
    accuracy = re.search(
        r"^test accuracy (\S+)% \((\d+) of 359\); trained in \S+ s, as a NumPy program with "
        r"the same numbers$",
        output,
        re.M,
    )
    assert accuracy and float(accuracy[1]) >= 97 and accuracy[1] == epochs[-1][2]
    matrix = [re.findall(r"[\d.]+", line) for line in output.partition("confusion")[2].splitlines()[2:12]]
    counts = [[0 if cell == "." else int(cell) for cell in row[1:-3]] for row in matrix]
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
        "weight_decay": 2 / found["data"]["train_rows"],
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
        (["--weight-decay", "0.1"], "weight_decay", 0.1),
        (["--weight-decay", "0"], "weight_decay", 0.0),
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
    env = environment(*([before] if before else []))
    env |= {"TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}  # a bar in ASCII is another one
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


MIXED = """\
,colour,size,when,note,weight,sold
""" + "".join(
    f"{i},{['red', 'blue', 'green'][i % 3]},{'' if i % 9 == 4 else i % 11 / 2},"
    f"2024-{1 + i % 12:02d}-{1 + i % 28:02d},a long note about the thing with number {i},{i % 7},"
    f"{'yes' if (i % 3 == 0) != (i % 11 > 5) else 'no'}\n"
    for i in range(120)
)


def test_the_columns_are_shown_with_their_roles(tmp_path: Path) -> None:
    (tmp_path / "mixed.csv").write_text(MIXED)
    output = succeed(tmp_path, "--data", "mixed.csv", "--epochs", "60", "--importance")
    lines = [re.split(r"  +", line) for line in output.splitlines()[:7]]
    assert lines == [
        ["column", "role", "missing", "values", "becomes"],
        ["Unnamed: 0", "index", ".", "0 to 119", "left out: it numbers the rows"],
        ["colour", "category", ".", "3 levels: blue, green, red", "an input for each of 3 levels"],
        ["size", "number", "13", "0 to 5", "a number, standardised, and whether it is missing"],
        ["when", "date", ".", "2024-01-01 to 2024-12-28", "day of year, weekday"],
        ["note", "text", ".", "120 levels", "left out: free text"],
        ["weight", "number", ".", "0 to 6", "a number, standardised"],
    ]
    assert "'sold' (2 classes) from 10 features: 96 rows to train on, 24 to test on" in output
    assert re.search(r"^the most frequent class, (yes|no): \d\d\.\d\d%$", output, re.M)
    ranks = re.findall(r"^(\w+) +[+-]\d\.\d{4}$", output.partition("importance:")[2], re.M)
    assert set(ranks[:2]) == {"colour", "size"} and set(ranks) == {"colour", "size", "when", "weight"}


def test_a_dry_run_stops_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "mixed.csv").write_text(MIXED)
    output = succeed(tmp_path, "--data", "mixed.csv", "--dry-run", "--ignore", "note", "when", "--category", "weight")
    assert "ignored, as asked" in output and "7 levels: 0, 1, 2, 3, ..." in output and "epoch" not in output
    found = json.loads(succeed(tmp_path, "--data", "mixed.csv", "--dry-run", "--json"))
    assert [column["role"] for column in found["data"]["columns"]] == [
        "index", "category", "number", "date", "text", "number",
    ]  # fmt: skip


def test_a_column_that_gives_the_target_away_is_named(tmp_path: Path) -> None:
    rows = [f"{i % 7},{'AB'[i % 2]},{['no', 'yes'][i % 2]}" for i in range(60)]
    (tmp_path / "leak.csv").write_text("a,code,sold\n" + "\n".join(rows) + "\n")
    output = succeed(tmp_path, "--data", "leak.csv", "--epochs", "1")
    assert "column 'code' gives the target 'sold' away" in output and "column 'a' gives" not in output
    assert results(tmp_path, "--data", "leak.csv", "--epochs", "1")["data"]["gives_away"] == ["code"]


def test_validation_stops_early_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    features, kind = flowers(120)
    write_csv(tmp_path / "f.csv", "a,b,kind", [*features.T, kind])
    args = ["--data", "f.csv", "--epochs", "200", "--validation", "0.2", "--patience", "3"]
    found = results(tmp_path, *args)
    losses = [epoch["validation_loss"] for epoch in found["epochs"]]
    assert found["best_epoch"] == 1 + losses.index(min(losses)) and len(losses) in (200, found["best_epoch"] + 3)
    assert found["data"]["validation_rows"] == 19
    assert found["test"]["accuracy"] == found["epochs"][found["best_epoch"] - 1]["accuracy"]
    assert f"kept from epoch {found['best_epoch']} of {len(losses)}" in succeed(tmp_path, *args)


def test_balanced_classes_find_the_rare_one(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rare = random.random(600) < 0.05
    write_csv(tmp_path / "r.csv", "a,y", [random.standard_normal(600) + 1.5 * rare, np.where(rare, "rare", "usual")])
    plain, balanced = (
        results(tmp_path, "--data", "r.csv", "--epochs", "20", *more) for more in ([], ["--class-weight", "balanced"])
    )
    recall = [found["test"]["precision_recall_f1"][0][1] for found in (plain, balanced)]
    assert recall[1] > recall[0] and recall[1] >= 0.5
    assert plain["baseline"]["accuracy"] == pytest.approx(0.95, abs=0.02)


def test_the_split_keeps_the_shares_of_the_classes(tmp_path: Path) -> None:
    features, kind = flowers(200)
    write_csv(tmp_path / "f.csv", "a,b,kind", [*features.T, kind])
    confusion = np.array(results(tmp_path, "--data", "f.csv", "--epochs", "1")["test"]["confusion"])
    assert np.abs(confusion.sum(1) - np.bincount(kind) * 0.2).max() < 1


def test_a_test_part_with_one_row_has_no_r2(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "houses.npz", X=features, y=price)
    args = ["--data", "houses.npz", "--test-fraction", "0.0025", "--epochs", "1"]
    assert results(tmp_path, *args)["test"]["r2"] is None
    assert "R2 undefined" in succeed(tmp_path, *args)


# -- torch beside it -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_compare_trains_the_same_under_torch(optimizer: str, tmp_path: Path) -> None:
    found = results(tmp_path, "--compare", "--epochs", "1", "--optimizer", optimizer)
    compared = found["compared"]
    assert compared["same"] is True and compared["verdict"].startswith("same within rounding")
    assert len(found["epochs"]) == 1 and compared["line"] is None
    assert [run["steps"] for run in compared["runs"].values()] == [45, 45]


def test_compare_shows_the_report_below_the_results(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "houses.npz", X=features, y=price)
    output = succeed(tmp_path, "--data", "houses.npz", "--compare", "--epochs", "2")
    before, said, report = output.partition("comparing with torch, call by call\n")
    assert said and re.search(r"^test RMSE ", before, re.M)
    assert re.match(r"\n?same within rounding \(largest relative difference \S+, ", report)
    assert re.search(r"^lines printed +2 +2$", report, re.M) and "Sequential.0.weight" in report


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


# -- compiled steps --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ["--epochs", "8"],
        ["--epochs", "3", "--optimizer", "sgd", "--class-weight", "balanced", "--batch-size", "20"],
        ["--data", "houses.csv", "--epochs", "12", "--importance"],
        ["--data", "flowers.csv", "--epochs", "40", "--validation", "0.2", "--patience", "3", "--batch-size", "7"],
    ],
)
def test_long_trainings_are_programs_with_the_same_output_and_file(
    args: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, (features, target) in (("houses", houses()), ("flowers", flowers())):
        write_csv(tmp_path / f"{name}.csv", "a,b,y", [*features.T, target])
    found = []
    said = ", as a NumPy program with the same numbers"
    for worth_it in (10**9, 4):
        monkeypatch.setattr(steps, "WORTH_IT", worth_it)
        assert main(["train", *args, "--save", "model.safetensors"]) == 0
        output = capsys.readouterr().out
        assert (said in output) == (worth_it == 4)
        shown = re.sub(r"trained in \S+ s", "trained", output.replace(said, ""))
        found.append((shown, Path("model.safetensors").read_bytes()))
    assert found[0] == found[1]


def test_the_page_and_json_of_a_program_hold_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for worth_it in (10**9, 4):
        monkeypatch.setattr(steps, "WORTH_IT", worth_it)
        assert main(["train", "--epochs", "3", "--html", "run.html", "--json"]) == 0
        shown = re.sub(r'"\d+\.\d\d s"', "seconds", Path("run.html").read_text("utf-8"))
        found.append((without_times(json.loads(capsys.readouterr().out)), shown))
    (eager, page), (exact, same_page) = found
    assert exact.pop("backend") == "exact"
    assert exact == eager
    assert same_page == page


def test_a_training_that_is_compared_runs_call_by_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "WORTH_IT", 0)
    monkeypatch.setattr(steps.ExactStep, "__call__", lambda *args: pytest.fail("not call by call"))
    assert train_quietly(tinygrad_mlp, build_parser().parse_args(["train", "--epochs", "1"])) == 0


def test_compiled_steps_train_the_same_network(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for option in ([], ["--compile"]):
        assert main(["train", "--json", "--epochs", "4", *option]) == 0
        found.append(json.loads(capsys.readouterr().out))
    eager, compiled = found
    assert "backend" not in eager
    assert compiled["backend"] == "numpy"  # after so few steps
    losses = [[epoch["loss"] for epoch in run["epochs"]] for run in found]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    monkeypatch.setattr(loops, "calls_until_worth_it", lambda program: 1)
    monkeypatch.setattr(loops, "compiled", interpreted.compiled)
    assert (
        main(["train", "--data", "digits", "--epochs", "3", "--hidden", "4", "--batch-size", "144", "--compile"]) == 0
    )
    assert re.search(r"trained in \S+ s, compiled in loops$", capsys.readouterr().out, re.M)
