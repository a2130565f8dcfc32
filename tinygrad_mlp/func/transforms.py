"""Functions that make gradient functions of functions; nothing they do can be seen from outside.

A transform gives the function leaves of its own, whose places on the tape, `Input`, lead on to those of the caller's
tensors. So for the transform they are leaves (written to, they are refused), and for an enclosing transform, or a
`backward` later, gradients pass through them. Behaviour and texts are those of torch 2.13's torch.func.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import autograd
from ..autograd.grad_mode import enable_grad, inference_mode
from ..autograd.graph.node import Node
from ..autograd.inference import is_inference
from ..autograd.modes import modes
from ..tape import AccumulateGrad, gradient_edge, state
from ..tape import Node as TapeNode
from ..tensor import FUNCTIONS, Tensor, wrap
from .tree import filled, leaves, mapped, structure

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]

VJP = "vjp(f, *primals)"
JVP = "jvp(f, primals, tangents)"
EVERY: Any = object()  # as argnums: all of the arguments, in a tuple


class Input(Node):
    """Where a transform's own leaf stands: the cotangent goes on to the caller's tensor, if that requires grad."""

    __slots__ = ("live",)

    def __init__(self, outside: TapeNode | None, array: Any) -> None:
        super().__init__((outside,), (), (), array.shape, array.dtype)
        self.live = True

    def pull(self, g: Any, edges: Sequence[TapeNode | None], create_graph: bool) -> Sequence[Any]:
        if self.live:  # the transform itself stops here
            raise RuntimeError(
                "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
                "functorch.vjp instead or call backward() outside of functorch transforms."
            )
        return (g,)


class _Level:
    """One transform while it runs its function, recorded whatever the caller's mode."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.recorded_outside = state.recording
        self.mode = inference_mode(False) if modes.inference else enable_grad()

    def __enter__(self) -> _Level:
        self.mode.__enter__()
        modes.transforms += 1
        return self

    def __exit__(self, *exception: object) -> None:
        self.mode.__exit__()
        modes.transforms -= 1
        for node in self.inputs:
            node.live = False

    def leaf(self, x: Any) -> Tensor:
        """A leaf with the elements of a tensor. ValueError for what is none."""
        if not isinstance(x, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
        own = (x.clone() if is_inference(x) else x.detach()).requires_grad_()
        outside = gradient_edge(x) if self.recorded_outside and x.requires_grad else None
        node = Input(outside, own.array)
        own._accumulator = weakref.ref(node)
        self.inputs.append(node)
        return own

    def seen_outside(self, tensors: Sequence[Any]) -> bool:
        """Whether anybody but this transform can ask for the gradients of these tensors."""
        if not self.recorded_outside:
            return False
        stack = [gradient_edge(x) for x in tensors if x.requires_grad]
        seen = set(stack)
        while stack:
            node = stack.pop()
            if isinstance(node, AccumulateGrad) or (isinstance(node, Input) and node.live and node not in self.inputs):
                return True
            new = [edge for edge in node.edges if edge is not None and edge not in seen]
            seen.update(new)
            stack.extend(new)
        return False

    def result(self, tree: Any) -> Any:
        """A result as the caller sees it: without the history that is this transform's alone."""
        return mapped(self._result, tree)

    def _result(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(x)}")
        return x if not x.requires_grad or self.seen_outside([x]) else x.detach()


def _gradients(
    outputs: Sequence[Any], inputs: Sequence[Any], cotangents: Any, create_graph: bool, retain_graph: bool = True
) -> list[Any]:
    """Zeros for an input that no output depends on."""
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
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def _positions(argnums: Any, count: int) -> list[int]:
    """The places of the arguments to differentiate. RuntimeError in torch's words for wrong ones."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    places = [_position(n, count) for n in (argnums if isinstance(argnums, tuple) else (argnums,))]
    if not places:
        raise RuntimeError("argnums must be non-empty")
    if len(set(places)) != len(places):
        raise RuntimeError(f"argnums elements must be unique, got {tuple(places)}")
    return places


def _differentiable(level: _Level, args: tuple[Any, ...], argnums: Argnums) -> tuple[list[Any], Any]:
    """The arguments with leaves of the transform's own in place, and a tree of these."""
    own = list(args)
    places = range(len(args)) if argnums is EVERY else _positions(argnums, len(args))
    for place in places:
        own[place] = mapped(level.leaf, args[place])
    trees = tuple(own[place] for place in places)
    return own, trees[0] if isinstance(argnums, int) else trees


# -- transforms ------------------------------------------------------------------------------------


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that computes the gradient of `func`, whose output is a 0-d Tensor.

    It takes the arguments of `func` and returns a tree of Tensors like the argument `argnums`, or a tuple of them for a
    tuple. With `has_aux` `func` returns (output, aux), and the function (gradient, aux). Inputs need no
    `requires_grad`, and no `.grad` is touched. RuntimeError in torch's words. Source: torch.func.grad.
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        grads, value = _grad_and_value(func, argnums, has_aux, args, kwargs)
        return (grads, value[1]) if has_aux else grads

    return gradient


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that computes the gradient of `func` and its output, as a pair.

    Arguments are those of `grad`; with `has_aux` the pair is (gradient, (output, aux)). Source:
    torch.func.grad_and_value.
    """

    @functools.wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        return _grad_and_value(func, argnums, has_aux, args, kwargs)

    return gradient_and_value


def _grad_and_value(func: Function, argnums: Argnums, has_aux: bool, args: tuple[Any, ...], kwargs: Any) -> Any:
    with _Level() as level:
        own, inputs = _differentiable(level, args, argnums)
        output, aux = _split(func(*own, **kwargs), has_aux, "grad_and_value(f)(*args)")
        if not isinstance(output, Tensor):
            raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}")
        if output.dim() != 0:
            raise RuntimeError(
                "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        create_graph = level.seen_outside([output])
        grads = filled(inputs, iter(_gradients([output], leaves(inputs), None, create_graph)))
    results = level.result((grads, output, aux if has_aux else ()))
    return (results[0], results[1:]) if has_aux else results[:2]


def _split(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The output of `func` and a function of cotangents like it, which gives their product with the Jacobian.

    The product is a tuple of trees like the `primals`. With `has_aux` `func` returns (output, aux), and aux comes
    third. RuntimeError in torch's words. Source: torch.func.vjp.
    """
    output, product, aux, _ = _vjp(func, primals, EVERY, has_aux, VJP)
    return (output, product, aux) if has_aux else (output, product)


def _vjp(func: Function, primals: tuple[Any, ...], argnums: Argnums, has_aux: bool, name: str) -> Any:
    """The output of a function, its `vjp`, aux, and the tree of its leaves; it is refused in the words of `name`."""
    with _Level() as level:
        own, inputs = _differentiable(level, primals, argnums)
        outputs, aux = _split(func(*own), has_aux, name)
        flat = leaves(outputs)
        _check_outputs(flat, name)
        for y in flat:
            if name == VJP and y.array.dtype.kind != "f":
                raise RuntimeError(
                    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                    f"{y.dtype}"
                )

    def product(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        if structure(cotangents) != structure(outputs):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {structure(cotangents)}, primal output: {structure(outputs)}"
            )
        weights = leaves(cotangents)
        recording = state.recording if create_graph is None else create_graph
        seen = recording and level.seen_outside([*flat, *weights])
        return level.result(filled(inputs, iter(_gradients(flat, leaves(inputs), weights, seen, retain_graph))))

    results = level.result((outputs, aux if has_aux else ()))
    return results[0], product, results[1], inputs


def _check_outputs(flat: list[Any], name: str) -> None:
    if not flat or (len(flat) == 1 and flat[0] is None):
        raise RuntimeError(f"{name}: Expected f to be a function that has non-empty output (got output = {flat})")
    for y in flat:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{name}: expected f(*primals) to return only tensors, got unsupported type {type(y)}")


def _check_floating(x: Tensor, what: str) -> None:
    if x.array.dtype.kind != "f":
        raise ValueError(f"Expected {what} to be floating point or complex, but got: {x.dtype}")


def jvp(func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """The output of `func(*primals)` and the product of its Jacobian with `tangents`, a tree like the output.

    `tangents` is a tuple like `primals`. It is computed by two backwards, where torch has forward mode. `strict`
    refuses an output that does not depend on the inputs. RuntimeError in torch's words. Source: torch.func.jvp.
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    if structure(primals) != structure(tangents):
        raise RuntimeError(
            f"{JVP}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {structure(primals)} and tangents "
            f"with structure {structure(tangents)}"
        )
    for name, tree in (("primals", primals), ("tangents", tangents)):
        if not leaves(tree):
            raise RuntimeError(f"{JVP}: Expected {name} to contain at least one Tensor.")
        for x in leaves(tree):
            if not isinstance(x, Tensor):
                raise RuntimeError(f"{JVP}: Expected {name} to only contain Tensors, got {type(x)}")
    for x, v in zip(leaves(primals), leaves(tangents), strict=True):
        _check_floating(x, "primal")
        _check_floating(v, "tangent")
        if x.shape != v.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is "
                f"not supported. Tensor is of size {list(x.shape)} while the given forward gradient is of size "
                f"{list(v.shape)}."
            )
    with _Level() as level:
        own, inputs = _differentiable(level, primals, EVERY)
        outputs, aux = _split(func(*own), has_aux, JVP)
        flat = leaves(outputs)
        _check_outputs(flat, JVP)
        if strict and not all(y.requires_grad for y in flat):
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not "
                "allowed with strict=True."
            )
        # Linear in these, so that their value does not matter; integers have no tangent but zeros.
        weights = [wrap(np.zeros_like(y.array)).requires_grad_(y.array.dtype.kind == "f") for y in flat]
        pulled = _gradients(flat, leaves(inputs), weights, create_graph=True)
        vectors = leaves(tangents)
        floats = [w for w in weights if w.requires_grad]
        moved = iter(_gradients(pulled, floats, vectors, level.seen_outside([*pulled, *vectors])))
        tangents_out = filled(outputs, iter([next(moved) if w.requires_grad else w for w in weights]))
    results = level.result((outputs, tangents_out, aux if has_aux else ()))
    return results if has_aux else results[:2]


def jacrev(func: Function, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None) -> Function:
    """A function that computes the Jacobian of `func` with respect to its argument `argnums`, row by row.

    For every Tensor in the output it has a tree like the argument (a tuple of them for a tuple), of Tensors with the
    shape of the one and then the other. With `has_aux` `func` returns (output, aux), and the function (Jacobian, aux).
    `chunk_size` makes no difference here; ValueError if it is not positive. Source: torch.func.jacrev.
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _jacobian(func, argnums, has_aux, VJP)


def jacfwd(func: Function, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error") -> Function:
    """The same function as `jacrev`, by the same means: torch's has forward mode, and other costs.

    What it refuses, and that integers have zeros, is torch's. RuntimeError for a `randomness` that there is not, which
    makes no difference else. Source: torch.func.jacfwd.
    """
    jacobian = _jacobian(func, argnums, has_aux, JVP)

    @functools.wraps(func)
    def checked(*args: Any) -> Any:
        if randomness not in ("error", "different", "same"):
            raise RuntimeError(
                f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
            )
        return jacobian(*args)

    return checked


def _jacobian(func: Function, argnums: Argnums, has_aux: bool, name: str) -> Function:
    @functools.wraps(func)
    def jacobian(*args: Any) -> Any:
        if name == JVP:
            for place in _positions(argnums, len(args)):
                for x in leaves(args[place]):
                    if isinstance(x, Tensor):
                        _check_floating(x, "primal")
        output, product, aux, inputs = _vjp(func, args, argnums, has_aux, name)
        flat = leaves(output)

        def of(k: int, y: Tensor) -> Any:
            if y.array.dtype.kind != "f":  # from jacfwd: integers do not depend on anything
                return mapped(lambda x: wrap(np.zeros((*y.shape, *x.shape), y.array.dtype)), inputs)
            if not y.array.size:
                return mapped(lambda x: wrap(np.zeros((*y.shape, *x.shape), x.array.dtype)), inputs)
            return _stacked([product(filled(output, iter(basis))) for basis in _bases(flat, k)], y)

        result = filled(output, (of(k, y) for k, y in enumerate(flat)))
        return (result, aux) if has_aux else result

    return jacobian


def _bases(flat: list[Any], k: int) -> Iterator[list[Any]]:
    """Cotangents that pick one element of the k-th output after the other."""
    for j in range(flat[k].array.size):
        basis = [np.zeros_like(y.array, order="C") for y in flat]
        basis[k].reshape(-1)[j] = 1
        yield [wrap(array) for array in basis]


def _stacked(rows: list[Any], output: Any) -> Any:
    columns = zip(*(leaves(row) for row in rows), strict=True)
    return filled(rows[0], (FUNCTIONS["stack"](c).reshape(output.shape + c[0].shape) for c in columns))


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """A function that computes the Hessian of `func`: the Jacobian of its Jacobian (torch.func.hessian)."""
    return jacfwd(jacrev(func, argnums), argnums)
