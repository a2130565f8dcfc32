"""Presents the figures: as Markdown tables of ratios for a reader, and as JSON with every time that was measured."""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

from benchmarks.contenders import find
from benchmarks.measure import Run

Runs = dict[str, dict[str, Run]]  # by size, then by contender
Imports = dict[str, float]  # median seconds by package
BASES = ("numpy", "torch")


class Ratio(NamedTuple):
    """The ratio of two median times, the quartiles of the ratios of each round, and the number of rounds.

    Only rounds in which neither block was disturbed count. If there is none all rounds count, and `rounds` is 0.
    """

    median: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        return f"{'' if self.rounds else '~'}{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def ratio(run: Run, base: Run) -> Ratio:
    """The time of a run divided by that of the base. Both must have been timed, in the same rounds."""
    pairs = list(zip(run.blocks, base.blocks, strict=True))
    quiet = [pair for pair in pairs if all(block.is_quiet for block in pair)]
    seconds, base_seconds = zip(*[(a.seconds, b.seconds) for a, b in quiet or pairs], strict=True)
    by_round = [a / b for a, b in zip(seconds, base_seconds, strict=True)]
    # Before Python 3.13 quantiles() needs at least two values.
    low, _, high = statistics.quantiles(by_round * 2 if len(by_round) == 1 else by_round, method="inclusive")
    return Ratio(statistics.median(seconds) / statistics.median(base_seconds), low, high, len(quiet))


def tables(runs: Runs, imports: Imports) -> str:
    """All tables, and the remarks below them."""
    parts = [time_table(runs, base) for base in BASES if any(is_timed(by_name, base) for by_name in runs.values())]
    parts += [cost_table(runs, imports), remarks(runs, imports)]
    return "\n\n".join(part for part in parts if part)


def is_timed(by_name: dict[str, Run], name: str) -> bool:
    return name in by_name and by_name[name].state == "timed"


def time_table(runs: Runs, base: str) -> str:
    """The table of the times of a step at each size, divided by those of the base."""

    def cell(name: str, size: str) -> str:
        by_name = runs[size]
        if not is_timed(by_name, name):
            return by_name[name].state
        return str(ratio(by_name[name], by_name[base])) if is_timed(by_name, base) else "-"

    rows = [[name, *(cell(name, size) for size in runs)] for name in contenders(runs)]
    return markdown([f"time of a step / {base}'s", *runs], rows)


def cost_table(runs: Runs, imports: Imports) -> str:
    """The table of import times and peak memory, divided by NumPy's."""

    def import_cell(name: str) -> str:
        package = find(name).package
        return f"{imports[package] / imports['numpy']:.2f}" if package in imports else "-"

    def memory_cell(by_name: dict[str, Run], name: str) -> str:
        return f"{by_name[name].peak_bytes / by_name['numpy'].peak_bytes:.2f}" if is_timed(by_name, name) else "-"

    rows = [
        [name, import_cell(name), *(memory_cell(by_name, name) for by_name in runs.values())]
        for name in contenders(runs)
    ]
    return markdown(["import and peak memory / numpy's", "import", *(f"memory, {size}" for size in runs)], rows)


def remarks(runs: Runs, imports: Imports) -> str:
    """Which contenders were not timed and why, how many blocks were disturbed, and the import time in milliseconds."""
    sizes_by_reason: dict[str, list[str]] = {}
    for size, by_name in runs.items():
        for name, run in by_name.items():
            if run.state != "timed":
                sizes_by_reason.setdefault(f"{name}: {run.state}, {run.detail}", []).append(size)
    lines = [f"{reason} ({', '.join(sizes)})" for reason, sizes in sizes_by_reason.items()]
    blocks = [block for by_name in runs.values() for run in by_name.values() for block in run.blocks]
    if disturbed := sum(not block.is_quiet for block in blocks):
        lines.append(f"other work took a core from {disturbed} of {len(blocks)} blocks, left out; ~ where none is left")
    if "tinygrad_mlp" in imports:
        extra = milliseconds_over_numpy("tinygrad_mlp", imports)
        lines.append(f"import tinygrad_mlp: {extra:.0f} ms over import numpy")
    return "\n".join(lines)


def milliseconds_over_numpy(package: str, imports: Imports) -> float:
    return (imports[package] - imports["numpy"]) * 1e3


def contenders(runs: Runs) -> list[str]:
    return list(next(iter(runs.values())))


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table with aligned columns, so that it can be read as plain text too."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in [header, rule, *rows]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_json(environment: dict[str, Any], runs: Runs, imports: Imports) -> dict[str, Any]:
    """The environment, the seconds of every round, the medians and the ratios."""
    return {
        "environment": environment,
        "sizes": {
            size: {name: run_as_json(run, by_name) for name, run in by_name.items()} for size, by_name in runs.items()
        },
        "imports": {
            package: {
                "median_seconds": seconds,
                "ratio_to_numpy": seconds / imports["numpy"],
                "milliseconds_over_numpy": milliseconds_over_numpy(package, imports),
            }
            for package, seconds in imports.items()
        },
    }


def run_as_json(run: Run, by_name: dict[str, Run]) -> dict[str, Any]:
    """The figures of one contender at one size; `blocks` is a list of [seconds per step, disturbance] by round."""
    if run.state != "timed":
        return vars(run)
    ratios = {base: ratio(run, by_name[base])._asdict() for base in BASES if is_timed(by_name, base)}
    memory = run.peak_bytes / by_name["numpy"].peak_bytes
    median = statistics.median(block.seconds for block in run.blocks)
    return {
        **vars(run),
        "median_seconds": median,
        "ratio_to": ratios,
        "memory_ratio_to_numpy": memory,
    }
