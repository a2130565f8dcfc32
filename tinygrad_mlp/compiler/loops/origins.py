"""Says which lines of a program a line of the text of its loops does.

difference_ij = product[i, j] - y[i, j]        # the subtraction
loss_sum = plus(loss_sum, difference_ij ** 2)  # the power, which has no line of its own, and the sum
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ..lines import Line, Value
from .forms import Product
from .groups import Group

_STATEMENT = re.compile(r"\s*([A-Za-z_]\w*)[^=]*? = ")


def attributed(
    texts: list[str], group: Group, names: dict[Any, str], views: dict[Value, Line]
) -> list[tuple[str, list[Line]]]:
    """The lines of a group's text, each with the lines of the program whose work it does; a loop's head has none.

    `views` are the lines that make views, which have no text of their own.
    """
    if isinstance(group.forms[0], Product):
        found: list[tuple[str, list[Line]]] = [(text, []) for text in texts]
        found[-1][1].append(group.forms[0].line)
    else:
        found = _statements(texts, group, names)
    return [(text, [part for line in lines for part in _with_views(line, views)]) for text, lines in found]


def _with_views(line: Line, views: dict[Value, Line]) -> list[Line]:
    """A line, after those that make the views that it reads."""
    read = [value for value in (*line.reads(), line.target) if value in views]
    return [*(part for value in dict.fromkeys(read) for part in _with_views(views[value], views)), line]


def _statements(texts: list[str], group: Group, names: dict[Any, str]) -> list[tuple[str, list[Line]]]:
    lines = [form.line for form in group.forms]
    made = [names[line.out] if line.out in names else names.get(line.target, "") for line in lines]
    counts, seen = Counter(made), Counter[str]()
    found: list[tuple[str, list[Line]]] = []
    for text in texts:
        name = _made_by(text, counts)
        if not name:
            found.append((text, []))
            continue
        which = [line for line, own in zip(lines, made, strict=True) if own == name]
        found.append((text, [which[min(seen[name], len(which) - 1)]]))
        seen[name] += 1
    return _with_inlined(found, lines)


def _made_by(text: str, names: Counter[str]) -> str:
    """Which of these names a statement gives a value: its own, or one that is made of it."""
    match = _STATEMENT.match(text)
    if match is None or " = flat(" in text:
        return ""
    word = match[1]
    return max((name for name in names if word == name or word.startswith(f"{name}_")), key=len, default="")


def _with_inlined(rows: list[tuple[str, list[Line]]], lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """Give each line that has no text of its own to that of the next one that has."""
    first: dict[Line, int] = {}
    for number, (_, of) in enumerate(rows):
        for line in of:
            first.setdefault(line, number)
    number = max(first.values(), default=len(rows) - 1)
    for line in reversed(lines):
        if line in first:
            number = first[line]
        else:
            rows[number] = (rows[number][0], [line, *rows[number][1]])
    return rows
