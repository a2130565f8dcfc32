"""A tape as a page: one HTML file that needs no network, which plays the forward and the backward pass step by step."""

from __future__ import annotations

from .assembly import assembled
from .layout import layout
from .model import Rows
from .page_data import page_data
from .svg import to_svg

_STYLES = ("base.css", "page.css")
_SCRIPTS = ("dom.js", "map.js", "heat.js", "recursion.js", "panel.js", "player.js", "theme.js")


def page(rows: Rows, before: Rows | None = None) -> str:
    """The page of some rows; `before` are those from before a backward, which know what it has freed since."""
    picture = to_svg(layout(rows))
    title = f"The tape of {rows.root}"
    return assembled(title, _STYLES, "page.html", _SCRIPTS, page_data(rows, before), picture=picture)
