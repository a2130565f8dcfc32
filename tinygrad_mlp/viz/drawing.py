"""The picture of a tape as plain data: boxes, arrows between them, and groups around them.

All lengths are in pixels, x to the right and y down. Before the layout every position is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

BoxKind = Literal["operator", "leaf", "parameter", "constant", "module", "repeat"]
Point = tuple[float, float]


@dataclass
class Area:
    """A rectangle with its upper left corner at x and y."""

    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass
class Box(Area):
    """A box of the picture.

    `id` is `step-3` for an operator, `leaf-0` for the first of `Rows.leaves`, `constant-1`, or the id of a folded
    group (`module-2`). `lines` are its texts: the heading first. `label` says all of it in one sentence. `number`
    is the step's. `uses` counts the arrows that leave it; a value used more than once has several. `saved` says
    what the operator saved for backward, or that it has been freed. `bad` says whether nan or inf occurs in its
    value or its cotangent, and `births` where they begin there. Where a value is used far below its box, a small
    box of the kind `repeat` stands for it there, and `of` is the id of the box that it repeats.
    """

    id: str = ""
    kind: BoxKind = "operator"
    lines: list[str] = field(default_factory=list)
    label: str = ""
    number: int | None = None
    uses: int = 0
    saved: str = ""
    bad: bool = False
    births: list[str] = field(default_factory=list)
    is_root: bool = False
    group: str | None = None
    of: str | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the value is used more than once, so that its cotangent is a sum."""
        return self.uses > 1


@dataclass
class Arrow:
    """What an operator reads: from the box `source` to the box `target`.

    `parameter` is the operator's name for it and `shape` its shape. `lines` are the texts at the arrow: the shape, and
    the name above it where the operator reads several. `points` are the corners of a line from border to border, and
    the middle of the texts is at `label_at`.
    """

    id: str
    source: str
    target: str
    parameter: str
    shape: str
    lines: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    label_at: Point | None = None


@dataclass
class Group(Area):
    """The frame around what one call of a module recorded, inside that of the module that called it, its `parent`.

    `name` is the one that the outermost module has for it, and `heading` what is left of it inside the frame of the
    parent (`first` for `blocks.0.first`). `steps` are the numbers of the operators. Of a folded group there is a box
    of the same id instead of the frame.
    """

    id: str = ""
    name: str = ""
    heading: str = ""
    parent: str | None = None
    steps: list[int] = field(default_factory=list)


@dataclass
class Drawing:
    """A whole picture, its size, its title and a description for those who do not see it."""

    title: str
    description: str
    boxes: list[Box]
    arrows: list[Arrow]
    groups: list[Group]
    width: float = 0.0
    height: float = 0.0

    def box(self, id: str) -> Box:
        """The box of an id; KeyError where there is none."""
        for box in self.boxes:
            if box.id == id:
                return box
        raise KeyError(id)
