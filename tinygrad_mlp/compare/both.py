"""One function under both frameworks: what it names of one of them is replaced by what the other calls the same.

A function of tensors that calls `torch.tanh`, or a method, is written once. For the other framework it is made again
with other globals: the modules, functions, classes and dtypes of one framework become those of the other.
"""

from __future__ import annotations

import builtins
import dis
import functools
import importlib
import inspect
import operator
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from ..testing.frameworks import array_of, is_tensor
from .refusals import A_CLASS, AN_OBJECT, NO_COUNTERPART, NOT_A_FUNCTION

PACKAGES = (__name__.partition(".")[0], "torch")
# Where functions and classes of a framework are looked for.
_PLACES = "", "nn.functional", "Tensor", "nn", "nn.init", "nn.utils", "optim", "func", "autograd", "autograd.functional"


def under(package: str, f: Any, first: bool) -> Callable[..., Any]:
    """The function to call under a package: of a pair the first or the second, else `f` as that package has it.

    A function whose first parameter is called `torch` is handed the package there. TypeError for what is no function,
    and for what the package has no counterpart of.
    """
    if isinstance(f, tuple) and len(f) == 2 and all(map(callable, f)):
        return f[0 if first else 1]  # type: ignore[no-any-return]
    if isinstance(f, type) or not callable(f):
        raise TypeError(NOT_A_FUNCTION.format(found=f))
    if takes_package(f):
        return functools.partial(f, importlib.import_module(package))
    return _Translation(package)(f)  # type: ignore[no-any-return]


def takes_package(f: Any) -> bool:
    """Whether it is a function `f(torch, ...)`, which is handed the package."""
    if not isinstance(f, types.FunctionType):
        return False
    return next(iter(inspect.signature(f).parameters), None) == "torch"


class _Translation:
    """Gives for each object the one that has its part under a package; most objects are their own counterparts."""

    def __init__(self, package: str) -> None:
        self.package = package
        (self.source,) = (name for name in PACKAGES if name != package)
        self.known: dict[int, Any] = {}  # functions that are being made again, as they may call one another

    def __call__(self, value: Any) -> Any:
        if id(value) in self.known:
            return self.known[id(value)]
        if isinstance(value, types.MethodType):
            owner = self(value.__self__)
            return types.MethodType(self(value.__func__), owner)
        if self._is_foreign(value):
            return self._counterpart(value)
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, functools.partial):
            return functools.partial(self(value.func), *self(value.args), **self(value.keywords))
        return self._contents(value) if type(value) in (list, tuple, dict) else value

    def _contents(self, value: Any) -> Any:
        """A list, tuple or dict with the counterparts of what is in it; the very same one if these are all the same."""
        self.known[id(value)] = value  # for one that contains itself
        old = list(value.values() if isinstance(value, dict) else value)
        new = [self(each) for each in old]
        if all(map(operator.is_, new, old)):
            return value
        made = dict(zip(value, new, strict=True)) if isinstance(value, dict) else type(value)(new)
        self.known[id(value)] = made
        return made

    def _is_foreign(self, value: Any) -> bool:
        """Whether an object is one of the other framework's, or derives from one."""
        if isinstance(value, types.ModuleType):
            return _package(value.__name__) == self.source
        holder = getattr(value, "__objclass__", None)  # of a method that is written in C
        classes = value.__mro__ if isinstance(value, type) else type(value).__mro__
        places = [getattr(each, "__module__", None) for each in (value, holder, *classes)]
        return any(isinstance(place, str) and _package(place) == self.source for place in places)

    def _counterpart(self, value: Any) -> Any:
        if isinstance(value, types.ModuleType):
            name = value.__name__.partition(".")[2]
            return self._found(_attribute(self.package, name), value.__name__)
        if is_tensor(value):
            module = importlib.import_module(self.package)
            return module.from_numpy(array_of(value)).requires_grad_(value.requires_grad)
        name = getattr(value, "__name__", "") or str(value).rpartition(".")[2]  # of a function or class, or of a dtype
        for place in _PLACES:
            path = f"{place}.{name}".lstrip(".")
            if name and _attribute(self.source, path) is value:
                return self._found(_attribute(self.package, path), f"{self.source}.{path}")
        if isinstance(value, type):
            raise TypeError(A_CLASS.format(name=value.__name__, source=self.source, target=self.package))
        if hasattr(value, "__name__"):
            raise TypeError(NO_COUNTERPART.format(target=self.package, name=name))
        raise TypeError(AN_OBJECT.format(name=type(value).__name__, source=self.source, target=self.package))

    def _found(self, value: Any, name: str) -> Any:
        if value is None:
            raise TypeError(NO_COUNTERPART.format(target=self.package, name=name))
        return value

    def _function(self, f: types.FunctionType) -> types.FunctionType:
        """The same code with other globals, other defaults and another closure; `f` itself if these are the same."""
        cells = tuple(types.CellType() for _ in f.__closure__ or ())
        own = {**f.__globals__, "__builtins__": {**vars(builtins), "__import__": self._import}}
        made = types.FunctionType(f.__code__, own, f.__name__, None, cells)
        self.known[id(f)] = made
        made.__defaults__, made.__kwdefaults__ = self(f.__defaults__), self(f.__kwdefaults__)
        pairs = [(made.__defaults__, f.__defaults__), (made.__kwdefaults__, f.__kwdefaults__)]
        for name in {*_global_names(f.__code__)} & {*f.__globals__}:
            made.__globals__[name] = self(f.__globals__[name])
            pairs.append((made.__globals__[name], f.__globals__[name]))
        for new, old in zip(cells, f.__closure__ or (), strict=True):
            new.cell_contents = self(old.cell_contents)
            pairs.append((new.cell_contents, old.cell_contents))
        if all(new is old or new is made for new, old in pairs) and not _imports(f.__code__, self.source):
            self.known[id(f)] = f
        return self.known[id(f)]  # type: ignore[no-any-return]

    def _import(self, name: str, names: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        """What `import` does in a function that is made again."""
        if level == 0 and _package(name) == self.source:
            name = self.package + name[len(self.source) :]
        return __import__(name, names, local, wanted, level)


def _package(place: str) -> str:
    """The package of a module's name; the examples are programs like those of a user."""
    names = place.split(".")
    return "" if names[1:2] == ["examples"] else names[0]


def _global_names(code: types.CodeType) -> Iterator[str]:
    """The globals that a code reads."""
    return (step.argval for step in _instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))


def _imports(code: types.CodeType, package: str) -> bool:
    """Whether a code has an `import` of a package."""
    return any(step.opname == "IMPORT_NAME" and _package(step.argval) == package for step in _instructions(code))


def _instructions(code: types.CodeType) -> Iterator[dis.Instruction]:
    """The instructions of a code, those of the functions in it, too."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _instructions(constant)


def _attribute(package: str, path: str) -> Any:
    """What stands at a path in a package; None if there is nothing. A framework that is not imported has nothing."""
    value: Any = sys.modules.get(package)
    for name in filter(None, path.split(".")):
        value = getattr(value, name, None)
    return value
