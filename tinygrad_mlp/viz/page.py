"""A tape as a page: one HTML file that needs no network, which plays the forward and the backward pass step by step."""

from __future__ import annotations

from typing import Any, NamedTuple

from .assembly import assembled, asset
from .layout import layout
from .model import Rows
from .page_data import page_data
from .svg import to_svg

_STYLES = ("base.css", "page.css")
_SCRIPTS = ("dom.js", "map.js", "heat.js", "recursion.js", "panel.js", "player.js", "theme.js")


class Beside(NamedTuple):
    """What stands beside a tape: the assets `name`.html, .css and .js, which show `data`, and the title of the page."""

    name: str
    title: str
    data: dict[str, Any]


def page(rows: Rows, before: Rows | None = None, beside: Beside | None = None) -> str:
    """The page of some rows; `before` are those from before a backward, which know what it has freed since."""
    more = beside or Beside("", f"The tape of {rows.root}", {})
    also = [more.name] if beside else []
    styles = [*_STYLES, *(f"{name}.css" for name in also)]
    scripts = [*_SCRIPTS[:-2], *(f"{name}.js" for name in also), *_SCRIPTS[-2:]]  # before the player, which tells it
    slots = {
        "picture": to_svg(layout(rows)) if beside is None or rows.steps else "",
        "beside": "\n".join(asset(f"{name}.html") for name in also),
    }
    return assembled(more.title, styles, "page.html", scripts, page_data(rows, before) | more.data, **slots)
