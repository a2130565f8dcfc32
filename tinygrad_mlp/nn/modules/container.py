"""Containers: modules that hold other modules or parameters in a sequence, a list or a dict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from typing import Any, TypeVar

from ...tensor import Tensor
from ..parameter import Parameter
from ..refusals import (
    ADD_TYPE,
    INDEX_RANGE,
    INSERT_RANGE,
    INSERT_TYPE,
    MODULE_DICT_UPDATE,
    MODULE_LIST_EXTEND,
    PARAMETER_DICT_CALLED,
    PARAMETER_DICT_KEY,
    PARAMETER_DICT_LENGTH,
    PARAMETER_DICT_PAIR,
    PARAMETER_DICT_UPDATE,
    PARAMETER_LIST_CALLED,
    PARAMETER_LIST_EXTEND,
    TIMES_NOT_POSITIVE,
    TIMES_TYPE,
)
from .module import Module
from .text import in_lines

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]

Listed = TypeVar("Listed", bound="_Listed")


class _Listed(Module):
    """The base class of Sequential and ModuleList, whose children have numbers for names."""

    def _key(self, index: Any) -> str:
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            raise IndexError(INDEX_RANGE.format(index=number))
        key: str = list(self._modules)[number]
        return key

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: int | slice) -> None:
        for key in list(self._modules)[index] if isinstance(index, slice) else [self._key(index)]:
            delattr(self, key)
        self._renumber(list(self._modules.values()))

    def _renumber(self, modules: list[Any]) -> None:
        self.__dict__["_modules"] = {str(i): module for i, module in enumerate(modules)}

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def append(self: Listed, module: Module) -> Listed:
        """Append a module and return the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: Listed, modules: Iterable[Module]) -> Listed:
        """Append several modules and return the container; TypeError if `modules` is not iterable."""
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove a module, or a slice of them, and return it."""
        module = self[key]  # type: ignore[index]
        del self[key]
        return module


class Sequential(_Listed):
    """A sequence of modules, each of which is called with the output of the one before.

    It is made of modules, or of one OrderedDict of modules by name. It can be indexed, sliced, joined with `+` and
    repeated with `*`. IndexError for a number out of range, TypeError for what is not a Module. Source:
    torch.nn.Sequential.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0] if len(args) == 1 and isinstance(args[0], OrderedDict) else None
        for name, module in named.items() if named is not None else ((str(i), m) for i, m in enumerate(args)):
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """Return the output of the last module, or the input if there are no modules."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._key(index)]

    def insert(self, index: int, module: Module) -> Sequential:
        """Insert a module before the one at `index`, rename all by their numbers, and return the container.

        IndexError for an index out of range, AssertionError for what is not a Module.
        """
        if not isinstance(module, Module):
            raise AssertionError(INSERT_TYPE.format(type=Module))
        if not -len(self) <= index <= len(self):
            raise IndexError(INSERT_RANGE.format(index=index))
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *_sequential(other))

    def __iadd__(self, other: Sequential) -> Sequential:
        return self.extend(_sequential(other))

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*list(self) * self._times(other))

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Sequential:
        return self.extend(list(self) * (self._times(other) - 1))

    def _times(self, n: int) -> int:
        if not isinstance(n, int):
            raise TypeError(TIMES_TYPE.format(type=type(self), found=type(n)))
        if n <= 0:
            raise ValueError(TIMES_NOT_POSITIVE.format(factor=n, type=type(self)))
        return n


def _sequential(other: object) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(ADD_TYPE.format(found=type(other)))
    return other


class ModuleList(_Listed):
    """A list of modules, which become children of the module that holds the list; it has no forward.

    It can be indexed, sliced and joined with `+`. IndexError for a number out of range, TypeError for what is not a
    Module. Source: torch.nn.ModuleList.
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self._modules.values())[index])
        return self._modules[self._key(index)]

    def extend(self: Listed, modules: Iterable[Module]) -> Listed:
        """Append several modules and return the list; TypeError if `modules` is not iterable."""
        if not isinstance(modules, Iterable):
            raise TypeError(MODULE_LIST_EXTEND.format(found=type(modules).__name__))
        return super().extend(modules)

    def insert(self, index: int, module: Module) -> None:
        """Insert a module before the one at `index`; as in list.insert, no index is out of range."""
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)

    def __repr__(self) -> str:
        """Show the modules; a run of modules that look alike is shown once, with their count."""
        lines = []
        first = 0
        for text, group in groupby(map(repr, self)):
            count = len(list(group))
            lines.append(f"({first}): {text}" if count == 1 else f"({first}-{first + count - 1}): {count} x {text}")
            first += count
        return in_lines(type(self).__name__, lines)


