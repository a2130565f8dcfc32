"""Function: an operator of your own, its forward and its backward written on Tensors.

For the engine it is one more node, `FunctionNode`, whose `pull` calls the user's `backward`. What forward leaves for
backward lies in the context `ctx`: an object of its own, because a user may give it any attribute, `shape` as well as
`edges`. The node holds the context; the context holds no node and no output, so nothing here is a cycle.

Behaviour and texts are those of torch 2.13's torch.autograd.Function.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from . import engine
from .grad_mode import no_grad
from .modes import state
from .node import FREED, AccumulateGrad, Bundle, Node, OutputNode, gradient_edge, is_tensor
from .refusals import changed, made_by
from .saved import HOOKED, PackedTensor, packed, saved_tensors_hooks
from .views import ONE_OF_SEVERAL, rebase, refuse_inplace, renew

__all__ = ["Function", "FunctionCtx", "once_differentiable"]

MADE_BY_FUNCTION = (
    "Output {index} of {name} is a view and is being modified inplace. This view was created inside a custom Function "
    "(or because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom "
    "backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can "
    "fix this by cloning the output of the custom Function."
)
VIEW_AND_SEVERAL = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more "
    "than one Tensor. This is not supported by the current autograd engine. You should either make sure the input is "
    "not a view (using .clone() for example) or make your Function only return one Tensor (potentially splitting it "
    "into two Functions: one doing the inplace that returns a single Tensor and a second one that does the other "
    "operations). You can ask on the forum https://discuss.pytorch.org/ if you need help to do this change."
)


# -- the context -----------------------------------------------------------------------------------


class FunctionCtx:
    """What forward tells backward: the saved tensors, the marks on outputs, and any attribute that the user sets.

    `needs_input_grad` has a bool for each argument of forward. Source: torch.autograd.function.FunctionCtx.
    """

    needs_input_grad: tuple[bool, ...] = ()
    to_save: Any = ()
    dirty_tensors: tuple[Any, ...] = ()
    non_differentiable: tuple[Any, ...] = ()
    saved_for_forward: tuple[Any, ...] = ()
    materialize_grads = True
    _forward_cls: ClassVar[type[Function]]
    _saved: Sequence[_Saved | None] = ()
    _freed = _read = False

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for `saved_tensors` in backward; a later call replaces an earlier one.

        A change to one of them before backward is refused there. TypeError, from `apply`, for what is no tensor.
        Source: torch.autograd.function.FunctionCtx.save_for_backward.
        """
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for a `jvp`, which nothing here calls; AssertionError for what is neither tensor nor None.

        Source: torch.autograd.function.FunctionCtx.save_for_forward.
        """
        if not all(t is None or is_tensor(t) for t in tensors):
            raise AssertionError(
                "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on "
                "ctx."
            )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs forward has changed in place; each must be returned (torch's FunctionCtx.mark_dirty)."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no gradient; backward gets zeros for them (torch's mark_non_differentiable)."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for an output without a gradient (torch's name)."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept: an input is the very tensor, an output one at the same place on the tape.

        RuntimeError in torch's words for a tensor changed since, or after backward has freed the graph.
        """
        if self._freed:
            raise RuntimeError(FREED)
        if self._read:
            raise RuntimeError(
                "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
                "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False."
            )
        tensors = tuple(None if saved is None else saved.unpack() for saved in self._saved)
        self.maybe_clear_saved_tensors()
        return tensors

    def maybe_clear_saved_tensors(self) -> None:
        """Forget the saved tensors if the Function has `clear_saved_tensors_on_access`.

        Without it this does nothing: torch forgets them then too, if backward does not retain the graph.
        """
        if self._forward_cls.clear_saved_tensors_on_access:
            self._saved, self._read = (), True


