"""The names that a program has for its tensors: variables, attributes of modules, and what a line assigns to."""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from ..autograd.outputs import source
from ..messages import caller
from ..tape import Node
from ..tensor import Tensor


class Names:
    """The names that are known where a tape is asked for.

    Local variables of the frames that called come first, the innermost before the others, then globals. `of_leaf` and
    `of_node` give a name, or None. No code of the program runs: dictionaries are read, and tensors are compared by
    identity.
    """

    def __init__(self) -> None:
        self.leaves: dict[int, str] = {}  # by the id of the tensor
        self.arrays: dict[int, str] = {}  # by the id of the array
        self.nodes: dict[tuple[int, int], str] = {}  # by the id of the node, and which of its outputs it is
        self.parameters: set[int] = set()
        self._kept: list[Any] = []  # so that an id stays that of the object

    @classmethod
    def of_caller(cls) -> Names:
        """The names in the frames of the program that calls the package."""
        return cls.of(variables_of_callers())

    @classmethod
    def of(cls, variables: list[dict[str, Any]]) -> Names:
        """The names in dictionaries of variables, those in the first before the others."""
        names = cls()
        for each in variables:
            names.add(each)
        return names

    def add(self, variables: Any) -> None:
        """Add the tensors and the parameters of the modules among some variables; names that are there stay."""
        module_class = _module_class()
        for name, value in list(variables.items()):
            if name.startswith("_"):
                continue
            if isinstance(value, Tensor):
                self._add_tensor(name, value)
            elif module_class is not None and isinstance(value, module_class):
                for own, parameter in value.named_parameters(name):
                    self.parameters.add(id(parameter))
                    self._add_tensor(own, parameter)
            elif type(value) in (list, tuple) and len(value) <= 100:
                for i, item in enumerate(value):
                    if isinstance(item, Tensor):
                        self._add_tensor(f"{name}[{i}]", item)

    def _add_tensor(self, name: str, tensor: Tensor) -> None:
        self._kept.append(tensor)
        self.leaves.setdefault(id(tensor), name)
        self.arrays.setdefault(id(tensor.array), name)
        if tensor.node is not None:
            node, index = source(tensor.node)
            self.nodes.setdefault((id(node), index), name)

    def of_node(self, node: Node, index: int = 0) -> str | None:
        """The name of an operator's output, of several that with the index."""
        return self.nodes.get((id(node), index))

    def of_leaf(self, tensor: Tensor) -> str | None:
        """The name of a leaf."""
        return self.leaves.get(id(tensor))

    def of_array(self, array: Any) -> str | None:
        """The name of a tensor over an array."""
        return self.arrays.get(id(array))


def variables_of_callers() -> list[dict[str, Any]]:
    """The variables in the frames of the program that calls the package: locals first, the innermost frame first."""
    found: list[dict[str, Any]] = []
    frame = caller()
    while frame is not None:
        if frame.f_locals is not frame.f_globals:
            found.append(dict(frame.f_locals))
        if frame.f_back is None or frame.f_back.f_globals is not frame.f_globals:
            found.append(dict(frame.f_globals))
        frame = frame.f_back
    return found


def _module_class() -> Any:
    """The class Module, where the program has imported it."""
    nn = sys.modules.get(__name__.partition(".")[0] + ".nn")
    return None if nn is None else nn.Module


def assigned_name(frame: FrameType) -> str | None:
    """The variable or attribute to which the call that a frame is at will be assigned, read from its bytecode."""
    return _targets(frame.f_code).get(frame.f_lasti)


_STORES = frozenset(("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR"))
_BETWEEN = frozenset(("CACHE", "LOAD_FAST", "LOAD_NAME", "LOAD_FAST_BORROW"))  # of the object whose attribute is set


@functools.lru_cache(maxsize=4096)
def _targets(code: CodeType) -> dict[int, str]:
    """For the offset of each instruction that a store follows, the name that is stored to."""
    found: dict[int, str] = {}
    instructions = list(_instructions(code))
    for i, instruction in enumerate(instructions[:-1]):
        following = instructions[i + 1 : i + 3]
        if following[0].opname in _STORES and following[0].opname != "STORE_ATTR":
            found[instruction.offset] = str(following[0].argval)
        elif len(following) == 2 and following[1].opname == "STORE_ATTR" and following[0].opname in _BETWEEN:
            found[instruction.offset] = f"{following[0].argval}.{following[1].argval}"
    return found


def _instructions(code: CodeType) -> Iterator[dis.Instruction]:
    return (instruction for instruction in dis.get_instructions(code) if instruction.opname != "CACHE")
