"""`tinygrad-mlp predict` as its user meets it: what it writes, what it tells, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.commands import flowers, houses, results, run, succeed
from tinygrad_mlp.cli import main
from tinygrad_mlp.serialization import save_file
from tinygrad_mlp.tables import Model

COLOURS = ["red", "blue", "green"]


def rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    size = random.random(count) * 10
    colour = random.integers(0, 3, count)
    day = random.integers(1, 29, count)
    return [
        {
            "size": f"{size[i]:.3f}", "colour": COLOURS[colour[i]], "day": f"2024-03-{day[i]:02d}",
            "price": f"{3 * size[i] + 5 * colour[i]:.2f}", "kind": "big" if size[i] > 5 else "small",
        }
        for i in range(count)
    ]  # fmt: skip


def write(path: Path, table: list[dict[str, Any]], columns: list[str]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, and a classifier and a regression of it."""
    folder = tmp_path_factory.mktemp("models")
    write(folder / "t.csv", rows(400), ["size", "colour", "day", "price", "kind"])
    for target, other in (("kind", "price"), ("price", "kind")):
        args = ["--data", "t.csv", "--target", target, "--ignore", other, "--save", f"{target}.safetensors"]
        results(folder, *args, "--epochs", "40")
        Model.load(folder / f"{target}.safetensors").save(folder / f"{target}.pt")
    return folder


