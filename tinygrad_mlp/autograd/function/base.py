"""Function: run forward, unrecorded, and put the outputs on the tape."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from ...batching import running as batching
from ...tape import gradient_edge, state
from ..captured import outside, running
from ..grad_mode import no_grad
from ..graph.node import Node
from ..inplace.views import renew
from ..modes import modes
from ..tensors import is_tensor
from .context import FunctionCtx
from .node import FunctionNode
from .outputs import save, with_history
from .refusals import (
    BOTH_NAMES,
    INSTANTIATED,
    LEGACY,
    MISSING_ARGUMENT,
    MULTIPLE_VALUES,
    NO_BACKWARD,
    NO_FORWARD,
    NO_JVP,
    NO_SETUP_CONTEXT,
    NO_VMAP,
    ONCE_DIFFERENTIABLE,
    UNEXPECTED_KEYWORD,
    WITHIN_A_TRANSFORM,
)


class Function:
    """The base class of operators of your own: define static `forward` and `backward`, and call `apply`.

    `forward(ctx, *args)` computes on Tensors, unrecorded, and leaves in `ctx` what backward needs; or `forward(*args)`
    and `setup_context(ctx, inputs, output)` share the work. `backward(ctx, *grads)` takes the gradient of each output
    (None for what is no tensor) and returns one for each argument of forward: a Tensor that expands from its shape,
    or None. With `create_graph` it is recorded. RuntimeError in torch's words for a wrong number, type or shape.
    Source: torch.autograd.Function.
    """

    __module__ = "tinygrad_mlp.autograd.function"

    clear_saved_tensors_on_access = False
    boxed_grads_call = False
    generate_vmap_rule = False
    _ctx_cls: ClassVar[type[FunctionCtx]]
    _positional: ClassVar[tuple[Any, inspect.Signature | None, int]] = (None, None, 0)
    _backward_cls: ClassVar[type[FunctionNode]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__name__ + "Backward"
        cls._ctx_cls = type(name, (FunctionCtx,), {"_forward_cls": cls})
        cls._backward_cls = type(name, (FunctionNode,), {"__slots__": (), "function": cls})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            INSTANTIATED.format(type(self)),
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(LEGACY)

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operator itself; to be defined."""
        raise NotImplementedError(NO_FORWARD)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Leave in `ctx` what backward needs; if it is defined, `forward` takes no `ctx`."""
        raise NotImplementedError(NO_SETUP_CONTEXT)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The vector-Jacobian product; to be defined (under this name or as `vjp`)."""
        raise NotImplementedError(NO_BACKWARD)

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The Jacobian-vector product: forward mode, which tinygrad_mlp does not have."""
        raise NotImplementedError(NO_JVP)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """The operator on batches, for vmap (torch.autograd.Function.vmap).

        `info` has `batch_size` and `randomness`, and `in_dims` the dimension of each argument, or None. It returns the
        outputs and their dimensions. With `generate_vmap_rule` forward and backward run on tensors of the batch.
        """
        raise NotImplementedError(NO_VMAP)

    @classmethod
    def _rule(cls) -> Callable[..., Any]:
        """The user's backward, under either of its names. RuntimeError if both are defined."""
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(BOTH_NAMES)
        return cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the operator, and put it on the tape if a tensor among its arguments requires grad.

        Only tensors that are arguments themselves count, not those in a list. TypeError for keyword arguments that
        are not parameters of forward. Source: torch.autograd.Function.apply.
        """
        separate = cls.setup_context is not Function.setup_context
        if separate:
            args, kwargs = _with_defaults(cls, args, kwargs)
        elif modes.transform or (running and batching.batches):
            raise RuntimeError(WITHIN_A_TRANSFORM)
        if kwargs:
            args = _in_order(cls.forward, args, kwargs, 0 if separate else 1)
        if running and batching.batches:
            from . import over_batch

            own, batch = over_batch.has_own_vmap(cls, cls.vmap is not Function.vmap), over_batch.batch_of(args)
            if own and batch is not None:
                return over_batch.call_vmap(cls, batch, args)
            args = over_batch.shared(args)
        ctx = cls._ctx_cls()
        ctx.needs_input_grad = tuple(is_tensor(arg) and arg.requires_grad for arg in args)
        recording = state.recording
        # The places on the tape before forward, which may write into its arguments.
        node = _node_for(cls, ctx, args) if recording and any(ctx.needs_input_grad) else None
        state.recording = False
        try:
            if separate:
                output = outside(cls.forward, *args) if running else cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
            single = not isinstance(output, tuple)
            outputs = with_history(ctx, node, args, (output,) if single else output)
        finally:
            state.recording = recording
        if node is not None:
            save(ctx, node, args if separate else (), (output,) if single else output)
        # These are for this function only. Outputs among them would keep the node, which keeps ctx, alive: a cycle.
        ctx.to_save = ctx.dirty_tensors = ctx.non_differentiable = ()
        return outputs[0] if single else tuple(outputs)


def _with_defaults(
    cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of forward, also those that were not given. TypeError where they do not fit it."""
    forward = cls.forward
    known, signature, count = cls._positional
    if known is not forward or signature is None:
        signature = inspect.signature(forward)
        kinds = {parameter.kind for parameter in signature.parameters.values()}
        plain = kinds <= {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
        count = len(signature.parameters) if plain else -1
        cls._positional = (forward, signature, count)  # to read it takes longer than to run a small forward
    if len(args) == count and not kwargs:
        return args, kwargs
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args, bound.kwargs


def _in_order(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], skipped: int
) -> tuple[Any, ...]:
    """Arguments by position, from keywords: the gradients that backward returns have to have an order."""
    parameters = list(inspect.signature(forward).parameters.values())[skipped:]
    parameters = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [p.name for p in parameters]
    for name in kwargs:
        if name not in names:
            raise TypeError(UNEXPECTED_KEYWORD.format(name))
        if name in names[: len(args)]:
            raise TypeError(MULTIPLE_VALUES.format(name))
    ordered = list(args)
    last = max(names.index(name) for name in kwargs)
    for i, parameter in enumerate(parameters[len(args) : last + 1], len(args)):
        if parameter.name not in kwargs and parameter.default is parameter.empty:
            raise TypeError(MISSING_ARGUMENT.format(parameter.name, i))
        ordered.append(kwargs.get(parameter.name, parameter.default))
    return tuple(ordered)


