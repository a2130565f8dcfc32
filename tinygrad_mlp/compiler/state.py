"""The Python state that a step can read: its variables, modules and optimisers, and the functions that it calls.

A program is right only while this state is as it was when the step was recorded. So a walk from the step's function
notes each place where a value is kept (a global variable, an attribute, an item of a list) together with the value.
Of the user's own objects only those attributes count whose names occur in the code that can be reached:

    def step(x): return model(x) * config.scale
    # places: the globals `model` and `config`, `config.scale`, and within the model its parameters, hooks and flags
"""

from __future__ import annotations

import collections
import contextvars
import dis
import functools
import operator
import os
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..alias import is_of_package
from ..nn.modules.hooks import HOOKS, of_all_modules
from ..nn.modules.module import Module
from ..optim.hooks import OF_ALL as OF_ALL_OPTIMIZERS
from ..optim.optimizer import Optimizer
from ..tensor import Tensor
from .places import MISSING, Place

MOST_PLACES = 5000  # a program compares them all at each call
_BY_ANY_NAME = {"getattr", "vars", "__dict__", "attrgetter"}  # these read attributes whose names are in no code
_ANY_GLOBAL = {"globals", "eval", "exec"}  # and these read variables of a module
_PACKAGE = str(Path(__file__).parents[1]) + os.sep  # as code objects have it: symbolic links are not followed
_USER_PARTS = tuple(_PACKAGE + part + os.sep for part in ("examples", "cli", "tables", "testing"))
_STANDARD_LIBRARY = {sysconfig.get_path("stdlib") + os.sep, sysconfig.get_path("platstdlib") + os.sep}
_NOT_USERS = (*_STANDARD_LIBRARY, "<frozen", "<__array_function__", "<tinygrad_mlp")
# Folders of installed libraries wherever they are: of the system below a virtual environment, of the user, in a .pth.
_INSTALLED = {"site-packages", "dist-packages"}
# What of Python's own modules a step reads when its code mentions one of these names.
_OF_PYTHON: dict[str, tuple[set[str], Any]] = {
    "os": ({"environ", "environb", "getenv", "getenvb"}, lambda: os.environ),
    "sys": ({"argv"}, lambda: sys.argv),
}


@functools.cache
def is_users(filename: str) -> bool:
    """Whether a source file is the user's: neither of this package, nor of Python, nor of an installed library.

    This package's examples, commands, estimators and testing tools count as the user's.
    """
    if filename.startswith(_PACKAGE):
        return filename.startswith(_USER_PARTS)
    return not filename.startswith(_NOT_USERS) and _INSTALLED.isdisjoint(Path(filename).parts)


def random_states() -> dict[str, Any]:
    """The states of Python's own random generator and of NumPy's global one, as far as their modules are imported."""
    return {name: state_of(sys.modules[name]) for name, state_of in _STATE_OF.items() if name in sys.modules}


_STATE_OF: dict[str, Any] = {
    "random": lambda random: random.getstate(),
    "numpy.random": lambda random: (lambda s: (s[1].tobytes(), *s[2:]))(random.get_state()),
}


