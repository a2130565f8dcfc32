"""`tinygrad-mlp run`: runs an unmodified torch script on this package.

For the time of the run an import hook makes `torch`, and every module below it, another name of this package. What the
script needs and the package lacks is reported in one line.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from traceback import walk_tb
from types import FrameType, ModuleType, TracebackType
from typing import Any

__all__ = ["run_script", "torch_alias"]


def run_script(path: str, args: Sequence[str], package: str = "tinygrad_mlp") -> int:
    """Run a torch script as `python path *args` would, with every import of torch giving `package`.

    Returns the exit code: 0 after a run to the end; the script's own code after a SystemExit; 2, with one line on
    stderr, if the script cannot be read or uses something that `package` lacks (a module, a name in
    `from torch import ...`, or an attribute of a module, a class or an object of it); 1 after any other exception, with
    the traceback of the script on stderr. Exceptions that the script catches itself (`try: import torch.cuda`) are not
    reported. KeyboardInterrupt is passed on.

    During the run `sys.argv`, `sys.path[0]`, `__main__` and `__file__` are as CPython sets them for a script (docs:
    "Command line and environment", `<script>`); afterwards they are restored.
    """
    try:
        with open(path, "rb") as stream:
            source = stream.read()
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return 2
    filename = os.path.abspath(path)
    with torch_alias(package), _as_main(path, args, filename) as main:
        try:
            # dont_inherit, because `from __future__ import annotations` of this file must not apply to the script
            exec(compile(source, filename, "exec", dont_inherit=True), main.__dict__)
        except SystemExit as stop:
            return _exit_code(stop)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return _report(error, path, filename, package)
    return 0


# -- torch is another name of the package ----------------------------------------------------------


@contextmanager
def torch_alias(package: str = "tinygrad_mlp") -> Iterator[None]:
    """Make `torch` and every `torch.*` another name of `package` and its modules within the context.

    The modules are the same objects under both names and are imported once. If torch itself was imported before, its
    modules are removed from `sys.modules` and put back at the end; nobody can import it meanwhile. The context is not
    thread-safe, because all threads share `sys.modules`. Raises ImportError if `package` cannot be imported.
    """
    importlib.import_module(package)  # if it failed later, `import torch` would find torch itself
    finder = _TorchFinder(package)
    set_aside = {name: module for name, module in sys.modules.items() if _within(name, "torch")}
    for name in set_aside:
        del sys.modules[name]
    finders = sys.meta_path
    finders.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path = finders  # a script may have put its own list there
        with suppress(ValueError):
            finders.remove(finder)
        for name in [name for name in sys.modules if _within(name, "torch")]:
            del sys.modules[name]
        sys.modules.update(set_aside)


class _TorchFinder(MetaPathFinder, Loader):
    """The import hook (PEP 451), which finds `torch.x` if there is `package.x` and returns that module."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _within(fullname, "torch"):
            return None
        real = _renamed(fullname, "torch", self.package)
        if real not in sys.modules and importlib.util.find_spec(real) is None:
            return None  # the other finders look in the folder of the package and do not find it either
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(_renamed(spec.name, "torch", self.package))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just replaced the spec of the module by that of the alias.
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state
        # As with torch, `import torch` alone puts torch.nn, torch.optim and others into sys.modules.
        for name, loaded in list(sys.modules.items()):
            if name.startswith(self.package + "."):
                sys.modules.setdefault(_renamed(name, self.package, "torch"), loaded)


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _renamed(name: str, old: str, new: str) -> str:
    return new + name[len(old) :]


# -- the script is the main program ----------------------------------------------------------------


@contextmanager
def _as_main(path: str, args: Sequence[str], filename: str) -> Iterator[ModuleType]:
    """Give the script a new `__main__`, `sys.argv` and `sys.path`, and restore the old ones at the end."""
    main = ModuleType("__main__")
    main.__dict__.update(
        __file__=filename, __builtins__=builtins, __loader__=SourceFileLoader("__main__", filename), __cached__=None
    )
    old_main, old_argv, old_path = sys.modules["__main__"], sys.argv, sys.path
    sys.modules["__main__"] = main
    sys.argv = [path, *args]
    sys.path = [os.path.dirname(os.path.realpath(filename)), *old_path]
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