def predict(folder: Path, *args: str) -> tuple[str, str]:
    done = run(folder, "predict", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize("target", ["kind", "price"])
def test_a_model_in_torchs_format_predicts_the_same(models: Path, target: str) -> None:
    write(models / "new.csv", rows(50, 1), ["colour", "size", "day", "kind", "price"])
    assert predict(models, f"{target}.pt", "--data", "new.csv") == predict(
        models, f"{target}.safetensors", "--data", "new.csv"
    )


def test_classes_with_probabilities(models: Path) -> None:
    write(models / "new.csv", rows(50, 1), ["colour", "size", "more", "day"])  # another order, and one column more
    out, err = predict(models, "kind.safetensors", "--data", "new.csv")
    table = list(csv.DictReader(out.splitlines()))
    assert list(table[0]) == ["kind", "p(big)", "p(small)"] and err == "50 rows predicted\n"
    assert np.mean([row["kind"] == wanted["kind"] for row, wanted in zip(table, rows(50, 1), strict=True)]) > 0.9
    for row in table:
        assert float(row["p(big)"]) + float(row["p(small)"]) == pytest.approx(1, abs=1e-6)
        assert (float(row["p(big)"]) > 0.5) == (row["kind"] == "big")


def test_quantities_in_their_unit_and_the_score_where_the_truth_is_there(models: Path) -> None:
    write(models / "new.csv", rows(50, 1), ["price", "colour", "size", "day"])
    out, err = predict(models, "price.safetensors", "--data", "new.csv")
    found = np.array([float(row["price"]) for row in csv.DictReader(out.splitlines())])
    wanted = np.array([float(row["price"]) for row in rows(50, 1)])
    rmse = float(np.sqrt(np.square(found - wanted).mean()))
    r2 = 1 - rmse**2 / wanted.var()
    assert r2 > 0.95
    assert f"RMSE {rmse:.4g}" in err.replace(err.split("RMSE ")[1].split()[0], f"{rmse:.4g}") and f"R2 {r2:.4f}" in err


@pytest.mark.parametrize("rows_at_a_time", ["1", "7", "50", "1000"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_a_file_is_written_in_parts_and_whole(models: Path, ending: str, rows_at_a_time: str) -> None:
    write(models / "new.csv", rows(50, 1), ["kind", "colour", "size", "day"])
    whole, told = predict(models, "kind.safetensors", "--data", "new.csv", *(["--json"] if ending == "jsonl" else []))
    args = ["--data", "new.csv", "--out", f"p.{ending}", "--rows", rows_at_a_time]
    out, err = predict(models, "kind.safetensors", *args)
    assert err == "" and out == told.replace("rows predicted", f"rows predicted to p.{ending}")
    text = (models / f"p.{ending}").read_text()
    labels = [line.split("\t" if ending == "tsv" else ",")[0] for line in text.splitlines()]
    assert labels == [line.split(",")[0] for line in whole.splitlines()]
    assert "accuracy " in out and f"of {50})" in out


def test_json_lines(models: Path) -> None:
    write(models / "new.csv", rows(3, 1), ["colour", "size", "day"])
    out, _ = predict(models, "kind.safetensors", "--data", "new.csv", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 3 and list(lines[0]) == ["kind", "probabilities"]
    assert list(lines[0]["probabilities"]) == ["big", "small"]


def test_what_the_training_had_not_is_counted_and_told(models: Path) -> None:
    table = rows(20, 1)
    table[0]["colour"] = table[1]["colour"] = "purple"
    table[2]["day"] = "2031-01-01"
    table[3]["size"] = "wide"
    write(models / "new.csv", table, ["colour", "size", "day"])
    _, err = predict(models, "price.safetensors", "--data", "new.csv", "--rows", "1")
    assert err.splitlines() == [
        "20 rows predicted",
        "column 'colour': 2 values not among the levels of the training, such as 'purple'",
        "column 'day': 1 value outside the dates of the training, such as '2031-01-01'",
        "column 'size': 1 value no numbers, such as 'wide'",
    ]


def test_an_array_and_a_standard_input(tmp_path: Path, models: Path) -> None:
    features, kind = flowers()
    np.savez(tmp_path / "f.npz", X=features, y=kind)
    succeed(tmp_path, "--data", "f.npz", "--save", "f.safetensors", "--epochs", "10")
    np.savez(tmp_path / "new.npz", features[:10])
    out, err = predict(tmp_path, "f.safetensors", "--data", "new.npz")
    assert len(out.splitlines()) == 11 and err == "10 rows predicted\n"
    out, err = predict(tmp_path, "f.safetensors", "--data", "f.npz")
    assert "accuracy 9" in err or "accuracy 100" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("kind.safetensors --data less.csv", "less.csv: the model needs column 'size' (did you mean 'sizes'?), which"),
        ("kind.safetensors --data none.csv", "none.csv: no such file"),
        ("none.safetensors --data t.csv", "none.safetensors: no such file"),
        ("t.csv --data t.csv", "t.csv: not a model of tinygrad-mlp (the file is damaged or another one)"),
        ("none.pt --data t.csv", "none.pt: no such file"),
        ("folder.pt --data t.csv", "folder.pt: Is a directory"),
        ("text.pt --data t.csv", "text.pt: not a model of tinygrad-mlp (the file is damaged or another one)"),
        ("list.pt --data t.csv", "list.pt: not a model of tinygrad-mlp (the file is damaged or another one)"),
        ("evil.pt --data t.csv", "evil.pt: not a model of tinygrad-mlp (the file is damaged or another one)"),
        ("state.pt --data t.csv", "state.pt: not a model of tinygrad-mlp (its metadata does not say"),
        ("large.pt --data t.csv", "large.pt: not a model of tinygrad-mlp (its metadata and arrays do not fit)"),
        ("whole.pt --data t.csv", "whole.pt: not a model of tinygrad-mlp (its metadata and arrays do not fit)"),
        ("empty.pt --data t.csv", "empty.pt: not a model of tinygrad-mlp (its metadata and arrays do not fit)"),
        ("other.safetensors --data t.csv", "other.safetensors: not a model of tinygrad-mlp (its metadata does not say"),
        ("kind.safetensors --data t.csv --out p.xls", "--out p.xls: the file's name must end with .csv, .tsv"),
        ("kind.safetensors --data t.csv --out no/p.csv", "--out no/p.csv: No such file or directory"),
        ("kind.safetensors --data t.csv --target no", "t.csv: no column 'no' for --target"),
        ("kind.safetensors --data a.npz", "a.npz: the model was trained on a table with named columns"),
        ("kind.safetensors --data bad.csv --out p.csv", "bad.csv: row 4 has 4 values, but the header 3 columns"),
    ],
)  # fmt: skip
def test_refusals_name_the_file_and_write_nothing(
    models: Path, args: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [{**row, "sizes": row["size"]} for row in rows(9)]
    write(models / "less.csv", table, ["sizes", "colour", "day"])
    np.savez(models / "a.npz", X=np.ones((3, 2)))
    (models / "bad.csv").write_text("size,colour,day\n1,red,2024-03-01\n2,red,2024-03-01\n3,red,2024-03-01,9\n")
    save_file({"a": np.ones(2)}, models / "other.safetensors")
    (models / "p.csv").write_text("old")
    (models / "folder.pt").mkdir(exist_ok=True)
    (models / "text.pt").write_text("text")
    kind = torch.load(models / "kind.pt")
    objects: dict[str, Any] = {
        "list": [1], "evil": [print], "state": kind["state_dict"], "large": {**kind, "layers": [10**6, 10**6, 2]},
        "whole": {**kind, "state_dict": {k: x.to(torch.int64) for k, x in kind["state_dict"].items()}},
        "empty": {**kind, "state_dict": None},
    }  # fmt: skip
    for name, obj in objects.items():
        torch.save(obj, models / f"{name}.pt")
    monkeypatch.chdir(models)
    before = sorted(models.iterdir())
    assert main(["predict", *args.split()]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"tinygrad-mlp predict: error: {message}") and err.count("\n") == 1 and out == ""
    assert sorted(models.iterdir()) == before and (models / "p.csv").read_text() == "old"


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_a_damaged_model_is_one_line(models: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    content = (models / f"kind.{ending}").read_bytes()
    header = 8 + int.from_bytes(content[:8], "little") if ending == "safetensors" else content.index(b"version")
    path = models / f"damaged.{ending}"
    refused = 0
    for place in [*range(0, header, 37), len(content) - 1]:
        path.write_bytes(content[:place])
        assert main(["predict", str(path), "--data", str(models / "t.csv")]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        code = main(["predict", str(path), "--data", str(models / "t.csv")])
        refused += code == 2
        assert code == 0 or capsys.readouterr().err.count("\n") == 1
        capsys.readouterr()
    assert refused
    path.unlink()


def test_houses_predict_what_train_scored(tmp_path: Path) -> None:
    features, price = houses()
    np.savez(tmp_path / "h.npz", X=features, y=price)
    succeed(tmp_path, "--data", "h.npz", "--save", "h.safetensors")
    _, err = predict(tmp_path, "h.safetensors", "--data", "h.npz")
    assert "R2 0.99" in err
