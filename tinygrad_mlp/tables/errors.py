"""The exception for data that cannot be used, and how values of a file are shown in its message."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from .refusals import NO_COLUMN

__all__ = ["DataError", "count", "guess_of", "listed", "position", "shown"]


class DataError(ValueError):
    """Data cannot be used; the message is one line that says which data, where they stand, and why."""


def position(name: str, names: Sequence[str], what: str, purpose: str = "") -> int:
    """Return the index of `name` in `names`; the refusal lists the names and guesses which one was meant."""
    if name in names:
        return names.index(name)
    raise DataError(
        NO_COLUMN.format(kind=what, name=shown(name), purpose=purpose, guess=guess_of(name, names), names=listed(names))
    )


def guess_of(name: str, names: Sequence[str]) -> str:
    """Return " (did you mean ...?)" for a name that is nearly one of `names`, else nothing."""
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""


def listed(names: Sequence[str], most: int = 20) -> str:
    """Return names as a part of a sentence, the first of them if they are many."""
    text = ", ".join(map(shown, names[:most]))
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def shown(text: str, most: int = 40) -> str:
    """Return a value of a file as it is shown in a message: quoted, on one line, and cut if it is long."""
    return repr(str(text)) if len(text) <= most else repr(str(text[:most])) + "..."


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
