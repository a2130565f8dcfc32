"""`tinygrad-mlp check`: whether the gradients of a function, a Function class or a module of one's own are right."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import operator
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import numpy as np

from .refusals import MUST_BE, NO_ATTRIBUTE, NO_CALL, NO_COLON, NO_INSTANCE, NO_MODULE, NO_SHAPE, NOT_TO_CHECK

__all__ = ["check_command", "parser"]

SHAPE = (3, 4)  # of inputs of which nothing is said


class CannotCheck(Exception):
    """What is asked for cannot be done; the text is the line on stderr."""


def parser(base: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of the options."""
    own = base(
        prog="tinygrad-mlp check",
        usage="tinygrad-mlp check (MODULE | FILE.py):NAME [options]",
        description="Check the gradients of a function, a Function class, a module, or a pair (forward, vjp) of NumPy "
        "functions against numerical derivatives at random inputs. Exit code 0: right, 1: wrong, 2: could not be run.",
        allow_abbrev=False,
    )
    own.add_argument("target", metavar="MODULE:NAME", help="what to check, by the module or the file that defines it")
    own.add_argument(
        "--shape", type=_shapes, nargs="+", action="extend", default=[], metavar="N,N",
        help="the shape of each input, as 3,4 (default: 3,4 for each parameter without a default)",
    )  # fmt: skip
    own.add_argument("--order", type=int, choices=(1, 2), default=2, help="1 without the second gradient (default: 2)")
    own.add_argument("--seed", type=int, default=0, metavar="S", help="of the random inputs (default: 0)")
    own.add_argument("--json", action="store_true", help="write the report as JSON")
    return own


def _shapes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(n) for n in text.split(",") if n)
    except ValueError:
        raise argparse.ArgumentTypeError(MUST_BE.format(wanted="numbers with commas, as 3,4", found=text)) from None


