"""`tinygrad-mlp run`: runs an unmodified torch program on this package.

A program is what `python` takes: a script, `-` for standard input, `-c CODE`, `-m MODULE`, a folder or zip file with a
`__main__.py`; and a notebook besides. For the time of the run `torch` is another name of this package (alias.py).
"""

from __future__ import annotations

import builtins
import os
import runpy
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from ..alias import torch_alias
from .failure import report
from .notebook import NotANotebook, Notebook
from .refusals import NO_ARGUMENT, NO_MAIN

__all__ = ["run_program", "run_script"]


def run_program(arguments: Sequence[str], package: str | None = "tinygrad_mlp") -> int:
    """Run what `python *arguments` would, with every import of torch giving `package`, and return the exit code.

    With None as the package, torch itself is imported.

    The code is 0 after a run to the end; the program's own after a SystemExit; 2, with one line on stderr, if the
    program cannot be read or uses something that `package` lacks (a module, a name in `from torch import ...`, or an
    attribute of a module, a class or an object of it); 1 after any other exception, with the program's traceback on
    stderr. Exceptions that the program catches itself (`try: import torch.cuda`) are not reported. KeyboardInterrupt is
    passed on.

    During the run `sys.argv`, `sys.path[0]`, `__main__` and `__file__` are as CPython sets them (docs: "Command line
    and environment", interface options); afterwards they are restored.
    """
    first, *rest = arguments
    if first in ("-c", "-m"):
        if not rest:
            print(NO_ARGUMENT.format(option=first), file=sys.stderr)
            return 2
        return _run_code(rest[0], rest[1:], package) if first == "-c" else _run_module(rest[0], rest[1:], package)
    if first == "-":
        return _run(package, "-", "<stdin>", rest, "", lambda: sys.stdin.buffer.read(), __file__="<stdin>")
    if os.path.isdir(first) or zipfile.is_zipfile(first):
        return _run_archive(first, rest, package)
    return run_script(first, rest, package)


def run_script(path: str, args: Sequence[str], package: str | None = "tinygrad_mlp") -> int:
    """Run a script, or a notebook, whose name ends with .ipynb; see `run_program`."""
    try:
        with open(path, "rb") as stream:
            source = stream.read()
        notebook = Notebook.read(path, source) if path.lower().endswith(".ipynb") else None
    except (OSError, NotANotebook) as error:
        print(f"{path}: {error.strerror if isinstance(error, OSError) else error}", file=sys.stderr)
        return 2
    filename = os.path.abspath(path)
    folder = os.path.dirname(os.path.realpath(filename))
    if notebook is not None:
        with _alias(package), _as_main(path, args, folder) as main:
            return _guarded(lambda: notebook.run(main.__dict__), notebook.files, package)
    return _run(package, path, filename, args, folder, lambda: source, __file__=filename)


def _alias(package: str | None) -> AbstractContextManager[None]:
    """`torch` as another name of a package; for None it is torch itself."""
    return nullcontext() if package is None else torch_alias(package)


def _run_code(code: str, args: Sequence[str], package: str | None) -> int:
    return _run(package, "-c", "<string>", args, "", lambda: code)


def _run(
    package: str | None,
    name: str,
    filename: str,
    args: Sequence[str],
    folder: str,
    read: Callable[[], Any],
    **variables: Any,
) -> int:
    """Run source text as the main program; `name` is what `sys.argv` begins with."""
    with _alias(package), _as_main(name, args, folder, **variables) as main:

        def run() -> None:
            # dont_inherit, because `from __future__ import annotations` of this file must not apply to the program
            exec(compile(read(), filename, "exec", dont_inherit=True), main.__dict__)

        source = read() if name == "-c" else None
        return _guarded(run, {filename: name if os.path.isabs(filename) else filename}, package, source)


def _run_module(module: str, args: Sequence[str], package: str | None) -> int:
    """Run a module, or the __main__ of a package, as `python -m` does."""
    with _alias(package), _as_main("-m", args, os.getcwd()):
        files: dict[str, str] = {}

        def run() -> None:
            try:
                _, spec, _ = runpy._get_module_details(module, runpy._Error)  # type: ignore[attr-defined]
            except runpy._Error as error:  # type: ignore[attr-defined]
                raise SystemExit(f"{sys.executable}: {error}") from None
            files[spec.origin] = os.path.relpath(spec.origin)
            runpy.run_module(module, run_name="__main__", alter_sys=True)

        return _guarded(run, files, package)


def _run_archive(path: str, args: Sequence[str], package: str | None) -> int:
    """Run the __main__.py of a folder or a zip file."""
    with _alias(package), _as_main(path, args, os.path.abspath(path)) as namespace:
        main = os.path.join(path, "__main__.py")
        files = {main: main, os.path.abspath(main): main}

        def run() -> None:
            if os.path.isdir(path) and not os.path.exists(main):
                raise SystemExit(NO_MAIN.format(python=sys.executable, path=path))
            _, spec, code = runpy._get_main_module_details()  # type: ignore[attr-defined]
            runpy._run_code(code, vars(namespace), None, "__main__", spec, "")  # type: ignore[attr-defined]

        return _guarded(run, files, package)


def _guarded(run: Callable[[], None], files: dict[str, str], package: str | None, source: str | None = None) -> int:
    """Run a program and return its exit code; for `files` and `source` see `report`."""
    try:
        run()
    except SystemExit as stop:
        return _exit_code(stop)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return report(error, files, package or "torch", source)
    return 0


# -- the program is __main__ -----------------------------------------------------------------------


@contextmanager
def _as_main(name: str, args: Sequence[str], folder: str, **variables: Any) -> Iterator[ModuleType]:
    """Give the program a new `__main__`, `sys.argv` and `sys.path`, and restore the old ones at the end."""
    main = ModuleType("__main__")
    loader = SourceFileLoader("__main__", variables["__file__"]) if "__file__" in variables else None
    main.__dict__.update(__builtins__=builtins, __loader__=loader, **variables)
    if variables:
        main.__dict__["__cached__"] = None
    old_main, old_argv, old_path = sys.modules["__main__"], sys.argv, sys.path
    sys.modules["__main__"] = main
    sys.argv = [name, *args]
    sys.path = [folder, *old_path]
    try:
        yield main
    finally:
        sys.modules["__main__"], sys.argv, sys.path = old_main, old_argv, old_path


def _exit_code(stop: SystemExit) -> int:
    """Return the exit code of `sys.exit(code)`, as Python does.

    None gives 0; anything else that is not an int is printed to stderr and gives 1.
    """
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code
    print(stop.code, file=sys.stderr)
    return 1
