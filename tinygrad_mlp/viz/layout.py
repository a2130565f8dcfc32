"""Positions for the picture of a tape: in layers from top to bottom, by graphlay."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Any

from .drawing import Area, Arrow, Drawing
from .model import Rows
from .refusals import NO_LAYOUT
from .scene import scene

EM = 0.602  # the width of a letter of a monospaced font, by its size
HEADING, BODY, SMALL = 13, 11, 10  # sizes of letters
FIRST_LINE, NEXT_LINE, LABEL_LINE = 18, 15, 12
PADDING = 10
LEAST_WIDTH = {"operator": 152, "module": 152, "leaf": 96, "parameter": 96, "constant": 72}
_OPTIONS = {
    "direction": "topbottom",
    "spacing": {
        "layer_gap": 22.0,
        "node_gap": 22.0,
        "dummy_gap": 16.0,
        "port_gap": 16.0,
        "stub": 9.0,
        "edge_label_margin": 9.0,
        "compound_padding": 12.0,
        "compound_header": 10.0,
    },
}


def layout(rows: Rows, folded: Collection[str] = ()) -> Drawing:
    """The picture of the rows of a tape, with positions: the inputs above, the root at the bottom.

    `folded` has the ids of groups (`module-2`) or the names of modules (`blocks.0`): each is drawn as one box.
    ImportError where graphlay is not installed.
    """
    drawing = scene(rows, folded)
    _measure(drawing)
    _place(drawing, _engine())
    return drawing


def _engine() -> Any:
    try:
        import graphlay
    except ImportError:
        raise ImportError(NO_LAYOUT) from None
    return graphlay


def text_width(text: str, size: float) -> float:
    """The width of a text in a monospaced font; letters of East Asian scripts are twice as wide."""
    letters = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return letters * EM * size


def _measure(drawing: Drawing) -> None:
    """The size of each box by its texts."""
    for box in drawing.boxes:
        heading = box.lines[0] + (f"  %{box.number}" if box.number is not None else "")
        widths = [text_width(heading, HEADING), *(text_width(line, BODY) for line in box.lines[1:])]
        lines = len(box.lines)
        if box.saved:
            widths.append(text_width(box.saved, BODY) + 16)  # the mark before it
            lines += 1
        round_ends = 12 if box.kind in ("leaf", "parameter", "repeat") else 0
        box.width = round(max(LEAST_WIDTH.get(box.kind, 0), max(widths) + 2 * (PADDING + round_ends)))
        box.height = 2 * PADDING + FIRST_LINE + NEXT_LINE * (lines - 1) - 4
        if box.kind == "repeat":
            box.width, box.height = round(text_width(box.lines[0], BODY) + 24), 20


def _place(drawing: Drawing, engine: Any) -> None:
    """Have the library lay out the boxes, and take over where it put them."""
    graph = engine.Graph()
    areas: list[Area] = [*drawing.groups, *drawing.boxes]
    frames = {group.id: place for place, group in enumerate(drawing.groups)}
    for group in drawing.groups:  # the library gives a frame the size of what it holds
        inside = {} if group.parent is None else {"parent": frames[group.parent]}
        graph.node(f"frame of {group.id}", width=1, height=1, **inside)
    for box in drawing.boxes:
        inside = {} if box.group is None else {"parent": frames[box.group]}
        graph.node(box.id, width=box.width, height=box.height, **inside)
    for arrow in drawing.arrows:
        graph.edge(arrow.source, arrow.target, label_size=_label_size(arrow))
    placed = engine.layout(graph, options=_OPTIONS)
    left, top = placed.bounds["min"]["x"], placed.bounds["min"]["y"]
    for area, node in zip(areas, placed.nodes, strict=True):
        area.width, area.height = node["size"]["width"], node["size"]["height"]
        area.x = node["center"]["x"] - area.width / 2 - left
        area.y = node["center"]["y"] - area.height / 2 - top
    for arrow, edge in zip(drawing.arrows, placed.edges, strict=True):
        arrow.points = [(point["x"] - left, point["y"] - top) for point in edge["points"]]
        anchor = edge["label_anchor"]
        arrow.label_at = None if anchor is None else (anchor["x"] - left, anchor["y"] - top)
    drawing.width = placed.bounds["max"]["x"] - left
    drawing.height = placed.bounds["max"]["y"] - top


def _label_size(arrow: Arrow) -> dict[str, float]:
    width = max((text_width(line, SMALL) for line in arrow.lines), default=0.0)
    return {"width": width + 8, "height": LABEL_LINE * len(arrow.lines) + 4.0}
