"""The picture of a tape as SVG: one text without scripts, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from .drawing import Arrow, Box, BoxKind, Drawing, Group, Point
from .measure import BODY, FIRST_LINE, LABEL_LINE, NEXT_LINE, PADDING, SMALL, label_height, label_width, text_width
from .style import STYLE

MARGIN = 24
TITLE = 16  # the size of the letters of the title
LEAST_WIDTH = 480  # for the title and the legend
_WORDS: dict[str, str] = {
    "operator": "operator",
    "parameter": "parameter",
    "leaf": "leaf that requires grad",
    "constant": "constant",
    "module": "folded module",
    "repeat": "the same value again",
}


def to_svg(drawing: Drawing, legend: bool = True) -> str:
    """A drawing as SVG, with a title and a legend above it unless `legend` is False.

    Each box is a `<g class="box ...">` with the id of the box, a step's with `data-number`. Each arrow is a `<g
    class="arrow">` with `data-from` and `data-to`. The colours are CSS properties (`--tape-ink` and others) of the
    class `tape-picture`.
    """
    return "\n".join(_lines(drawing, legend)) + "\n"


def _lines(drawing: Drawing, legend: bool) -> Iterator[str]:
    width = max(drawing.width, LEAST_WIDTH if legend else 0) + 2 * MARGIN
    head = list(_head(drawing, width)) if legend else []
    top = MARGIN + (HEAD_HEIGHT + LEGEND_HEIGHT * _legend_rows(drawing, width) if legend else 0)
    height = top + drawing.height + MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tape-picture" width="{_n(width)}" height="{_n(height)}"'
        f' viewBox="0 0 {_n(width)} {_n(height)}" role="graphics-document document" aria-labelledby="tape-title"'
        ' aria-describedby="tape-description">'
    )
    yield f'<title id="tape-title">{escape(drawing.title)}</title>'
    yield f'<desc id="tape-description">{escape(drawing.description)}</desc>'
    yield f"<style>{STYLE}</style>"
    yield _MARKS
    yield '<rect class="paper" width="100%" height="100%"/>'
    yield from head
    yield f'<g transform="translate({_n((width - drawing.width) / 2)} {_n(top)})">'
    yield from map(_group, drawing.groups)
    yield from map(_arrow, drawing.arrows)
    for box in drawing.boxes:
        yield from _box(box)
    yield from filter(None, map(_arrow_label, drawing.arrows))
    yield "</g>"
    yield "</svg>"


_MARKS = (
    '<defs><marker id="tape-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8"'
    ' orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path class="head" d="M0 0.5 10 5 0 9.5z"/></marker>'
    '<pattern id="tape-hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch" d="M0 0V4"/></pattern></defs>'
)


# -- groups and arrows -----------------------------------------------------------------------------


def _group(group: Group) -> str:
    count = f"{len(group.steps)} operator{'' if len(group.steps) == 1 else 's'}"
    return (
        f'<g id="{group.id}" class="group" data-name="{escape(group.name)}" role="graphics-object group">'
        f"<title>{escape(group.name)}, a module of {count}</title>"
        f'<rect x="{_n(group.x)}" y="{_n(group.y)}" width="{_n(group.width)}" height="{_n(group.height)}" rx="8"/>'
        f"{_text(group.x + 10, group.y + 16, group.heading, 'name')}</g>"
    )


def _arrow(arrow: Arrow) -> str:
    said = f"{arrow.parameter} {arrow.shape}".strip()
    return (
        f'<g id="{arrow.id}" class="arrow" data-from="{arrow.source}" data-to="{arrow.target}"'
        f' data-parameter="{escape(arrow.parameter)}"><title>{escape(said)}</title>'
        f'<path d="{_path(arrow.points)}" marker-end="url(#tape-head)"/></g>'
    )


def _arrow_label(arrow: Arrow) -> str:
    if arrow.label_at is None or not arrow.lines:
        return ""
    x, y = arrow.label_at
    width, height = label_width(arrow), label_height(arrow)
    first = y - height / 2 + LABEL_LINE - 1.5
    shape = f'<rect x="{_n(x - width / 2)}" y="{_n(y - height / 2)}" width="{_n(width)}" height="{_n(height)}" rx="4"/>'
    names = ["shape"] if len(arrow.lines) == 1 else ["parameter", "shape"]
    texts = (_text(x, first + LABEL_LINE * i, line, names[i]) for i, line in enumerate(arrow.lines))
    return f'<g class="arrow-label" data-arrow="{arrow.id}" aria-hidden="true">{shape}{"".join(texts)}</g>'


def _path(points: list[Point], radius: float = 7) -> str:
    """A line through points with round corners."""
    if not points:
        return ""
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:]):  # noqa: B905
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{_n(start[0])} {_n(start[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(end[0])} {_n(end[1])}")
    return "".join([*parts, f"L{_n(points[-1][0])} {_n(points[-1][1])}"])


def _towards(corner: Point, other: Point, radius: float) -> Point:
    """The point on the way from a corner to another one at which the round begins, at most half-way."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(radius / length, 0.5) if length else 0.0
    return corner[0] + dx * share, corner[1] + dy * share


# -- boxes -----------------------------------------------------------------------------------------


def _box(box: Box) -> Iterator[str]:
    marks = [("root", box.is_root), ("shared", box.is_shared), ("bad", box.bad), ("saves", bool(box.saved))]
    kinds = "step operator" if box.kind == "operator" else box.kind
    classes = " ".join(["box", kinds, *(word for word, holds in marks if holds)])
    number = "" if box.number is None else f' data-number="{box.number}"'
    of = "" if box.of is None else f' data-of="{box.of}"'
    said = box.label + (f"; used {box.uses} times" if box.is_shared else "")
    yield f'<g id="{box.id}" class="{classes}"{number}{of} role="graphics-symbol img"><title>{escape(said)}</title>'
    if box.is_shared:
        yield _shape(box.kind, box.x + 4, box.y + 4, box.width, box.height, "behind")
    yield _shape(box.kind, box.x, box.y, box.width, box.height)
    if box.kind in ("parameter", "module"):
        yield _shape(box.kind, box.x + 3, box.y + 3, box.width - 6, box.height - 6, "inner")
    yield from _texts(box)
    if box.is_shared:
        yield from _badge(box.x + box.width - 4, box.y, f"{box.uses}\u00d7")
    yield "</g>"


def _shape(kind: BoxKind, x: float, y: float, width: float, height: float, name: str = "outer") -> str:
    radius = {"operator": 5.0, "constant": 0.0, "module": 9.0}.get(kind, min(height / 2, 22))
    where = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
    return f'<rect class="{name}" {where} rx="{_n(radius)}"/>'


def _texts(box: Box) -> Iterator[str]:
    middle = box.x + box.width / 2
    if box.kind == "repeat":
        yield _text(middle, box.y + 14, box.lines[0], "line middle")
        return
    left, y = box.x + PADDING, box.y + PADDING + 11
    is_left = box.kind in ("operator", "module")
    yield _text(left if is_left else middle, y, box.lines[0], "heading" if is_left else "heading middle")
    if box.number is not None:
        yield _text(box.x + box.width - PADDING, y, f"%{box.number}", "number")
    for line in box.lines[1:]:
        y += NEXT_LINE if line is not box.lines[1] else FIRST_LINE
        yield _text(left if is_left else middle, y, line, "line" if is_left else "line middle")
    if box.saved:
        y += NEXT_LINE
        fill = "hollow" if box.saved == "freed" else "hatched"
        yield f'<rect class="mark {fill}" x="{_n(left)}" y="{_n(y - 9)}" width="10" height="10"/>'
        yield _text(left + 16, y, box.saved, "saved")
    for line in box.births:
        y += NEXT_LINE
        yield _text(left, y, line, "birth")


def _badge(x: float, y: float, text: str) -> Iterator[str]:
    width = text_width(text, SMALL) + 10
    yield f'<rect class="badge" x="{_n(x - width / 2)}" y="{_n(y - 8)}" width="{_n(width)}" height="16" rx="8"/>'
    yield _text(x, y + 3.5, text, "badge-text")


# -- title and legend ------------------------------------------------------------------------------

HEAD_HEIGHT, LEGEND_HEIGHT = 34, 26


def _legend_items(drawing: Drawing) -> list[tuple[str, str]]:
    """What occurs in a drawing, and the word for it."""
    kinds = {box.kind for box in drawing.boxes}
    items: list[tuple[str, str]] = [(kind, word) for kind, word in _WORDS.items() if kind in kinds]
    if any(box.saved and box.saved != "freed" for box in drawing.boxes):
        items.append(("saved", "saved for backward"))
    if any(box.saved == "freed" for box in drawing.boxes):
        items.append(("freed", "was saved, freed"))
    if any(box.is_shared for box in drawing.boxes):
        items.append(("shared", "used more than once"))
    return items


def _legend_places(drawing: Drawing, width: float) -> Iterable[tuple[str, str, float, int]]:
    """The kind, the word, the left end and the row of each part of the legend."""
    x, row = float(MARGIN), 0
    for kind, word in _legend_items(drawing):
        needed = 44 + text_width(word, BODY) + 20
        if x + needed > width and x > MARGIN:
            x, row = float(MARGIN), row + 1
        yield kind, word, x, row
        x += needed


def _legend_rows(drawing: Drawing, width: float) -> int:
    return 1 + max((row for *_, row in _legend_places(drawing, width)), default=-1)


def _head(drawing: Drawing, width: float) -> Iterator[str]:
    yield _text(MARGIN, MARGIN + 12, drawing.title, "title")
    yield '<g class="legend" aria-hidden="true">'
    for kind, word, x, row in _legend_places(drawing, width):
        y = MARGIN + HEAD_HEIGHT + LEGEND_HEIGHT * row - 4
        yield from _sample(kind, x, y)
        yield _text(x + 44, y + 11, word, "line")
    yield "</g>"


def _sample(kind: str, x: float, y: float) -> Iterator[str]:
    """A small box of a kind."""
    if kind in ("saved", "freed"):
        fill = "hollow" if kind == "freed" else "hatched"
        yield f'<g class="box"><rect class="mark {fill}" x="{_n(x + 9)}" y="{_n(y + 1.5)}" width="12" height="12"/></g>'
        return
    shape: BoxKind = "operator" if kind == "shared" else kind  # type: ignore[assignment]
    yield f'<g class="box {shape}">'
    if kind == "shared":
        yield _shape(shape, x + 3, y + 3, 28, 14, "behind")
    yield _shape(shape, x, y, 30, 15)
    if kind in ("parameter", "module"):
        yield _shape(shape, x + 2.5, y + 2.5, 25, 10, "inner")
    if kind == "shared":
        yield from _badge(x + 25, y, "2\u00d7")
    yield "</g>"


# -- pieces ----------------------------------------------------------------------------------------


def _text(x: float, y: float, text: str, name: str) -> str:
    return f'<text class="{name}" x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>'


def _n(number: float) -> str:
    """A number with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")
