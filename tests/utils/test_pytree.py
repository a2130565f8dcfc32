"""torch.utils._pytree: trees are taken apart, put together and mapped as torch does it."""

from __future__ import annotations

import collections
import copy
import importlib
import itertools
import pickle
from collections import OrderedDict, defaultdict, deque

import pytest

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal

Pair = collections.namedtuple("Pair", ["x", "y"])


class ListOfOnesOwn(list):
    pass


TREES = [
    1,
    None,
    "text",
    [],
    (),
    {},
    [1, 2],
    (1, (2, [3]), {}),
    {"b": 1, "a": [2, None]},
    OrderedDict([("z", 1), ("a", (2,))]),
    defaultdict(list, {"k": [1], 2: 3}),
    deque([1, (2, 3)], maxlen=4),
    Pair(1, [2, 3]),
    [Pair((1,), {"a": 2}), ListOfOnesOwn([1, 2]), {1}],
]


def pytree(torch):
    return importlib.import_module(f"{torch.__name__}.utils._pytree")


def of(tree):
    """What can be seen of a tree and of its structure."""

    def program(torch):
        p = pytree(torch)
        leaves, spec = p.tree_flatten(tree)
        parts = [str(child) for child in spec.children()], spec.num_leaves, spec.num_nodes, spec.num_children
        again = p.tree_unflatten(leaves, spec)
        paths = [(p.keystr(path), leaf, p.key_get(tree, path)) for path, leaf in p.tree_leaves_with_path(tree)]
        return (
            str(leaves), str(spec), repr(again), type(again).__name__, parts, str(spec.context), spec.is_leaf(),
            str(paths), list(p.tree_iter(tree)) == leaves,
            p.tree_leaves(tree) == leaves, spec == p.tree_structure(again), hash(spec) == hash(p.tree_structure(again)),
            p.tree_is_leaf(tree), str(p.tree_map(lambda x: [x], tree)), str(p.tree_map(lambda *x: x, tree, tree)),
            str(p.tree_map_only(int, lambda x: -x, tree)), p.tree_map_(str, tree) is tree,
            p.tree_all(lambda x: x is not None, tree), p.tree_any(lambda x: x == 2, tree),
            p.tree_all_only(int, lambda x: x > 1, tree), p.tree_any_only((int, str), lambda x: x == "text", tree),
            str(p.tree_map_with_path(lambda path, x: (p.keystr(path), x), tree)), p.is_namedtuple_instance(tree),
            [repr(key) for path, _ in p.tree_flatten_with_path(tree)[0] for key in path],
        )  # fmt: skip

    return program


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_a_tree(tree) -> None:
    if tree in ([], (), {}):  # torch's tree_map_with_path fails for a tree without leaves
        p = tinygrad_mlp.utils._pytree
        assert p.tree_map_with_path(str, tree) == tree
        assert p.tree_flatten(tree)[0] == []
    else:
        assert_alike(of(tree))


def test_the_structures_of_trees_are_compared() -> None:
    def program(torch):
        specs = [pytree(torch).tree_structure(tree) for tree in [*TREES, [3, 4], {"a": [1, 2], "b": 3}]]
        return [a == b for a, b in itertools.product(specs, specs)], specs[0] == 1, len(set(specs))

    assert_alike(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda p: p.tree_leaves([(1, 2), [3]], is_leaf=lambda x: isinstance(x, tuple)),
        lambda p: p.tree_map(len, [(1, 2), [(3,)]], is_leaf=lambda x: isinstance(x, tuple)),
        lambda p: p.tree_map(lambda x, y: [x, y], [5, 6], [[7, 9], (1, 2)]),
        lambda p: p.tree_map(lambda x, y: x + y, {"a": 1, "b": 2}, OrderedDict(b=10, a=20)),
        lambda p: p.tree_map(lambda x, y: x + y, defaultdict(int, a=1), {"a": 3}),
        lambda p: list(p.tree_map(lambda x, y: x + y, deque([1]), deque([2], maxlen=3))),
        lambda p: p.tree_structure([1, (2,)]).flatten_up_to([[5, 6], ({"a": 1},)]),
        lambda p: p.tree_unflatten(p.tree_structure([1, (2,)]), iter([3, 4])),
        lambda p: p.tree_structure((1, [2])).unflatten(x for x in "ab"),
        lambda p: p.map_only(int)(lambda x: x + 1)("a"),
        lambda p: p.tree_map_only(lambda x: x == 1, lambda x: "one", [1, 2]),
        lambda p: p.tree_map_only(int | str, lambda x: 0, [1, "a", 2.5]),
        lambda p: p.tree_map_only_((int, float), str, [1, "a"]),
        lambda p: p.arg_tree_leaves(1, [2, 3], a=(4,)),
        lambda p: p._broadcast_to_and_flatten([1, (2, 3)], p.tree_structure([[0, 0], (0, {"a": 0, "b": 0})])),
        lambda p: p._broadcast_to_and_flatten([1, 2], p.tree_structure((0, 0))),
        lambda p: [p.is_namedtuple(x) for x in (Pair, Pair(1, 2), tuple, (1,))],
        lambda p: (str(p.treespec_leaf()), p.treespec_leaf().num_leaves, p.tree_structure([1]).child(0).is_leaf()),
        lambda p: [p.SequenceKey(0) == p.SequenceKey(0), p.SequenceKey(0) == p.MappingKey(0), p.GetAttrKey("x").name],
        lambda p: str(p.TreeSpec(tuple, None, [p.tree_structure(1)])),
    ],
)
def test_functions_of_trees(program) -> None:
    assert_alike(lambda torch: program(pytree(torch)))