class State:
    """All that can be reached from a step's function (and from `others`, its arguments that are no tensors).

    `places` holds every place with its value. `tensors` and `arrays` (NumPy's) are kept by identity with their paths,
    `optimizers` and `modules` as lists. The walk is repeated until it meets no code that mentions further names.
    """

    def __init__(self, function: Any, others: Iterable[Any] = ()) -> None:
        names: set[str] = set()
        while True:
            self.places: list[Place] = []
            self.tensors: dict[int, tuple[Tensor, str]] = {}
            self.arrays: dict[int, tuple[Any, str]] = {}
            self.optimizers: list[tuple[Optimizer, str]] = []
            self.modules: list[tuple[Module, str]] = []
            self._seen: dict[int, Any] = {}
            self._names, self._found = names, set(names)
            self._in_optimizer = False
            self.visit(function, "")
            for other in others:
                self.visit(other, "argument")
            if self._found == names:
                break
            names = self._found
        self.overflow = len(self.places) > MOST_PLACES

    @property
    def asks_for_types(self) -> bool:
        """Whether the user's code calls `type`, which tells a recorded number from a float."""
        return "type" in self._found

    def has(self, value: Any) -> bool:
        """Whether the walk came to this object."""
        return id(value) in self._seen

    def changes(self) -> Iterator[Place]:
        """The places where another value is now."""
        return (place for place in self.places if place.changed())

    def put_back(self) -> None:
        """Put the old values back wherever Python allows it, and remove what was added to containers."""
        changed = list(self.changes())
        for place in changed:
            if place.kind == "len":
                self._resize(place)
        for place in changed:  # after the lengths: an item can only be put into a list that is long enough
            if place.can_be_put:
                place.put(place.value)

    def _resize(self, place: Place) -> None:
        holder = place.holder
        if isinstance(holder, dict):
            known = [p.key for p in self.places if p.holder is holder and p.kind == "item"]
            for key in [key for key in holder if key not in known]:
                del holder[key]
        else:
            while len(holder) > place.value:
                holder.pop()
            if isinstance(holder, list):
                holder.extend([None] * (place.value - len(holder)))

    # -- the walk ----------------------------------------------------------------------------------

    def _note(self, holder: Any, key: Any, path: str, kind: str = "item") -> None:
        place = Place(holder, key, kind, path, None, self._in_optimizer)
        value = place.now()
        if value is not MISSING:
            self.places.append(place._replace(value=value))
            if kind != "len":
                self.visit(value, path)

    def visit(self, value: Any, path: str) -> None:
        """Note all places that can be reached from a value."""
        if value is None or isinstance(value, (bool, int, float, str, bytes)) or id(value) in self._seen:
            return
        if len(self.places) > MOST_PLACES:
            return
        self._seen[id(value)] = value
        for kinds, visit in _VISITS:
            if isinstance(value, kinds):
                visit(self, value, path)
                return
        self._object(value, path)

    def _tensor(self, value: Tensor, path: str) -> None:
        self.tensors[id(value)] = (value, path)
        hooks = value._leaf_hooks
        if hooks is not None:
            for called in (*hooks.of_outputs.values(), hooks.accumulated):
                for hook in called.values():
                    self.visit(hook, path)

    def _array(self, value: Any, path: str) -> None:
        self.arrays[id(value)] = (value, path)

    def _context_variable(self, value: Any, path: str) -> None:
        self._note(value, None, path, "context")

    def _environment(self, value: Any, path: str) -> None:
        self.visit(value._data, path)

    def _function(self, value: Any, path: str) -> None:
        if value in (os.getenv, getattr(os, "getenvb", None)):
            self.visit(os.environ, "os.environ")
        if not is_users(value.__code__.co_filename):
            self._called_by(value, path)
            return
        self._found |= _names_of(value.__code__)
        read, variables = _globals_of(value.__code__), value.__globals__
        for name in sorted(variables if read & _ANY_GLOBAL else read & variables.keys()):
            self._note(variables, name, name)
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            self._note(cell, None, name, "cell")
        for default in (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
            self.visit(default, path)

    def _called_by(self, value: Any, path: str) -> None:
        """What a function that is not the user's calls: decorators and transforms hold the user's in their closures."""
        for cell in value.__closure__ or ():
            held = None if cell == types.CellType() else cell.cell_contents
            for function in held.values() if type(held) is dict else (held,):  # a dict as in functools.singledispatch
                if isinstance(function, _FUNCTIONS):
                    self.visit(function, path)

    def _descriptor(self, value: Any, path: str) -> None:
        for function in (getattr(value, name, None) for name in ("__func__", "fget", "fset", "func")):
            self.visit(function, path)

    def _method(self, value: Any, path: str) -> None:
        self.visit(value.__self__, path or "self")
        self.visit(value.__func__, path)

    def _partial(self, value: Any, path: str) -> None:
        for part in (value.func, value.args, value.keywords):
            self.visit(part, path)

    def _getter(self, value: Any, path: str) -> None:
        self._found |= {part for name in value.__reduce__()[1] if isinstance(name, str) for part in name.split(".")}

    def _sequence(self, value: Any, path: str) -> None:
        if not isinstance(value, tuple):
            self._note(value, None, path, "len")
        for i in range(len(value)):
            self._note(value, i, f"{path}[{i}]")

    def _set(self, value: Any, path: str) -> None:
        if isinstance(value, set):
            self._note(value, None, path, "contents")
        for part in value:
            self.visit(part, path)

    def _dict(self, value: Any, path: str) -> None:
        self._note(value, None, path, "len")
        for key in list(value):
            shown = "a tensor" if isinstance(key, Tensor) else repr(key)  # an optimiser's state has parameters as keys
            self._note(value, key, f"{path}[{shown}]")

    def _class(self, value: type, path: str) -> None:
        if is_users(_file_of(value)):
            for name in sorted((self._names | _unnamed(value, value)) & value.__dict__.keys()):
                self._note(value.__dict__, name, f"{path}.{name}")
            self.visit(type(value), path)

    def _module_of_python(self, value: Any, path: str) -> None:
        if is_users(getattr(value, "__file__", None) or "<frozen"):
            for name in sorted(self._names & vars(value).keys()):
                self._note(vars(value), name, f"{path}.{name}")
        names, read = _OF_PYTHON.get(value.__name__, (set(), None))
        if read is not None and self._names & names:
            self.visit(read(), path)

    def _nn_module(self, value: Module, path: str) -> None:
        self.modules.append((value, path))
        for hooks in _HOOKS_OF_ALL_MODULES:
            self.visit(hooks, "the hooks of all modules")
        own = vars(value)
        self._note(own, None, path, "len")  # a new attribute may hide one of the class
        users = self._code_of(type(value), path, ("forward", "__call__"))
        for name in list(own):
            if not users or name in self._names or name in _MODULE_PARTS:
                self._note(own, name, f"{path}.{name}")

    def _optimizer(self, value: Optimizer, path: str) -> None:
        self.optimizers.append((value, path))
        outer, self._in_optimizer = self._in_optimizer, True
        users = self._code_of(type(value), path, ("step", "update"))
        own = vars(value)
        for name in sorted(_OPTIMIZER_PARTS | (self._names & own.keys() if users else set())):
            self._note(own, name, f"{path}.{name}")
        for hooks in OF_ALL_OPTIMIZERS:
            self.visit(hooks, "the hooks of all optimizers")
        self._in_optimizer = outer

    def _object(self, value: Any, path: str) -> None:
        self.visit(getattr(value, "__dict__", {}).get("__wrapped__"), path)  # compiled, or in functools.cache
        own = getattr(value, "__dict__", {})
        if getattr(type(value), "read_by_programs", False):  # one of the package's that holds tensors: a distribution
            names = tuple(name for base in type(value).__mro__ for name in base.__dict__)  # the package calls them
            self._code_of(type(value), path, names)
            self._note(own, None, path, "len")
            for name in own.keys() - type(value).unread_by_programs:
                self._note(own, name, f"{path}.{name}")
            return
        # A scheduler changes itself in the package's code, which is not searched for names: all of it is noted.
        schedules = any(is_of_package(base) and "state_dict" in base.__dict__ for base in type(value).__mro__)
        if self._code_of(type(value), path, ("__call__",), value):
            self._note(own, None, path, "len")
        elif is_of_package(type(value)) and not schedules:
            return
        every = schedules or self._names & _BY_ANY_NAME or isinstance(value, _CONTAINERS)
        for name in sorted(own.keys() if every else self._names & own.keys()):
            self._note(own, name, f"{path}.{name}" if path else name)

    def _code_of(self, cls: type, path: str, always: tuple[str, ...], value: Any = None) -> bool:
        """Visit the methods of an object's class that the step can call; return whether any base is the user's.

        These are the methods whose names the code mentions, those in `always`, and those that no code names.
        """
        found = False
        for base in cls.__mro__:
            if not is_users(_file_of(base)) or base.__module__ == "builtins":
                continue
            found = True
            for name in sorted((self._names | _unnamed(cls, base) | set(always)) & base.__dict__.keys()):
                if value is not None and isinstance(base.__dict__[name], types.MemberDescriptorType):
                    self._note(value, name, f"{path}.{name}", "slot")
                self._note(base.__dict__, name, f"{path}.{name}")
        return found


def _file_of(cls: type) -> str:
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or "<string>"


def _unnamed(cls: type, base: type) -> set[str]:
    """The attributes of one of a class's bases that are asked for without a name in the user's code.

    Python asks for the special methods. If the class is derived from one of the package's, this asks for any, such as
    the `backward` of a Function; of modules and optimisers, which have much else, `always` tells the few.
    """
    if any(is_of_package(parent) for parent in cls.__mro__) and not issubclass(cls, (Module, Optimizer)):
        return set(base.__dict__) - _OF_EVERY_CLASS
    return {name for name, value in base.__dict__.items() if name.startswith("__") and isinstance(value, _FUNCTIONS)}


_OF_EVERY_CLASS = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__"}
_OPTIMIZER_PARTS = {"state", "param_groups", "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"}
_CONTAINERS = (collections.UserDict, collections.UserList, collections.UserString, collections.ChainMap)
_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial, Module)
_MODULE_PARTS = ("training", "_parameters", "_buffers", "_modules", *HOOKS)
_HOOKS_OF_ALL_MODULES = [
    hooks for name, hooks in vars(of_all_modules).items() if name.startswith(("forward", "backward"))
]
_VISITS: tuple[tuple[Any, Any], ...] = (
    (Tensor, State._tensor),
    (Module, State._nn_module),
    (Optimizer, State._optimizer),
    (np.ndarray, State._array),
    (contextvars.ContextVar, State._context_variable),
    (type(os.environ), State._environment),
    (types.FunctionType, State._function),
    (types.MethodType, State._method),
    (functools.partial, State._partial),
    ((operator.attrgetter, operator.methodcaller), State._getter),
    ((property, staticmethod, classmethod, functools.cached_property), State._descriptor),
    ((list, tuple, collections.deque), State._sequence),
    ((set, frozenset), State._set),
    (dict, State._dict),
    (types.ModuleType, State._module_of_python),
    (type, State._class),
)


@functools.cache
def _globals_of(code: types.CodeType) -> frozenset[str]:
    """The global variables that code reads or sets; for `data.grad` that is `data`."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname.endswith(("_GLOBAL", "_NAME"))}
    return frozenset(names).union(*(_globals_of(x) for x in code.co_consts if isinstance(x, types.CodeType)))


@functools.cache
def _names_of(code: types.CodeType) -> frozenset[str]:
    """All names in code: variables, attributes, and strings that could be names of attributes (for `getattr`)."""
    names = {*code.co_names, *code.co_freevars}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_of(constant)
        elif isinstance(constant, str) and constant.isidentifier():
            names.add(constant)
    return frozenset(names)