def _report(error: BaseException, path: str, filename: str, package: str) -> int:
    """Report an exception that the script did not catch: one line for what the package lacks, else the traceback."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != filename:  # the runner's own frames
        trace = trace.tb_next
    missing = _missing(error, package)
    place = _place(trace, path, filename, package) if missing else None
    if place:
        print(f"{place[0]}: {missing} is not in {package}{place[1]}", file=sys.stderr)
        return 2
    sys.excepthook(type(error), error.with_traceback(trace), trace)
    return 1


# -- what is missing, and where it was asked for ---------------------------------------------------


def _missing(error: BaseException, package: str) -> str | None:
    """Return the torch name of what the package lacks, from an import or attribute error; None for other errors."""
    if isinstance(error, ImportError):
        module = error.name or ""
        if isinstance(error, ModuleNotFoundError):
            return module if _within(module, "torch") else None
        name = re.match(r"cannot import name '(\w+)'", str(error))  # `name_from` only exists since Python 3.12
        return f"{_renamed(module, package, 'torch')}.{name[1]}" if name and _within(module, package) else None
    if isinstance(error, AttributeError) and error.name:
        owner = _owner(error.obj, error.name, package)
        return f"{owner}.{error.name}" if owner else None
    return None


def _owner(holder: object, name: str, package: str) -> str | None:
    """Return the torch name of the module or class that lacks the attribute `name`; None if it is not the package's."""
    if isinstance(holder, ModuleType):
        return _renamed(holder.__name__, package, "torch") if _within(holder.__name__, package) else None
    if isinstance(holder, super):
        bound: Any = holder  # typeshed's super lacks the two attributes
        order = bound.__self_class__.__mro__
        cls: type = order[order.index(bound.__thisclass__) + 1]
    else:
        cls = holder if isinstance(holder, type) else type(holder)
    if _within(str(cls.__module__), package):
        return _public_name(cls, package)
    # `self.fc3` in a module of the script is a mistake of the script; `self.half()` is a method that torch has.
    module_class = getattr(sys.modules.get(f"{package}.nn"), "Module", None)
    if name in MODULE_API and isinstance(module_class, type) and issubclass(cls, module_class):
        return "torch.nn.Module"
    return None


def _public_name(cls: type, package: str) -> str:
    """Return the shortest name by which a class can be imported, such as torch.Tensor, not torch.tensor.Tensor."""
    modules = [m for m in list(sys.modules.values()) if isinstance(m, ModuleType) and _within(m.__name__, package)]
    names = [m.__name__ for m in modules if vars(m).get(cls.__name__) is cls] or [cls.__module__]
    return f"{_renamed(min(names, key=lambda name: (name.count('.'), name)), package, 'torch')}.{cls.__qualname__}"


def _place(trace: TracebackType | None, path: str, filename: str, package: str) -> tuple[str, str] | None:
    """Return the line of the script, and " (asked for in FILE:LINE)" if the attribute was read in another file.

    None if the package itself read it: that is a fault of the package, whose traceback should be seen. A `__getattr__`
    of the package does not count, because the attribute is read by its caller.
    """
    steps = [(frame, line) for frame, line in walk_tb(trace) if not _within(_module_of(frame), "importlib")]
    outside = [index for index, (frame, _) in enumerate(steps) if not _within(_module_of(frame), package)]
    if not outside:  # a syntax error of the script has no frames
        return None
    inside = steps[outside[-1] + 1 :]
    if inside and inside[0][0].f_code.co_name not in ("__getattr__", "__getattribute__"):
        return None
    script_line = [line for frame, line in steps if frame.f_code.co_filename == filename][-1]
    frame, line = steps[outside[-1]]
    asked = "" if frame.f_code.co_filename == filename else f" (asked for in {frame.f_code.co_filename}:{line})"
    return f"{path}:{script_line}", asked


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


# The public names of nn.Module in torch 2.13, which a script may use on its own subclasses of it.
MODULE_API = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule
    share_memory state_dict to to_empty train type xpu zero_grad
    """.split()  # noqa: SIM905 (a list of this length is read as text)
)
