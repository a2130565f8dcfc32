"""What is said of a run: a table by file, all results as data, and what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .equivalent import EQUIVALENT
from .running import Result

COLUMNS = ("mutants", "caught", "equivalent", "survived")


def outcome(result: Result) -> str:
    """Whether a mutant was caught, is known to be equivalent, or survived."""
    return "caught" if result.caught else "equivalent" if result.mutant.name in EQUIVALENT else "survived"


def table(results: list[Result]) -> str:
    """The counts by file, and their sum."""
    counts: dict[str, Counter[str]] = {}
    for result in results:
        counts.setdefault(result.mutant.file, Counter())[outcome(result)] += 1
    rows = [(file, counts[file]) for file in sorted(counts)]
    rows.append(("together", sum((count for _, count in rows), Counter())))
    lines = [f"{'':32}" + "".join(f"{name:>12}" for name in COLUMNS)]
    for file, count in rows:
        numbers = [count.total(), *(count[name] for name in COLUMNS[1:])]
        lines.append(f"{file:32}" + "".join(f"{n:12}" for n in numbers))
    return "\n".join(lines)


def as_data(results: list[Result]) -> list[dict[str, Any]]:
    """All results, for JSON."""
    return [
        {
            "name": result.mutant.name,
            "file": result.mutant.file,
            "change": result.mutant.shown,
            "outcome": outcome(result),
            "test": result.caught,
            "error": result.error,
            "tests": result.tests,
            "seconds": round(result.seconds, 3),
        }
        for result in results
    ]


def faults(results: list[Result], complete: bool) -> list[str]:
    """What is wrong: mutants that survived, and what is listed as equivalent but was caught, or does not exist."""
    survived = [f"survived: {r.mutant.name}    {r.mutant.shown}" for r in results if outcome(r) == "survived"]
    caught = [
        f"listed as equivalent, but {r.caught} notices it: {r.mutant.name}"
        for r in results
        if r.caught and r.mutant.name in EQUIVALENT
    ]
    names = {r.mutant.name for r in results}
    gone = [f"listed as equivalent, but there is no such mutant: {name}" for name in EQUIVALENT if name not in names]
    return [*survived, *caught, *(gone if complete else [])]
