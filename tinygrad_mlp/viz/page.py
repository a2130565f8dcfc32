"""A tape as a page: one HTML file that needs no network, which plays the forward and the backward pass step by step."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files
from typing import Any, NamedTuple

from .layout import layout
from .model import Rows
from .page_data import page_data
from .svg import to_svg

_SCRIPTS = ("dom.js", "heat.js", "recursion.js", "panel.js", "player.js")  # in the order in which they need each other


class Beside(NamedTuple):
    """What stands beside a tape: the assets `name`.html, .css and .js, which show `data`, and the title of the page."""

    name: str
    title: str
    data: dict[str, Any]


def page(rows: Rows, before: Rows | None = None, beside: Beside | None = None) -> str:
    """The page of some rows; `before` are those from before a backward, which know what it has freed since."""
    more = beside or Beside("", f"The tape of {rows.root}", {})
    also = [more.name] if beside else []
    scripts = [*_SCRIPTS[:-1], *(f"{name}.js" for name in also), _SCRIPTS[-1]]
    contents = {
        "title": html.escape(more.title),
        "style": "\n".join(_asset(f"{name}.css") for name in ("page", *also)),
        "picture": to_svg(layout(rows)) if rows.steps else "",
        "beside": "\n".join(_asset(f"{name}.html") for name in also),
        "data": _embedded(page_data(rows, before) | more.data),
        "script": "\n".join(map(_asset, scripts)),
    }
    # In one go: a text of the program that looks like a slot stays what it is.
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: contents[slot[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _embedded(data: object) -> str:
    """JSON for a script element, which ends at the first "</script" whatever it stands in: so no "<" is left."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