def check_command(options: argparse.Namespace) -> int:
    """Check, show the table, and return the exit code."""
    from ..testing import check_gradients

    try:
        with ExitStack() as stack:
            owner, f = _found(options.target, stack)
            inputs = _inputs(f, owner, options.shape, options.seed)
            try:
                report = check_gradients(f, *inputs, order=options.order, seed=options.seed)
            except Exception as error:
                shapes = ", ".join(str(tuple(x.shape)) for x in inputs)
                reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
                raise CannotCheck(NO_CALL.format(shapes=shapes or "nothing", reason=reason)) from error
    except CannotCheck as error:
        print(f"{options.target}: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(report.to_json())
    else:
        _show(report)
    return 0 if report.ok else 1


# -- what to check ---------------------------------------------------------------------------------


def _found(target: str, stack: ExitStack) -> tuple[ModuleType, Any]:
    """The module and the object that a target names; a class of modules is instantiated."""
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise CannotCheck(NO_COLON)
    module = _imported(place, stack)
    try:
        found: Any = operator.attrgetter(name)(module)
    except AttributeError:
        raise CannotCheck(NO_ATTRIBUTE.format(place=place, name=name)) from None
    if isinstance(found, type) and hasattr(found, "named_parameters"):
        try:
            found = found()
        except TypeError as error:
            raise CannotCheck(NO_INSTANCE.format(name=name, reason=error)) from error
    if not callable(found) and not isinstance(found, tuple):
        raise CannotCheck(NOT_TO_CHECK.format(f=found))
    return module, found


def _imported(place: str, stack: ExitStack) -> ModuleType:
    """Import a module or a file; where torch is not installed, `import torch` in it gives this package."""
    if importlib.util.find_spec("torch") is None:
        from ..alias import torch_alias

        stack.enter_context(torch_alias())
    is_file = place.endswith(".py")
    folder = os.path.dirname(os.path.abspath(place)) if is_file else os.getcwd()
    sys.path.insert(0, folder)
    stack.callback(lambda: sys.path.remove(folder) if folder in sys.path else None)
    try:
        if not is_file:
            return importlib.import_module(place)
        name = os.path.splitext(os.path.basename(place))[0]
        spec = importlib.util.spec_from_file_location(name, place)
        assert spec is not None and spec.loader is not None  # its name ends with .py
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except Exception as error:  # of whatever the file does when it is imported
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        raise CannotCheck(NO_MODULE.format(reason=reason)) from error


# -- its inputs ------------------------------------------------------------------------------------


def _inputs(f: Any, owner: ModuleType, shapes: Sequence[tuple[int, ...]], seed: int) -> list[Any]:
    """Random inputs: arrays for NumPy functions, otherwise tensors of the framework that the file uses."""
    generator = np.random.default_rng(seed)
    arrays = [generator.normal(size=shape) for shape in shapes or _likely_shapes(f)]
    if isinstance(f, tuple):
        return list(arrays)
    world = importlib.import_module(_world(f, owner))
    tensors = [world.tensor(x, dtype=world.float64) for x in arrays]
    parameters = list(f.parameters()) if hasattr(f, "named_parameters") else []
    return [t.to(parameters[0].dtype) for t in tensors] if parameters else tensors


def _likely_shapes(f: Any) -> list[tuple[int, ...]]:
    """3,4 for each input without a default; what a module's first weight takes, where it has one."""
    parameters = list(f.parameters()) if hasattr(f, "named_parameters") else []
    shape = (SHAPE[0], int(parameters[0].shape[-1])) if parameters and parameters[0].ndim else SHAPE
    return [shape] * _count(f)


def _count(f: Any) -> int:
    function, skipped = f, 0
    if isinstance(f, tuple):
        function = f[0]
    elif hasattr(f, "named_parameters"):
        function = f.forward
    elif isinstance(f, type):  # a Function, whose forward has ctx first unless there is a setup_context
        function = f.forward  # type: ignore[attr-defined]
        skipped = int(next(iter(inspect.signature(function).parameters), "") == "ctx")
    if isinstance(function, np.ufunc):
        return function.nin
    try:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
    except (ValueError, TypeError) as error:
        raise CannotCheck(NO_SHAPE) from error
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is p.empty for p in parameters)


def _world(f: Any, owner: ModuleType) -> str:
    """The framework of a function: torch, if it is of a class of torch's or torch is among the names of its file."""
    torch = sys.modules.get("torch")
    if torch is None or torch.__name__ != "torch":
        return "tinygrad_mlp"
    kinds = f.__mro__ if isinstance(f, type) else type(f).__mro__
    own = any(kind.__module__.split(".")[0] == "tinygrad_mlp" for kind in kinds)
    theirs = any(kind.__module__.split(".")[0] == "torch" for kind in kinds) or owner.__name__.split(".")[0] == "torch"
    named = any(
        isinstance(x, ModuleType) and x.__name__.split(".")[0] == "torch" for x in vars(owner).values()
    )  # fmt: skip
    return "torch" if theirs or (named and not own) else "tinygrad_mlp"


# -- the table -------------------------------------------------------------------------------------


def _show(report: Any) -> None:
    """As a table of rich in a terminal, as plain text where the output is piped; then what is wrong."""
    titles, *rows = report.table()
    if rows and sys.stdout.isatty():
        try:
            _show_rich(titles, rows)
        except ImportError:
            _show_plain(titles, rows)
    elif rows:
        _show_plain(titles, rows)
    print(report)


def _show_rich(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*titles)
    colours = {"right": "green", "wrong": "red"}
    for row in rows:
        table.add_row(*row, style=colours.get(row[3], "yellow"))
    Console().print(table)


def _show_plain(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[k].splitlines()[0]) if row[k] else 0 for row in (titles, *rows)) for k in range(len(titles))]
    for row in (titles, *rows):
        cells = ((cell.splitlines() or [""])[0] for cell in row)
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
