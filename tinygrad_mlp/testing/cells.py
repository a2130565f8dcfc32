"""A table of text: plain where it is piped, by rich in a terminal, as HTML in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

Line = Sequence[str]


def plain(headings: Line, lines: Sequence[Line], below: Sequence[str] = ()) -> str:
    """Columns of equal width, and then whole lines."""
    widths = [max(map(len, column)) for column in zip(headings, *lines, strict=True)]
    rows = [
        "  ".join(cell.ljust(n) for cell, n in zip(line, widths, strict=True)).rstrip() for line in (headings, *lines)
    ]
    return "\n".join([*rows, *below])


def rich_table(headings: Line, lines: Sequence[Line], below: Sequence[str], styles: Sequence[str]) -> Any:
    """A table of rich, with a style for each line."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(*headings, box=box.SIMPLE_HEAD)
    for line, style in zip(lines, styles, strict=True):
        shown.add_row(*map(Text, line), style=style)
    if below:
        shown.caption, shown.caption_justify = Text("\n".join(below)), "left"
    return shown


def html_table(headings: Line, lines: Sequence[Line], below: Sequence[str], marked: Sequence[bool]) -> str:
    """A table for a notebook, with some of the lines in bold."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in headings)
    body = ""
    for line, strong in zip(lines, marked, strict=True):
        cells = [f"<strong>{html.escape(cell)}</strong>" if strong and cell else html.escape(cell) for cell in line]
        body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    for text in below:
        body += f'<tr><td colspan="{len(headings)}">{html.escape(text)}</td></tr>'
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
