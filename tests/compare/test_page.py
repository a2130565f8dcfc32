"""The page of a comparison in a real browser: its numbers are those of the two runs, and everybody can read it."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from support.browsing import place, said, unfold
from tinygrad_mlp import compare
from tinygrad_mlp.compare import page as made
from tinygrad_mlp.compare.differences import row
from tinygrad_mlp.compare.parting import Tolerance

BAD = "<script>window.harm = 1</script><img src=x onerror='window.harm = 1'>{{data}}</script>"
NAME = "<img src=x onerror='harm = 1'>"

TRAINING = f"""
import sys
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
net.register_buffer({NAME!r}, torch.arange(3.0))
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
x, y = torch.randn(32, 4), torch.randint(0, 3, (32,))
ours = "tinygrad_mlp" in torch.tanh.__module__
for step in range(12):
    optimizer.zero_grad()
    h = net(x) * (1.01 if "--fault" in sys.argv and step == 6 and ours else 1.0)
    loss = torch.nn.functional.cross_entropy(h, y)
    loss.backward()
    optimizer.step()
    print("step", step, "loss", loss.item())
print({BAD!r})
if "--fault" in sys.argv and not ours:
    print("one line more")
"""
STOPPING = f"""
import torch
print("before")
torch.ones(3)[torch.tensor(1)] * 2
raise ValueError({BAD!r})
"""


class Shown:
    """A comparison, its page, and what it says of itself as JSON."""

    def __init__(self, folder, program, *args):
        script = folder / f"{NAME}.py"
        script.write_text(program)
        self.comparison = compare.scripts([str(script), *args])
        self.path = folder / "comparison.html"
        made.to_html(self.comparison, self.path)
        self.report = json.loads(self.comparison.to_json())


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    return Shown(tmp_path_factory.mktemp("parted"), TRAINING, "--fault")


@pytest.fixture(scope="module")
def same(tmp_path_factory):
    return Shown(tmp_path_factory.mktemp("same"), TRAINING)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    return Shown(tmp_path_factory.mktemp("stopped"), STOPPING)


@pytest.fixture(params=["parted", "same", "stopped"])
def each(request):
    return request.getfixturevalue(request.param)


def embedded(page):
    return json.loads(page.locator("#data").text_content())


def plain(text):
    return text.strip().replace("−", "-")


def cells(table):
    found = table.evaluate("table => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText))")
    return [[plain(cell) for cell in row] for row in found]


# -- the verdict -----------------------------------------------------------------------------------


def test_the_verdict_is_that_of_the_comparison(each, opened_file):
    page = opened_file(each.path)
    assert page.locator("#verdict").inner_text() == each.report["verdict"]
    sign = page.locator("#verdict").evaluate("element => getComputedStyle(element, '::before').content")
    assert sign == ('"="' if each.comparison.same else '"≠"')
    assert page.locator("#facts").inner_text() == ("the same" if each.comparison.same else "different")


def test_the_runs_differ_as_they_are_meant_to(parted, same, stopped):
    assert same.comparison.same and not parted.comparison.same and not stopped.comparison.same
    assert parted.report["parting"]["call"] == "mul" and stopped.report["parting"] is None


# -- losses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["parted", "same"])
def test_the_losses_are_those_of_both_runs(name, request, opened_file):
    shown = request.getfixturevalue(name)
    ours, theirs = shown.comparison.ours.losses, shown.comparison.theirs.losses
    page = opened_file(shown.path)
    losses, difference = embedded(page)["charts"]
    assert [line["values"] for line in losses["lines"]] == [ours, theirs]
    apart = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    assert difference["lines"][0]["values"] == [x or None for x in apart]
    assert page.locator("#charts h3").all_inner_texts() == ["Loss", "Difference of the losses (logarithmic scale)"]
    unfold(page, page.locator("#steps summary"))
    heads, *rows = cells(page.locator("#steps table"))
    assert heads == ["step", "tinygrad_mlp", "torch", "difference", "relative"]
    for i, texts in enumerate(rows):
        right = [i + 1, ours[i], theirs[i], apart[i], apart[i] / abs(theirs[i])]
        assert [float(text) for text in texts] == pytest.approx(right, rel=0.06)
        assert float(texts[1]) == pytest.approx(ours[i], rel=1e-8)
    equal = apart.count(0.0)
    text = page.locator("#equal").inner_text()
    assert (f"At {equal} step" in text and "of 12 the losses are equal" in text) or not equal


def test_every_step_with_a_difference_is_seen_in_its_chart(same, opened_file):
    """Also one between two steps of equal losses, where no line leads to it."""
    page = opened_file(same.path)
    values = [None, *embedded(page)["charts"][1]["lines"][0]["values"], None]
    alone = [i for i in range(1, 13) if values[i] is not None and values[i - 1] is None and values[i + 1] is None]
    seen = page.locator("#charts .chart").nth(1).locator("circle.dot:not([visibility])")
    assert seen.count() == len(alone)


def test_the_keys_go_from_step_to_step(parted, opened_file):
    page = opened_file(parted.path)
    assert place(page) == "6" and said(page).startswith("Step 7 of 12: loss ")  # where they part
    assert page.locator("#counter").inner_text() == "7 / 12"
    page.keyboard.press("ArrowRight")
    ours, theirs = (trace.losses[7] for trace in (parted.comparison.ours, parted.comparison.theirs))
    assert f"Step 8 of 12: loss {ours:.9g} (tinygrad_mlp) and {theirs:.9g} (torch), difference" in said(page)
    assert page.locator("#scrubber").get_attribute("aria-valuetext") == said(page)
    page.locator("#lines .scroll").focus()
    page.keyboard.press("ArrowRight")  # this scrolls
    assert place(page) == "7"
    page.locator("#scrubber").focus()
    page.keyboard.press("Home")
    assert said(page).startswith("Step 1 of 12")
    page.locator("#theme").focus()
    page.keyboard.press("ArrowLeft")
    assert place(page) == "0"


def test_a_step_is_chosen_in_a_chart(parted, opened_file):
    page = opened_file(parted.path, viewport={"width": 1600, "height": 1200})
    surface = page.locator("#charts .surface").nth(1)
    surface.click(position={"x": surface.bounding_box()["width"] - 9, "y": 30})
    assert place(page) == "11"


def test_of_many_steps_the_worst_are_shown():
    random = np.random.default_rng(0)
    losses = random.uniform(1, 2, (2, 50_000)).astype(np.float32).astype(np.float64)
    losses[1] = losses[0] * (1 + 1e-7 * random.random(50_000))
    losses[1, 31_007] += 1
    losses[0, 40_000], losses[1, 40_100] = np.inf, np.nan
    both = SimpleNamespace(ours=SimpleNamespace(losses=losses[0]), theirs=SimpleNamespace(losses=losses[1, :49_000]))
    found = made._losses(both, ["a", "b"])
    steps = found["epochs"]
    assert found["steps"] == 50_000 and len(steps) <= made.STEPS and steps == sorted(set(steps))
    assert {1, 31_008, 40_001, 40_101, 50_000} <= set(steps)
    values = [line["values"] for line in found["charts"][0]["lines"]]
    assert values[0][-1] == losses[0, -1] and values[1][-1] is None
    assert found["figures"][steps.index(40_001)][0] == "inf" and values[0][steps.index(40_001)] is None
    assert found["figures"][steps.index(40_101)][1] == "nan"
    assert max(np.diff(steps)) < 3 * 50_000 / made.STEPS


# -- where they part -------------------------------------------------------------------------------


def test_both_results_stand_side_by_side_around_the_worst_element(parted, opened_file):
    page = opened_file(parted.path)
    parting = parted.comparison.parting
    tables = page.locator("#blocks table").all()
    assert [table.locator("caption").inner_text() for table in tables] == [
        "tinygrad_mlp float32 (32, 3)", "torch float32 (32, 3)", "difference float64 (32, 3)",
    ]  # fmt: skip
    arrays = [parting.ours, parting.theirs, parting.ours.astype(float) - parting.theirs.astype(float)]
    for table, array in zip(tables, arrays, strict=True):
        heads, *rows = cells(table)
        assert [int(text) for text in heads[1:]] == [0, 1, 2]
        first, worst = int(rows[0][0]), parting.index[0]
        assert first == max(0, worst - 2) and len(rows) == min(32, worst + 3) - first
        for i, texts in enumerate(rows):
            assert [float(text) for text in texts[1:]] == pytest.approx(array[first + i].tolist(), rel=0.06)
        framed = table.locator("td.worst")
        assert framed.count() == 1 and framed.evaluate("cell => getComputedStyle(cell).outlineStyle") == "solid"
        assert float(plain(framed.inner_text())) == pytest.approx(float(array[parting.index]), rel=0.06)
    exact = float(plain(tables[0].locator("td.worst").inner_text()))
    assert np.float32(exact) == parting.ours[parting.index]
    facts = dict(cells(page.locator("#place table")))
    assert facts["step"] == "7" and facts["line"].endswith(".py:12") and facts["what differs"] == "result 0"
    unfold(page, page.locator("#inputs summary"))
    assert page.locator("#inputs caption").first.inner_text() == "input 0 float32 (32, 3)"


def test_of_traces_no_values_are_shown(parted, opened_file, tmp_path):
    """They keep no arrays of calls; the call to blame is found by their summaries."""
    made.to_html(compare.traces(parted.comparison.ours, parted.comparison.theirs), tmp_path / "traces.html")
    page = opened_file(tmp_path / "traces.html")
    facts = dict(cells(page.locator("#place table")))
    assert facts["step"] == "7" and facts["largest difference"].endswith("; the traces keep no values")
    assert page.locator("#blocks table").count() == 0 and page.locator("#inputs summary").count() == 0


def test_of_a_comparison_by_names_there_is_no_page(tmp_path):
    with pytest.raises(ValueError, match="there is no page of a comparison by the names of variables"):
        made.to_html(object(), tmp_path / "names.html")


@pytest.mark.parametrize("rtol", [None, 1e-9])
def test_rounding_that_has_grown_is_called_so(same, rtol):
    """What many calls have done is no difference where runs are the same; beyond a tolerance that is given it is."""
    tolerance = None if rtol is None else Tolerance(rtol, 0.0)
    grown = {
        name: array * (1 + 1e-3) if name.startswith("parameter") else array
        for name, array in same.comparison.ours.arrays.items()
    }
    c = replace(same.comparison, ours=replace(same.comparison.ours, arrays=grown), tolerance=tolerance)
    rows = [
        each
        for group in made._end(c, list(grown), list(c.names))
        if group["kind"] == "parameter"
        for each in group["rows"]
    ]
    assert c.same == (rtol is None)
    assert {(each["same"], each["note"]) for each in rows} == {(True, "rounding has grown") if c.same else (False, "")}


@pytest.mark.parametrize("name", ["same", "stopped"])
def test_what_does_not_part_has_no_such_part(name, request, opened_file):
    assert opened_file(request.getfixturevalue(name).path).locator("#parting").count() == 0


BLOCKS = [
    ((), (), [[0]], [0, 0]),
    ((9,), (4,), [[1, 2, 3, 4, 5, 6, 7]], [0, 4]),
    ((2, 9), (1, 8), [[5, 6, 7, 8], [14, 15, 16, 17]], [1, 8]),
    ((9, 1), (4, 0), [[2], [3], [4], [5], [6]], [4, 0]),
    ((2, 2, 2), (1, 0, 1), [[4, 5], [6, 7]], [0, 1]),
    ((9,), (), [[0, 1, 2, 3]], None),  # shapes or dtypes differ: there is no worst element
    ((2, 2), (5, 5), [[0, 1], [2, 3]], None),
    ((3, 0), (), [], None),
]


@pytest.mark.parametrize(("shape", "index", "values", "at"), BLOCKS)
def test_the_values_around_an_element(shape, index, values, at):
    block = made._block(np.arange(np.prod(shape, dtype=int)).reshape(shape), index)
    assert [[int(text) for text in texts] for texts in block["cells"]] == values
    assert block["at"] == at and block["shape"] == list(shape)


# -- the table -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["parted", "same"])
def test_the_table_is_that_of_the_arrays_at_the_end(name, request, opened_file):
    shown = request.getfixturevalue(name)
    page = opened_file(shown.path)
    kinds = ["Parameters", "Gradients", "Buffers", "State of the optimisers"]
    assert page.locator("#end h3").all_inner_texts()[:4] == kinds
    ours, theirs = shown.comparison.ours.arrays, shown.comparison.theirs.arrays
    count = 0
    for kind, table in zip(
        ["parameter", "gradient", "buffer", "state"], page.locator("#end table").all(), strict=False
    ):
        for own, shape, absolute, _, _, word, *rest in cells(table)[1:]:
            arrays = ours[f"{kind} {own}"], theirs[f"{kind} {own}"]
            found = row("", *arrays, Tolerance.of(str(arrays[1].dtype)))
            assert shape == str(arrays[0].shape) and word == ("same" if found.same else "differs")
            apart = np.max(np.abs(arrays[0].astype(float) - arrays[1]))
            assert float(absolute) == pytest.approx(float(apart), rel=0.06)
            values = ["", ""] if found.values is None else [plain(str(value)) for value in found.values]
            assert rest == [str(list(found.index)) if found.index else "", *values]
            count += 1
    assert count == 4 + 4 + 1 + 12
    assert (page.locator("#end tr.apart").count() > 0) == (name == "parted")


# -- what was printed, and what ran ----------------------------------------------------------------


def test_the_lines_that_were_printed_stand_side_by_side(parted, same, opened_file):
    page = opened_file(parted.path)
    heads, *rows = cells(page.locator("#lines table"))
    assert heads == ["line", "same?", "tinygrad_mlp", "torch"]
    printed = [trace.about["printed"] for trace in (parted.comparison.ours, parted.comparison.theirs)]
    for i, (number, how, ours, theirs) in enumerate(rows):
        right = printed[0][i] if i < 13 else "(no more)", printed[1][i]
        assert (number, ours, theirs) == (str(i + 1), *map(plain, right))
        alike = "the same" if right[0] == right[1] else "the same within tolerance"
        said_of = how.removeprefix("≈").removeprefix("≠").strip()
        assert said_of == (alike if i + 1 < parted.comparison.line.number else "differs")
    assert len(rows) == 14 and rows[-1][1].startswith("≠")
    assert page.locator("#lines tr.other").count() >= 1
    assert opened_file(same.path).locator("#lines tr.other").count() == 0


@pytest.mark.parametrize(("first", "shown"), [(None, (1, 400)), (5, (1, 400)), (700, (500, 899)), (999, (601, 1000))])
def test_of_many_lines_those_around_the_first_other_one_are_shown(first, shown):
    lines = [f"line {i}" for i in range(1000)]
    other = [line + "!" if i + 1 == first else line for i, line in enumerate(lines)]
    sides = (SimpleNamespace(about={"printed": each}) for each in (lines, other))
    line = None if first is None else SimpleNamespace(number=first)
    found = made._printed(
        SimpleNamespace(**dict(zip(("ours", "theirs"), sides, strict=True)), line=line, tolerance=None)
    )
    assert (found["first"], found["first"] + len(found["lines"]) - 1, found["count"]) == (*shown, 1000)
    assert [i for i, (*_, how) in enumerate(found["lines"], found["first"]) if how != "equal"] == (
        [first] if first else []
    )


def test_nothing_printed_is_said(opened_file, parted, tmp_path):
    changed = json.loads(embedded_text(parted.path))
    changed["printed"] = {"first": 1, "count": 0, "lines": []}
    path = tmp_path / "changed.html"
    text = parted.path.read_text("utf-8")
    path.write_text(text.replace(embedded_text(parted.path), json.dumps(changed).replace("<", "\\u003c")), "utf-8")
    assert opened_file(path).locator("#lines").inner_text() == "Nothing was printed."


def embedded_text(path: Path) -> str:
    return path.read_text("utf-8").partition('id="data">')[2].partition("</script>")[0]


def test_what_ran_is_told(each, opened_file):
    page = opened_file(each.path)
    runs = {name: texts for name, *texts in cells(page.locator("#runs table"))}
    about = each.comparison.ours.about, each.comparison.theirs.about
    for label, key in (("version", "version"), ("NumPy", "numpy"), ("steps", "steps"), ("exit code", "exit")):
        assert runs[label] == [str(of[key]) for of in about]
    assert page.locator("#command").inner_text() == " ".join(about[0]["program"])


def test_a_program_without_losses_that_stops(stopped, opened_file):
    page = opened_file(stopped.path)
    assert page.locator("#curves").count() == 0 and not page.locator("footer").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.locator("#stopped h3").all_inner_texts() == ["What ended tinygrad_mlp", "What ended torch"]
    assert f"ValueError: {BAD}" in page.locator("#stopped pre").first.inner_text()


# -- for everybody -----------------------------------------------------------------------------------


def test_the_names_are_those_of_the_comparison(parted, opened_file, tmp_path):
    """Two runs of another kind may be compared: no name of a framework is written on the page itself."""
    c = parted.comparison
    labelled = [
        replace(trace, about={**trace.about, "label": label})
        for trace, label in ((c.ours, "yesterday"), (c.theirs, "today"))
    ]
    call = {**c.parting.described, "text": "y = x * 1.01"}
    other = replace(c, ours=labelled[0], theirs=labelled[1], parting=replace(c.parting, described=call))
    made.to_html(other, tmp_path / "other.html")
    page = opened_file(tmp_path / "other.html")
    unfold(page, page.locator("summary"))
    page.evaluate("document.querySelectorAll('#runs tbody').forEach((part) => part.remove())")  # the versions
    text = page.locator("body").inner_text()
    assert "yesterday" in text and "torch" not in text and "tinygrad" not in text
    assert page.title().endswith("yesterday and today")


@pytest.mark.parametrize("name", ["parted", "stopped"])
def test_no_text_of_the_program_becomes_markup(name, request, opened_file):
    page = opened_file(request.getfixturevalue(name).path)
    unfold(page, page.locator("summary"))
    assert page.evaluate("window.harm") is None
    assert (page.locator("script").count(), page.locator("img").count()) == (2, 0)
    text = page.locator("body").inner_text()
    assert BAD in text and NAME in page.title() and (name == "stopped" or f"Sequential.{NAME}" in text)


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("parted", "dark", 1600), ("parted", "light", 700), ("same", "light", 1200), ("stopped", "dark", 700)],
)
def test_the_page_keeps_the_rules_of_axe(name, request, opened_file, scheme, width):
    page = opened_file(
        request.getfixturevalue(name).path, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    unfold(page, page.locator("summary"))
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_theme_is_changed(same, opened_file):
    page = opened_file(same.path, color_scheme="light")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
