"""`tinygrad-mlp compare`: one script under torch and under this package, and the first place where they part."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from .refusals import MUST_BE

__all__ = ["compare_command", "parser"]

TRACE = ".npz"
WITH = "--with"


def parser(base: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of the options; all that follows the script belongs to it."""
    own = base(
        prog="tinygrad-mlp compare",
        usage="tinygrad-mlp compare [options] (SCRIPT.py [ARG ...] | train [OPTION ...] | RUN.npz RUN.npz | "
        "RUN.npz SCRIPT.py [ARG ...])",
        description="Run a script under torch and under tinygrad_mlp, and tell whether the runs are the same, and "
        "where they part. A run that was recorded (RUN.npz) is compared with another, or with the script. Exit code "
        "0: the same within the tolerance, 1: different, 2: could not be run.",
        allow_abbrev=False,
    )
    own.add_argument(
        "--rtol", type=_positive, metavar="R", help="relative tolerance (default: by dtype, 1e-4 of float32)"
    )
    own.add_argument(
        "--atol", type=_positive, metavar="A", help="absolute tolerance (default: by dtype, 1e-6 of float32)"
    )
    own.add_argument("--steps", type=int, metavar="N", help="end the script after N backward passes")
    own.add_argument("--seed", type=int, default=0, metavar="S", help="of torch, NumPy and random (default: 0)")
    own.add_argument("--dtype", choices=("float32", "float64"), help="the script's default dtype")
    own.add_argument("--json", action="store_true", help="write the report as JSON")
    own.add_argument("--html", metavar="FILE", help="write the report as a page, to be opened in a browser")
    own.add_argument("--write-case", metavar="DIR", help="leave a script there that shows the difference by itself")
    own.add_argument(
        "--with",
        dest="other",
        metavar="OTHER.py",
        help="another program of the same network: hold the values of variables",
    )
    own.add_argument("--names", metavar="A=B,C", default="", help="which variables of the two belong together")
    own.add_argument(
        "--weights-from", choices=("first", "second"), help="whose initial weights and data both programs start with"
    )
    own.add_argument("--record", metavar="RUN.npz", help="do not compare, but keep one run in a file")
    own.add_argument(
        "--under", choices=("torch", "tinygrad_mlp"), help="what a recorded run, or the programs of --with, run under"
    )
    own.add_argument("program", nargs=argparse.REMAINDER, metavar="SCRIPT.py", help="the script, and its arguments")
    return own


def _positive(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError(MUST_BE.format(wanted="a number that is not negative", found=text))
    return value


def compare_command(options: argparse.Namespace) -> int:
    """Compare, show the report, and return the exit code."""
    from ..compare.names.programs import CannotStart
    from ..compare.records import NotATrace
    from ..compare.runs import CannotRun

    if WITH in options.program:  # the other program may stand behind the first and its arguments, too
        at = options.program.index(WITH)
        program = options.program[:at]
        parser(argparse.ArgumentParser).parse_args(options.program[at:], options)
        options.program = program
    try:
        if options.record:
            return _record(options)
        comparison = _by_names(options) if options.other else _compared(options)
        if options.html:
            from ..compare.page import to_html

            to_html(comparison, options.html)
        if options.write_case:
            _write_case(comparison, options.write_case)
    except (CannotRun, CannotStart, NotATrace, ValueError) as error:
        print(f"tinygrad-mlp compare: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"tinygrad-mlp compare: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    print(comparison.to_json() if options.json else _shown(comparison))
    return 0 if comparison.same else 1


def _compared(options: argparse.Namespace) -> Any:
    """The comparison that is asked for: of two scripts, of a recorded run and a script, or of two recorded runs."""
    from ..compare.records import load
    from ..compare.refusals import NO_PROGRAM
    from ..compare.runs import TRAINING, CannotRun, Request, recorded, scripts, traces

    first, *rest = options.program or [""]
    tolerance = {"rtol": options.rtol, "atol": options.atol}
    settings = {"seed": options.seed, "dtype": options.dtype, "steps": options.steps}
    if not first or (first.endswith(TRACE) and not rest):
        raise CannotRun(NO_PROGRAM)
    if first == "train" and not os.path.exists(first):  # the command's own training
        return scripts([TRAINING, *rest], **tolerance, **settings)
    if not first.endswith(TRACE):
        return scripts(options.program, stdin=_stdin(), **tolerance, **settings)
    trace = load(first)
    if rest[0].endswith(TRACE):
        return traces(trace, load(rest[0]), **tolerance)
    request = Request(rest, stdin=_stdin(), **{**settings, "seed": trace.about["seed"]})
    return traces(recorded(options.under or "tinygrad_mlp", request), trace, **tolerance)


def _by_names(options: argparse.Namespace) -> Any:
    """Two programs, held against each other by the names of their variables."""
    from ..compare.names.programs import programs

    return programs(
        options.program,
        options.other,
        names=options.names,
        weights_from=options.weights_from,
        rtol=options.rtol,
        atol=options.atol,
        seed=options.seed,
        under=options.under or "torch",
        dtype=options.dtype,
        stdin=_stdin(),
    )


def _record(options: argparse.Namespace) -> int:
    """Keep one run in a file."""
    from ..compare.refusals import NO_PROGRAM
    from ..compare.runs import CannotRun, Request, recorded

    if not options.program:
        raise CannotRun(NO_PROGRAM)
    request = Request(options.program, options.seed, options.dtype, options.steps, _stdin())
    trace = recorded(options.under or "tinygrad_mlp", request)
    trace.save(options.record)
    size = os.path.getsize(options.record)
    print(f"{options.record}: {trace.about['steps']:,} steps, {len(trace):,} calls, {size:,} bytes")
    return 0


def _stdin() -> bytes:
    """What is piped in, for both runs; nothing from a terminal."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return b""
    return sys.stdin.buffer.read()


def _write_case(comparison: Any, folder: str) -> None:
    from ..compare.case import NoCase, write_case

    try:
        print(f"a case for a bug report: {write_case(comparison, folder)}", file=sys.stderr)
    except NoCase as error:
        print(error, file=sys.stderr)


def _shown(comparison: Any) -> str:
    """The report; in a terminal its tables are rich's, where rich is installed."""
    if not sys.stdout.isatty():
        return str(comparison)
    try:
        return _rich(comparison)
    except ImportError:
        return str(comparison)


def _rich(comparison: Any) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..compare.report import lines, tables

    console = Console()
    with console.capture() as captured:
        first, *others = lines(comparison)
        console.print(Text(first, style="bold green" if comparison.same else "bold red"))
        for line in others:
            console.print(Text(line))
        for titles, *rows in tables(comparison):
            table = Table(*titles)
            for row in rows:
                table.add_row(*row)
            console.print(table)
    return captured.get().rstrip()
