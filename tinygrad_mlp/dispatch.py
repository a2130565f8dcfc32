"""From a row of the derivative table to a function on Tensors: unwrap, run the forward, write the node.

The function for a row is one of three, by what it takes, for speed alone: `_general` says all that they do.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from .arguments import as_array, as_torch, fits, fits_arrays, fits_float, unwrap
from .autograd import inference
from .autograd.modes import state
from .autograd.node import Bundle, Node, OutputNode, Unreachable, gradient_edge
from .autograd.saved import saved_attributes
from .autograd.views import note_view, refresh
from .ops import NUMPY_KEYWORDS, Operator
from .ops.documentation import Documentation
from .tensor import Tensor, new, wrap

Function = Callable[..., Any]
ndarray = np.ndarray


inference.make_with(globals())


def function_of(row: Operator) -> Function:
    """The function on Tensors that a row stands for, with the row's own signature."""
    row_class = node_class(row)
    general = _general(row, row_class)
    if row.listed or len(row.outputs) > 1 or row.view or (row.kinds and "f" not in row.kinds):
        call = general
    elif len(row.tensors) == 2 == len(row.parameters):
        call = _two_tensors(row, row_class, general)
    else:
        call = _one_tensor(row, row_class, general)
    return _with_signature(row, call)


@functools.cache
def node_class(row: Operator) -> type[Node]:
    """The class of the nodes that a row writes, named as torch names it."""
    base = OperatorWithOutputs if len(row.outputs) > 1 else OperatorOnList if row.listed else Node
    read = [place for reads in row.reads for place in _holding(row, reads)]
    shares = bool(row.saves) or len(set(read)) < len(read)
    saves = bool(row.reads) and all(_holding(row, read) for read in row.reads) if row.saves is None else row.saves
    return type(
        row.node_name, (base,), {"__slots__": (), "row": row, "saves": saves, "shares": shares, **saved_attributes(row)}
    )


def _with_signature(row: Operator, call: Function) -> Function:
    """`call`, as a function with the row's parameter names and defaults (a lambda made from text, as namedtuple's)."""
    arity, required = len(row.parameters), len(row.parameters) - len(row.defaults)
    function: Function
    if row.parameters == ("input", "other") and not row.kinds:
        function = call  # these are its own names
    elif row.variadic or "dim" in row.parameters[:required]:

        def function(*args: Any, **kwargs: Any) -> Any:
            return call(
                *(args if len(args) == arity and not kwargs and not row.variadic else row.complete(args, kwargs))
            )

    else:
        make = _wrapper_maker(row.parameters, required)
        function = make(call, functools.partial(_call_renamed, row, call), row.defaults)
    function.__name__ = function.__qualname__ = row.name
    function.__module__ = "tinygrad_mlp"
    function.__doc__ = Documentation(row)
    return function


@functools.cache
def _wrapper_maker(parameters: tuple[str, ...], required: int) -> Function:
    """What makes wrappers with these parameters; cached, because compiling one for each row is half of the import."""
    names = ", ".join(parameters)
    signature = ", ".join(p if i < required else f"{p}=defaults[{i - required}]" for i, p in enumerate(parameters))
    if "dim" in parameters:  # torch takes NumPy's names for it as well
        inner = f"lambda {signature}, **other: call({names}) if not other else renamed(({names},), other)"
    else:
        inner = f"lambda {signature}: call({names})"
    maker: Function = eval(compile(f"lambda call, renamed, defaults: {inner}", "<tinygrad_mlp.dispatch>", "eval"))
    return maker


def _call_renamed(row: Operator, call: Function, values: tuple[Any, ...], other: dict[str, Any]) -> Any:
    arguments = dict(zip(row.parameters, values, strict=True))
    for keyword, value in other.items():
        name = NUMPY_KEYWORDS.get(keyword)
        if name not in arguments:
            raise TypeError(f"{row.name}() got an unexpected keyword argument '{keyword}'")
        arguments[name] = value
    return call(*arguments.values())


# -- the three callers -----------------------------------------------------------------------------


def _general(row: Operator, row_class: type[Node]) -> Function:
    """For any row: any arguments may be Tensors, one may be a list of them, and there may be several outputs."""
    forward, outputs = row.forward, row.outputs
    copying_class = row_class
    if row.node_name == "ViewBackward0":  # torch then clones, and views the clone
        copying_class = type("UnsafeViewBackward0", (row_class,), {"__slots__": ()})

    def call(*args: Any) -> Any:
        arrays = unwrap(row, args)
        try:
            result = forward(*arrays)
        except ValueError as error:
            raise as_torch(error, arrays) from None
        if len(outputs) > 1:
            tensors = tuple(wrap(part if type(part) is ndarray else as_array(part)) for part in result)
            if state.recording and _needs_grad(row, args):
                _record_outputs(row, row_class, args, (*result, *arrays), tensors)
            return _named_outputs(row)(*tensors)
        if type(result) is not ndarray:
            result = as_array(result)
        tensor = wrap(result)
        is_view = row.view and (result is arrays[0] or shares_memory(result, arrays[0]))
        if state.recording and _needs_grad(row, args):
            _record(row, row_class if is_view else copying_class, args, (result, *arrays), tensor)
        if is_view:
            note_view(tensor, args[0], row, args[1:])
        return tensor

    return call


