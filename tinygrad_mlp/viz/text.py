"""The tape as a table of text: plain where it is piped, with colour in a terminal (rich), as HTML in a notebook."""

from __future__ import annotations

import html
import os
from typing import Any

from .births import births
from .model import Operand, Output, Rows, Step, Sum
from .words import bytes_text, norm_text, shape_text

HEADINGS = ("#", "operator", "inputs", "output", "saved", "cotangent", "went to", "line")


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """The headings and the cells; columns without content are left out."""
    lines = []
    for step in rows.steps:
        lines.append(_cells(step))
        lines += map(_sum_cells, rows.sums_at(step.number))
    lines += map(_sum_cells, rows.sums_at(None))
    kept = [i for i in range(len(HEADINGS)) if any(line[i] for line in lines)]
    return [HEADINGS[i] for i in kept], [[line[i] for i in kept] for line in lines]


def _cells(step: Step) -> list[str]:
    saved = "freed" if step.freed else ""
    if step.saved is not None:
        saved = f"{', '.join(dict.fromkeys(step.saved.names))}: {bytes_text(step.saved.bytes)}"
    outputs = step.outputs or [Output(step.name, step.shape, step.dtype, step.cotangent)]
    came = [output for output in outputs if output.cotangent is not None]
    named = [f"{output.name} {norm_text(output.cotangent)}" for output in came]
    return [
        f"%{step.number}",
        step.operator,
        ", ".join(map(_operand, step.inputs)),
        ", ".join(f"{output.name} {shape_text(output.shape)} {output.dtype or ''}".strip() for output in outputs),
        saved,
        ", ".join(named) if step.outputs else norm_text(step.cotangent),
        ", ".join(f"{part.to} {norm_text(part.value)}".strip() for part in step.parts) if came else "",
        f"{os.path.basename(step.place.file)}:{step.place.line}" if step.place is not None else "",
    ]


def _sum_cells(total: Sum) -> list[str]:
    parts = " + ".join(f"%{number} {norm_text(part)}".strip() for number, part in total.parts)
    return ["", "sum", f"of what reaches {total.name}: {parts}", "", "", norm_text(total.total), "", ""]


def _operand(operand: Operand) -> str:
    return f"{operand.name} {shape_text(operand.shape)}".strip()


def plain(rows: Rows) -> str:
    """The table with columns of equal width."""
    headings, lines = table(rows)
    widths = [max(map(len, column)) for column in zip(headings, *lines, strict=True)]
    marks = births(rows)
    shown = []
    for line in (headings, *lines):
        shown.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        shown += [f"    ! {birth}" for birth in marks if line[0] == f"%{birth.number}"]
    return "\n".join(shown)


def rich_table(rows: Rows) -> Any:
    """The table for a terminal, by rich."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    headings, lines = table(rows)
    shown = Table(*headings, box=box.SIMPLE_HEAD)
    for line in lines:
        shown.add_row(*map(Text, line), style="dim" if not line[0] else "")
    marks = "\n".join(f"! {birth}" for birth in births(rows))
    if marks:
        shown.caption, shown.caption_justify = Text(marks, style="bold red"), "left"
    return shown


def html_table(rows: Rows) -> str:
    """The table for a notebook."""
    headings, lines = table(rows)
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in headings)
    marks, body = births(rows), ""
    for line in lines:
        body += "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>"
        for birth in marks:
            if line[0] == f"%{birth.number}":
                body += f'<tr><td colspan="{len(headings)}"><strong>! {html.escape(str(birth))}</strong></td></tr>'
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
