"""Containers: modules and parameters in a row, in a list, in a dict."""

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
    """What Sequential and ModuleList share: children that are numbered."""

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
        """Put a module at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: Listed, modules: Iterable[Module]) -> Listed:
        """Put modules at the end; returns the container. TypeError for what is not iterable."""
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Take a module, or a slice of them, out and return it."""
        module = self[key]  # type: ignore[index]
        del self[key]
        return module


class Sequential(_Listed):
    """Modules in a row, each called with the output of the one before.

    Made of modules, or of one OrderedDict of them by name; indexed by number, sliced, joined with `+`, repeated
    with `*`. IndexError for a number that is out of range, TypeError for what is no Module. Source:
    torch.nn.Sequential.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0] if len(args) == 1 and isinstance(args[0], OrderedDict) else None
        for name, module in named.items() if named is not None else ((str(i), m) for i, m in enumerate(args)):
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """What comes out of the last module; the input where there is none."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._key(index)]

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before the one at `index`; the names become numbers.

        IndexError out of range, AssertionError for what is no Module.
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
    """A list of modules that belong to the module that has it; it cannot be called.

    Indexed by number, sliced, joined with `+`. IndexError for a number that is out of range, TypeError for what is no
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
        """Put modules at the end; returns the list. TypeError for what is not iterable."""
        if not isinstance(modules, Iterable):
            raise TypeError(MODULE_LIST_EXTEND.format(found=type(modules).__name__))
        return super().extend(modules)

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`, as list.insert does: any number is in range."""
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)

    def __repr__(self) -> str:
        """The modules, of neighbours that look the same only the first."""
        lines = []
        first = 0
        for text, group in groupby(map(repr, self)):
            count = len(list(group))
            lines.append(f"({first}): {text}" if count == 1 else f"({first}-{first + count - 1}): {count} x {text}")
            first += count
        return in_lines(type(self).__name__, lines)


class ModuleDict(Module):
    """A dict of modules that belong to the module that has it; it cannot be called.

    KeyError for a name with a dot or one that is an attribute already, TypeError for what is no Module. Source:
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
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module out and return it; KeyError for a name that is not there."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()  # type: ignore[no-any-return]

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._modules.values()  # type: ignore[no-any-return]

    def items(self) -> ItemsView[str, Module]:
        """The names with the modules."""
        return self._modules.items()  # type: ignore[no-any-return]

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | ModuleDict) -> None:
        """Add modules, or replace them, from a mapping or from pairs. TypeError for anything else."""
        if not isinstance(modules, Iterable):
            raise TypeError(MODULE_DICT_UPDATE.format(found=type(modules).__name__))
        for key, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self[key] = module


class ParameterList(Module):
    """A list of parameters that belong to the module that has it; tensors put there become Parameters.

    Indexed by number, sliced, joined with `+=`. IndexError for a number that is out of range. Source:
    torch.nn.ParameterList.
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
        """Put a parameter at the end; returns the list."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Put parameters at the end; returns the list. TypeError for what is not iterable, and for a tensor."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(PARAMETER_LIST_EXTEND.format(found=type(values).__name__))
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def extra_repr(self) -> str:
        """A line for each parameter."""
        return "\n".join(f"  ({i}): {_described(value)}" for i, value in enumerate(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(PARAMETER_LIST_CALLED)


class ParameterDict(Module):
    """A dict of parameters that belong to the module that has it; tensors put there become Parameters.

    Made of a mapping (a plain dict is sorted by key) or of pairs; `|` joins two. KeyError for a name that is not there,
    TypeError for a name that is no text. Source: torch.nn.ParameterDict.
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
        """Another dict with the same parameters."""
        return ParameterDict(self.items())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """What is under a name, which is `default` from now on where there is nothing."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take everything out."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take a parameter out and return it; AttributeError for a name that is not there."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last name out and return it with its parameter; KeyError where there is none."""
        key, _ = self._keys.popitem()
        self._keys[key] = None
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """What is under a name, `default` where there is nothing."""
        return getattr(self, key) if key in self._keys else default

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dict with `default` under every name."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The names with the parameters."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add parameters, or replace them, from a mapping or from pairs.

        TypeError for what is not iterable, ValueError for what is no pair.
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
        """A line for each parameter."""
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
