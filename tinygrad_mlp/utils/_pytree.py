"""Trees: values that are nested in tuples, lists, dicts and types of a program's own (torch.utils._pytree).

A tree is flattened into the list of its leaves and a TreeSpec, from which it can be made again with other leaves.
"""

from __future__ import annotations

import types
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from ..func.nodes import (
    BUILTIN_TYPES,
    STANDARD_DICT_TYPES,
    SUPPORTED_NODES,
    GetAttrKey,
    MappingKey,
    NodeDef,
    SequenceKey,
    is_namedtuple_class,
    node_type,
)
from ..messages import warn
from .refusals import (
    NO_KEYS,
    NODE_ARITY,
    NODE_CONTEXT,
    NODE_CUSTOM_CONTEXT,
    NODE_CUSTOM_TYPE,
    NODE_DEPRECATED,
    NODE_KEYS,
    NODE_REGISTERED,
    NODE_TYPE,
    NODE_WARNING,
    NOT_A_TREESPEC,
    ONLY_TYPE,
    TREE_LEAVES,
)

__all__ = [
    "SUPPORTED_NODES", "Context", "FlattenFn", "FlattenFunc", "GetAttrKey", "KeyPath", "LeafSpec", "MappingKey",
    "NodeDef", "PyTree", "PyTreeSpec", "SequenceKey", "TreeSpec", "UnflattenFn", "UnflattenFunc", "arg_tree_leaves",
    "is_namedtuple", "is_namedtuple_class", "is_namedtuple_instance", "key_get", "keystr", "map_only",
    "register_pytree_node", "tree_all", "tree_all_only", "tree_any", "tree_any_only", "tree_flatten",
    "tree_flatten_with_path", "tree_is_leaf", "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_map",
    "tree_map_", "tree_map_only", "tree_map_only_", "tree_map_with_path", "tree_structure", "tree_unflatten",
    "treespec_leaf",
]  # fmt: skip

PyTree = Any
Context = Any
KeyPath = tuple[Any, ...]
FlattenFn = Callable[[PyTree], tuple[list[Any], Context]]
UnflattenFn = Callable[[Iterable[Any], Context], PyTree]
FlattenFunc = FlattenFn
UnflattenFunc = UnflattenFn
IsLeaf = Callable[[PyTree], bool] | None
Kinds = type[Any] | tuple[type[Any], ...] | types.UnionType

_get_node_type = node_type


class TreeSpec:
    """The structure of a tree: the type and the context of its root, and the structures of the parts.

    Equal structures compare equal and have the same hash. Source: torch.utils._pytree.TreeSpec.
    """

    __slots__ = ("_children", "_context", "num_children", "num_leaves", "num_nodes", "type")

    def __init__(self, type: Any, context: Context, children_specs: list[TreeSpec]) -> None:
        self.type = type
        self._context = context
        self._children = children_specs
        self.num_children = len(children_specs)
        self.num_nodes: int = 1 + sum(child.num_nodes for child in children_specs)
        self.num_leaves: int = sum(child.num_leaves for child in children_specs) if type is not None else 1

    def __repr__(self, indent: int = 0) -> str:
        if self.is_leaf():
            return "*"
        indent += 2
        between = ",\n" + " " * indent
        parts = between.join(child.__repr__(indent) for child in self._children)
        return f"TreeSpec({self.type.__name__}, {self._context}, [{parts}])"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return self is other or (
            self.type is other.type and self._context == other._context and self._children == other._children
        )

    def __hash__(self) -> int:
        context = self._context
        if self.type is defaultdict:
            context = context[0], tuple(context[1])
        elif self.type in STANDARD_DICT_TYPES:
            context = tuple(context)
        elif self.type is not None and self.type not in BUILTIN_TYPES:
            context = None  # it may have no hash
        return hash((self.type, context, tuple(self._children)))

    @property
    def context(self) -> Context:
        """What the root's type needs, apart from the parts, to make its value again."""
        return self._context

    @property
    def children_specs(self) -> list[TreeSpec]:
        """The structures of the parts."""
        return self._children

    def is_leaf(self) -> bool:
        """Whether this is the structure of a leaf."""
        return self.type is None

    def children(self) -> list[TreeSpec]:
        """The structures of the parts, in a new list."""
        return self._children.copy()

    def child(self, index: int) -> TreeSpec:
        """The structure of the part at an index."""
        return self._children[index]

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """A tree of this structure with these leaves; ValueError unless there are as many as needed."""
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(TREE_LEAVES.format(count=len(leaves), wanted=self.num_leaves, spec=self))
        return self._filled(iter(leaves))

    def _filled(self, leaves: Iterator[Any]) -> PyTree:
        if self.is_leaf():
            return next(leaves)
        parts = [child._filled(leaves) for child in self._children]
        return SUPPORTED_NODES[self.type].unflatten_fn(parts, self._context)

    def flatten_up_to(self, tree: PyTree) -> list[PyTree]:
        """The subtrees of a tree where this structure has its leaves; ValueError if the tree does not begin so."""
        if self.is_leaf():
            return [tree]
        parts = self._parts_of(tree)
        return [x for spec, part in zip(self._children, parts, strict=True) for x in spec.flatten_up_to(part)]

    def _parts_of(self, tree: PyTree) -> Iterable[PyTree]:
        """The parts of a tree whose root must be as that of this structure; dicts of all kinds stand for each other."""
        kind = node_type(tree)
        dicts = self.type in STANDARD_DICT_TYPES and kind in STANDARD_DICT_TYPES
        own = self.type not in BUILTIN_TYPES
        if kind != self.type and not dicts:
            raise ValueError((NODE_CUSTOM_TYPE if own else NODE_TYPE).format(wanted=self.type, found=kind))
        parts, context = SUPPORTED_NODES[kind].flatten_fn(tree)
        parts = list(parts)
        if len(parts) != self.num_children:
            raise ValueError(NODE_ARITY.format(wanted=self.num_children, found=len(parts)))
        if dicts:
            wanted = self._context[1] if self.type is defaultdict else self._context
            if set(tree) != set(wanted):
                missing, extra = set(wanted) - set(tree), set(tree) - set(wanted)
                what = f"; missing key(s): {missing}" * bool(missing) + f"; extra key(s): {extra}" * bool(extra)
                raise ValueError(NODE_KEYS.format(what=what))
            return [tree[key] for key in wanted]
        if context != self._context and kind is not deque:
            text = NODE_CUSTOM_CONTEXT.format(type=self.type) if own else None
            raise ValueError(text or NODE_CONTEXT.format(type=kind, wanted=self._context, found=context))
        return parts


