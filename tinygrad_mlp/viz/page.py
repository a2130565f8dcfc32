"""A tape as a page: one HTML file that needs no network, which plays the forward and the backward pass step by step."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files

from .layout import layout
from .model import Rows
from .page_data import page_data
from .svg import to_svg

_SCRIPTS = ("dom.js", "heat.js", "recursion.js", "panel.js", "player.js")  # in the order in which they need each other


def page(rows: Rows, before: Rows | None = None) -> str:
    """The page of some rows; `before` are those from before a backward, which know what it has freed since."""
    contents = {
        "title": html.escape(f"The tape of {rows.root}"),
        "style": _asset("page.css"),
        "picture": to_svg(layout(rows)),
        "data": _embedded(page_data(rows, before)),
        "script": "\n".join(map(_asset, _SCRIPTS)),
    }
    # In one go: a text of the program that looks like a slot stays what it is.
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: contents[slot[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _embedded(data: object) -> str:
    """JSON for a script element, which ends at the first "</script" whatever it stands in: so no "<" is left."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
