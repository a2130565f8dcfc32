"""Which rows stand in which file of the derivative table, read off the text of the files.

A program uses few of the rows. So a file is imported when one of its rows is first asked for, and until then nothing
is known of a row but what its first lines say. They begin at the left margin, in one of two ways:

    exp = floating("exp", np.exp, ...)

    @operator({"input": ...}, inplace=True)
    def cumsum(input: Array, dim: Any) -> Array:

To read all files takes about 2 ms, to compile and run them about 50.
"""

from __future__ import annotations

import importlib
import os
import re
from collections import UserDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .table import Operator


class Entry(NamedTuple):
    """What is known of a row whose file may not be imported yet."""

    file: str
    method: bool
    inplace: bool
    function: bool
    aliases: tuple[str, ...]


_MORE = r".*(?:\n[ )@].*)*"  # the rest of the line, and the lines that go on with it
_DECLARATION = re.compile(
    rf'\n(?:\w+ = \w+\(\s*"(?P<name>\w+)"(?P<arguments>{_MORE})'  # exp = floating("exp", ...)
    rf"|@operator\((?P<options>{_MORE})\ndef (?P<function>\w+))"
)
_OTHER_NAME = re.compile(r'\bname="(\w+)"')
_ALIASES = re.compile(r'\baliases="([\w ]+)"')


def declared(file: str, text: str) -> Iterator[tuple[str, Entry]]:
    """The rows in the text of a file; a row of a function that is called is in place unless it says that it is not."""
    for found in _DECLARATION.finditer(text):
        name, arguments, options, function = found.groups()
        if name:
            options, inplace = arguments, "inplace=False" not in arguments
        else:
            other = _OTHER_NAME.search(options)
            name, inplace = other[1] if other else function, "inplace=True" in options
        method = "method=False" not in options
        aliases = _ALIASES.search(options)
        called = "function=True" in options or (method and "function=False" not in options)
        yield name, Entry(file, method, inplace, called, tuple(aliases[1].split()) if aliases else ())


class Table(UserDict[str, "Operator"]):
    """The rows by their names. Asking for one imports its file; going through all of them imports all.

    `aliases` has the other names of rows, and for each the name of the row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, Entry] = {}
        self.aliases: dict[str, str] = {}
        self.files: tuple[str, ...] = ()
        self._imported: set[str] = set()

    def stand_in(self, *files: str) -> None:
        """Say in which files of this folder the rows stand."""
        self.files = files
        loader: Any = __spec__.loader
        try:
            for file in self.files:
                text = loader.get_data(f"{os.path.dirname(__file__)}{os.sep}{file}.py")  # from an archive, too
                self.contents |= declared(file, text.decode())
        except (AttributeError, OSError):  # a program that was packed without its text: nothing can wait
            self.contents = {}
            for file in self.files:
                before = set(self.data)
                self._import(file)
                for name in set(self.data) - before:
                    row = self.data[name]
                    self.contents[name] = Entry(file, row.method, row.inplace, row.function, row.aliases)
        self.aliases = {alias: name for name, entry in self.contents.items() for alias in entry.aliases}

    def _import(self, file: str) -> None:
        # Another thread may be importing the file, and some of its rows be there: then this waits for the others.
        if file not in self._imported:
            importlib.import_module(f".{file}", __package__)
            self._imported.add(file)

    def __getitem__(self, name: str) -> Operator:
        if name in self.contents:
            self._import(self.contents[name].file)
        return self.data[name]

    def __contains__(self, name: object) -> bool:
        return name in self.contents or name in self.data

    def all(self) -> dict[str, Operator]:
        """All rows."""
        for file in self.files:
            self._import(file)
        return self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())
