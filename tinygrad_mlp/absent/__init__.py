"""Modules of torch that this package does not have, but that programs import and ask questions of.

`torch.cuda` says that there is no such device, `torch.jit.script` gives the function back as it is, and
`torch.fx.symbolic_trace` refuses in one line. Which modules these are, and what stands in them, is said in `table` in
the words that `rows` defines; the files beside these two hold what takes more than a row.

There are no files for the modules themselves. An import hook makes each from its rows when it is first imported, so
that `import tinygrad_mlp` takes no longer for them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["is_absent", "modules_in", "name_in"]


def is_absent(name: str) -> bool:
    """Whether the table has a module of this name, which is written without the package's: "cuda.amp"."""
    from .table import MODULES

    return name in MODULES


def modules_in(name: str) -> list[str]:
    """The names of the modules of the table that stand in a module of it; in the package itself for ""."""
    from .table import MODULES

    start = name and name + "."
    return sorted({each[len(start) :].partition(".")[0] for each in MODULES if each.startswith(start)})


def name_in(module: ModuleType, name: str) -> Any:
    """What the table has for a name of a module that is there, such as nn.Conv2d; AttributeError if it has none."""
    from .layers import NAMES

    inside = module.__name__.partition(".")[2]
    found = _names_in.get(inside) or _names_in.setdefault(
        inside, {short: value for row in NAMES[inside] for short, value in row(inside).items()}
    )
    if name not in found:
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)
    return found[name]


_names_in: dict[str, dict[str, Any]] = {}


class _Finder:
    """The import hook (PEP 451). It comes last, and so is asked only for what has no file.

    It does not derive from the classes of `importlib.abc`, which take longer to import than this whole room.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != __name__.partition(".")[0] or not is_absent(name):
            return None
        return ModuleSpec(fullname, self, is_package=bool(modules_in(name)))  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None  # as the import system makes it

    def exec_module(self, module: ModuleType) -> None:
        from .table import MODULES

        name = module.__name__.partition(".")[2]
        inner = modules_in(name)
        for row in MODULES[name]:
            vars(module).update(row(name))
        module.__doc__ = f"What tinygrad_mlp says of torch.{name}."
        module.__all__ = [each for each in vars(module) if not each.startswith("_")]  # type: ignore[attr-defined]
        module.__getattr__ = lambda wanted: _inner_module(module, inner, wanted)  # type: ignore[method-assign]


def _inner_module(module: ModuleType, inner: list[str], wanted: str) -> Any:
    """A module in another, which is imported when it is first asked for."""
    if wanted in inner:
        return importlib.import_module(f"{module.__name__}.{wanted}")
    raise AttributeError(f"module {module.__name__!r} has no attribute {wanted!r}", name=wanted, obj=module)


sys.meta_path.append(_Finder())
