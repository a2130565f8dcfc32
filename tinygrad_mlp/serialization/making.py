"""What a file may call while it is restricted, with arguments that cannot do harm.

`bytearray` of a number would take as much memory as the number says, a pickle can ask for a copy of one list again and
again, and the hash of a key that holds itself many times over would take years: so each callable of the list has a
function here that makes the same, of the arguments that `save` writes, and TypeError or ValueError for any others.
"""

from __future__ import annotations

import codecs
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from ..arrays import device
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor
from . import rebuilding
from .refusals import COSTLY_COPIES, COSTLY_KEYS

_SMALL = 1 << 60  # integers below it are their own hash
_DEPTH, _BUDGET = 100, 1_000_000


class Limits:
    """How much a pickle of a size may still ask for.

    What becomes a key of a dict or an element of a set is hashed and compared by Python: text and small integers are
    free; nested tuples, and numbers of which many can have one hash, may only be so many. What is copied stands in the
    pickle itself, if `save` wrote it, twice at most.
    """

    def __init__(self, size: int) -> None:
        self._left, self._copies = _BUDGET, 2 * size

    def copy(self, value: Any, *kinds: type) -> Any:
        """The value itself if it is of one of these kinds, of which a copy is made; else TypeError."""
        self._copies -= len(_of(value, *kinds))
        if self._copies < 0:
            raise UnpicklingError(COSTLY_COPIES)
        return value

    def check(self, key: Any) -> None:
        """UnpicklingError where it would take too long to hash."""
        if type(key) is str or (type(key) is int and -_SMALL < key < _SMALL):
            return
        nodes = [(key, 0)]
        while nodes:
            node, depth = nodes.pop()
            if isinstance(node, tuple):
                self._left -= 1 + len(node)
            elif isinstance(node, (int, float, complex)) and not (type(node) is int and -_SMALL < node < _SMALL):
                self._left -= 100
            if self._left < 0 or depth > _DEPTH:
                raise UnpicklingError(COSTLY_KEYS)
            if isinstance(node, tuple):
                nodes += [(each, depth + 1) for each in node]


def _set(limits: Limits, elements: Any = ()) -> set[Any]:
    found = limits.copy(elements, list, tuple)
    for each in found:
        limits.check(each)
    return set(found)


def _ordered_dict(limits: Limits, pairs: Any = ()) -> OrderedDict[Any, Any]:
    found: OrderedDict[Any, Any] = OrderedDict()
    for key, value in limits.copy(pairs, list, tuple):
        limits.check(key)
        found[key] = value
    return found


def _counter(limits: Limits, counts: Any = None) -> Counter[Any]:
    return Counter(None if counts is None else limits.copy(counts, dict))


def _encoded(limits: Limits, text: Any, encoding: Any = "latin1") -> bytes:
    if _of(encoding, str) not in ("latin1", "latin-1"):
        raise ValueError(encoding)
    return str.encode(limits.copy(text, str), encoding)


def _no_bytes(limits: Limits) -> bytes:
    return b""  # protocol 2 writes all others as text


def _bytearray(limits: Limits, content: Any = b"", encoding: Any = "latin1") -> bytearray:
    return bytearray(_encoded(limits, content, encoding) if type(content) is str else limits.copy(content, bytes))


def _complex(limits: Limits, real: Any, imaginary: Any) -> complex:
    return complex(_of(real, float, int), _of(imaginary, float, int))


def _size(limits: Limits, sizes: Any) -> Size:
    return Size(limits.copy(sizes, tuple, list))


def _device(limits: Limits, *arguments: Any) -> device:
    return device(*arguments)


def _parameter(limits: Limits, data: Any, requires_grad: Any = True) -> Parameter:
    return Parameter(_of(data, Tensor), _of(requires_grad, bool))


def _of(value: Any, *kinds: type) -> Any:
    """The value itself if it is of one of these kinds, else TypeError."""
    if not isinstance(value, kinds):
        raise TypeError(f"{type(value).__name__} is not {kinds[0].__name__}")
    return value


def _rebuilt(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that checks its arguments itself."""
    return lambda limits, *arguments: function(*arguments)


_REBUILDING = (
    rebuilding.rebuild_tensor, rebuilding.rebuild_tensor_v2, rebuilding.rebuild_tensor_v3,
    rebuilding.rebuild_meta_tensor, rebuilding.rebuild_parameter, rebuilding.rebuild_parameter_with_state,
    rebuilding.rebuild_from_type_v2, rebuilding.get_layout,
)  # fmt: skip

# By the identity of what a file names, because its stack holds objects that cannot be hashed or compared.
MAKING: dict[int, Callable[..., Any]] = {
    id(set): _set,
    id(OrderedDict): _ordered_dict,
    id(Counter): _counter,
    id(codecs.encode): _encoded,
    id(bytearray): _bytearray,
    id(bytes): _no_bytes,
    id(complex): _complex,
    id(Size): _size,
    id(device): _device,
    id(Parameter): _parameter,
    **{id(each): _rebuilt(each) for each in _REBUILDING},
}
