"""The documentation of a row's function, made from the row when it is read: what `help(torch.mm)` shows.

Source files are read when somebody asks for the text, never at import (see docstring.py).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .table import Operator


class Documentation(str):
    """The docstring of a row's function, made when it is first read.

    Python keeps whatever object is assigned to `function.__doc__`, and `inspect`, `pydoc` and IPython read it through
    the methods of str. Here every one of these methods works on the full text, which is made at the first call. The
    characters stored in the object itself are the first sentence alone: C code that looks at them directly, for example
    `"".join([doc])`, finds that one.
    """

    row: Operator

    def __new__(cls, row: Operator) -> Documentation:
        documentation = super().__new__(cls, f"{row.doc}.")
        documentation.row = row
        return documentation

    @functools.cached_property
    def text(self) -> str:
        """The full text, an ordinary str."""
        from .docstring import docstring  # which only a reader of documentation needs

        return docstring(self.row)

    def __radd__(self, other: str) -> str:
        return other + self.text


# What Python asks of any object, and not of a text.
_OF_ANY_OBJECT = {*dir(object), "__getnewargs__", "maketrans"} - {
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__str__", "__repr__", "__format__",
}  # fmt: skip


def _on_the_full_text(name: str) -> Callable[..., Any]:
    method = getattr(str, name)

    @functools.wraps(method)
    def call(self: Documentation, *args: Any, **kwargs: Any) -> Any:
        return method(self.text, *args, **kwargs)

    return call


for _name in set(dir(str)) - _OF_ANY_OBJECT:
    setattr(Documentation, _name, _on_the_full_text(_name))
