"""`tinygrad-mlp tape`: run a torch script and show the tape of one of its backward passes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from .refusals import IN_COMPILED, NO_BACKWARD, NO_SUCH_STEP
from .run import run_program

__all__ = ["parser", "tape_command"]


def parser(base: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of the options; all that follows the program belongs to it."""
    own = base(
        prog="tinygrad-mlp tape",
        usage="tinygrad-mlp tape [options] SCRIPT.py [ARG ...]",
        description="Run a torch script and show the tape of its last backward: what was recorded, what went where.",
        allow_abbrev=False,
    )
    own.add_argument("--step", type=int, metavar="K", help="the K-th backward instead of the last, counted from 1")
    own.add_argument(
        "--json", action="store_true", help="write the tape as JSON to stdout, what the script prints to stderr"
    )
    own.add_argument("--walk", action="store_true", help="go through the backward one operator at a time, with keys")
    own.add_argument("--html", metavar="FILE", help="write the tape as a page, to be opened in a browser")
    own.add_argument("--svg", metavar="FILE", help="write the tape as a picture")
    own.add_argument(
        "program", nargs=argparse.REMAINDER, metavar="SCRIPT.py", help="what `run` takes, and its arguments"
    )
    return own


def tape_command(options: argparse.Namespace) -> int:
    """Run the program, show its tape, and return the exit code: the program's, or 2 where there is no such tape."""
    from ..viz import watching

    stdout = sys.stdout
    with watching(options.step) as watch:
        if options.json:
            sys.stdout = sys.stderr
        try:
            code = run_program(options.program)
        finally:
            sys.stdout = stdout
    if watch.root is None:
        if code == 0:
            _tell(options.program, NO_BACKWARD if not watch.backwards else NO_SUCH_STEP.format(count=watch.backwards))
        return code or 2
    return code or _show(watch, options)


def _show(watch: Any, options: argparse.Namespace) -> int:
    from ..viz import Tape
    from ..viz.names import Names

    tape = Tape(watch.root, Names.of(watch.variables))
    if watch.in_compiled:
        _tell(options.program, IN_COMPILED)
    try:
        if options.html is not None:
            tape.to_html(options.html)
        if options.svg is not None:
            tape.to_svg(options.svg)
    except (OSError, ImportError) as error:
        _tell(options.program, str(error))
        return 2
    if options.walk:
        from ..viz.walk import walk

        walk(tape)
    elif options.json:
        print(tape.to_json())
    elif options.html is None and options.svg is None:
        _print(tape)
    return 0


def _print(tape: Any) -> None:
    """As a table of rich in a terminal, as plain text where the output is piped."""
    if not sys.stdout.isatty():
        print(tape)
        return
    from rich.console import Console

    Console().print(tape)


def _tell(program: Sequence[str], message: str) -> None:
    print(f"{program[0]}: {message}", file=sys.stderr)