def _two_tensors(row: Operator, row_class: type[Node], general: Function) -> Function:
    """For a function of two arrays and nothing else."""
    forward, rules = row.forward, len(row.rules)
    pick_first, pick_second = (_picker(row.reads[i]) if i < rules else None for i in (0, 1))
    holds_first, holds_second = (_holding(row, row.reads[i]) if i < rules else () for i in (0, 1))
    adding_shapes, shares = row.reads_shapes, row_class.shares
    fitting = fits_float if row.promotion == "float" or row.check or row.kinds else fits
    if not row.numbers:
        fitting = fits_arrays

    def call(input: Any, other: Any) -> Tensor:
        a = input.array if isinstance(input, Tensor) else input
        b = other.array if isinstance(other, Tensor) else other
        alike = type(a) is ndarray and type(b) is ndarray and a.dtype is b.dtype and a.dtype.kind == "f"
        if not (alike or fitting(a, b)):
            return general(input, other)  # type: ignore[no-any-return]
        input_needs = other_needs = False
        if a is not input:
            if input.viewed is not None and rules:
                refresh(input)
            input_needs = input.needs_grad
        if b is not other:
            if other.viewed is not None and rules:
                refresh(other)
            other_needs = other.needs_grad
        try:
            result = forward(a, b)
        except ValueError as error:
            raise as_torch(error, (a, b)) from None
        if type(result) is not ndarray:
            result = as_array(result)
        tensor = new(Tensor)
        tensor.array = result
        tensor.versions = [0]
        tensor.viewed = None
        if (input_needs or other_needs) and pick_first is not None and state.recording:
            holders = (tensor, input, other)
            frame: tuple[Any, ...] = (result, a, b)
            if adding_shapes:
                frame += (a.shape, getattr(b, "shape", ()))
            edge_a = edge_b = saved_a = saved_b = None
            versions: list[Any] = []
            if input_needs:
                edge_a, saved_a = gradient_edge(input), pick_first(frame)
                if input.viewed is not None and type(edge_a) is Unreachable:
                    edge_a, saved_a = None, saved_a if shares else None
                # As in the saver below; written out for both operands, because a call costs as much as the loop.
                for k in holds_first if edge_a is not None or shares else ():
                    if isinstance(holders[k], Tensor):
                        counter = holders[k].versions
                        versions.append((counter, counter[0], k))
            if other_needs:
                edge_b, saved_b = gradient_edge(other), pick_second(frame)  # type: ignore[misc]
                if other.viewed is not None and type(edge_b) is Unreachable:
                    edge_b, saved_b = None, saved_b if shares else None
                for k in holds_second if edge_b is not None or shares else ():
                    if isinstance(holders[k], Tensor):
                        counter = holders[k].versions
                        versions.append((counter, counter[0], k))
            edges, saved = (edge_a, edge_b), (saved_a, saved_b)
            tensor.node = row_class(edges, saved, versions, result.shape, result.dtype)
            tensor.needs_grad = True
        else:
            tensor.node = None
            tensor.needs_grad = False
        return tensor

    return call


def _one_tensor(row: Operator, row_class: type[Node], general: Function) -> Function:
    """For a function of an array and other arguments; where one of them is a Tensor too it is `general`'s."""
    forward = row.forward
    read = row.reads[0] if row.rules else None
    pick = None if read is None else _picker(read)
    saves_output, saves_input = (0 in (read or ())), (1 in (read or ()))
    others = row.tensors[1:]
    adding_shape = row.reads_shapes
    unused = (None,) * (len(row.differentiable) - 1)
    floats_only = row.promotion is not None or row.kinds != "" or row.check is not None

    def call(input: Any, *rest: Any) -> Tensor:
        if not isinstance(input, Tensor):
            return general(input, *rest)  # type: ignore[no-any-return]
        for i in others:
            if isinstance(rest[i - 1], Tensor):
                return general(input, *rest)  # type: ignore[no-any-return]
        if input.viewed is not None and pick is not None:
            refresh(input)
        array = input.array
        if floats_only and array.dtype.kind != "f":
            return general(input, *rest)  # type: ignore[no-any-return]
        result = forward(array, *rest)
        if type(result) is not ndarray:
            result = as_array(result)
        tensor = new(Tensor)
        tensor.array = result
        tensor.versions = [0]
        tensor.viewed = None
        if input.needs_grad and pick is not None and state.recording:
            frame = (result, array, *rest, array.shape) if adding_shape else (result, array, *rest)
            versions: tuple[Any, ...] = ()
            if saves_output:
                versions = ((tensor.versions, 0, 0),)
            if saves_input:
                counter = input.versions
                versions = (*versions, (counter, counter[0], 1))
            edges, saved = (gradient_edge(input), *unused), (pick(frame), *unused)
            tensor.node = row_class(edges, saved, versions, result.shape, result.dtype)
            tensor.needs_grad = True
        else:
            tensor.node = None
            tensor.needs_grad = False
        return tensor

    return call


