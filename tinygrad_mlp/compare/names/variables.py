"""Watches a program's variables: each value that is assigned to a name is noted, and each change of one in place.

A name is `scope:path`: the function whose variable it is ("" for a module), and the variable with the way from it to
the array: `w1`, `net.0.weight`, `params.W1`, `w1.grad`. A value is noted when a statement assigns it, when the contents
of an array or tensor are others after a statement than they were before, and, of gradients, when backward has run.
"""

from __future__ import annotations

import os
import sys
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from ..records import OUTPUT, Writer
from .numbers import Array, as_array, is_container, is_numbers, is_tensor, leaves, memory_of
from .statements import scope_of, statements, stores

GRADIENT = ".grad"


@dataclass
class _Known:
    """What a name had when it was looked at last. `value` gives the object, or None where it has gone."""

    value: Any
    version: int
    digest: int
    memory: int | None


class Variables:
    """Notes the values of a program's names.

    `keep` are the numbers of the values that are to be kept whole, in `arrays`, and `first` is how many values of each
    name are, from its first on. `given` has arrays by name and by the place of the value among those of the name, from
    0: it is overwritten by the array, in place.
    The values of the names in `turned` are noted as their transposes.
    """

    def __init__(
        self,
        writer: Writer,
        program: str,
        *,
        keep: Any = (),
        first: int = 0,
        given: dict[tuple[str, int], Array] | None = None,
        turned: Any = (),
    ) -> None:
        self.writer = writer
        self.file = os.path.abspath(program)
        self.folder = os.path.dirname(os.path.realpath(self.file)) + os.sep
        self.keep = frozenset(keep)
        self.first = first
        self.given = given or {}
        self.turned = frozenset(turned)
        self.arrays: dict[str, Array] = {}
        self.handed: dict[str, str] = {}  # for each name that something is given for, what has become of it
        self.losses: list[str] = []
        self.differentiable: set[str] = set()
        self.leaves: set[str] = set()
        self.files: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._known: dict[str, _Known] = {}
        self._tensors: dict[str, None] = {}  # the names whose values are tensors, in order
        self._holders: dict[str, Any] = {}  # containers and objects by name
        self._classes: dict[type, bool] = {}
        self._watched: dict[str, bool] = {}

    # -- what happens in the program ---------------------------------------------------------------

    def watches(self, file: str) -> bool:
        """Whether a file is the program, or in its folder and not installed there."""
        known = self._watched.get(file)
        if known is None:
            known = self._watched[file] = file == self.file or self._is_beside(file)
        return known

    def _is_beside(self, file: str) -> bool:
        real = os.path.realpath(file)
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
        installed = "site-packages" in real or real.startswith((package, sys.prefix + os.sep, sys.base_prefix + os.sep))
        return real.startswith(self.folder) and file.endswith(".py") and not installed

    def assigned(self, frame: FrameType, names: tuple[str, ...], line: int) -> None:
        """Note what a statement has assigned to some variables."""
        in_module = stores(frame.f_code).in_module
        for name in names:
            is_global = name in in_module
            variables = frame.f_globals if is_global else frame.f_locals
            if name not in variables:
                continue
            scope = self._module_scope(frame) if is_global else scope_of(frame.f_code)
            self._assign(f"{scope}:{name}", variables[name], frame.f_code.co_filename, line)

    def _module_scope(self, frame: FrameType) -> str:
        name = str(frame.f_globals.get("__name__", "__main__"))
        return "" if name == "__main__" else name

    def _assign(self, name: str, value: Any, file: str, line: int) -> None:
        self._holders.pop(name, None)
        if is_numbers(value):
            self._note(name, value, file, line)
        elif is_container(value, self._is_own):
            self._holders[name] = value
            self._look_into(name, value, file, line)

    def after(self, frame: FrameType, line: int) -> None:
        """Note what a statement has changed in place: in the memory of what it names, and by what it calls."""
        file = frame.f_code.co_filename
        statement = statements(file).get(line)
        if statement is None:
            return
        touched: set[int] = set()
        for name in statement.names:
            value = frame.f_locals.get(name, frame.f_globals.get(name))
            if value is None or isinstance(value, (int, str, type)):
                continue
            self._touch(value, touched, file, line)
        for name, known in list(self._known.items()):
            if known.memory in touched:
                self._look_again(name, known, file, line)
        if statement.calls:
            self._versions(file, line)

    def _touch(self, value: Any, touched: set[int], file: str, line: int) -> None:
        """Add the memory that belongs to a value, and look again into the containers that it is one of."""
        if is_numbers(value):
            values = [value]
        elif is_container(value, self._is_own):
            values = [leaf for _, leaf in leaves(value, self._is_own)]
            for name, holder in list(self._holders.items()):
                if holder is value:
                    self._look_into(name, value, file, line)
        else:
            return
        for each in values:
            memory = memory_of(each)
            if memory is not None:
                touched.add(memory)
            if is_tensor(each):
                self._gradients_of(each, file, line, False)

    def _versions(self, file: str, line: int) -> None:
        """Look again at the tensors whose version is another one: a step of an optimiser has changed them."""
        for name in list(self._tensors):
            known = self._known[name]
            value = known.value()
            if value is None:
                continue
            if value._version != known.version:
                self._look_again(name, known, file, line)
            self._gradients_of(value, file, line, False)

    def after_backward(self, loss: Any, frame: FrameType) -> None:
        """Note the gradients that a backward pass has left."""
        file, line = frame.f_code.co_filename, frame.f_lineno
        for name in list(self._tensors):
            value = self._known[name].value()
            if value is loss and name not in self.losses:
                self.losses.append(name)
            if value is not None:
                self._gradients_of(value, file, line, True)

    def _gradients_of(self, tensor: Any, file: str, line: int, has_run: bool) -> None:
        """Note the gradient of a tensor under its names if it is another than before.

        A gradient of zeros counts only where backward has made it: else it has been set to zero for the next step.
        """
        gradient = tensor.grad if tensor.is_leaf and tensor.requires_grad else None
        if gradient is None:
            return
        for name in list(self._tensors):
            if self._known[name].value() is not tensor:
                continue
            own = name + GRADIENT
            known = self._known.get(own)
            is_new = known is None or known.value() is not gradient
            if not is_new and known is not None and known.version == gradient._version and not has_run:
                digest = _digest(as_array(gradient))
                is_new = digest != known.digest
            elif not is_new and known is not None:
                is_new = known.version != gradient._version
            if is_new and (has_run or as_array(gradient).any()):
                self._note(own, gradient, file, line)
            elif is_new:
                self._remember(own, gradient, _digest(as_array(gradient)))

    def _cotangent(self, name: str) -> Callable[[Any], None]:
        """A hook that notes the gradient of what has been computed, as backward comes to it."""

        def note(gradient: Any) -> None:
            frame = self.program_frame(sys._getframe(1))
            if frame is not None and is_tensor(gradient):
                self._note(name, gradient.detach(), frame.f_code.co_filename, frame.f_lineno)

        return note

    # -- what is known of the names ----------------------------------------------------------------

    def _is_own(self, kind: type) -> bool:
        """Whether a class is one of the program."""
        known = self._classes.get(kind)
        if known is None:
            module = sys.modules.get(kind.__module__)
            file = getattr(module, "__file__", None)
            known = self._classes[kind] = file is not None and self.watches(os.path.abspath(file))
        return known

    def _look_into(self, name: str, holder: Any, file: str, line: int) -> None:
        """Note the arrays in a container that are others than before."""
        for path, leaf in leaves(holder, self._is_own):
            own = f"{name}.{path}"
            known = self._known.get(own)
            if known is None or known.value() is not leaf:
                self._note(own, leaf, file, line)
            else:
                self._look_again(own, known, file, line)

    def _look_again(self, name: str, known: _Known, file: str, line: int) -> None:
        value = known.value()
        if value is not None and not name.endswith(GRADIENT) and _digest(as_array(value)) != known.digest:
            self._note(name, value, file, line)
        elif value is not None and is_tensor(value):
            known.version = value._version

    def _note(self, name: str, value: Any, file: str, line: int) -> None:
        count = self._counts.get(name, 0)
        if (name, count) in self.given:
            self.handed[name] = _overwrite(value, self._array(name, value), self.given[name, count])
        array = self._array(name, value)
        shown = self.files.setdefault(file, os.path.relpath(file, os.path.dirname(self.file)))
        number = self.writer.add_call(name, "function", shown, line, count)
        self.writer.link(number, OUTPUT, 0, self._summary(array))
        self._counts[name] = count + 1
        if number in self.keep or count < self.first:
            self.arrays[str(number)] = array.copy()
        if is_tensor(value):
            self._tensors[name] = None
            if value.requires_grad:
                (self.leaves if value.is_leaf else self.differentiable).add(name)
                if not value.is_leaf and value.ndim:
                    value.register_hook(self._cotangent(name + GRADIENT))
        else:
            self._tensors.pop(name, None)
        self._remember(name, value, _digest(as_array(value)))
        if name.endswith(GRADIENT):
            self._tensors.pop(name, None)

    def _summary(self, array: Array) -> int:
        """The number of a summary, in which whole numbers of all sizes and bools are comparable."""
        if array.dtype.kind == "f":
            return self.writer.add_array(array)
        return self.writer.add_array(array.astype(np.int64), str(array.dtype))

    def _array(self, name: str, value: Any) -> Array:
        array = as_array(value)
        return array.T if name in self.turned or name.partition(":")[2] in self.turned else array

    def _remember(self, name: str, value: Any, digest: int) -> None:
        version = value._version if is_tensor(value) else 0
        self._known[name] = _Known(_reference(value), version, digest, memory_of(value))

    def program_frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the program, from a frame on outwards."""
        for each in _outwards(frame):
            if self.watches(each.f_code.co_filename):
                return each
        return None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _reference(value: Any) -> Any:
    """What gives the value while it is alive: it must not live longer because it is watched."""
    try:
        return weakref.ref(value)
    except TypeError:  # a number, which cannot change
        return lambda: None


def _digest(array: Array) -> int:
    """A number that is another one when the contents have changed, also where elements were only moved.

    Of a large array the words that are 1021 apart are put together by exclusive or, which is ten times as fast as a
    checksum of them all; as 1021 is a prime, rows and columns that change places show.
    """
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8) if array.size else np.zeros(0, np.uint8)
    if flat.size < 16 * _APART * 8:
        return zlib.crc32(flat.data)
    whole = flat.size - flat.size % (8 * _APART)
    words = np.bitwise_xor.reduce(flat[:whole].view(np.uint64).reshape(-1, _APART), axis=0)
    return zlib.crc32(flat[whole:].data, zlib.crc32(words.view(np.uint8).data))


_APART = 1021


HANDED = "handed over"


def _overwrite(value: Any, target: Array, given: Array) -> str:
    """Write an array into the memory of a value, and say what has become of it."""
    if type(value) is float or isinstance(value, np.generic):
        return "is a number of Python or NumPy, which cannot be written to"
    if target.size != given.size or _essential(target.shape) != _essential(given.shape):
        return f"has another shape: {target.shape} and not {given.shape}"
    if not target.flags.writeable:
        return "is read-only"
    target[...] = given.reshape(target.shape)
    return HANDED


def _essential(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)
