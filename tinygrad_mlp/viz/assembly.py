"""How a page is put together from its parts in `assets`: one HTML file that needs no network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files


def assembled(title: str, styles: Sequence[str], body: str, scripts: Sequence[str], data: object, **slots: str) -> str:
    """A page: `styles`, `body` and `scripts` are names of assets, the scripts in the order of their needs.

    `data` is what the scripts read, and `slots` are pieces of markup that the body has a place for. All texts of the
    program stand in `data` and in the title, which are escaped here.
    """
    contents = {"title": html.escape(title), **slots}
    contents["body"] = _filled(body, contents)
    contents["style"] = "\n".join(map(asset, styles))
    contents["script"] = "\n".join(map(asset, scripts))
    contents["data"] = _embedded(data)
    return _filled("shell.html", contents)


def _filled(name: str, contents: Mapping[str, str]) -> str:
    """An asset with its slots filled, in one go: a text of the program that looks like a slot stays what it is."""
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: contents[slot[1]], asset(name))


def asset(name: str) -> str:
    """The text of a file in `assets`."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _embedded(data: object) -> str:
    """JSON for a script element, which ends at the first "</script" whatever it stands in: so no "<" is left."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