# -- writing the node ------------------------------------------------------------------------------


def _Saver(row: Operator, i: int) -> Function:
    """What takes the values that a row's i-th rule reads out of a frame, and notes the versions of the tensors."""
    read = row.reads[i]
    pick, holding = _picker(read), _holding(row, read)

    def save(frame: tuple[Any, ...], holders: Sequence[Any], versions: list[Any]) -> Any:
        for k in holding:
            holder = holders[k]
            if isinstance(holder, Tensor):
                counter = holder.versions
                versions.append((counter, counter[0], k))
        return pick(frame)

    return save


def _holding(row: Operator, read: tuple[int, ...]) -> tuple[int, ...]:
    """Which places of a frame that a rule reads may hold the array of a Tensor."""
    arguments = len(row.outputs)
    return tuple(k for k in read if k < arguments or k - arguments in row.tensors)


def _picker(read: tuple[int, ...]) -> Function:
    """What takes a tuple of the values at these places out of a frame."""
    if len(read) == 1:
        return itemgetter(slice(read[0], read[0] + 1))
    return itemgetter(*read) if read else lambda frame: ()


@functools.cache
def _savers(row: Operator) -> tuple[Function, ...]:
    return tuple(_Saver(row, i) for i in range(len(row.rules)))


def _frame(row: Operator, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Outputs and arguments, and behind them the shapes of the array arguments."""
    arrays = values[len(row.outputs) :]
    shapes = (
        [x.shape for x in arrays[i]] if row.listed and i == 0 else getattr(arrays[i], "shape", ()) for i in row.tensors
    )
    return (*values, *shapes)


def edges_and_saved(
    row: Operator, args: tuple[Any, ...], values: tuple[Any, ...], holders: tuple[Any, ...]
) -> tuple[list[Node | None], list[Any], list[Any]]:
    """The node's edges, what their rules read of `values` (outputs and arguments), and the versions of its holders."""
    frame = _frame(row, values)
    edges: list[Node | None] = []
    saved: list[Any] = []
    versions: list[Any] = []
    for position, save in zip(row.differentiable, _savers(row), strict=True):
        arg = args[position]
        if isinstance(arg, Tensor) and arg.needs_grad:
            edge = gradient_edge(arg)
            lost = type(edge) is Unreachable
            edges.append(None if lost else edge)
            unread = lost and len(row.rules) > 1 and not node_class(row).shares
            saved.append(None if unread else save(frame, holders, versions))
        elif row.listed and position == 0:
            edges.extend(gradient_edge(x) if isinstance(x, Tensor) and x.needs_grad else None for x in arg)
            saved.append(save(frame, holders, versions))
        else:
            edges.append(None)
            saved.append(None)
    return edges, saved, versions


def _record(
    row: Operator, row_class: type[Node], args: tuple[Any, ...], values: tuple[Any, ...], tensor: Tensor
) -> None:
    edges, saved, versions = edges_and_saved(row, args, values, (tensor, *args))
    tensor.node = row_class(edges, saved, versions, values[0].shape, values[0].dtype)
    tensor.needs_grad = True


def _record_outputs(
    row: Operator, row_class: type[Node], args: tuple[Any, ...], values: tuple[Any, ...], tensors: tuple[Tensor, ...]
) -> None:
    edges, saved, versions = edges_and_saved(row, args, values, (*tensors, *args))
    node = row_class(edges, saved, versions, None, None)  # type: ignore[arg-type]
    for i, tensor in enumerate(tensors):
        if tensor.array.dtype.kind == "f":
            tensor.node = OutputNode(node, i, tensor.array.shape, tensor.array.dtype)
            tensor.needs_grad = True


class OperatorWithOutputs(Node):
    """A node whose operator has several outputs; its rules take the cotangent of the one that is differentiable."""

    __slots__ = ()

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        assert isinstance(g, Bundle)
        return super().pull(g.parts[0], edges, create_graph)


class OperatorOnList(Node):
    """A node whose operator takes a list; its one rule gives a list of cotangents."""

    __slots__ = ()

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        if self.saved is None or self.versions:
            return super().pull(g, edges, create_graph)
        return self.row.rules[0](g, *self.saved[0])  # type: ignore[no-any-return]


@functools.cache
def _named_outputs(row: Operator) -> Any:
    return collections.namedtuple(row.name.removesuffix("_dim"), row.outputs, module="tinygrad_mlp.return_types")


def _needs_grad(row: Operator, args: tuple[Any, ...]) -> bool:
    for position in row.differentiable:
        arg = args[position]
        if isinstance(arg, Tensor):
            if arg.needs_grad:
                return True
        elif row.listed and position == 0 and any(isinstance(x, Tensor) and x.needs_grad for x in arg):
            return True
    return False


def shares_memory(part: Any, whole: Any) -> bool:
    """Whether an operator that may give a view gave one: NumPy copies where strides cannot express it."""
    memory = getattr(part, "base", None)
    return memory is not None and (memory is whole or memory is getattr(whole, "base", None))
