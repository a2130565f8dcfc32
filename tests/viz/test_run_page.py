"""The page of a training in a real browser: its numbers are those of `--json`, and everybody can read it."""

import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas
import pytest
from axe_playwright_python.sync_playwright import Axe

from support.browsing import place, said, unfold
from support.commands import flowers, houses, rows_to_test_on, write_csv
from tinygrad_mlp.cli import main
from tinygrad_mlp.datasets import load_digits
from tinygrad_mlp.tables import Model

BAD = "<script>window.harm = 1</script><img src=x onerror='window.harm = 1'>{{data}}</script>"


@dataclass
class Shown:
    """A page, what `--json` says of the same training, and the model that was saved."""

    path: Path
    results: dict
    model: Model


def trained(folder, *args):
    text = io.StringIO()
    page, model = folder / "run.html", folder / "net.safetensors"
    with redirect_stdout(text):
        assert main(["train", "--json", *args, "--html", str(page), "--save", str(model)]) == 0
    return Shown(page, json.loads(text.getvalue()), Model.load(model))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("digits"), "--epochs", "3", "--hidden", "16")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Columns, classes and a file with names that are markup; and blank rows, which count in the file."""
    folder = tmp_path_factory.mktemp("table")
    (features, kind), names = flowers(), [f"{BAD} {i}" for i in range(3)]
    path = folder / f"{BAD.replace('/', '')}.csv"
    noisy = (kind + (np.random.default_rng(0).random(len(kind)) < 0.2)) % 3
    write_csv(path, f"width,{BAD},kind {BAD}", [*features.T, [names[k] for k in noisy]])
    path.write_text(path.read_text("utf-8").replace("\n", "\n\n"), "utf-8")
    return trained(
        folder, "--data", str(path), "--validation", "0.2", "--epochs", "40", "--patience", "2", "--lr", "0.01"
    )


@pytest.fixture(scope="module")
def quantity(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantity")
    features, price = houses()
    write_csv(folder / "houses.csv", "area,rooms,price", [*features.T, price])
    return trained(folder, "--data", str(folder / "houses.csv"), "--epochs", "4")


@pytest.fixture(params=["digits", "table", "quantity"])
def each(request):
    return request.getfixturevalue(request.param)


def embedded(page):
    return json.loads(page.locator("#data").text_content())


def cells(table):
    return [[cell.strip() for cell in row] for row in table.evaluate(
        "table => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )]  # fmt: skip


def number(text):
    """What a text of the page says, a share if it is in per cent, and half a unit of its last digit."""
    plain = text.replace("−", "-").replace(",", "").removesuffix(" %")
    scale = 100 if text.endswith("%") else 1
    digits = plain.partition("e")[0].partition(".")[2]
    exponent = int(plain.partition("e")[2] or 0)
    return float(plain) / scale, 0.50001 * 10.0 ** (exponent - len(digits)) / scale


def says(text, value):
    if value is None:
        return text in ("\u2013", "undefined")
    found, half = number(text)
    return abs(found - value) <= half


# -- the numbers -----------------------------------------------------------------------------------


def test_the_epochs_are_those_of_json(each, opened_file):
    page = opened_file(each.path)
    unfold(page, page.get_by_text("The numbers of every epoch"))
    heads, *rows = cells(page.locator("#epochs table"))
    epochs = each.results["epochs"]
    score = "accuracy" if "accuracy" in epochs[0] else "r2"
    name = {"accuracy": "accuracy", "r2": "R²"}[score]
    keys = {
        "epoch": "epoch", "training loss": "loss", "validation loss": "validation_loss", "test loss": "test_loss",
        f"training {name}": f"train_{score}", f"validation {name}": f"validation_{score}", f"test {name}": score,
    }  # fmt: skip
    assert heads == [head for head, key in keys.items() if key in epochs[0]]
    assert len(rows) == len(epochs)
    for row, epoch in zip(rows, epochs, strict=True):
        for head, text in zip(heads, row, strict=True):
            assert says(text, epoch[keys[head]])
    exact = {
        f"{line['name']} {chart['name']}".lower(): line["values"]
        for chart in embedded(page)["charts"]
        for line in chart["lines"]
    }
    assert exact == {head.lower(): [epoch[keys[head]] for epoch in epochs] for head in heads[1:]}


def test_what_only_the_page_needs_is_right(digits, quantity):
    """The losses and scores that the command does not measure otherwise, computed again from the saved models."""
    images, labels = load_digits()
    probabilities = digits.model.outputs(digits.model.inputs(images.reshape(-1, 64)))
    right, loss = probabilities.argmax(1) == labels, -np.log(probabilities[np.arange(len(labels)), labels])
    last, rows = digits.results["epochs"][-1], rows_to_test_on(len(labels), classes=labels)
    assert last["train_accuracy"] == np.delete(right, rows).mean()
    assert last["test_loss"] == pytest.approx(loss[rows].mean(), rel=1e-5)
    features, price = houses()
    last, rows = quantity.results["epochs"][-1], rows_to_test_on(len(price))
    predicted = quantity.model.outputs(quantity.model.inputs(pandas.DataFrame(features, columns=["area", "rooms"])))
    error, train = predicted - price, np.delete(price, rows)
    assert last["train_r2"] == pytest.approx(1 - np.square(np.delete(error, rows)).mean() / train.var(), abs=1e-5)
    assert last["test_loss"] == pytest.approx(np.square(error[rows]).mean() / train.var(), rel=1e-4)


def test_options_and_scores_are_at_the_top(each, opened_file):
    page = opened_file(each.path)
    results = each.results
    facts = {name: value for table in page.locator("#tables table").all() for name, value in cells(table)}
    if "accuracy" in results["test"]:
        assert says(facts["Test accuracy"], results["test"]["accuracy"])
        assert says(facts["The most frequent class alone"], results["baseline"]["accuracy"])
        counts = np.array(results["test"]["confusion"])
        assert facts["Test rows right"] == f"{counts.trace()} of {counts.sum()}"
    else:
        assert says(facts["Test R²"], results["test"]["r2"])
        assert says(facts["Test RMSE, in units of price"], results["test"]["rmse"])
        assert says(facts["RMSE of the mean of the training rows"], results["baseline"]["rmse"])
    plan, data = results["plan"], results["data"]
    assert facts["Weights of epoch"] == f"{results['best_epoch']} of {len(results['epochs'])}"
    assert facts["Network"] == "-".join(map(str, plan["layers"]))
    assert (facts["Seed"], facts["Epochs at most"]) == (str(plan["seed"]), str(plan["epochs"]))
    assert (facts["Rows to train on"], facts["Rows to test on"]) == (
        f"{data['train_rows']:,}",
        f"{data['test_rows']:,}",
    )
    command = page.locator("#command").inner_text()
    assert command.startswith("tinygrad-mlp train --json ") and f"--html {each.path}" in command
    assert np.__version__ in page.locator("#versions").inner_text()


@pytest.mark.parametrize("name", ["digits", "table"])
def test_the_confusion_is_that_of_json_and_its_diagonal_is_framed(name, request, opened_file):
    shown = request.getfixturevalue(name)
    page = opened_file(shown.path)
    counts = shown.results["test"]["confusion"]
    matrix, measures = page.locator("#confusion table").all()
    _, *rows = cells(matrix)
    for row, expected in zip(rows, counts, strict=True):
        for text, n in zip(row[1:], expected, strict=True):
            found, *share = text.split("\n")
            assert int(found) == n
            assert all(says(part, n / sum(expected)) for part in share) and len(share) == (n > 0)
    frames = matrix.evaluate(
        "table => [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1)"
        ".map((cell) => getComputedStyle(cell).outlineStyle === 'solid'))"
    )
    assert frames == np.eye(len(counts), dtype=bool).tolist()
    for row, expected in zip(cells(measures)[1:], shown.results["test"]["precision_recall_f1"], strict=True):
        assert all(map(says, row[1:], expected))


def test_of_many_classes_those_with_most_mistakes_are_shown(tmp_path, opened_file):
    random = np.random.default_rng(0)
    kind = np.repeat(np.arange(25), 12)
    where = np.where(kind < 20, 0, kind) + random.standard_normal(len(kind)) * 0.01  # the last five are told apart
    write_csv(tmp_path / "many.csv", "x,kind", [where, [f"kind {k:02}" for k in kind]])
    shown = trained(tmp_path, "--data", str(tmp_path / "many.csv"), "--epochs", "40", "--hidden", "16", "--lr", "0.02")
    page = opened_file(shown.path)
    assert "20 of 25 classes are shown, those with the most mistakes" in page.locator("#confused").inner_text()
    heads, *rows = cells(page.locator("#confusion table").first)
    assert heads[-1] == "others" and len(heads) == 22 and len(rows) == 20
    counts = np.array(shown.results["test"]["confusion"])
    wrong = counts.sum(0) + counts.sum(1) - 2 * counts.diagonal()
    kept = [int(row[0].removeprefix("kind ")) for row in rows]
    assert min(wrong[kept]) >= max(np.delete(wrong, kept))
    totals = [sum(int(text.split("\n")[0]) for text in row[1:]) for row in rows]
    assert totals == counts[kept].sum(1).tolist()


# -- mistakes --------------------------------------------------------------------------------------


def test_the_misclassified_digits_are_shown_as_images(digits, opened_file):
    page = opened_file(digits.path)
    counts = np.array(digits.results["test"]["confusion"])
    wrong = int(counts.sum() - counts.trace())
    items = page.locator(".digits li")
    assert items.count() == min(wrong, 60)
    said_part = page.locator("#mistakes p").inner_text()
    assert f"{wrong} of 359 test digits" in said_part
    assert ("all shown" if wrong <= 60 else f"60 of {wrong} shown") in said_part
    images, labels = load_digits()
    probabilities = digits.model.outputs(digits.model.inputs(images.reshape(-1, 64)))
    last = 1.0
    for item in items.all_inner_texts():
        pair, sure, of_true, image = item.split("\n")[-4:]
        row = int(image.removeprefix("image "))
        true, predicted = map(int, pair.split(" → "))
        assert (true, predicted) == (labels[row], probabilities[row].argmax()) and true != predicted
        assert says(sure.removesuffix(" sure"), probabilities[row, predicted])
        assert says(of_true.removeprefix(f"{true}: "), probabilities[row, true])
        assert probabilities[row, predicted] <= last + 1e-6
        last = probabilities[row, predicted]
    pixels = items.first.locator("canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, i) => i % 4 === 0)"
    )
    row = int(items.first.inner_text().split("\n")[-1].removeprefix("image "))
    assert np.abs(255 * (1 - images[row].reshape(-1) / 16) - pixels).max() <= 0.5
    assert re.fullmatch(
        rf"Image {row}: a \d, taken for a \d with .* %", items.first.locator("canvas").get_attribute("aria-label")
    )


@pytest.mark.parametrize("name", ["table", "quantity"])
def test_the_worst_rows_are_those_of_the_file(name, request, opened_file):
    shown = request.getfixturevalue(name)
    page = opened_file(shown.path)
    lines = Path(shown.results["data"]["source"]).read_text("utf-8").split("\n")
    heads, *rows = cells(page.locator("#mistakes table"))
    assert heads[-2:] == lines[0].split(",")[:2]
    for row in rows:
        *features, target = lines[int(row[0]) - 1].split(",")
        assert all(
            abs(float(text.replace("−", "-")) / float(x) - 1) < 1e-5 for text, x in zip(row[-2:], features, strict=True)
        )
        assert row[1] == target if name == "table" else says(row[1], float(target))
    if name == "table":
        counts = np.array(shown.results["test"]["confusion"])
        assert len(rows) == min(20, counts.sum() - counts.trace())
    else:
        errors = [abs(number(row[3])[0]) for row in rows]
        assert errors == sorted(errors, reverse=True) and len(errors) == 20
        assert all(says(row[3], number(row[2])[0] - number(row[1])[0]) or float(row[1]) for row in rows)


def test_where_nothing_is_wrong_the_page_says_so(tmp_path, opened_file):
    write_csv(tmp_path / "easy.csv", "x,kind", [np.repeat([0.0, 1.0], 30), np.repeat(["a", "b"], 30)])
    shown = trained(tmp_path, "--data", str(tmp_path / "easy.csv"), "--lr", "0.01")
    assert shown.results["test"]["accuracy"] == 1
    page = opened_file(shown.path)
    assert page.locator("#mistakes").inner_text() == "All 12 rows of the test part were classified correctly."


# -- weights and gradients -------------------------------------------------------------------------


def test_the_last_histogram_counts_the_saved_weights(digits, opened_file):
    page = opened_file(digits.path)
    matrices = [p.detach().numpy() for p in digits.model.network.parameters() if p.ndim == 2]
    layers = embedded(page)["layers"]
    assert len(layers) == len(matrices) == 2
    for layer, matrix in zip(layers, matrices, strict=True):
        weights = layer["weights"]
        assert weights["epochs"] == [0, 1, 2, 3]
        assert np.histogram(matrix, weights["edges"])[0].tolist() == weights["counts"][-1]
        assert all(sum(column) == matrix.size for column in weights["counts"])
    unfold(page, page.get_by_text("The counts of the chosen epoch").first)
    counted, _ = page.locator(".layer").first.locator("table").all()
    assert [int(n.replace(",", "")) for _, n in cells(counted)[1:]] == layers[0]["weights"]["counts"][-1][::-1]


def test_a_heat_map_is_read_with_the_arrows(digits, opened_file):
    page = opened_file(digits.path)
    weights = embedded(page)["layers"][0]["weights"]
    page.get_by_label("Layer 1: 64 → 16, Weights").focus()
    top = len(weights["edges"]) - 2
    page.keyboard.press("ArrowDown")
    for column, counts in enumerate(weights["counts"]):
        text = page.locator("#cell").inner_text()
        assert text.startswith(f"epoch {column}, ") and text.endswith(f": {counts[top - 1]:,} of 1,024")
        page.keyboard.press("ArrowRight")
    assert place(page) == "3"  # the epoch has not changed meanwhile


def test_a_long_training_keeps_some_epochs_and_says_so(tmp_path, opened_file):
    write_csv(tmp_path / "easy.csv", "x,kind", [np.repeat([0.0, 1.0], 10), np.repeat(["a", "b"], 10)])
    shown = trained(tmp_path, "--data", str(tmp_path / "easy.csv"), "--epochs", "301", "--hidden", "2")
    page = opened_file(shown.path)
    kept = embedded(page)["layers"][0]["weights"]["epochs"]
    assert len(kept) <= 129 and kept[0] == 0 and kept[-1] == 301
    assert f"Of the 301 epochs {len(kept) - 1} were kept" in page.locator("#seen").inner_text()
    assert len(embedded(page)["epochs"]) == 301


# -- the epoch that is shown -----------------------------------------------------------------------


def test_the_keys_go_from_epoch_to_epoch(table, opened_file):
    page = opened_file(table.path)
    best, last = table.results["best_epoch"], len(table.results["epochs"])
    assert last > best and place(page) == str(best)
    page.keyboard.press("ArrowRight")
    assert said(page).startswith(f"Epoch {best + 1} of {last}: ")
    epoch = table.results["epochs"][best]
    assert f"test {100 * epoch['accuracy']:.2f} %." in said(page)
    page.locator("#scrubber").focus()
    page.keyboard.press("Home")
    assert place(page) == "0" and said(page).startswith("Before the first step")
    assert page.locator(".profile").nth(1).locator("rect").count() == 0  # there is no gradient yet
    page.keyboard.press("End")
    assert place(page) == str(last)
    assert page.locator(".profile").nth(1).locator("rect").count() > 0
    assert page.locator("#scrubber").get_attribute("aria-valuetext") == said(page)
    page.locator("#theme").focus()
    page.keyboard.press("ArrowLeft")
    assert place(page) == str(last - 1)


def test_an_epoch_is_chosen_in_a_chart_and_in_a_heat_map(digits, opened_file):
    page = opened_file(digits.path, viewport={"width": 1600, "height": 2000})
    surface = page.locator("#charts .surface").first
    box = surface.bounding_box()
    surface.click(position={"x": box["width"] / 2, "y": 40})
    assert place(page) == "2"
    heat_map = page.get_by_label("Layer 1: 64 → 16, Weights")
    heat_map.click(position={"x": 2, "y": 2})
    assert place(page) == "0"


# -- for everybody -----------------------------------------------------------------------------------


def test_no_text_of_the_table_becomes_markup(table, opened_file):
    page = opened_file(table.path)
    unfold(page, page.locator("summary"))
    assert page.evaluate("window.harm") is None
    assert (page.locator("script").count(), page.locator("img").count()) == (2, 0)
    text = page.locator("body").inner_text()
    assert f"kind {BAD}" in text and f"{BAD} 1" in text and BAD.replace("/", "") in text
    assert BAD.replace("/", "") in page.title()


@pytest.mark.parametrize(("name", "scheme", "width"), [("digits", "dark", 1600), ("table", "light", 800)])
def test_the_page_keeps_the_rules_of_axe(name, request, opened_file, scheme, width):
    page = opened_file(
        request.getfixturevalue(name).path, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    unfold(page, page.locator("summary"))
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width


# -- what it costs -----------------------------------------------------------------------------------


def without(value, *names):
    if isinstance(value, dict):
        return {key: without(part, *names) for key, part in value.items() if key not in names}
    return [without(part, *names) for part in value] if isinstance(value, list) else value


def test_the_training_is_the_same_without_a_page(digits, capsys):
    assert main(["train", "--json", "--epochs", "3", "--hidden", "16"]) == 0
    plain = json.loads(capsys.readouterr().out)
    seen = without(digits.results, "seconds", "saved", "page", "train_accuracy", "test_loss")
    assert without(plain, "seconds", "saved") == seen
    assert digits.results["page"] == str(digits.path)


def test_the_page_is_announced(tmp_path, capsys):
    path = tmp_path / "run.html"
    assert main(["train", "--epochs", "1", "--hidden", "4", "--html", str(path)]) == 0
    assert capsys.readouterr().out.endswith(f"the training as a page: {path}\n")
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