PyTreeSpec = TreeSpec


class LeafSpec(TreeSpec):
    """The structure of a leaf."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, None, [])


_LEAF = LeafSpec()


def treespec_leaf() -> LeafSpec:
    """The structure of a leaf."""
    return _LEAF


# -- types that are nodes ------------------------------------------------------------------------------


def register_pytree_node(
    cls: type[Any], flatten_fn: FlattenFn, unflatten_fn: UnflattenFn, *, serialized_type_name: str | None = None,
    to_dumpable_context: Any = None, from_dumpable_context: Any = None, flatten_with_keys_fn: Any = None,
) -> None:  # fmt: skip
    """Make the values of a class nodes, for these functions and for those of `func` (as in torch).

    `flatten_fn` takes one apart, into a list of parts and a context, and `unflatten_fn` makes one of both again;
    `flatten_with_keys_fn` gives pairs of a key and a part. Structures are not written to files here, so that the other
    arguments are not used. ValueError for a class that is registered already.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(NODE_REGISTERED.format(type=cls))
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)


def _register_pytree_node(
    cls: type[Any], flatten_fn: FlattenFn, unflatten_fn: UnflattenFn, to_str_fn: Any = None,
    maybe_from_str_fn: Any = None, *, serialized_type_name: str | None = None, to_dumpable_context: Any = None,
    from_dumpable_context: Any = None, flatten_with_keys_fn: Any = None,
) -> None:  # fmt: skip
    """As `register_pytree_node`, but it replaces what was registered, with a warning; deprecated, as in torch."""
    warnings.warn(NODE_DEPRECATED, FutureWarning, stacklevel=2)
    if cls in SUPPORTED_NODES:
        warn(NODE_WARNING.format(type=cls))
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)


def is_namedtuple(obj: Any) -> bool:
    """Whether a value is a named tuple or a class of them."""
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


def is_namedtuple_instance(obj: Any) -> bool:
    """Whether a value is a named tuple."""
    return is_namedtuple_class(type(obj))


# -- functions of trees; `is_leaf` says of which nodes the parts are not looked at ---------------------


