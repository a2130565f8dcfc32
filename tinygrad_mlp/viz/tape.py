"""`torch.autograd.tape(loss)`: the tape that leads to a tensor, to be printed, drawn or read row by row."""

from __future__ import annotations

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
        self.rows  # noqa: B018 (notes the constants, which backward frees)

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

        return json.dumps(self.rows.as_json(), indent=1)


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
