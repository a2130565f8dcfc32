"""What `run` says of an exception that the program did not catch.

What the program needs and the package lacks is reported in one line; any other exception with the program's traceback.
"""

from __future__ import annotations

import linecache
import os
import re
import runpy
import sys
import traceback
from collections.abc import Mapping
from traceback import walk_tb
from types import FrameType, ModuleType, TracebackType
from typing import Any

from ..absent.rows import NotHere
from ..alias import renamed, within
from .missing_names import missing_names
from .refusals import BY_TORCH, OTHERS_MISSING

__all__ = ["report"]

_RUNNER = frozenset([os.path.join(os.path.dirname(__file__), name) for name in ("run.py", "notebook.py")])
_RUNPY = frozenset([runpy.__file__, "<frozen runpy>"])


def report(error: BaseException, files: Mapping[str, str], package: str, source: str | None = None) -> int:
    """Report an exception that the program did not catch, and return the exit code, 2 or 1.

    `files` has the names of the program's main files as keys, and how they are shown as values; `source` is the text of
    a program that has no file.
    """
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename in _RUNNER | _RUNPY:
        trace = trace.tb_next
    missing = _missing(error, package)
    place = _place(trace, files, package) if missing else None
    if place:
        print(f"{place[0]}: {missing} is not in {package}{place[1]}", file=sys.stderr)
        _report_others(str(missing), files, package, source)
        return 2
    if any(name in linecache.cache and not os.path.exists(name) for name in files):  # the cells of a notebook
        traceback.print_exception(error.with_traceback(trace))
    else:
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    script = next(iter(files.values()), "")
    if package != "torch" and script.endswith(".py") and sys.stderr.isatty():  # elsewhere it is all as python's
        print(BY_TORCH.format(script=script), file=sys.stderr)
    return 1


def _report_others(first: str, files: Mapping[str, str], package: str, source: str | None) -> None:
    """List the other names that the program and its imports will miss."""
    others: dict[str, str] = {}
    for name, shown in files.items():
        linecache.checkcache(name)
        others |= missing_names(source or "".join(linecache.getlines(name)), shown, package) | others
    others.pop(first, None)
    if others:
        print(OTHERS_MISSING.format(package=package), file=sys.stderr)
        for other, place in others.items():
            print(f"  {other} ({place})", file=sys.stderr)


def _missing(error: BaseException, package: str) -> str | None:
    """Return the torch name of what the package lacks, from an import or attribute error or a refusal."""
    if isinstance(error, ImportError):
        module = error.name or ""
        if isinstance(error, ModuleNotFoundError):
            return module if within(module, "torch") else None
        name = re.match(r"cannot import name '(\w+)'", str(error))  # `name_from` only exists since Python 3.12
        own = _under_torch(module, package)
        return f"{own}.{name[1]}" if name and own else None
    if isinstance(error, NotHere):
        return error.name
    if isinstance(error, AttributeError) and error.name:
        owner = _owner(error.obj, error.name, package)
        return f"{owner}.{error.name}" if owner else None
    return None


def _owner(holder: object, name: str, package: str) -> str | None:
    """Return the torch name of the module or class that lacks the attribute `name`; None if it is not the package's."""
    if isinstance(holder, ModuleType):
        return _under_torch(holder.__name__, package)
    if isinstance(holder, super):
        bound: Any = holder  # typeshed's super lacks the two attributes
        order = bound.__self_class__.__mro__
        cls: type = order[order.index(bound.__thisclass__) + 1]
    else:
        cls = holder if isinstance(holder, type) else type(holder)
    if within(str(cls.__module__), package) or within(str(cls.__module__), "torch"):  # as its classes say in a run
        return _public_name(cls, package)
    # `self.fc3` in a module of the script is a mistake of the script; `self.half()` is a method that torch has.
    module_class = getattr(sys.modules.get(f"{package}.nn"), "Module", None)
    if name in MODULE_API and isinstance(module_class, type) and issubclass(cls, module_class):
        return "torch.nn.Module"
    return None


def _under_torch(module: str, package: str) -> str | None:
    """The name under torch of a module of the package, which itself says in a run that it is torch; else None."""
    own = renamed(module, package, "torch") if within(module, package) else module
    return own if within(own, "torch") else None


def _public_name(cls: type, package: str) -> str:
    """Return the shortest name by which a class can be imported, such as torch.Tensor, not torch.tensor.Tensor."""
    modules = {m: _under_torch(m.__name__, package) for m in list(sys.modules.values()) if isinstance(m, ModuleType)}
    names = [name for m, name in modules.items() if name and vars(m).get(cls.__name__) is cls]
    own = str(cls.__module__)  # which a class that was made in the run has not been told to call torch's
    own = renamed(own, package, "torch") if within(own, package) else own
    shortest = min(names or [own], key=lambda name: (name.count("."), name))
    return f"{shortest}.{cls.__qualname__}"


def _place(trace: TracebackType | None, files: Mapping[str, str], package: str) -> tuple[str, str] | None:
    """Return the line of the program, and " (asked for in FILE:LINE)" if the attribute was read in another file.

    None if the package itself read it: that is a fault of the package, whose traceback should be seen. A `__getattr__`
    of the package does not count, because the attribute is read by its caller, nor does what only refuses.
    """
    steps = [(frame, line) for frame, line in walk_tb(trace) if not within(_module_of(frame), "importlib")]
    outside = [index for index, (frame, _) in enumerate(steps) if not within(_module_of(frame), package)]
    own = [(files[name], line) for frame, line in steps if (name := frame.f_code.co_filename) in files]
    if not outside or not own:  # a syntax error of the program has no frames
        return None
    inside = steps[outside[-1] + 1 :]
    asked = not inside or inside[0][0].f_code.co_name in ("__getattr__", "__getattribute__")
    if not asked and _module_of(inside[-1][0]) != f"{package}.absent.rows":
        return None
    frame, line = steps[outside[-1]]
    filename = frame.f_code.co_filename
    return f"{own[-1][0]}:{own[-1][1]}", "" if filename in files else f" (asked for in {filename}:{line})"


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
