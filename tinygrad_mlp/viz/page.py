"""The tape as a page: one HTML file that needs no network, put together from the picture, the data and the assets."""

from __future__ import annotations

from typing import Any, NamedTuple

from .assembly import assembled, asset
from .layout import layout
from .model import Rows
from .page_data import page_data
from .svg import to_svg

_STYLES = ("base.css", "page.css")
_SCRIPTS = ("dom.js", "map.js", "heat.js", "recursion.js", "panel.js")
_LAST = ("player.js", "theme.js")  # the player starts the page


class Beside(NamedTuple):
    """What stands beside a tape: the assets `name`.html, .css and .js, which show `data`, and the title of the page."""

    name: str
    title: str
    data: dict[str, Any]


def page(rows: Rows, before: Rows | None = None, beside: Beside | None = None) -> str:
    """The page of some rows; `before` are those from before a backward, which know what it has freed since."""
    more = beside or Beside("", f"The tape of {rows.root}", {})
    also = [more.name] if beside else []
    return assembled(
        more.title,
        (*_STYLES, *(f"{name}.css" for name in also)),
        "page.html",
        (*_SCRIPTS, *(f"{name}.js" for name in also), *_LAST),
        page_data(rows, before) | more.data,
        picture=to_svg(layout(rows)) if rows.steps else "",
        beside="\n".join(asset(f"{name}.html") for name in also),
    )
