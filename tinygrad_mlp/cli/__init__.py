"""The command line, `tinygrad-mlp`: `train` and `predict` on tables, `run` scripts, show a `tape`, `check` gradients,
`compare` with torch.

This file has the parser of the commands and `main`, which is all that others import from here. A command's own
modules are imported only when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["main"]

DESCRIPTION = "PyTorch's world of MLPs on plain NumPy arrays."
EXAMPLES = """\
examples:
  tinygrad-mlp train                      learn to read handwritten digits
  tinygrad-mlp train --data FILE.csv      learn the last column from the others
  tinygrad-mlp predict MODEL --data FILE  predict it for other rows, with what `train --save MODEL` has written
  tinygrad-mlp run SCRIPT.py              run a torch script on tinygrad_mlp
  tinygrad-mlp tape SCRIPT.py             run it, and show the tape of its last backward
  tinygrad-mlp check FILE.py:NAME         check the gradients of a function, a Function or a module
  tinygrad-mlp compare SCRIPT.py          run it under torch, too, and tell where the two runs part
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (`sys.argv` if None) and return the exit code.

    The code is 0 after success, 2, with one line on stderr, for what cannot be done as asked, 130 after Ctrl-C and 141
    if stdout was closed by its reader; otherwise `run` returns the code of the script.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        with suppress(OSError, ValueError, AttributeError):  # closed, or not there
            sys.stdout.flush()  # what a progress bar has left there comes before the last word
        print("tinygrad-mlp: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as in `tinygrad-mlp train | head -3`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter would fail to flush it
        return 141
    except SystemExit as stop:  # raised by argparse, after --help or an error
        return stop.code if isinstance(stop.code, int) else 0


def _run(arguments: list[str]) -> int:
    # All that follows the program belongs to it, options and `--` included; argparse would interpret some of it.
    program = arguments[1:] if arguments[:1] == ["run"] else []
    if program and (program[0] in ("-", "-c", "-m") or not program[0].startswith("-")):
        from .run import run_program

        return run_program(program)
    if arguments[:1] == ["tape"] and arguments[1:]:
        from . import tape

        options = tape.parser(_Parser).parse_args(arguments[1:])
        if options.program:
            return tape.tape_command(options)
    if arguments[:1] == ["check"] and arguments[1:]:
        from . import check

        return check.check_command(check.parser(_Parser).parse_args(arguments[1:]))
    if arguments[:1] == ["compare"] and arguments[1:]:
        from . import compare

        return compare.compare_command(compare.parser(_Parser).parse_args(arguments[1:]))
    parser = build_parser()
    if not arguments:
        parser.print_help(sys.stderr)
        return 2
    parsed = parser.parse_args(arguments)
    if parsed.command == "predict":
        from .predict import predict_command

        return predict_command(parsed)
    from .train import train_command

    return train_command(parsed, arguments)


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


class _Version(argparse.Action):
    """The option `--version`, which looks the versions up only when it is given."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from .versions import versions

        print(f"tinygrad-mlp {versions()}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """The parser of `train`, `predict` and `run`, and of the help."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="tinygrad-mlp", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=layout, allow_abbrev=False
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the versions and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")

    from .options import add_predict_options, add_train_options

    add_train_options(
        commands.add_parser(
            "train",
            help="train an MLP on handwritten digits or on your own table",
            usage="tinygrad-mlp train [options]",
            description="Train a multi-layer perceptron on handwritten digits, or on a table of your own.",
            allow_abbrev=False,
        )
    )
    add_predict_options(
        commands.add_parser(
            "predict",
            help="predict the target of a table's rows with a trained model",
            usage="tinygrad-mlp predict MODEL --data FILE [options]",
            description="Predict the target of a table's rows with the model that `train --save MODEL` has written.",
            allow_abbrev=False,
        )
    )
    run = commands.add_parser(
        "run",
        help="run a torch script with torch meaning tinygrad_mlp",
        usage="tinygrad-mlp run (SCRIPT.py | NOTEBOOK.ipynb | FOLDER | ZIP | - | -c CODE | -m MODULE) [ARG ...]",
        description="Run a torch program, unchanged, with every `import torch` meaning tinygrad_mlp.",
        allow_abbrev=False,
    )
    run.add_argument(
        "program",
        metavar="PROGRAM",
        help="a script, a notebook, a folder or zip with a __main__.py; - is standard input",
    )
    run.add_argument("-c", metavar="CODE", help="run code given on the command line, as python -c does")
    run.add_argument("-m", metavar="MODULE", help="run a module, as python -m does")
    run.add_argument("args", metavar="ARG", nargs="*", default=[], help="its arguments")
    commands.add_parser("tape", help="run a torch script and show what backward did", add_help=False).add_argument(
        "program", metavar="SCRIPT.py"
    )
    commands.add_parser("check", help="check the gradients of a function of your own", add_help=False).add_argument(
        "target", metavar="MODULE:NAME"
    )
    commands.add_parser(
        "compare", help="run a torch script under torch, too, and compare", add_help=False
    ).add_argument("program", metavar="SCRIPT.py")
    return parser
