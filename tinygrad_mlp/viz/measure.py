"""The sizes in the picture of a tape: of texts, of boxes, and of the labels at the arrows."""

from __future__ import annotations

import unicodedata

from .drawing import Arrow, Box, Drawing

EM = 0.602  # the width of a letter of a monospaced font, by its size
HEADING, BODY, SMALL = 13, 11, 10  # sizes of letters
FIRST_LINE, NEXT_LINE, LABEL_LINE = 16, 15, 12  # heights of lines
PADDING = 10
LABEL_PADDING = 8
LABEL_GAP = 6
ARROW_HEAD = 12  # the room between a label and the box below it
_LEAST_WIDTH = {"operator": 152, "module": 152, "leaf": 96, "parameter": 96, "constant": 72}
_MOST_LABELS = 6  # arrows of one box beyond which they have no labels
_BARE = 12.0  # the distance of arrows without labels


def text_width(text: str, size: float) -> float:
    """The width of a text in a monospaced font; letters of East Asian scripts are twice as wide."""
    letters = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return letters * EM * size


def label_width(arrow: Arrow) -> float:
    """The width of the label of an arrow; without one the room that the arrow needs."""
    return max((text_width(line, SMALL) + LABEL_PADDING for line in arrow.lines), default=_BARE)


def label_height(arrow: Arrow) -> float:
    """The height of the label of an arrow."""
    return LABEL_LINE * len(arrow.lines) + 2.0 if arrow.lines else 0.0


def measure(drawing: Drawing) -> dict[str, list[Arrow]]:
    """Give each box its size, and return the arrows that reach each box. Where those are many, they get no labels."""
    coming: dict[str, list[Arrow]] = {}
    for arrow in drawing.arrows:
        coming.setdefault(arrow.target, []).append(arrow)
    for arrows in coming.values():
        if len(arrows) > _MOST_LABELS:
            for arrow in arrows:
                arrow.lines.clear()
    for box in drawing.boxes:
        arrows = coming.get(box.id, [])
        labels = sum(map(label_width, arrows)) + LABEL_GAP * (len(arrows) + 1)
        box.width, box.height = round(max(_width(box), labels)), _height(box)
    return coming


def _width(box: Box) -> float:
    if box.kind == "repeat":
        return text_width(box.lines[0], BODY) + 24
    heading = box.lines[0] + (f"  %{box.number}" if box.number is not None else "")
    widths = [text_width(heading, HEADING), *(text_width(line, BODY) for line in box.lines[1:] + box.births)]
    if box.saved:
        widths.append(text_width(box.saved, BODY) + 16)  # the mark before it
    round_ends = 12 if box.kind in ("leaf", "parameter") else 0
    return max(_LEAST_WIDTH[box.kind], max(widths) + 2 * (PADDING + round_ends))


def _height(box: Box) -> float:
    if box.kind == "repeat":
        return 20.0
    return 2.0 * PADDING + FIRST_LINE + NEXT_LINE * (len(box.lines) - 1 + bool(box.saved) + len(box.births)) - 2


def sockets(arrows: list[Arrow], width: float) -> list[float]:
    """Where arrows reach a box of a width, from left to right, from the box's left end."""
    widths = [label_width(arrow) for arrow in arrows]
    gap = (width - sum(widths)) / (len(widths) + 1)
    return [gap * (i + 1) + sum(widths[:i]) + widths[i] / 2 for i in range(len(widths))]


def head_height(arrows: list[Arrow]) -> float:
    """The room above a box for the labels of the arrows that reach it."""
    return max(map(label_height, arrows), default=0.0) + ARROW_HEAD if arrows else 0.0
