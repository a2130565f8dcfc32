"""Positions in frames inside frames: each frame is laid out by itself and then stands as one node in the next.

Inside a frame the arrows that come from outside begin at its upper border, and those that go on end at its lower one;
the layout around the frame leads them to just there. Above each box there is room for the labels of its arrows.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .drawing import Area, Arrow, Box, Drawing, Group, Point
from .measure import ARROW_HEAD, BODY, head_height, sockets, text_width

_HEADER, _FRAME_PADDING = 24.0, 12.0
_END = {"width": 10.0, "height": 2.0}  # of an arrow at the border of a frame
_OPTIONS = {
    "direction": "topbottom",
    "spacing": {"layer_gap": 18.0, "node_gap": 20.0, "dummy_gap": 14.0, "port_gap": 12.0, "stub": 7.0},
}


@dataclass
class _Level:
    """What one frame holds, with positions from its upper left corner.

    `areas` has the boxes and frames in it by their ids, `ways` the part of each arrow that runs in it by the arrow's.
    """

    areas: dict[str, Area] = field(default_factory=dict)
    ways: dict[str, list[Point]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


class _Margins(NamedTuple):
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


@dataclass
class _Link:
    """A line between two nodes of one frame, which are boxes, frames, or ends at the frame's border.

    Arrows that carry one value into a frame or out of it share a line there.
    """

    arrows: list[Arrow]
    source: str
    target: str


def _entry(arrow: Arrow) -> str:
    return f"entry of {arrow.source}"


def _exit(arrow: Arrow) -> str:
    return f"exit of {arrow.source}"


class Placer:
    """Gives the boxes, frames and arrows of a drawing their positions. `coming` has the arrows that reach each box."""

    def __init__(self, drawing: Drawing, coming: dict[str, list[Arrow]], engine: Any) -> None:
        self.drawing = drawing
        self.coming = coming
        self.engine = engine
        self.boxes: dict[str, Box] = {box.id: box for box in drawing.boxes}
        self.groups: dict[str, Group] = {group.id: group for group in drawing.groups}
        self.targets = {arrow.id: arrow.target for arrow in drawing.arrows}
        self.links: dict[str | None, list[_Link]] = {}
        for arrow in drawing.arrows:
            self._cut(arrow)

    def place(self) -> None:
        """Lay out all of it."""
        whole = self._level(None)
        for id, area in {**self.boxes, **self.groups}.items():
            found = whole.areas[id]
            area.x, area.y, area.width, area.height = found.x, found.y, found.width, found.height
        for arrow in self.drawing.arrows:
            arrow.points = _corners(whole.ways[arrow.id])
            x, y = arrow.points[-1]
            arrow.label_at = (x, y - (head_height(self.coming[arrow.target]) + ARROW_HEAD) / 2)
        self.drawing.width, self.drawing.height = whole.width, whole.height

    def _cut(self, arrow: Arrow) -> None:
        """Cut an arrow into links: one where its ends meet, and one in each frame that it leaves or enters."""
        out = [*self._path(self.boxes[arrow.source].group), arrow.source]
        into = [*self._path(self.boxes[arrow.target].group), arrow.target]
        same = next(i for i, (a, b) in enumerate(zip(out, into, strict=False)) if a != b)
        self._link(out[same - 1] if same else None, arrow, out[same], into[same])
        for frame, source in zip(out[same:], out[same + 1 :], strict=False):
            self._link(frame, arrow, source, _exit(arrow))
        for frame, target in zip(into[same:], into[same + 1 :], strict=False):
            self._link(frame, arrow, _entry(arrow), target)

    def _link(self, frame: str | None, arrow: Arrow, source: str, target: str) -> None:
        links = self.links.setdefault(frame, [])
        if target not in self.boxes:
            for link in links:
                if (link.source, link.target, link.arrows[0].source) == (source, target, arrow.source):
                    link.arrows.append(arrow)
                    return
        links.append(_Link([arrow], source, target))

    def _path(self, group: str | None) -> list[str]:
        path: list[str] = []
        while group is not None:
            path.insert(0, group)
            group = self.groups[group].parent
        return path

    # -- one frame -----------------------------------------------------------------------------------

    def _level(self, frame: str | None) -> _Level:
        """Lay out a frame, those inside first."""
        inner = {group.id: self._level(group.id) for group in self.drawing.groups if group.parent == frame}
        links = self.links.get(frame, [])
        names = self._nodes(frame, links)
        placed = self._laid_out(names, links, inner, {})
        if not any(len(self.coming.get(name, [])) > 1 for name in names):
            return self._taken_over(frame, names, links, inner, placed)
        order = _order(links, placed)
        if self._disorder(order):
            turned = self._laid_out(names[::-1], links, inner, {})
            if self._disorder(_order(links, turned)) < self._disorder(order):
                names, order = names[::-1], _order(links, turned)
        return self._taken_over(frame, names, links, inner, self._laid_out(names, links, inner, self._ends(order)))

    def _disorder(self, order: dict[str, float]) -> int:
        """How many pairs of computed values, or values from outside, reach a box in another order than it reads them.

        Parameters and other leaves stand where there is room.
        """
        pairs = 0
        for target in dict.fromkeys(self.targets[id] for id in order):
            own = self.boxes[target].group
            xs = [order[a.id] for a in self.coming[target] if self._is_value(a, own)]
            pairs += sum(before > after for before, after in itertools.combinations(xs, 2))
        return pairs

    def _is_value(self, arrow: Arrow, frame: str | None) -> bool:
        source = self.boxes[arrow.source]
        return source.kind in ("operator", "module") or source.group != frame

    def _ends(self, order: dict[str, float]) -> dict[str, float]:
        """Where arrows reach their boxes: beside each other in the order in which they come."""
        ends: dict[str, float] = {}
        for target in dict.fromkeys(self.targets[id] for id in order):
            arrows = sorted(self.coming[target], key=lambda arrow: order[arrow.id])
            ends |= zip((a.id for a in arrows), sockets(arrows, self.boxes[target].width), strict=True)
        return ends

    def _nodes(self, frame: str | None, links: list[_Link]) -> list[str]:
        """The nodes of a frame; for the order of the inputs those come first that are read first."""
        names: dict[str, None] = {}
        for link in links:
            names |= {link.source: None, link.target: None}
        names |= {box.id: None for box in self.drawing.boxes if box.group == frame}
        return list(names)

    def _laid_out(self, names: list[str], links: list[_Link], inner: dict[str, _Level], ends: dict[str, float]) -> Any:
        """The library's layout of one frame. `ends` says where arrows reach their boxes, if it is known."""
        graph = self.engine.Graph()
        for place, name in enumerate(names):  # of two orders that cross as little the library takes that of the labels
            graph.node(name, label=f"{place:06}", **self._size(name, inner))
        for link in links:
            ports = {}
            if link.source not in self.boxes and link.source not in inner:
                ports["source_port"] = _port("bottom", 1.0, 2.0)  # the lines of one value begin together
            if link.source in inner:
                level = inner[link.source]
                ports["source_port"] = _port("bottom", level.ways[link.arrows[0].id][-1][0], level.width)
            if link.target in inner:
                level = inner[link.target]
                ports["target_port"] = _port("top", level.ways[link.arrows[0].id][0][0], level.width)
            elif link.target in self.boxes and link.arrows[0].id in ends:
                ports["target_port"] = _port("top", ends[link.arrows[0].id], self.boxes[link.target].width)
            graph.edge(link.source, link.target, **ports)
        return self.engine.layout(graph, options=_OPTIONS)

    def _size(self, name: str, inner: dict[str, _Level]) -> dict[str, Any]:
        if name in inner:
            return {"width": inner[name].width, "height": inner[name].height}
        if name in self.boxes:
            box = self.boxes[name]
            return {"width": box.width, "height": box.height + head_height(self.coming.get(name, []))}
        return {**_END, "rank": "first" if name.startswith("entry") else "last"}

    def _taken_over(
        self,
        frame: str | None,
        names: list[str],
        links: list[_Link],
        inner: dict[str, _Level],
        placed: Any,
    ) -> _Level:
        """The library's layout of a frame with what stands inside its nodes."""
        margins = self._margins(frame, names, placed)
        low, high = placed.bounds["min"], placed.bounds["max"]
        level = _Level(
            width=margins.left + high["x"] - low["x"] + margins.right,
            height=margins.top + high["y"] - low["y"] + margins.bottom,
        )
        dx, dy = margins.left - low["x"], margins.top - low["y"]
        for name, node in zip(names, placed.nodes, strict=True):
            width, height = node["size"]["width"], node["size"]["height"]
            x, y = node["center"]["x"] - width / 2 + dx, node["center"]["y"] - height / 2 + dy
            if name in self.boxes:
                head = head_height(self.coming.get(name, []))
                level.areas[name] = Area(x, y + head, width, height - head)
            elif name in inner:
                level.areas[name] = Area(x, y, width, height)
                for id, area in inner[name].areas.items():
                    level.areas[id] = Area(area.x + x, area.y + y, area.width, area.height)
                level.ways |= {id: _moved(points, level.areas[name]) for id, points in inner[name].ways.items()}
        for link, edge in zip(links, placed.edges, strict=True):
            points = [(point["x"] + dx, point["y"] + dy) for point in edge["points"]]
            for arrow in link.arrows:
                level.ways[arrow.id] = self._way(link, arrow, points, level, inner)
        return level

    def _margins(self, frame: str | None, names: list[str], placed: Any) -> _Margins:
        """The room between what a frame holds and its border: for its name, too, which no arrow runs through."""
        if frame is None:
            return _Margins()
        nodes = list(zip(names, placed.nodes, strict=True))
        held = [node for name, node in nodes if name in self.boxes or name in self.groups]
        first = min(node["center"]["y"] - node["size"]["height"] / 2 for node in held) - placed.bounds["min"]["y"]
        last = placed.bounds["max"]["y"] - max(node["center"]["y"] + node["size"]["height"] / 2 for node in held)
        entries = [node["center"]["x"] for name, node in nodes if name.startswith("entry")]
        name_width = text_width(self.groups[frame].heading, BODY) + 20
        left = max(
            _FRAME_PADDING, name_width - min(entries, default=placed.bounds["max"]["x"]) + placed.bounds["min"]["x"]
        )
        width = placed.bounds["max"]["x"] - placed.bounds["min"]["x"]
        right = max(_FRAME_PADDING, name_width - left - width)
        top = max(4.0, _HEADER - first)
        corner = (placed.bounds["min"]["x"] - left + name_width, placed.bounds["min"]["y"] - top + _HEADER)
        points = (point for edge in placed.edges for point in edge["points"])
        if any(point["x"] < corner[0] and point["y"] < corner[1] for point in points):
            top = _HEADER
        return _Margins(left, right, top, max(0.0, _FRAME_PADDING - last))

    def _way(
        self, link: _Link, arrow: Arrow, points: list[Point], level: _Level, inner: dict[str, _Level]
    ) -> list[Point]:
        """The points of a link with those inside the frames that it joins, and to the border of its own frame."""
        if link.source in inner:
            points = [*_moved(inner[link.source].ways[arrow.id], level.areas[link.source]), *points]
        elif link.source not in self.boxes:
            points = [(points[0][0], 0.0), *points]
        if link.target in inner:
            points = [*points, *_moved(inner[link.target].ways[arrow.id], level.areas[link.target])]
        elif link.target not in self.boxes:
            points = [*points, (points[-1][0], level.height)]
        else:
            points = [*points, (points[-1][0], level.areas[link.target].y)]
        return points


def _order(links: list[_Link], placed: Any) -> dict[str, float]:
    """The x at which each arrow reaches its box, of those that end in a frame."""
    xs = [edge["points"][-1]["x"] for edge in placed.edges]
    return {link.arrows[0].id: x for link, x in zip(links, xs, strict=True) if link.target == link.arrows[0].target}


def _port(side: str, x: float, width: float) -> dict[str, Any]:
    """A place on a side of a node, from -1 at its left end to 1 at its right end."""
    return {"offset": {"side": side, "t": 2 * x / width - 1}}


def _moved(points: list[Point], area: Area) -> list[Point]:
    return [(x + area.x, y + area.y) for x, y in points]


def _corners(points: list[Point]) -> list[Point]:
    """A line without the points that lie on the way."""
    kept = points[:1]
    for before, point, after in zip(points, points[1:], points[2:]):  # noqa: B905
        is_between = abs(
            (point[0] - before[0]) * (after[1] - point[1]) - (point[1] - before[1]) * (after[0] - point[0])
        )
        if is_between > 1e-6:
            kept.append(point)
    return [*kept, points[-1]]