class _Saved:
    """A saved tensor and its version. Of an output it keeps the array and a weak reference to the node: no cycle.

    In `saved_tensors_hooks` it keeps what they made of the array, and the tensor's place on the tape.
    """

    __slots__ = ("array", "box", "count", "counter", "index", "node", "own", "tensor")

    def __init__(self, tensor: Any, node: Node, written: bool) -> None:
        self.index = tensor.output_nr
        self.counter = tensor.versions
        self.count = tensor.versions[0]
        self.own = written or tensor.grad_fn is node
        self.box = packed(tensor)
        self.array: Any = tensor.array if self.box is None else None
        self.tensor = None if self.own or self.box is not None else tensor
        self.node: Any = None
        if self.own:
            self.node = weakref.ref(tensor.node)
        elif self.box is not None and tensor.requires_grad:
            self.node = gradient_edge(tensor)

    def unpack(self) -> Any:
        node = self.node() if self.own else self.node
        if self.box is None and self.counter[0] != self.count:
            if self.tensor is not None:
                self.tensor.grad_fn  # noqa: B018 (brings a view up to date, or refuses it)
                node = self.tensor.node
            raise RuntimeError(changed(self.array, made_by(node), self.counter[0], self.count))
        if self.tensor is not None:
            return self.tensor
        tensor = engine.wrap(self.array if self.box is None else self.box.unpack())
        if self.box is None:
            tensor.versions = self.counter
        tensor.needs_grad = node is not None
        if isinstance(node, AccumulateGrad):
            tensor._accumulator = weakref.ref(node)  # of a leaf, but hooks gave other values
        else:
            tensor.node = node
        return tensor

    def register_hooks(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        """As of the saved tensors of operators."""
        if self.box is not None:
            raise RuntimeError(HOOKED)
        tensor = self.unpack()
        if not self.own and tensor.requires_grad:
            self.node = gradient_edge(tensor)
        self.box = PackedTensor(tensor.detach(), saved_tensors_hooks(pack_hook, unpack_hook))
        self.array = self.tensor = None


# -- the node --------------------------------------------------------------------------------------


class FunctionNode(Node):
    """A Function that ran. An attribute that a node does not have is looked up in the context.

    `arguments` has, for each argument of forward, its place among the edges, or None where it was no tensor; `outputs`
    has the shape and dtype of each output, or None; `zero_dirty` says that a gradient None of edge 0 counts as zeros.
    """

    __slots__ = ("arguments", "ctx", "outputs", "zero_dirty")
    function: ClassVar[type[Function]]
    arguments: list[int | None]
    ctx: FunctionCtx
    outputs: list[tuple[tuple[int, ...], Any] | None]
    zero_dirty: bool
    runs_on_nothing = True  # for an output without a cotangent the user's backward gets zeros, or None

    @property
    def outputs_count(self) -> int:
        """How many outputs forward had."""
        return len(self.outputs)

    @property
    def _raw_saved_tensors(self) -> tuple[_Saved | None, ...]:
        if self.ctx._freed:
            raise RuntimeError(FREED)
        return tuple(self.ctx._saved)

    def __getattr__(self, name: str) -> Any:
        if name == "ctx":
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        results = self._gradients(self._cotangents(g, create_graph))
        parts: list[Any] = [None] * len(edges)
        for place, result in zip(self.arguments, results, strict=True):
            if place is None:
                continue
            edge = edges[place]
            if result is None:
                if place == 0 and self.zero_dirty and edge is not None:
                    result = engine.wrap(np.zeros(edge.shape, edge.dtype))
                    parts[place] = result if create_graph else result.array
                continue
            if edge is None:  # for hooks, which see what nobody needs as well
                parts[place] = result if create_graph else result.array
                continue
            shape = result.array.shape
            if not _expands(edge.shape, shape):
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {place} - got {list(shape)} but "
                    f"expected shape compatible with {list(edge.shape)}"
                )
            if create_graph:
                parts[place] = result
            else:  # a user may return one array twice, or keep it: what becomes a .grad must be another
                parts[place] = result.array.copy() if type(edge) is AccumulateGrad else result.array
        return parts

    def _cotangents(self, g: Any, create_graph: bool) -> list[Any]:
        """Those of all outputs as Tensors: for one that nothing depends on, zeros or None."""
        given = g.parts if isinstance(g, Bundle) else {0: g}
        cotangents: list[Any] = []
        for i, output in enumerate(self.outputs):
            if i in given:
                cotangents.append(given[i] if create_graph else engine.wrap(given[i]))
            elif output is None or not self.ctx.materialize_grads:
                cotangents.append(None)
            else:
                cotangents.append(engine.wrap(np.zeros(*output)))
        return cotangents

    def _gradients(self, cotangents: list[Any]) -> tuple[Any, ...]:
        """What the user's backward returns, one for each argument of forward. RuntimeError in torch's words."""
        rule = _rule_of(self.function)
        given = rule(self.ctx, cotangents) if self.function.boxed_grads_call else rule(self.ctx, *cotangents)
        results: tuple[Any, ...] = given if isinstance(given, tuple) else (given,)
        expected = len(self.arguments)
        if len(results) > expected and all(extra is None for extra in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(results)})"
            )
        for i, (place, result) in enumerate(zip(self.arguments, results, strict=True)):
            if result is None:
                continue
            if place is None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {i + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
            if not is_tensor(result):
                raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        return results

    def release(self) -> None:
        self.ctx._saved, self.ctx._freed = (), True


def _expands(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of this shape can be expanded to another."""
    added = len(to) - len(shape)
    return added >= 0 and all(n in (1, to[added + d]) for d, n in enumerate(shape))


# -- Function --------------------------------------------------------------------------------------


class Function:
    """The base class of operators of your own: define static `forward` and `backward`, and call `apply`.

    `forward(ctx, *args)` computes on Tensors, unrecorded, and leaves in `ctx` what backward needs; or `forward(*args)`
    and `setup_context(ctx, inputs, output)` share the work. `backward(ctx, *grads)` takes the gradient of each output
    (None for what is no tensor) and returns one for each argument of forward: a Tensor that expands from its shape,
    or None. With `create_graph` it is recorded. RuntimeError in torch's words for a wrong number, type or shape.
    Source: torch.autograd.Function.
    """

    clear_saved_tensors_on_access = False
    boxed_grads_call = False
    generate_vmap_rule = False
    _ctx_cls: ClassVar[type[FunctionCtx]]
    _backward_cls: ClassVar[type[FunctionNode]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__name__ + "Backward"
        cls._ctx_cls = type(name, (FunctionCtx,), {"_forward_cls": cls})
        cls._backward_cls = type(name, (FunctionNode,), {"__slots__": (), "function": cls})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch."
            "autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operator itself; to be defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Leave in `ctx` what backward needs; if it is defined, `forward` takes no `ctx`."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The vector-Jacobian product; to be defined (under this name or as `vjp`)."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The Jacobian-vector product: forward mode, which tinygrad_mlp does not have."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """The operator on batches: vmap, which tinygrad_mlp does not have."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the operator, and put it on the tape if a tensor among its arguments requires grad.

        Only tensors that are arguments themselves count, not those in a list. TypeError for keyword arguments that
        are not parameters of forward. Source: torch.autograd.Function.apply.
        """
        separate = cls.setup_context is not Function.setup_context
        if separate:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        if kwargs:
            args = _in_order(cls.forward, args, kwargs, 0 if separate else 1)
        ctx = cls._ctx_cls()
        ctx.needs_input_grad = tuple(is_tensor(arg) and arg.requires_grad for arg in args)
        recording = state.recording
        # The places on the tape before forward, which may write into its arguments.
        node = _node_for(cls, ctx, args) if recording and any(ctx.needs_input_grad) else None
        state.recording = False
        try:
            if separate:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
            single = not isinstance(output, tuple)
            outputs = _with_history(ctx, node, args, (output,) if single else output)
        finally:
            state.recording = recording
        if node is not None:
            _save(ctx, node, args if separate else (), (output,) if single else output)
        # What was for this function alone, and the outputs among it, which would hold the node that holds ctx.
        ctx.to_save = ctx.dirty_tensors = ctx.non_differentiable = ()
        return outputs[0] if single else tuple(outputs)


def _rule_of(function: type[Function]) -> Callable[..., Any]:
    if function.vjp is Function.vjp:
        return function.backward
    if function.backward is not Function.backward:
        raise RuntimeError(
            "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement "
            "one of them."
        )
    return function.vjp


def _in_order(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], skipped: int
) -> tuple[Any, ...]:
    """Arguments by position, from keywords: the gradients that backward returns have to have an order."""
    parameters = list(inspect.signature(forward).parameters.values())[skipped:]
    parameters = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [p.name for p in parameters]
    for name in kwargs:
        if name not in names:
            raise TypeError(f"forward() got an unexpected keyword argument '{name}'")
        if name in names[: len(args)]:
            raise TypeError(f"forward() got multiple values for argument '{name}'")
    ordered = list(args)
    last = max(names.index(name) for name in kwargs)
    for i, parameter in enumerate(parameters[len(args) : last + 1], len(args)):
        if parameter.name not in kwargs and parameter.default is parameter.empty:
            raise TypeError(f"forward() missing required argument: '{parameter.name}' (position {i})")
        ordered.append(kwargs.get(parameter.name, parameter.default))
    return tuple(ordered)


def _node_for(cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...]) -> FunctionNode:
    tensors = [(i, arg) for i, arg in enumerate(args) if is_tensor(arg)]
    for _, arg in tensors:
        if arg.viewed is not None:
            renew(arg)
    edges = [gradient_edge(arg) if ctx.needs_input_grad[i] else None for i, arg in tensors]
    node = cls._backward_cls(edges, (), (), None, None)  # type: ignore[arg-type]
    node.ctx = ctx
    node.zero_dirty = False
    node.arguments = [None] * len(args)
    for place, (i, _) in enumerate(tensors):
        node.arguments[i] = place
    return node


# -- outputs ---------------------------------------------------------------------------------------


def _with_history(
    ctx: FunctionCtx, node: FunctionNode | None, args: tuple[Any, ...], raw: tuple[Any, ...]
) -> list[Any]:
    """The outputs at their places on the tape; torch's rules for inputs and views among them (_wrap_outputs)."""
    marked = _checked_marks(ctx, args, raw)
    for tensor in marked:
        tensor.versions[0] += 1
    if node is not None:
        node.outputs = [(o.array.shape, o.array.dtype) if is_tensor(o) else None for o in raw]
        if len(raw) == 1 and is_tensor(raw[0]):
            node.shape, node.dtype = raw[0].array.shape, raw[0].array.dtype
    outputs: list[Any] = []
    for index, output in enumerate(raw):
        if not is_tensor(output):
            outputs.append(output)
            continue
        is_input, dirty = _among(output, args), _among(output, marked)
        if node is None or output.array.dtype.kind != "f" or _among(output, ctx.non_differentiable):
            outputs.append(_constant(output, is_input, dirty))
            continue
        place = node if len(raw) == 1 else OutputNode(node, index, output.array.shape, output.array.dtype)
        if dirty:
            _rebase(output, node, place, args, sum(map(is_tensor, raw)))
        else:
            if is_input:
                output = output.view_as(output)  # to have another place than the input has
            output.node = place
            output.needs_grad = True
            if output.viewed is not None:
                output.viewed.current = output.versions[0]
                output.viewed.refusal = MADE_BY_FUNCTION if sum(map(is_tensor, raw)) == 1 else ONE_OF_SEVERAL
        outputs.append(output)
    return outputs


def _among(tensor: Any, others: Sequence[Any]) -> bool:
    return any(tensor is other for other in others)


def _constant(output: Any, is_input: bool, dirty: bool) -> Any:
    """An output without history: inputs are not changed but for what forward did."""
    if not output.requires_grad:
        return output.view_as(output) if is_input and not dirty else output
    if is_input:
        return output.detach()
    return output if output._is_view() else output.detach_()


def _checked_marks(ctx: FunctionCtx, args: tuple[Any, ...], raw: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors marked dirty. RuntimeError in torch's words for wrong marks."""
    if not all(is_tensor(t) for t in ctx.dirty_tensors):
        raise RuntimeError("mark_dirty can only accept variables, but argument ")
    if not all(is_tensor(t) for t in ctx.non_differentiable):
        raise RuntimeError("mark_non_differentiable only accepts variable arguments, but got ")
    if not all(_among(t, raw) for t in ctx.dirty_tensors):
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
            "modified inplace must all be outputs of the Function."
        )
    inputs = []
    for tensor in ctx.dirty_tensors:
        if _among(tensor, args):
            inputs.append(tensor)
        else:
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated "
                "should be passed to ctx.mark_dirty().",
                stacklevel=4,
            )
    return tuple(inputs)


def _rebase(tensor: Any, node: FunctionNode, place: Node, args: tuple[Any, ...], several: int) -> None:
    """Put an input that forward changed in place at the Function's place on the tape."""
    if tensor.needs_grad and tensor.node is None:
        raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
    if tensor.viewed is not None:
        refuse_inplace(tensor)
        if several > 1:
            raise RuntimeError(VIEW_AND_SEVERAL)
        _to_front(node, next(place for place, arg in zip(node.arguments, args, strict=True) if arg is tensor) or 0)
        node.zero_dirty = True
    rebase(tensor, place)


def _to_front(node: FunctionNode, place: int) -> None:
    """Exchange two edges: CopySlices takes the first for that of the tensor that was written to."""
    edges = list(node.edges)
    edges[0], edges[place] = edges[place], edges[0]
    node.edges = edges
    exchanged = {0: place, place: 0}
    node.arguments = [exchanged.get(p, p) if p is not None else None for p in node.arguments]


def _save(ctx: FunctionCtx, node: FunctionNode, inputs: tuple[Any, ...], raw: tuple[Any, ...]) -> None:
    """Take what forward saved, now that the outputs among it are known."""
    for i, tensor in enumerate(ctx.to_save):
        if tensor is not None and not is_tensor(tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {i} is of type {type(tensor).__name__}"
            )
        if _among(tensor, inputs) and _among(tensor, raw) and not _among(tensor, ctx.dirty_tensors):
            raise RuntimeError(
                "An input that has been returned as-is as output is being saved for backward. This is not supported if "
                "you override setup_context. You should return and save a view of the input instead, e.g. with "
                "x.view_as(x) or setup ctx inside the forward function itself."
            )
    ctx._saved = [None if t is None else _Saved(t, node, _among(t, ctx.dirty_tensors)) for t in ctx.to_save]


# -- once_differentiable ---------------------------------------------------------------------------


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that cannot be differentiated: it runs unrecorded, and a second derivative is refused.

    RuntimeError, in the backward of its results. Source: torch.autograd.function.once_differentiable.
    """

    @functools.wraps(fn)
    def once(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args, **kwargs)
        if not state.recording or not any(is_tensor(arg) and arg.requires_grad for arg in args):
            return outputs
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        refusing = [None if x is None else _Error.apply(x.detach().requires_grad_()) for x in results]
        return tuple(refusing) if len(refusing) > 1 else refusing[0]

    return once


class _Error(Function):
    """Its argument, at a place on the tape that refuses to be passed."""

    @staticmethod
    def forward(ctx: Any, tensor: Any) -> Any:
        return tensor.detach()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


# As torch calls it: a node like those of operators.
_Error._backward_cls.__name__ = "Error"
_Error._backward_cls.__repr__ = Node.__repr__  # type: ignore[method-assign]
_Error._backward_cls.name = lambda self: "torch::autograd::Error"