def _node_for(cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...]) -> FunctionNode:
    tensors = [(i, arg) for i, arg in enumerate(args) if is_tensor(arg)]
    for _, arg in tensors:
        if arg.viewed is not None:
            renew(arg)
    edges = [gradient_edge(arg) if ctx.needs_input_grad[i] else None for i, arg in tensors]
    node = cls._backward_cls(edges, (), (), None, None)
    node.ctx = ctx
    node.zero_dirty = False
    node.arguments = [None] * len(args)
    for place, (i, _) in enumerate(tensors):
        node.arguments[i] = place
    return node


class InplaceFunction(Function):
    """A Function by an old name, which torch keeps (torch.autograd.function.InplaceFunction)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


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
        refusing = [None if x is None else _Error.apply(_leaf(x)) for x in results]
        return tuple(refusing) if len(refusing) > 1 else refusing[0]

    return once


def _leaf(tensor: Any) -> Any:
    leaf = tensor.detach()
    leaf.requires_grad = True  # not by the method, which func's transforms refuse to the function that they run
    return leaf


class _Error(Function):
    """Returns its argument, with a node that refuses to run: for what cannot be differentiated a second time."""

    @staticmethod
    def forward(tensor: Any) -> Any:
        return tensor.detach()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Do nothing; the transforms of `func` ask for this method."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError(ONCE_DIFFERENTIABLE)


# As torch calls it: a node like those of operators.
_Error._backward_cls.__name__ = "Error"
_Error._backward_cls.__repr__ = Node.__repr__  # type: ignore[method-assign]
_Error._backward_cls.name = lambda self: "torch::autograd::Error"  # type: ignore[method-assign]
