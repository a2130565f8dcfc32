"""Positions for the picture of a tape: in layers from top to bottom, by the library graphlay."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .drawing import Drawing
from .levels import Placer
from .measure import measure
from .model import Rows
from .refusals import NO_LAYOUT
from .scene import scene
from .straighten import straighten


def layout(rows: Rows, folded: Collection[str] = ()) -> Drawing:
    """The picture of the rows of a tape, with positions: the inputs above, the root at the bottom.

    `folded` has the ids of groups (`module-2`) or the names of modules (`blocks.0`): each is drawn as one box.
    ImportError where graphlay is not installed.
    """
    engine = _engine()
    drawing = scene(rows, folded)
    Placer(drawing, measure(drawing), engine).place()
    straighten(drawing)
    return drawing


def _engine() -> Any:
    try:
        import graphlay
    except ImportError:
        raise ImportError(NO_LAYOUT) from None
    return graphlay
