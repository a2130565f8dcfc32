"""The tape as a table of text: plain where it is piped, with colour in a terminal (rich), as HTML in a notebook."""

from __future__ import annotations

import html
import os
from typing import Any

from .model import Operand, Rows, Step, Sum
from .snapshot import Snapshot

HEADINGS = ("#", "operator", "inputs", "output", "saved", "cotangent", "went to", "line")


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """The headings and the cells; columns without content are left out."""
    lines = []
    sums = {total.number: total for total in rows.sums if total.number is not None}
    for step in rows.steps:
        lines.append(_cells(step))
        if step.number in sums:
            lines.append(_sum_cells(sums[step.number]))
    lines += [_sum_cells(total) for total in rows.sums if total.number is None]
    kept = [i for i in range(len(HEADINGS)) if any(line[i] for line in lines)]
    return [HEADINGS[i] for i in kept], [[line[i] for i in kept] for line in lines]


def _cells(step: Step) -> list[str]:
    saved = "freed" if step.freed else ""
    if step.saved is not None:
        saved = f"{', '.join(dict.fromkeys(step.saved.names))}: {_bytes(step.saved.bytes)}"
    return [
        f"%{step.number}",
        step.operator,
        ", ".join(map(_operand, step.inputs)),
        f"{step.name} {_shape(step.shape)} {step.dtype or ''}".strip(),
        saved,
        _norm(step.cotangent),
        ", ".join(f"{part.to} {_norm(part.value)}".strip() for part in step.parts) if step.cotangent else "",
        f"{os.path.basename(step.place.file)}:{step.place.line}" if step.place is not None else "",
    ]


def _sum_cells(total: Sum) -> list[str]:
    parts = " + ".join(f"%{number} {_norm(part)}".strip() for number, part in total.parts)
    return ["", "sum", f"of what reaches {total.name}: {parts}", "", "", _norm(total.total), "", ""]


def _operand(operand: Operand) -> str:
    return f"{operand.name} {_shape(operand.shape)}".strip()


def _shape(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _norm(value: Snapshot | None) -> str:
    if value is None:
        return ""
    bad = [f"{n} {word}" for n, word in ((value.figures.nan, "nan"), (value.figures.infinite, "inf")) if n]
    return f"|{value.figures.norm:.3g}|" + (f" ({', '.join(bad)})" if bad else "")


def _bytes(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.3g} GB"


def plain(rows: Rows) -> str:
    """The table with columns of equal width."""
    headings, lines = table(rows)
    widths = [max(map(len, column)) for column in zip(headings, *lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (headings, *lines)
    )


def rich_table(rows: Rows) -> Any:
    """The table for a terminal, by rich."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    headings, lines = table(rows)
    shown = Table(*headings, box=box.SIMPLE_HEAD)
    for line in lines:
        shown.add_row(*map(Text, line), style="dim" if not line[0] else "")
    return shown


def html_table(rows: Rows) -> str:
    """The table for a notebook."""
    headings, lines = table(rows)
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
