"""The picture of a tape as Graphviz text, for those who have Graphviz or another program that reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .drawing import Box, Drawing
from .model import Rows
from .scene import scene

_SHAPES = {
    "operator": "shape=box",
    "parameter": "shape=box, style=rounded, peripheries=2",
    "leaf": "shape=box, style=rounded",
    "constant": "shape=box, style=dashed",
    "module": "shape=box3d",
    "repeat": 'shape=box, style="rounded,dotted"',
}


def to_dot(rows: Rows, folded: Collection[str] = ()) -> str:
    """The rows of a tape as a digraph of Graphviz, each group as a cluster; no program is needed to write it."""
    return "\n".join(_lines(scene(rows, folded))) + "\n"


def _lines(drawing: Drawing) -> Iterator[str]:
    yield "digraph tape {"
    yield f"  graph [label={_quoted(drawing.title)}, labelloc=t, rankdir=TB, fontname=monospace]"
    yield "  node [fontname=monospace, fontsize=11]"
    yield "  edge [fontname=monospace, fontsize=9]"
    yield from _inside(drawing, None, "  ")
    for arrow in drawing.arrows:
        label = _quoted("\n".join(arrow.lines))
        yield f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)} [label={label}]"
    yield "}"


def _inside(drawing: Drawing, parent: str | None, indent: str) -> Iterator[str]:
    """The groups and the boxes that stand directly in a group."""
    for group in drawing.groups:
        if group.parent == parent:
            yield f"{indent}subgraph {_quoted('cluster_' + group.id)} {{"
            yield f"{indent}  label={_quoted(group.name)}; labeljust=l; style=dotted"
            yield from _inside(drawing, group.id, indent + "  ")
            yield f"{indent}}}"
    for box in drawing.boxes:
        if box.group == parent:
            yield f"{indent}{_quoted(box.id)} [{_attributes(box)}]"


def _attributes(box: Box) -> str:
    lines = [*box.lines]
    if box.number is not None:
        lines[0] += f"  %{box.number}"
    if box.saved:
        lines.append(box.saved)
    if box.is_shared:
        lines.append(f"used {box.uses} times")
    bold = ", penwidth=3" if box.is_root else ""
    return f"label={_quoted(chr(10).join(lines))}, tooltip={_quoted(box.label)}, {_SHAPES[box.kind]}{bold}"


def _quoted(text: str) -> str:
    """A string of Graphviz: backslashes and quotes are escaped, and a new line is the escape for one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
