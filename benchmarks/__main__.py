"""`python -m benchmarks`: one training step at six sizes, for each contender, as ratios of medians.

`python -m benchmarks small` times the small things that a training loop does, beside torch, and the import;
`python -m benchmarks gradients` times `assert_gradients` beside torch's gradcheck;
`python -m benchmarks loader` times an epoch of a DataLoader, with and without workers, beside torch;
`python -m benchmarks files` times save and load of 100 MB beside torch;
`python -m benchmarks optimizers` times a step of three optimisers over many parameters beside torch.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from benchmarks import environment, files, gradients, loader, optimizers, report, small
from benchmarks.contenders import CONTENDERS, find
from benchmarks.imports import import_seconds
from benchmarks.measure import measure
from benchmarks.sizes import SIZES

IMPORT_ROUNDS = 7  # at most; an import of torch takes seconds


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=size_names, default=list(SIZES), help=f"of {','.join(SIZES)}")
    parser.add_argument(
        "--contenders",
        type=contender_names,
        default=list(CONTENDERS),
        help=f"of {','.join(CONTENDERS)}, or NAME=MODULE for your own; numpy, the reference, always takes part",
    )
    parser.add_argument("--rounds", type=positive, default=15, help="blocks of steps for each contender (15)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too; - for stdout, without the tables")
    return parser.parse_args(argv)


def size_names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in SIZES]:
        raise argparse.ArgumentTypeError(f"no size {unknown[0]!r}; there are {', '.join(SIZES)}")
    return names


def contender_names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in CONTENDERS and "=" not in name]:
        known = ", ".join(CONTENDERS)
        raise argparse.ArgumentTypeError(f"no contender {unknown[0]!r}; there are {known}, or NAME=MODULE")
    return ["numpy", *(name for name in dict.fromkeys(names) if name != "numpy")]


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 if a contender was wrong or failed, which being absent is not."""
    options = arguments(argv)
    load = os.getloadavg()[0]
    runs = {size: measure(size, options.contenders, options.rounds, tell) for size in options.sizes}
    states = {name: {by_name[name].state for by_name in runs.values()} for name in options.contenders}
    packages = list(dict.fromkeys(find(name).package for name in options.contenders if "timed" in states[name]))
    tell("imports")
    imports = import_seconds(packages, min(options.rounds, IMPORT_ROUNDS))
    figures = json.dumps(report.as_json({**environment.describe(packages), "load": load}, runs, imports), indent=1)
    if options.json not in (None, "-"):
        Path(options.json).write_text(figures + "\n", encoding="utf-8")
    print(figures if options.json == "-" else f"{report.tables(runs, imports)}\n{environment.machine()}")
    return int(any(not seen <= {"timed", "absent"} for seen in states.values()))


if __name__ == "__main__":
    others = {
        module.__name__.rpartition(".")[2]: module.main for module in (small, gradients, loader, files, optimizers)
    }
    other = others.get(sys.argv[1] if len(sys.argv) > 1 else "")
    sys.exit(other(sys.argv[2:]) if other else main())