@pytest.mark.parametrize(
    "program",
    [
        lambda p: p.tree_structure([1]).unflatten([1, 2]),
        lambda p: p.tree_unflatten([1], [2]),
        lambda p: p.tree_map(max, [1], (1,)),
        lambda p: p.tree_map(max, [1], 3),
        lambda p: p.tree_map(max, [1], [1, 2]),
        lambda p: p.tree_map(max, {"a": 1}, {"b": 1}),
        lambda p: p.tree_map(max, Pair(1, 2), collections.namedtuple("Other", ["x", "y"])(1, 2)),
        lambda p: p.map_only(3),
        lambda p: p.register_pytree_node(list, None, None),
    ],
)
def test_refusals(program) -> None:
    refusal(lambda torch: program(pytree(torch)))


def test_a_type_of_ones_own() -> None:
    class Point:
        def __init__(self, *parts, kind):
            self.parts, self.kind = parts, kind

    def program(torch):
        p = pytree(torch)
        p.register_pytree_node(
            Point, lambda x: (list(x.parts), x.kind), lambda parts, kind: Point(*parts, kind=kind)
        )  # fmt: skip
        tree = [Point(1, [2], kind="a"), 3]
        log = [str(p.tree_structure(tree)), p.tree_leaves(tree), p.tree_map(str, tree)[0].parts]
        for action in (
            lambda: p.tree_leaves_with_path(tree),
            lambda: p.tree_map(max, tree, [Point(1, [2], kind="b"), 3]),
            lambda: p.tree_map(max, tree, [Point(1, kind="a"), 3]),
            lambda: p.tree_map(max, tree, [(1, [2]), 3]),
            lambda: p.register_pytree_node(Point, None, None),
        ):
            with pytest.raises(ValueError) as caught:
                action()
            log.append(str(caught.value))
        p._register_pytree_node(Point, lambda x: ([x.kind], None), lambda parts, context: None)
        return log, p.tree_leaves(tree)

    try:
        assert_alike(program)
    finally:
        for name in ("torch", "tinygrad_mlp"):
            importlib.import_module(f"{name}.utils._pytree").SUPPORTED_NODES.pop(Point, None)


def test_transforms_look_into_types_of_ones_own() -> None:
    class Box:
        def __init__(self, content):
            self.content = content

    def program(torch):
        p = pytree(torch)
        p.register_pytree_node(Box, lambda box: ([box.content], None), lambda parts, context: Box(*parts))
        x = Box({"a": torch.arange(3.0), "b": torch.ones(3)})
        gradient = torch.func.grad(lambda box: (box.content["a"] ** 2 * box.content["b"]).sum())(x)
        doubled = torch.func.vmap(lambda box: Box(box.content["a"] * 2))(x)
        return gradient.content, doubled.content

    try:
        assert_alike(program)
    finally:
        for name in ("torch", "tinygrad_mlp"):
            importlib.import_module(f"{name}.utils._pytree").SUPPORTED_NODES.pop(Box, None)


def test_results_with_several_parts_are_nodes() -> None:
    def program(torch):
        p = pytree(torch)
        result = torch.tensor([1.0, 3.0]).max(0)
        doubled = p.tree_map(lambda x: x * 2, result)
        return p.tree_leaves(result), str(p.tree_structure(result)), doubled.values, doubled.indices

    assert_alike(program)


def test_structures_are_copied_and_pickled() -> None:
    spec = tinygrad_mlp.utils._pytree.tree_structure([1, {"a": (2, 3)}])
    assert copy.deepcopy(spec) == pickle.loads(pickle.dumps(spec)) == spec
    assert pickle.loads(pickle.dumps(spec)).unflatten("abc") == ["a", {"a": ("b", "c")}]
