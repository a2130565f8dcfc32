"""How the result of `by_hand` is shown: as a table of text, by rich, in a notebook and as JSON."""

from __future__ import annotations

import io
import json

import tinygrad_mlp
from tinygrad_mlp.testing import ByHand, by_hand


def example() -> ByHand:
    x = tinygrad_mlp.tensor([[1.0, 2.0, 4.0], [3.0, 5.0, -7.0]], requires_grad=True)
    h = x * x
    loss = (h * 3).sum()
    wrong = -6 * x.detach()
    wrong[0, 0] = 0.5
    return by_hand(loss, dh=(h * 0 + 3, h), dx=(wrong, x))


def test_the_table():
    found = example()
    assert str(found) == repr(found)
    assert [line.rstrip() for line in str(found).splitlines()] == [
        "gradient  verdict  shape   largest difference         what it looks like",
        "dh        exact    (2, 3)",
        "dx        wrong    (2, 3)  84 at (1, 2): 42, not -42  no simple reason is seen in the numbers",
    ]


def test_a_terminal_shows_the_table_by_rich():
    from rich.console import Console

    console = Console(width=160, record=True, file=io.StringIO())
    console.print(example())
    text = console.export_text()
    assert "gradient" in text
    assert "84 at (1, 2): 42, not -42" in text


def test_a_notebook_shows_the_table_as_html():
    page = example()._repr_html_()
    assert page.startswith("<table><thead><tr><th>gradient</th>")
    assert "<td><strong>wrong</strong></td>" in page
    assert "<td>exact</td>" in page


def test_json():
    found = example()
    facts = json.loads(found.to_json())
    assert (facts["ok"], facts["without_partner"]) == (False, [])
    dh, dx = facts["rows"]
    assert (dh["verdict"], dh["difference"], dh["of"]) == ("exact", 0.0, "h")
    assert (dx["verdict"], dx["where"], dx["given"], dx["right"], dx["wrong"]) == ("wrong", [1, 2], 42.0, -42.0, 6)
    x = tinygrad_mlp.tensor([1.0, 2.0], requires_grad=True)
    bad = by_hand((x * x).sum(), dx=([float("nan"), 4.0], x))
    assert json.loads(bad.to_json())["rows"][0]["given"] == "nan"
