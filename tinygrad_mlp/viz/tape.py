"""`torch.autograd.tape(loss)`: the tape that leads to a tensor, to be printed, drawn or read row by row."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from ..autograd.outputs import source
from ..autograd.roots import edge_of
from ..tape import Node, reachable
from ..tensor import Tensor
from .gather import Gatherer
from .model import Rows
from .names import Names
from .refusals import NO_HISTORY, NO_TENSOR
from .watching import note_backward


class Tape:
    """The tape of a tensor: `print` shows it as a table.

    `rows` are its steps, leaves and sums as they are now. A tape that was taken before a backward shows the cotangents
    afterwards, too. While it lives it keeps the graph alive.
    """

    def __init__(self, root: Node, names: Names) -> None:
        self._node = root
        self._names = names
        for node in reachable([self._node]):
            note_backward(node)
        self._first = self.rows  # which notes the constants and what is saved: backward frees them

    @property
    def rows(self) -> Rows:
        """The steps, leaves and sums."""
        return Gatherer([self._node], self._names).rows()

    def __str__(self) -> str:
        from .text import plain

        return plain(self.rows)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from .text import rich_table

        return rich_table(self.rows)

    def _repr_html_(self) -> str:
        from .text import html_table

        return html_table(self.rows)

    def to_json(self) -> str:
        """The rows as JSON; of arrays the shape, the dtype and figures."""
        import json

        from .as_json import as_json

        return json.dumps(as_json(self.rows), indent=1)

    def to_svg(self, path: str | os.PathLike[str] | None = None, folded: Collection[str] = ()) -> str:
        """The tape as a picture, an SVG text; with a path it is written there, too.

        `folded` has the names of modules (`blocks.0`) that are drawn as one box each. ImportError without graphlay,
        which the extra `viz` installs.
        """
        from .layout import layout
        from .svg import to_svg

        return _written(to_svg(layout(self.rows, folded)), path)

    def to_dot(self, path: str | os.PathLike[str] | None = None, folded: Collection[str] = ()) -> str:
        """The tape as a graph for Graphviz, a text; with a path it is written there, too."""
        from .dot import to_dot

        return _written(to_dot(self.rows, folded), path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The tape as a page, an HTML text that needs no network; with a path it is written there, too.

        The page plays the forward and the backward pass step by step, and shows for each operator its rule, its values
        and its cotangents. `tape.html#step=12` opens at a step. ImportError without graphlay, as of `to_svg`.
        """
        from .page import page

        return _written(page(self.rows, self._first), path)


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    """A text, which is also written to a file where there is a path."""
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return text


def tape(tensor: Tensor) -> Tape:
    """The tape that leads to a tensor, with the names that the calling program has for its tensors.

    Take it before `backward()` and print it afterwards to see the cotangents as well. Lines of the program and values
    are known for what was recorded under `viz.watching`. TypeError for what is no tensor; RuntimeError for a tensor
    that no operator computed from one that requires a gradient.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(NO_TENSOR.format(found=type(tensor).__name__))
    if tensor.grad_fn is None:
        raise RuntimeError(NO_HISTORY)
    return Tape(source(edge_of(tensor))[0], Names.of_caller())
