"""The transforms: `grad`, `vjp` and `jvp` make functions that compute derivatives.

A transform calls the function with leaves of its own, so nothing is accumulated in the caller's tensors. The node of
such a leaf, an `Input`, has an edge to the node of the caller's tensor. While the transform runs, backward stops there;
for an enclosing transform, or a later `backward`, the cotangent goes on to the caller's tensor. So transforms can be
nested. Behaviour and texts are those of torch 2.13's torch.func.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import autograd
from ..arrays.dtypes import FLOATING
from ..autograd.batches import share
from ..autograd.captured import Transform, outside
from ..autograd.grad_mode import enable_grad, inference_mode
from ..autograd.graph.node import Node
from ..autograd.inference import is_inference
from ..autograd.modes import modes
from ..batching import running as batching
from ..tape import AccumulateGrad, gradient_edge, state
from ..tape import Node as TapeNode
from ..tensor import Tensor, wrap
from .refusals import (
    ARGNUM_RANGE,
    ARGNUM_TYPE,
    ARGNUMS_TYPE,
    COTANGENTS,
    GRAD,
    INDEPENDENT,
    JVP,
    NO_ARGNUMS,
    NO_OUTPUT,
    NO_PAIR,
    NO_SCALAR,
    NO_TENSOR,
    NO_TENSOR_RETURNED,
    NOT_A_TENSOR,
    NOT_FLOATING,
    NOT_ONLY_TENSORS,
    OUTPUT_DTYPE,
    OUTPUT_TYPE,
    PRIMALS_AND_TANGENTS,
    PRIMALS_NO_TUPLE,
    REPEATED_ARGNUMS,
    RESULT_TYPE,
    TANGENT_SHAPE,
    VJP,
)
from .tree import filled, leaves, mapped, structure

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]

EVERY: Any = object()  # as `argnums`: all arguments, as a tuple


class Input(Node):
    """The node of a transform's own leaf: it passes the cotangent on to the caller's tensor, if that requires grad."""

    __slots__ = ("live",)

    def __init__(self, outside: TapeNode | None, array: Any) -> None:
        super().__init__((outside,), (), (), array.shape, array.dtype)
        self.live = True

    def pull(self, g: Any, edges: Sequence[TapeNode | None], create_graph: bool) -> Sequence[Any]:
        return (g,)


class _Level:
    """One transform while it runs its function, which is recorded on the tape whatever the caller's grad mode is."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.others: list[Input] = []  # of the arguments that are not differentiated
        self.recorded_outside = state.recording
        self.mode = inference_mode(False) if modes.inference else enable_grad()
        self.transform = Transform()

    def __enter__(self) -> _Level:
        self.mode.__enter__()
        self.transform.begin()
        return self

    def __exit__(self, *exception: object) -> None:
        self.transform.end()
        self.mode.__exit__()
        for node in self.inputs:
            node.live = False

    def leaf(self, x: Any) -> Tensor:
        """A new leaf with the elements of a tensor. ValueError for anything but a Tensor."""
        if not isinstance(x, Tensor):
            raise ValueError(NOT_A_TENSOR.format(kind=type(x)))
        if batching.batches:  # every element of a batch has a leaf of its own
            x = share(x, batching.batches)
        own: Tensor = x.clone() if is_inference(x) else x.detach()
        outside(own.requires_grad_)
        self.transform.take(own, x)
        self.inputs.append(self._input(own, x))
        return own

    def writable(self, own: Any) -> Any:
        """What the function gets for a leaf in forward mode, in which it may write into its arguments.

        A write goes into the caller's tensor, too. If the gradient of that is wanted, it would be wrong, and the write
        is refused as for any leaf.
        """
        node = own._accumulator()
        if node.edges[0] is not None:
            return own
        x = wrap(own.array)
        x.node, x.needs_grad, x.versions, x._transform = node, True, own.versions, own._transform
        return x

    def other(self, x: Any) -> Any:
        """What the function gets for an argument that is not differentiated: for a Tensor, one of its own.

        It has the memory of the caller's tensor, so that the function may write into that, and its gradient.
        """
        if not isinstance(x, Tensor) or is_inference(x):
            return x
        own = x.detach()
        self.transform.take(own, x)
        if x.requires_grad and self.recorded_outside:
            outside(own.requires_grad_)
            node = self._input(own, x)
            node.live = False
            self.others.append(node)
        return own

    def _input(self, own: Tensor, x: Tensor) -> Input:
        node = Input(gradient_edge(x) if self.recorded_outside and x.requires_grad else None, own.array)
        own._accumulator = weakref.ref(node)
        return node

    def seen_outside(self, tensors: Sequence[Any]) -> bool:
        """Whether the caller, or an enclosing transform, can ask for gradients of these tensors."""
        if not self.recorded_outside:
            return False
        stack = [gradient_edge(x) for x in tensors if isinstance(x, Tensor) and x.requires_grad]
        seen = set(stack)
        while stack:
            node = stack.pop()
            if isinstance(node, AccumulateGrad) and not self.transform.made(node.variable):
                return True
            if isinstance(node, Input) and node.live and node not in self.inputs:
                return True
            new = [edge for edge in node.edges if edge is not None and edge not in seen]
            seen.update(new)
            stack.extend(new)
        return False

    def result(self, tree: Any) -> Any:
        """A result for the caller: detached if its history leads only to leaves of this transform."""
        return mapped(self._result, tree)

    def _result(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            raise RuntimeError(RESULT_TYPE.format(kind=type(x)))
        return x if not x.requires_grad or self.seen_outside([x]) else x.detach()


def _gradients(
    outputs: Sequence[Any], inputs: Sequence[Any], cotangents: Any, create_graph: bool, retain_graph: bool = True
) -> list[Any]:
    """The gradients of the outputs with respect to the inputs, zeros for an input on which no output depends."""
    weights = [None] * len(outputs) if cotangents is None else cotangents
    pairs = [(y, w) for y, w in zip(outputs, weights, strict=True) if y.requires_grad]
    grads: Sequence[Any] = [None] * len(inputs)
    if pairs and inputs:
        ys, ws = zip(*pairs, strict=True)
        grads = autograd.grad(ys, inputs, ws, retain_graph, create_graph, allow_unused=True)
    return [wrap(np.zeros_like(x.array)) if g is None else g for g, x in zip(grads, inputs, strict=True)]


# -- argnums ---------------------------------------------------------------------------------------


def _position(argnum: Any, count: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(ARGNUM_TYPE.format(kind=type(argnum)))
    if not -count <= argnum < count:
        raise RuntimeError(ARGNUM_RANGE.format(argnum=argnum, count=count))
    return argnum % count


def positions(argnums: Any, count: int) -> list[int]:
    """The places of the arguments to differentiate, counted from 0. RuntimeError for places that there are not."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(ARGNUMS_TYPE.format(kind=type(argnums)))
    places = [_position(n, count) for n in (argnums if isinstance(argnums, tuple) else (argnums,))]
    if not places:
        raise RuntimeError(NO_ARGNUMS)
    if len(set(places)) != len(places):
        raise RuntimeError(REPEATED_ARGNUMS.format(places=tuple(places)))
    return places


def _differentiable(level: _Level, args: tuple[Any, ...], argnums: Argnums, name: str = "") -> tuple[list[Any], Any]:
    """What the transform `name` calls the function with, and the tree of its own leaves."""
    own: list[Any] = [None] * len(args)
    places = range(len(args)) if argnums is EVERY else positions(argnums, len(args))
    for place in places:
        own[place] = mapped(level.leaf, args[place])
    for place in set(range(len(args))).difference(places):
        own[place] = mapped(level.other, args[place])
    trees = tuple(own[place] for place in places)
    for place in places if name == JVP else ():
        own[place] = mapped(level.writable, own[place])
    return own, trees[0] if isinstance(argnums, int) else trees


# -- transforms ------------------------------------------------------------------------------------


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the gradient of `func`, which must return a 0-d Tensor.

    The new function takes the arguments of `func` and returns the gradient with respect to the argument at place
    `argnums`: a tree of Tensors of the same structure, shapes and dtypes as the argument. For a tuple of places it
    returns a tuple. With `has_aux`, `func` returns a pair (output, aux) and the new function (gradient, aux). The
    arguments need no `requires_grad`, and no `.grad` is changed. RuntimeError for wrong places, and if `func` returns
    anything but a 0-d Tensor. Source: torch.func.grad.
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        grads, value = _grad_and_value(func, argnums, has_aux, args, kwargs)
        return (grads, value[1]) if has_aux else grads

    return gradient


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes a pair: the gradient of `func`, and its output.

    The arguments and exceptions are those of `grad`. With `has_aux` the pair is (gradient, (output, aux)). Source:
    torch.func.grad_and_value.
    """

    @functools.wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        return _grad_and_value(func, argnums, has_aux, args, kwargs)

    return gradient_and_value


def _grad_and_value(func: Function, argnums: Argnums, has_aux: bool, args: tuple[Any, ...], kwargs: Any) -> Any:
    with _Level() as level:
        own, inputs = _differentiable(level, args, argnums)
        output, aux = _split(func(*own, **mapped(level.other, kwargs)), has_aux, GRAD)
        if not isinstance(output, Tensor):
            raise RuntimeError(NO_TENSOR_RETURNED.format(kind=type(output)))
        if output.dim() != 0:
            raise RuntimeError(NO_SCALAR.format(ndim=output.dim()))
        create_graph = level.seen_outside([output])
        grads = filled(inputs, iter(_gradients([output], leaves(inputs), None, create_graph)))
    results = level.result((grads, output, aux if has_aux else ()))
    return (results[0], results[1:]) if has_aux else results[:2]


def _split(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    """What the function returned as output and aux; aux is None without `has_aux`."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(NO_PAIR.format(transform=name))
    return result


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return the output of `func(*primals)` and a function that multiplies cotangents by its Jacobian.

    That function takes a tree of cotangents with the structure and shapes of the output, and returns a tuple of trees
    with those of the `primals`. With `has_aux`, `func` returns a pair (output, aux), and aux is returned as a third
    item. RuntimeError if an output is no floating Tensor, or if the cotangents do not fit. Source: torch.func.vjp.
    """
    output, product, aux, _ = vjp_of(func, primals, EVERY, has_aux, VJP)
    return (output, product, aux) if has_aux else (output, product)


def vjp_of(func: Function, primals: tuple[Any, ...], argnums: Argnums, has_aux: bool, name: str) -> Any:
    """The output of a function, its product with cotangents, aux, and the tree of its leaves.

    `name` is the transform that refusals name.
    """
    with _Level() as level:
        own, inputs = _differentiable(level, primals, argnums, name)
        outputs, aux = _split(func(*own), has_aux, name)
        flat = leaves(outputs)
        _check_outputs(flat, name)
        for y in flat:
            if name == VJP and y.array.dtype.kind not in FLOATING:
                raise RuntimeError(OUTPUT_DTYPE.format(dtype=y.dtype))

    def product(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        if structure(cotangents) != structure(outputs):
            raise RuntimeError(COTANGENTS.format(cotangents=structure(cotangents), outputs=structure(outputs)))
        weights = leaves(cotangents)
        recording = state.recording if create_graph is None else create_graph
        seen = recording and level.seen_outside([*flat, *weights])
        return level.result(filled(inputs, iter(_gradients(flat, leaves(inputs), weights, seen, retain_graph))))

    results = level.result((outputs, aux if has_aux else ()))
    return results[0], product, results[1], inputs


def _check_outputs(flat: list[Any], name: str) -> None:
    if not flat or (len(flat) == 1 and flat[0] is None):
        raise RuntimeError(NO_OUTPUT.format(transform=name, flat=flat))
    for y in flat:
        if not isinstance(y, Tensor):
            raise RuntimeError(OUTPUT_TYPE.format(transform=name, kind=type(y)))


def check_floating(x: Tensor, what: str) -> None:
    if x.array.dtype.kind not in FLOATING:
        raise ValueError(NOT_FLOATING.format(what=what, dtype=x.dtype))


def jvp(func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """Return the output of `func(*primals)` and the product of its Jacobian with the `tangents`.

    `primals` is a tuple, `tangents` another of the same structure, shapes and dtypes; the product has those of the
    output. With `has_aux`, `func` returns a pair (output, aux), and aux is returned as a third item. The product is
    computed by running backward twice, where torch has forward mode. RuntimeError if primals and tangents do not fit
    or, with `strict`, if the output does not depend on the primals; ValueError for integers. Source: torch.func.jvp.
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(PRIMALS_NO_TUPLE)
    if structure(primals) != structure(tangents):
        raise RuntimeError(PRIMALS_AND_TANGENTS.format(primals=structure(primals), tangents=structure(tangents)))
    for name, tree in (("primals", primals), ("tangents", tangents)):
        if not leaves(tree):
            raise RuntimeError(NO_TENSOR.format(name=name))
        for x in leaves(tree):
            if not isinstance(x, Tensor):
                raise RuntimeError(NOT_ONLY_TENSORS.format(name=name, kind=type(x)))
    for x, v in zip(leaves(primals), leaves(tangents), strict=True):
        check_floating(x, "primal")
        check_floating(v, "tangent")
        if x.shape != v.shape:
            raise RuntimeError(TANGENT_SHAPE.format(shape=list(x.shape), tangent_shape=list(v.shape)))
    with _Level() as level:
        own, inputs = _differentiable(level, primals, EVERY, JVP)
        outputs, aux = _split(func(*own), has_aux, JVP)
        flat = leaves(outputs)
        _check_outputs(flat, JVP)
        if strict and not all(y.requires_grad for y in flat):
            raise RuntimeError(INDEPENDENT)
        # The first backward is linear in these cotangents, so its derivative with respect to them, the second
        # backward, does not depend on their values. The tangents of integers are zeros.
        weights = [wrap(np.zeros_like(y.array)) for y in flat]
        for w in weights:
            w.requires_grad = w.array.dtype.kind in FLOATING
        pulled = _gradients(flat, leaves(inputs), weights, create_graph=True)
        vectors = leaves(tangents)
        floats = [w for w in weights if w.requires_grad]
        moved = iter(_gradients(pulled, floats, vectors, level.seen_outside([*pulled, *vectors])))
        tangents_out = filled(outputs, iter([next(moved) if w.requires_grad else w for w in weights]))
    results = level.result((outputs, tangents_out, aux if has_aux else ()))
    return results if has_aux else results[:2]
