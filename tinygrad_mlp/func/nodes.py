"""The types whose values are nodes of a tree, with how each is taken apart and put together again.

A program adds types of its own by torch.utils._pytree.register_pytree_node; what is of no such type is a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..tensor.named import NamedResult


@dataclass(frozen=True)
class SequenceKey:
    """The place of a part in a sequence."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        """The part of the sequence at this place."""
        return sequence[self.idx]


@dataclass(frozen=True)
class MappingKey:
    """The place of a part in a mapping."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        """The part of the mapping at this place."""
        return mapping[self.key]


@dataclass(frozen=True)
class GetAttrKey:
    """The place of a part that is an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        """The attribute of the object that has this name."""
        return getattr(obj, self.name)


class NodeDef(NamedTuple):
    """How values of a type are taken apart, into parts and a context, also with the parts' keys, and put together."""

    type: Any
    flatten_fn: Callable[[Any], tuple[Any, Any]]
    unflatten_fn: Callable[[Iterable[Any], Any], Any]
    flatten_with_keys_fn: Callable[[Any], tuple[Any, Any]] | None = None


SUPPORTED_NODES: dict[Any, NodeDef] = {}


def is_namedtuple_class(cls: Any) -> bool:
    """Whether a class is one of named tuples."""
    return (
        isinstance(cls, type)
        and issubclass(cls, tuple)
        and isinstance(getattr(cls, "_fields", None), tuple)
        and all(type(field) is str for field in cls._fields)  # type: ignore[attr-defined]
        and callable(getattr(cls, "_make", None))
        and callable(getattr(cls, "_asdict", None))
    )


def node_type(tree: Any) -> Any:
    """The type by which a value is looked up; for every named tuple it is the function `namedtuple` (as in torch)."""
    kind = type(tree)
    if kind is tuple or not issubclass(kind, tuple):
        return kind
    if issubclass(kind, NamedResult) and kind not in SUPPORTED_NODES:
        _add(kind, lambda tree: (list(tree), None), lambda parts, context: kind(parts), _indices)
    return namedtuple if is_namedtuple_class(kind) else kind


def node_of(tree: Any) -> NodeDef | None:
    """How a value is taken apart; None for a leaf."""
    return SUPPORTED_NODES.get(node_type(tree))


def _add(
    kind: Any,
    flatten: Callable[[Any], tuple[list[Any], Any]],
    unflatten: Callable[[Iterable[Any], Any], Any],
    keys: Callable[[Any], Iterable[Any]],
) -> None:
    def with_keys(tree: Any) -> tuple[Any, Any]:
        parts, context = flatten(tree)
        return list(zip(keys(tree), parts, strict=True)), context

    SUPPORTED_NODES[kind] = NodeDef(kind, flatten, unflatten, with_keys)


def _indices(tree: Any) -> Iterable[Any]:
    return map(SequenceKey, range(len(tree)))


def _keys(tree: Any) -> Iterable[Any]:
    return map(MappingKey, tree)


def _dict_of(parts: Iterable[Any], keys: Any) -> dict[Any, Any]:
    return dict(zip(keys, parts, strict=True))


_add(tuple, lambda tree: (list(tree), None), lambda parts, context: tuple(parts), _indices)
_add(list, lambda tree: (tree, None), lambda parts, context: list(parts), _indices)
_add(dict, lambda tree: (list(tree.values()), list(tree)), _dict_of, _keys)
_add(
    namedtuple,
    lambda tree: (list(tree), type(tree)),
    lambda parts, context: context(*parts),
    lambda tree: map(GetAttrKey, tree._fields),
)
_add(
    OrderedDict,
    lambda tree: (list(tree.values()), list(tree)),
    lambda parts, context: OrderedDict(_dict_of(parts, context)),
    _keys,
)
_add(
    defaultdict,
    lambda tree: (list(tree.values()), [tree.default_factory, list(tree)]),
    lambda parts, context: defaultdict(context[0], _dict_of(parts, context[1])),
    _keys,
)
_add(deque, lambda tree: (list(tree), tree.maxlen), lambda parts, context: deque(parts, maxlen=context), _indices)

STANDARD_DICT_TYPES = frozenset((dict, OrderedDict, defaultdict))
BUILTIN_TYPES = frozenset(SUPPORTED_NODES)
