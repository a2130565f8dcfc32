"""Which refusal a text is: torch's texts are templates, and what stands in their places is read back."""

from __future__ import annotations

import functools
import re
from string import Formatter


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """A regular expression for what `template.format(...)` gives, with a group for each name."""
    parts: list[str] = []
    seen: set[str] = set()
    for text, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(text))
        if name is not None:
            name = name or f"_{len(seen)}"
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)


def values_of(text: str, template: str) -> dict[str, str] | None:
    """What stands in a text for the names of its template; None if the text is of another template."""
    start = template.partition("{")[0]
    if not text.startswith(start):
        return None
    found = _pattern(template).fullmatch(text)
    return None if found is None else found.groupdict()
