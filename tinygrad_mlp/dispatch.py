"""From a row of the derivative table to a function on Tensors: unwrap, run the forward, write the node.

The function for a row is one of three, by what it takes, for speed alone: `_general` says all that they do.
"""

from __future__ import annotations

import collections
import functools
import itertools
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from . import dtypes
from .autograd import inference
from .autograd.graph import saved_attributes
from .autograd.modes import state
from .autograd.node import Bundle, Node, OutputNode, gradient_edge
from .ops import NUMPY_KEYWORDS, Operator
from .autograd.views import PARTLY_THE_SAME, Unreachable, note_view, rebase, refresh, refuse_inplace, refuse_overlap
from .ops.dims import mismatch
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
    shares = len(set(read)) < len(read)
    saves = row.name in ("getitem", "put") or (row.name != "lerp" and bool(row.reads) and all(_holding(row, read) for read in row.reads))
    return type(row.node_name, (base,), {"__slots__": (), "row": row, "saves": saves, "shares": shares, **saved_attributes(row)})


def _with_signature(row: Operator, call: Function) -> Function:
    """`call`, as a function with the row's parameter names and defaults (a lambda made from text, as namedtuple's)."""
    if row.variadic:

        def function(*args: Any, **kwargs: Any) -> Any:
            return call(*row.complete(args, kwargs))

    else:
        required = len(row.parameters) - len(row.defaults)
        scope: dict[str, Any] = {"call": call, "renamed": functools.partial(_call_renamed, row, call)}
        parameters = list(row.parameters)
        for i, default in enumerate(row.defaults, required):
            scope[f"default_{i}"] = default
            parameters[i] += f"=default_{i}"
        names = ", ".join(row.parameters)
        if "dim" in row.parameters:  # torch takes NumPy's names for it as well
            function = eval(
                f"lambda {', '.join(parameters)}, **other: call({names}) if not other else renamed(({names},), other)",
                scope,
            )
        else:
            function = eval(f"lambda {', '.join(parameters)}: call({names})", scope)
    function.__name__ = function.__qualname__ = row.name
    function.__module__ = "tinygrad_mlp"
    function.__doc__ = f"{row.doc}.\n\nThe row `{row.name}` of the derivative table; as torch.{row.name}."
    return function


def _call_renamed(row: Operator, call: Function, values: tuple[Any, ...], other: dict[str, Any]) -> Any:
    arguments = dict(zip(row.parameters, values, strict=True))
    for keyword, value in other.items():
        name = NUMPY_KEYWORDS.get(keyword)
        if name not in arguments:
            raise TypeError(f"{row.name}() got an unexpected keyword argument '{keyword}'")
        arguments[name] = value
    return call(*arguments.values())


# -- the three callers ------------------------------------------------------------------------------------------------------


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
            tensors = tuple(wrap(part if type(part) is ndarray else _as_array(part)) for part in result)
            if state.recording and _needs_grad(row, args):
                _record_outputs(row, row_class, args, (*result, *arrays), tensors)
            return _named_outputs(row)(*tensors)
        if type(result) is not ndarray:
            result = _as_array(result)
        tensor = wrap(result)
        is_view = row.view and (result is arrays[0] or _shares_memory(result, arrays[0]))
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
    adding_shapes = row.reads_shapes
    fits = _fits_arrays if not row.numbers else _fits_float if row.promotion == "float" or row.check or row.kinds else _fits

    def call(input: Any, other: Any) -> Tensor:
        a = input.array if isinstance(input, Tensor) else input
        b = other.array if isinstance(other, Tensor) else other
        if not fits(a, b):
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
            result = _as_array(result)
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
                    edge_a = saved_a = None
                for k in holds_first if edge_a is not None else ():
                    if isinstance(holders[k], Tensor):
                        counter = holders[k].versions
                        versions.append((counter, counter[0], k))
            if other_needs:
                edge_b, saved_b = gradient_edge(other), pick_second(frame)  # type: ignore[misc]
                if other.viewed is not None and type(edge_b) is Unreachable:
                    edge_b = saved_b = None
                for k in holds_second if edge_b is not None else ():
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