def tree_is_leaf(tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether a value is a leaf."""
    return (is_leaf is not None and is_leaf(tree)) or node_type(tree) not in SUPPORTED_NODES


def tree_flatten(tree: PyTree, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, and its structure."""
    leaves: list[Any] = []
    return leaves, _flattened(tree, is_leaf, leaves)


def _flattened(tree: PyTree, is_leaf: IsLeaf, leaves: list[Any]) -> TreeSpec:
    if tree_is_leaf(tree, is_leaf):
        leaves.append(tree)
        return _LEAF
    kind = node_type(tree)
    parts, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    return TreeSpec(kind, context, [_flattened(part, is_leaf, leaves) for part in parts])


def tree_unflatten(leaves: Any, treespec: Any) -> PyTree:
    """A tree of this structure with these leaves; TypeError without a structure, ValueError for another number."""
    if not isinstance(treespec, TreeSpec):
        if not isinstance(leaves, TreeSpec):
            raise TypeError(NOT_A_TREESPEC.format(type=type(treespec)))
        leaves, treespec = treespec, leaves
    return treespec.unflatten(leaves)


def tree_iter(tree: PyTree, is_leaf: IsLeaf = None) -> Iterator[Any]:
    """The leaves of a tree, one after the other."""
    if tree_is_leaf(tree, is_leaf):
        yield tree
        return
    for part in SUPPORTED_NODES[node_type(tree)].flatten_fn(tree)[0]:
        yield from tree_iter(part, is_leaf)


def tree_leaves(tree: PyTree, is_leaf: IsLeaf = None) -> list[Any]:
    """The leaves of a tree in order."""
    return list(tree_iter(tree, is_leaf))


def arg_tree_leaves(*args: PyTree, **kwargs: PyTree) -> list[Any]:
    """The leaves of all arguments in order."""
    return [leaf for tree in (*args, *kwargs.values()) for leaf in tree_iter(tree)]


def tree_structure(tree: PyTree, is_leaf: IsLeaf = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """A tree of the same structure, with the results of a function at its leaves.

    The other trees may go deeper than the first; their subtrees are the function's other arguments. ValueError if they
    do not begin as the first one.
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    return spec.unflatten(map(func, leaves, *(spec.flatten_up_to(rest) for rest in rests)))


def tree_map_(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """Call a function as `tree_map` does, and return the first tree itself."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def map_only(type_or_types_or_pred: Any, /) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """A decorator, by which a function returns all arguments as they are but those of a type, or that a test chooses.

    TypeError for what is neither a type, nor a tuple of types, nor a function.
    """
    chosen = type_or_types_or_pred
    if not isinstance(chosen, (type, tuple, types.UnionType)) and not callable(chosen):
        raise TypeError(ONLY_TYPE)
    test = chosen
    if isinstance(chosen, (type, tuple, types.UnionType)):

        def test(x: Any) -> bool:
            return isinstance(x, chosen)

    def decorated(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @wraps(func)
        def only(x: Any) -> Any:
            return func(x) if test(x) else x

        return only

    return decorated


def tree_map_only(
    type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: PyTree, is_leaf: IsLeaf = None
) -> PyTree:
    """A tree of the same structure, with the results of a function at the leaves of a type, or that a test chooses."""
    return tree_map(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_map_only_(
    type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: PyTree, is_leaf: IsLeaf = None
) -> PyTree:
    """Call a function as `tree_map_only` does, and return the tree itself."""
    return tree_map_(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether a test is true of all leaves."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether a test is true of a leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(type_or_types: Kinds, /, pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether a test is true of all leaves of a type."""
    return all(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, type_or_types))


def tree_any_only(type_or_types: Kinds, /, pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether a test is true of a leaf of a type."""
    return any(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, type_or_types))


def _broadcast_to_and_flatten(tree: PyTree, treespec: TreeSpec, is_leaf: IsLeaf = None) -> list[Any] | None:
    """The leaves of a tree, each as often as the structure has leaves in its place; None if they do not fit."""
    leaves: list[Any] = []
    try:
        full = treespec.unflatten([0] * treespec.num_leaves)
        tree_map_(lambda x, part: leaves.extend([x] * len(tree_leaves(part, is_leaf))), tree, full, is_leaf=is_leaf)
    except ValueError:
        return None
    return leaves


# -- leaves with their places --------------------------------------------------------------------------


def tree_leaves_with_path(tree: PyTree, is_leaf: IsLeaf = None) -> list[tuple[KeyPath, Any]]:
    """The leaves of a tree, each with its path; ValueError for a node whose type has no keys."""
    return list(_with_paths((), tree, is_leaf))


def _with_paths(path: KeyPath, tree: PyTree, is_leaf: IsLeaf) -> Iterator[tuple[KeyPath, Any]]:
    if tree_is_leaf(tree, is_leaf):
        yield path, tree
        return
    kind = node_type(tree)
    with_keys = SUPPORTED_NODES[kind].flatten_with_keys_fn
    if with_keys is None:
        raise ValueError(NO_KEYS.format(type=kind))
    for key, part in with_keys(tree)[0]:
        yield from _with_paths((*path, key), part, is_leaf)


def tree_flatten_with_path(tree: PyTree, is_leaf: IsLeaf = None) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """The leaves of a tree, each with its path, and its structure."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """As `tree_map`, but the first argument of the function is the path of the leaf."""
    found, spec = tree_flatten_with_path(tree, is_leaf)
    paths, leaves = [path for path, _ in found], [leaf for _, leaf in found]
    return spec.unflatten(map(func, paths, leaves, *(spec.flatten_up_to(rest) for rest in rests)))


def keystr(kp: KeyPath) -> str:
    """A path as text, such as `['a'][0].x`."""
    return "".join(map(str, kp))


def key_get(obj: Any, kp: KeyPath) -> Any:
    """The part of a value at a path."""
    for key in kp:
        obj = key.get(obj)
    return obj
