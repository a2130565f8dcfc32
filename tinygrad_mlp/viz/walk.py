"""Backward in a terminal, event by event, with keys."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from ..tensor import Tensor
from .model import Rows
from .steps import Event, NodeRan, PartsSummed, backward_steps, events_of
from .tape import Tape, tape

HELP = "space or right: next   left: back   e: to the end   q: quit"
NOTHING_RAN = "No backward has run over this tape."
_KEYS = {" ": "next", "n": "next", "\r": "next", "\n": "next", "\x1b[C": "next", "b": "back", "\x1b[D": "back"}
_KEYS |= {"e": "end", "\x1b[F": "end", "q": "quit", "\x1b": "quit", "\x03": "quit", "\x04": "quit", "": "quit"}


def walk(shown: Tape | Tensor, console: Any = None, keys: Iterable[str] | None = None) -> None:
    """Show a backward event by event: of a tensor one that runs now, of a tape the one that has been noted.

    `console` is one of rich, by default that of the terminal. Where it or stdin is no terminal, all events are written
    as plain text, unless there are `keys`: next, back, end, quit. To quit ends a backward of a tensor where it is.
    """
    if console is None:
        from rich.console import Console

        console = Console()
    rows = tape(shown).rows if isinstance(shown, Tensor) else shown.rows
    events = backward_steps(shown) if isinstance(shown, Tensor) else iter(events_of(rows))
    try:
        if keys is None and not (console.is_terminal and sys.stdin.isatty()):
            _write_all(events, rows, console)
        else:
            _with_keys(events, rows, console, _keys_of_terminal() if keys is None else keys)
    finally:
        if isinstance(events, Generator):
            events.close()


def _print(console: Any, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _write_all(events: Iterator[Event], rows: Rows, console: Any) -> None:
    seen: list[Event] = []
    for event in events:
        seen.append(event)
        _print(console, _text(seen, rows))
    if not seen:
        _print(console, NOTHING_RAN)


def _with_keys(events: Iterator[Event], rows: Rows, console: Any, keys: Iterable[str]) -> None:
    seen = _next(events)
    if not seen:
        _print(console, NOTHING_RAN)
        return
    place = 1  # how many of the events so far are shown
    _show(seen[:place], rows, console)
    for key in keys:
        if key == "quit":
            return
        if key == "back":
            place = max(1, place - 1)
        elif key == "end":
            seen += list(events)
            place = len(seen)
        elif key == "next":
            if place == len(seen):
                seen += _next(events)
            place = min(place + 1, len(seen))
        _show(seen[:place], rows, console)


def _next(events: Iterator[Event]) -> list[Event]:
    event = next(events, None)
    return [] if event is None else [event]


def _show(seen: list[Event], rows: Rows, console: Any) -> None:
    if console.is_terminal:
        console.clear()
    _print(console, f"event {len(seen)}   {HELP}\n\n{_text(seen, rows)}")


def _text(seen: list[Event], rows: Rows) -> str:
    """The last of the events that are shown, with its rules, and for values used more than once who has spoken."""
    event = seen[-1]
    lines = [str(event)]
    if isinstance(event, NodeRan):
        if event.step.place is not None:
            place = event.step.place
            lines.append(f"    line {place.line}: {place.text}")
        for name, rule in event.step.rules.items():
            first, *rest = textwrap.dedent(rule).strip().splitlines()
            lines += [f"    rule for {name}: {first}", *(f"        {line}" for line in rest)]
        lines += _waiting(seen, rows)
    return "\n".join(lines)


def _waiting(seen: list[Event], rows: Rows) -> Iterator[str]:
    """A line for each value used more than once that some of its consumers, and not all, have handed a part to."""
    ran = {event.step.number for event in seen if isinstance(event, NodeRan)}
    summed = {(event.sum.number, event.sum.name) for event in seen if isinstance(event, PartsSummed)}
    for total in rows.sums:
        consumers = list(dict.fromkeys(number for number, _ in total.parts))
        spoken = [f"%{number}" for number in consumers if number in ran]
        silent = [f"%{number}" for number in consumers if number not in ran]
        if spoken and (total.number, total.name) not in summed:
            if silent:
                yield f"    {total.name} waits: {_have(spoken)} spoken, {_have(silent)} not"
            else:
                yield f"    {total.name} waits no more: {_have(spoken)} spoken"


def _have(names: list[str]) -> str:
    """Names as the subject of a sentence: `%3 has`, `%3 and %2 have`."""
    *first, last = names
    return f"{', '.join(first)} and {last} have" if first else f"{last} has"


def _keys_of_terminal() -> Iterator[str]:
    """What the keys mean that are pressed; the terminal is put back as it was."""
    import os
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)  # what has been typed already counts
        while True:
            pressed = os.read(descriptor, 8).decode(errors="ignore")
            yield _KEYS.get(pressed, "")
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