class ModuleDict(Module):
    """A dict of modules, which become children of the module that holds the dict; it has no forward.

    KeyError for a name that has a dot or is an attribute already, TypeError for what is not a Module. Source:
    torch.nn.ModuleDict.
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Remove a module and return it; KeyError for an unknown name."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> ValuesView[Module]:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> ItemsView[str, Module]:
        """Return the pairs of name and module."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | ModuleDict) -> None:
        """Add or replace modules, given as a mapping or as pairs; TypeError for what is not iterable."""
        if not isinstance(modules, Iterable):
            raise TypeError(MODULE_DICT_UPDATE.format(found=type(modules).__name__))
        for key, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self[key] = module


class ParameterList(Module):
    """A list of parameters, which become parameters of the module that holds the list.

    Tensors are turned into Parameters. The list can be indexed, sliced and extended with `+=`. IndexError for a number
    out of range. Source: torch.nn.ParameterList.
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _key(self, index: Any) -> str:
        number = operator.index(index)
        if not -self._size <= number < self._size:
            raise IndexError(INDEX_RANGE.format(index=number))
        return str(number % self._size)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(self._size)[index]])
        return getattr(self, self._key(index))

    def __setitem__(self, index: int, value: Any) -> None:
        plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
        setattr(self, self._key(index), Parameter(value) if plain else value)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self._size))

    def append(self, value: Any) -> ParameterList:
        """Append a parameter and return the list."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Append several parameters and return the list; TypeError for what is not iterable, or is a single tensor."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(PARAMETER_LIST_EXTEND.format(found=type(values).__name__))
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def extra_repr(self) -> str:
        """Return one line for each parameter."""
        return "\n".join(f"  ({i}): {_described(value)}" for i, value in enumerate(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(PARAMETER_LIST_CALLED)


class ParameterDict(Module):
    """A dict of parameters, which become parameters of the module that holds the dict.

    Tensors are turned into Parameters. It is made of a mapping, sorted by name if that is a plain dict, or of pairs;
    `|` joins two. TypeError for a name that is not a string. Source: torch.nn.ParameterDict.
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _attribute(self, key: str) -> str:
        if not isinstance(key, str):
            raise TypeError(PARAMETER_DICT_KEY.format(found=type(key).__name__))
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._attribute(key))

    def __setitem__(self, key: str, value: Any) -> None:
        self._keys[key] = None
        plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
        setattr(self, self._attribute(key), Parameter(value) if plain else value)

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, self._attribute(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Return a new ParameterDict with the same parameters."""
        return ParameterDict(self.items())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a name; an unknown name is first given the value `default`."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Remove all parameters."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Remove a parameter and return it; AttributeError for an unknown name."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the last name and return it with its parameter; KeyError if the dict is empty."""
        key, _ = self._keys.popitem()
        self._keys[key] = None
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a name, or `default` if it is unknown."""
        return getattr(self, key) if key in self._keys else default

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a new ParameterDict with the value `default` for every name."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Iterate over the pairs of name and parameter."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """Iterate over the parameters."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add or replace parameters, given as a mapping or as pairs.

        TypeError for what is not iterable, ValueError for an item that is not a pair.
        """
        if not isinstance(parameters, Iterable):
            raise TypeError(PARAMETER_DICT_UPDATE.format(found=type(parameters).__name__))
        if isinstance(parameters, (OrderedDict, ParameterDict)):
            parameters = parameters.items()
        elif isinstance(parameters, Mapping):
            parameters = sorted(parameters.items())
        for i, pair in enumerate(parameters):
            if not isinstance(pair, Iterable):
                raise TypeError(PARAMETER_DICT_PAIR.format(index=i, found=type(pair).__name__))
            entry = tuple(pair)
            if len(entry) != 2:
                raise ValueError(PARAMETER_DICT_LENGTH.format(index=i, length=len(entry)))
            key, value = entry
            self[key] = value

    def extra_repr(self) -> str:
        """Return one line for each parameter."""
        return "\n".join(f"  ({key}): {_described(value, True)}" for key, value in self.items())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(PARAMETER_DICT_CALLED)

    def __or__(self, other: Any) -> ParameterDict:
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> ParameterDict:
        joined: ParameterDict = other.copy()
        joined.update(self)
        return joined

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self


def _described(value: Any, by_type: bool = False) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    word = value.type() if by_type else value.dtype
    return f"{kind} containing: [{word} of size {'x'.join(map(str, value.shape))}]"
