"""What `train` refuses: one line that names the option, the file or the package, and exit code 2."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from support import commands
from support.commands import rows_to_test_on, run
from tinygrad_mlp.cli import main

# A fixture, which pytest finds by the name that it has here.
without = commands.without


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
    ("--weight-decay -1", "--weight-decay: must be a number from 0, not '-1'"),
    ("--momentum 0.5", "--momentum is for --optimizer sgd, not adam"),
    ("--seed -1", "--seed: must be a whole number from 0 to 2**64 - 1, not '-1'"),
    ("--seed 18446744073709551616", "--seed: must be a whole number from 0 to 2**64 - 1, not '18446744073709551616'"),
    ("--optimizer adamw", "--optimizer: invalid choice: 'adamw'"),
    ("--epochs", "--epochs: expected one argument"),
    ("--epoch 3", "unrecognized arguments: --epoch 3"),
    ("--target digit", "--target is for a --data FILE: the digits' target is known"),
    ("--data missing.csv", "missing.csv: no such file"),
    ("--data .", ".: the data must be a table: .csv, .tsv, .txt, .jsonl, .parquet"),
    ("--data words.csv --number age", "words.csv: column 'age' is not numeric: row 3 has 'old'"),
    ("--data holes.csv", "holes.csv: no features beside the target 'height': 'age (left out: every value is missing)'"),
    ("--data good.csv --ignore agee", "no column 'agee' for --ignore (did you mean 'age'?)"),
    ("--data good.csv --ignore age --number age", "column 'age' stands both in --ignore and in --number"),
    ("--data good.csv --separator ab", "--separator: must be one character, or tab or space, not 'ab'"),
    (
        "--data good.csv --validation 0.01",
        "16 rows are too few: a validation fraction of 0.01 leaves none for the validation",
    ),
    ("--data good.npz --category age", "--category is for a table with named columns, such as a .csv file"),
    ("--importance", "--importance is for a table with named columns, such as a .csv file"),
    ("--patience 0", "--patience: must be a whole number, 1 or more, not '0'"),
    ("--data good.csv --target hight", "no column 'hight' for the target (did you mean 'height'?)"),
    ("--data header.csv", "header.csv: no rows of data"),
    ("--data empty.csv", "empty.csv: the file is empty"),
    ("--data far.csv", "column 'age' has a value too far from the others to be standardised"),
    ("--data text.npz", "text.npz: not an .npz file"),
    ("--lr 1e30 --epochs 2", "the training diverged: the loss of epoch 1 is nan; try --lr below 1e+30"),
    ("--optimizer sgd --lr 1e9 --hidden 4", "the training diverged: the loss of epoch 1 is "),
    ("--hidden 1000000000000", "there is not enough memory for this network and data"),
    ("--save net.bin", "--save: the file's name must end with .pt, .pth or .safetensors, not 'net.bin'"),
    ("--save nowhere/net.safetensors", "--save nowhere/net.safetensors: No such file or directory"),
    ("--save folder.safetensors", "--save folder.safetensors: Is a directory"),
    ("--save empty.csv/net.safetensors", "--save empty.csv/net.safetensors: Not a directory"),
    ("--html good.csv", "--html: the file's name must end with .html, not 'good.csv'"),
    ("--html nowhere/run.html", "--html nowhere/run.html: No such file or directory"),
    ("--html folder.html", "--html folder.html: Is a directory"),
    ("--html empty.csv/run.html", "--html empty.csv/run.html: Not a directory"),
]


@pytest.fixture(scope="module")
def bad_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    far = rows_to_test_on(20)[0]
    contents = {
        "words.csv": "age,height\n1,2\nold,3\n",
        "holes.csv": "age,height\n,2\n,3\n",
        "good.csv": "age,height\n" + "".join(f"{i % 7},{i / 7}\n" for i in range(20)),
        "far.csv": "age,height\n" + "".join(f"{1e300 if i == far else i % 3},{i / 7}\n" for i in range(20)),
        "header.csv": "age,height\n",
        "empty.csv": "",
        "text.npz": "hello",
    }
    for name, text in contents.items():
        (folder / name).write_text(text)
    (folder / "folder.safetensors").mkdir()
    (folder / "folder.html").mkdir()
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


@pytest.mark.parametrize("args", ["--lr nan", "--data empty.csv", "--optimizer sgd --lr 1e9"])
def test_a_refusal_is_the_process_exit_code(args: str, bad_data: Path) -> None:
    done = run(bad_data, "train", *args.split())
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--save nowhere/net.safetensors", "--html nowhere/run.html"])
def test_a_path_that_cannot_be_written_to_is_found_before_training(option: str, bad_data: Path) -> None:
    done = run(bad_data, "train", *option.split())
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(("option", "name"), [("--save", "net.safetensors"), ("--html", "run.html")])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_disk_that_is_full_at_the_end_is_told(
    option: str, name: str, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / name
    if is_there:
        path.write_text("as before")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["train", "--json", "--epochs", "1", option, str(path)]) == 2
    assert capsys.readouterr() == ("", f"tinygrad-mlp train: error: {option} {path}: No space left on device\n")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "as before")] * is_there


@pytest.mark.parametrize(
    ("package", "args", "message"),
    [
        ("pandas", ["--data", "a.csv"], 'a.csv: reading this file needs pandas: pip install "tinygrad_mlp[cli]"'),
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
    assert done.stderr == (
        "tinygrad-mlp train: error: --compare: the training could not be compared with torch's "
        "(ImportError: libtorch.so: not found)\n"
    )