def _fits(a: Any, b: Any) -> bool:
    """Whether NumPy computes on these operands in the dtype that torch does: equal dtypes, or floats and a number."""
    kind = type(b)
    if kind is ndarray:
        if type(a) is ndarray:
            return a.dtype is b.dtype
        a, b, kind = b, a, type(a)
    return (kind is float or kind is int) and type(a) is ndarray and a.dtype.kind == "f"


def _fits_float(a: Any, b: Any) -> bool:
    return _fits(a, b) and (a if type(a) is ndarray else b).dtype.kind == "f"


def _fits_arrays(a: Any, b: Any) -> bool:
    return type(a) is ndarray and type(b) is ndarray and a.dtype is b.dtype and a.dtype.kind == "f"


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
            result = _as_array(result)
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


# -- writing the node ---------------------------------------------------------------------------------------------------------


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


def _edges_and_saved(
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
            saved.append(None if lost and len(row.rules) > 1 else save(frame, holders, versions))
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
    edges, saved, versions = _edges_and_saved(row, args, values, (tensor, *args))
    tensor.node = row_class(edges, saved, versions, values[0].shape, values[0].dtype)
    tensor.needs_grad = True


def _record_outputs(
    row: Operator, row_class: type[Node], args: tuple[Any, ...], values: tuple[Any, ...], tensors: tuple[Tensor, ...]
) -> None:
    edges, saved, versions = _edges_and_saved(row, args, values, (*tensors, *args))
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


def _shares_memory(part: Any, whole: Any) -> bool:
    """Whether an operator that may give a view gave one: NumPy copies where strides cannot express it."""
    memory = part.base if isinstance(part, ndarray) else None
    return memory is not None and (memory is whole or memory is getattr(whole, "base", None))


# -- arguments ------------------------------------------------------------------------------------------------------------------


def unwrap(row: Operator, args: tuple[Any, ...]) -> list[Any]:
    """The arguments with arrays for Tensors, brought to the dtype that torch computes in; TypeError in torch's words."""
    arrays = list(args)
    for position in row.tensors:
        arg = args[position]
        if isinstance(arg, Tensor):
            if arg.viewed is not None and row.rules:
                refresh(arg)
            arrays[position] = arg.array
        elif row.listed and position == 0:
            arrays[position] = [_listed(row, x, i) for i, x in enumerate(_sequence(row, arg))]
        elif isinstance(arg, np.generic):
            arrays[position] = np.asarray(arg) if isinstance(arg, np.bool_) else arg.item()
        elif isinstance(arg, (bool, int, float)):
            if not row.numbers:
                raise _not_a_tensor(row, position, arg)
        elif not isinstance(arg, (np.ndarray, type(None))) and not hasattr(arg, "__array_ufunc__"):
            raise _not_a_tensor(row, position, arg)
    if not isinstance(args[row.tensors[0]], Tensor) and not _has_tensor(row, args):
        raise _not_a_tensor(row, row.tensors[0], args[row.tensors[0]])
    if row.check is not None:
        row.check(*arrays)
    if row.promotion is not None:
        arrays = _promoted(row, arrays)
    if row.kinds:
        _refuse_kind(row, arrays[0].dtype)
    return arrays


def _refuse_kind(row: Operator, dtype: np.dtype[Any]) -> None:
    if dtype.kind.replace("u", "i") not in row.kinds:
        raise NotImplementedError(f'"{row.name}_cpu" not implemented for \'{dtypes.of(dtype).tensor_type[:-6]}\'')


def _sequence(row: Operator, arg: Any) -> Any:
    if not isinstance(arg, (list, tuple)):
        raise TypeError(
            f"{row.name}(): argument '{row.parameters[0]}' (position 1) must be tuple of Tensors, not {type(arg).__name__}"
        )
    return arg


def _listed(row: Operator, x: Any, i: int) -> Any:
    if isinstance(x, Tensor):
        if x.viewed is not None:
            refresh(x)
        return x.array
    raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")


def _has_tensor(row: Operator, args: tuple[Any, ...]) -> bool:
    return row.listed or any(isinstance(args[i], Tensor) for i in row.tensors)


def _not_a_tensor(row: Operator, position: int, arg: Any) -> TypeError:
    name = row.parameters[position]
    return TypeError(
        f"{row.name}(): argument '{name}' (position {position + 1}) must be Tensor, not {type(arg).__name__}"
    )


def _promoted(row: Operator, arrays: list[Any]) -> list[Any]:
    positions = [i for i in row.tensors if arrays[i] is not None and not (row.name == "where" and i == 0)]
    operands = arrays[0] if row.listed else [arrays[i] for i in positions]
    if not operands:
        return arrays
    if row.promotion == "same":
        _refuse_mixed(operands)
        return arrays
    target = dtypes.result_type(*operands)
    if row.promotion == "float" and target.kind != "f":
        target = dtypes.get_default_dtype().numpy
    cast = [x.astype(target) if isinstance(x, np.ndarray) and x.dtype != target else _number(x, target) for x in operands]
    if row.listed:
        arrays[0] = cast
    else:
        for i, x in zip(positions, cast, strict=True):
            arrays[i] = x
    return arrays


def _number(x: Any, target: np.dtype[Any]) -> Any:
    """A Python number, made an array where NumPy would not take it for one of the target's dtype."""
    if isinstance(x, (bool, int, float)):
        return np.asarray(x).astype(target)
    return x


def _refuse_mixed(operands: list[Any]) -> None:
    a = operands[0].dtype
    for x in operands[1:]:
        if x.dtype != a:
            words = [_SCALAR_WORDS.get(d.name, d.name) for d in (a, x.dtype)]
            raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {words[0]} != {words[1]}")


_SCALAR_WORDS = {"float32": "float", "float64": "double", "float16": "c10::Half", "int64": "long", "int32": "int"}


def _as_array(result: Any) -> Any:
    """An array for NumPy's scalars, which ufuncs give instead of 0-d arrays; other array types as they are."""
    return np.asarray(result) if isinstance(result, np.generic) else result


# -- in place -----------------------------------------------------------------------------------------------------------------------


def inplace_of(row: Operator) -> Function:
    """The operator in place: `x.mul_(y)` writes x * y into x's memory, and on the tape x becomes the product."""
    row_class, arity = node_class(row), len(row.parameters)
    plain = arity == 2 and row.promotion == "arithmetic" and row.numbers and "f" in (row.kinds or "f")
    ufunc = row.forward if plain and isinstance(row.forward, np.ufunc) else None

    def function(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        quick = ufunc is not None and len(args) == 1 and not kwargs and self.viewed is None
        if quick and not (state.recording and self.needs_grad):
            other = args[0]  # the usual case: an update of weights, or of sums that nobody differentiates
            target, operand = self.array, other.array if isinstance(other, Tensor) else other
            if _fits_float(target, operand) and (
                operand is other
                or (
                    (other.versions is not self.versions or other is self)  # no overlap to look at
                    and not (state.recording and (other.needs_grad or other.viewed is not None))
                )
            ):
                count = self.versions[-1]  # an inference tensor refuses here, before the write
                _write(row, target, [target, operand])
                self.versions[0] = count + 1
                return self
        args = (self, *args)
        return _in_place(row, row_class, self, row.complete(args, kwargs) if kwargs or len(args) != arity else args)

    function.__name__ = function.__qualname__ = row.name + "_"
    function.__doc__ = f"{row.doc}, written into the tensor itself.\n\nThe row `{row.name}` in place."
    return function


def _in_place(row: Operator, row_class: type[Node], tensor: Tensor, args: tuple[Any, ...]) -> Tensor:
    recorded = state.recording and any(
        isinstance(args[i], Tensor) and args[i].requires_grad for i in row.differentiable
    )
    if recorded:
        refuse_inplace(tensor)
    arrays = unwrap(row, args)
    target = tensor.array
    if tensor.viewed is not None or row.name == "put" or any(isinstance(x, Tensor) and x.viewed is not None for x in args):
        _prepare_shared(row, tensor, args)
    count = tensor.versions[-1]  # an inference tensor refuses here, before the write
    if not recorded:
        _write(row, target, arrays)
        tensor.versions[0] = count + 1
        return tensor
    outputs = len(row.outputs)
    if any(outputs in read for read in row.reads) and arrays[0] is target:
        arrays[0] = target.copy()  # what is read of `input` is a copy from before, which nobody can change
    edges, saved, versions = _edges_and_saved(row, args, (target, *arrays), (tensor, None, *args[1:]))
    arrays[0] = target if arrays[0].dtype == target.dtype else arrays[0]
    _write(row, target, arrays)
    tensor.versions[0] += 1
    versions = [(counter, count + 1 if place < outputs else count, place) for counter, count, place in versions]
    rebase(tensor, row_class(edges, saved, versions, target.shape, target.dtype))
    return tensor


def _prepare_shared(row: Operator, tensor: Tensor, args: tuple[Any, ...]) -> None:
    """Before a write into, or out of, a view: what torch refuses of overlaps, and what NumPy does not let be written."""
    # What these write into one place is one value, or torch only warns of it.
    lenient = row.name in ("zero", "masked_fill", "put", "tril", "triu")
    if row.name == "fill":
        lenient, args = not isinstance(args[1], Tensor), args[:1]
    if row.name == "put" and args[2] is tensor:
        raise RuntimeError(PARTLY_THE_SAME)
    refuse_overlap(tensor, args[1:], with_itself=not lenient)
    tensor.array.flags.writeable = True  # NumPy's broadcast_to and diagonal are not


def reshaped_in_place(row: Operator) -> Function:
    """A row that gives a view, in place: `x.t_()` changes what x is of its memory, and no element."""
    row_class = node_class(row)

    def function(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        args = row.complete((self, *args), kwargs)
        recorded = state.recording and self.requires_grad
        if recorded:
            refuse_inplace(self)
        arrays = unwrap(row, args)
        try:
            result = row.forward(*arrays)
        except RuntimeError as error:
            raise RuntimeError(str(error).replace(f"{row.name}()", f"{row.name}_()")) from None
        self.versions[0] += 1
        node = None
        if recorded:
            edges, saved, _ = _edges_and_saved(row, args, (result, *arrays), (self, *args))
            node = row_class(edges, saved, (), result.shape, result.dtype)
        self.array = result
        if self.viewed is not None:
            self.viewed.steps = (*self.viewed.steps, (row, args[1:]))
        if node is not None:
            self.node = node
            if self.viewed is not None:
                self.viewed.current = self.versions[0]  # its base is as it was
        return self

    function.__name__ = function.__qualname__ = row.name + "_"
    function.__doc__ = f"{row.doc}, as what the tensor itself is from now on.\n\nThe row `{row.name}` in place."
    return function


def _write(row: Operator, target: Any, arrays: list[Any]) -> None:
    """Run the forward into `target`, at once where NumPy can."""
    try:
        if row.write is not None:
            row.write(*arrays)
        elif isinstance(row.forward, np.ufunc) and arrays[0] is target and target.dtype.kind == "f":
            row.forward(*arrays, out=target)
        else:
            result = row.forward(*arrays)
            check_written(target, result)
            target[...] = result
    except ValueError as error:
        shapes = [x.shape for x in arrays[1:] if isinstance(x, np.ndarray)] or [target.shape]
        raise mismatch(target.shape, shapes[0]) or RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(shapes[0])}"
        ) from None


def as_torch(error: ValueError, arrays: Sequence[Any]) -> Exception:
    """Torch's RuntimeError for NumPy's word that shapes do not broadcast; any other error as it is."""
    shapes = [x.shape for x in arrays if isinstance(x, ndarray)]
    if not str(error).startswith("operands could not be broadcast"):
        return error
    refusals = (mismatch(a, b) for a, b in itertools.pairwise(shapes))
    return next((refusal for refusal in refusals if refusal is not None), error)


def check_written(target: Any, result: Any) -> None:
    """RuntimeError in torch's words where a result has not the shape, or not the kind of dtype, to be written."""
    if result.shape != target.shape and np.broadcast_shapes(result.shape, target.shape) != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if dtypes.RANK[result.dtype.kind] > dtypes.RANK[target.dtype.kind]:
        own, wanted = dtypes.of(result.dtype), dtypes.of(target.dtype)
        raise RuntimeError(
            f"result type {own.tensor_type[:-6]} can't be cast to the desired output type {wanted.tensor_type[:-6]}"
        )
