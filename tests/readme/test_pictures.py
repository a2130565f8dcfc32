"""The pictures of the README say what the package shows today: they are made again, and what is said is compared.

What is drawn where is not compared: it is for the libraries to say, and for the eyes.
"""

from __future__ import annotations

import html
import re

import pytest

from support import ROOT
from support.pictures import PICTURES, PLACE, SCHEMES

README = (ROOT / "README.md").read_text(encoding="utf-8")


def words(svg: str) -> list[str]:
    """What a picture says, in order, without how it looks."""
    text = re.sub(r"<(style|script|title|desc)\b.*?</\1>", "", svg, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "\n", text)).split()


def said(name: str, svg: str) -> list[str]:
    """What is compared: of long computations no numbers, whose last digits differ from machine to machine.

    Of a compiled step the words, each once: older NumPy makes some calls of it in another way.
    """
    if name == "compiled":
        return list({word for word in words(svg) if re.fullmatch("[A-Za-z]{3,}", word)})
    return [word for word in words(svg) if name != "run" or not re.search(r"\d", word)]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_of_today(name):
    for scheme, svg in PICTURES[name]().items():
        stored = (PLACE / f"{name}-{scheme}.svg").read_text(encoding="utf-8")
        assert sorted(said(name, stored)) == sorted(said(name, svg)), f"{name}: python -m support.pictures {name}"


def test_light_and_dark_differ_in_colours_alone():
    for name in PICTURES:
        light, dark = ((PLACE / f"{name}-{scheme}.svg").read_text(encoding="utf-8") for scheme in SCHEMES)
        assert light != dark
        assert [word for word in words(light) if word not in SCHEMES_SAID] == [
            word for word in words(dark) if word not in SCHEMES_SAID
        ]


SCHEMES_SAID = ("Light", "Dark")  # a button names the other scheme


def test_the_readme_shows_each_in_both_schemes_and_describes_it():
    shown = re.findall(
        r'<picture>\n  <source media="\(prefers-color-scheme: dark\)" srcset="tests/readme/(\w+)-dark.svg">\n'
        r'  <img src="tests/readme/(\w+)-light.svg" alt="([^"]{40,})">\n</picture>',
        README,
    )
    assert [dark for dark, _, _ in shown] == [light for _, light, _ in shown]
    assert sorted(light for _, light, _ in shown) == sorted(PICTURES)
    assert sorted(path.name for path in PLACE.glob("*.svg")) == sorted(
        f"{n}-{s}.svg" for n in PICTURES for s in SCHEMES
    )


def test_a_picture_fetches_nothing_and_runs_nothing():
    for path in PLACE.glob("*.svg"):
        svg = path.read_text(encoding="utf-8")
        assert "<script" not in svg and "@import" not in svg and "@font-face" not in svg
        assert [
            url for url in re.findall(r"url\(([^)]*)\)", svg) if not url.strip("\"'").startswith(("#", "data:"))
        ] == []
        assert re.findall(r'(?:src|href)="(?!#|data:)', svg) == []
