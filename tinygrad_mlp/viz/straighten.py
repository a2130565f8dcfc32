"""Small kinks taken out of arrows: where a frame stands a little beside what it is joined to, they go straight."""

from __future__ import annotations

from collections.abc import Iterator

from .drawing import Area, Arrow, Box, Drawing
from .measure import label_height, label_width

_FAR = 40.0  # pixels to the side beyond which an arrow keeps its corners
_CLEARANCE = 5.0


def straighten(drawing: Drawing) -> None:
    """Draw an arrow as one line down to its end, where it goes only a little to the side and nothing is in the way.

    The arrows of a value that is used more than once keep their places, as they share lines.
    """
    boxes = {box.id: box for box in drawing.boxes}
    labels = {arrow.id: label_area(arrow) for arrow in drawing.arrows}
    for arrow in drawing.arrows:
        source, xs = boxes[arrow.source], [x for x, _ in arrow.points]
        if len(xs) < 3 or source.is_shared or max(xs) - min(xs) > _FAR or not _reaches(source, xs[-1]):
            continue
        line = Area(xs[-1] - _CLEARANCE, source.y + source.height, 2 * _CLEARANCE, 0.0)
        line.height = arrow.points[-1][1] - line.y
        if not any(_overlap(line, area) for area in _others(drawing, arrow, labels)):
            arrow.points = [(xs[-1], line.y), arrow.points[-1]]


def label_area(arrow: Arrow) -> Area:
    """Where the label of an arrow stands."""
    x, y = arrow.label_at or (0.0, 0.0)
    width, height = label_width(arrow), label_height(arrow)
    return Area(x - width / 2, y - height / 2, width, height)


def _reaches(box: Box, x: float) -> bool:
    """Whether an arrow at x leaves the straight part of a box's lower border."""
    ends = 6.0 if box.kind in ("operator", "module", "constant") else min(box.height / 2, 22.0)
    return box.x + ends <= x <= box.x + box.width - ends


def _others(drawing: Drawing, own: Arrow, labels: dict[str, Area]) -> Iterator[Area]:
    """What an arrow must keep clear of: boxes, labels and the other arrows, line by line."""
    for box in drawing.boxes:
        if box.id not in (own.source, own.target):
            yield box
    for arrow in drawing.arrows:
        if arrow is own:
            continue
        yield labels[arrow.id]
        for (x, y), (u, v) in zip(arrow.points, arrow.points[1:]):  # noqa: B905
            yield Area(min(x, u), min(y, v), abs(x - u), abs(y - v))


def _overlap(a: Area, b: Area) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
