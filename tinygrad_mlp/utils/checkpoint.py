"""Checkpointing: in backward, compute again what forward did not keep (torch.utils.checkpoint)."""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from ..autograd.backward import backward
from ..autograd.function import Function, FunctionNode
from ..autograd.function.saved import SavedForBackward
from ..autograd.grad_mode import enable_grad, no_grad
from ..autograd.graph import saved_tensors_hooks
from ..autograd.modes import state
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor
from .checkpoint_debug import CheckpointError, Comparison
from .refusals import (
    DEBUG_WITH_CONTEXT,
    DETERMINISM_CHECK,
    INPUTS_WITH_REENTRANT,
    NOT_A_TUPLE,
    NOT_WITH_REENTRANT,
    NOTHING_TO_DIFFERENTIATE,
    OTHER_METADATA,
    OTHER_NUMBER,
    OTHER_TENSOR,
    SUPPRESSED,
    TIP,
    TOO_MANY,
    UNEXPECTED_KEYWORDS,
)

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]

Contexts = Callable[[], tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]]

_PASS_IT = (
    "use_reentrant parameter should be passed explicitly. {when} use_reentrant=False is recommended, but if you need "
    "to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
    "differences between the two variants."
)


_NOTHING = object()


def noop_context_fn() -> tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]:
    """Two contexts that do nothing (torch.utils.checkpoint.noop_context_fn)."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Contexts = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args), of which the tape keeps the inputs alone: backward computes the rest again.

    With `use_reentrant` the forward is not recorded, and backward runs a backward of its own: only for `backward()`
    without `inputs`, and for tensors that are arguments themselves. Without, the tape is as ever, but the first
    saved tensor that is read computes all anew, up to the last (`early_stop`) of them. Random numbers come again
    (`preserve_rng_state`). CheckpointError where the second computation saves other shapes or dtypes (unless
    `determinism_check` is "none"), with `debug` naming the operators of both; ValueError for keywords that the mode
    does not take; UserWarning where `use_reentrant` is not given. Source: torch.utils.checkpoint.checkpoint.
    """
    if use_reentrant is None:
        when = "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception."
        warnings.warn(f"torch.utils.checkpoint: the {_PASS_IT.format(when=when)}", stacklevel=2)
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError(UNEXPECTED_KEYWORDS.format(names=",".join(kwargs)))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError(NOT_WITH_REENTRANT)
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    comparison = None
    if debug if _debug is None else _debug:
        if context_fn is not noop_context_fn:
            raise ValueError(DEBUG_WITH_CONTEXT)
        comparison = Comparison()
    if determinism_check not in ("default", "none"):
        raise ValueError(DETERMINISM_CHECK.format(found=determinism_check))
    contexts = context_fn() if comparison is None else (comparison.forward, comparison.again)
    forward_context, recompute_context = contexts
    if not state.recording:
        return function(*args, **kwargs)
    rng_state = get_rng_state() if preserve_rng_state else None

    def recompute(*again: Any) -> None:
        with _random_numbers_from(rng_state), recompute_context:
            function(*again, **kwargs)

    stop = early_stop if _early_stop is None else _early_stop
    frame = _Frame(recompute, args, stop, determinism_check == "default", comparison)
    result = _NOTHING
    with _FrameHooks(frame), forward_context:
        result = function(*args, **kwargs)
    if result is _NOTHING:
        raise RuntimeError(SUPPRESSED)
    frame.complete = True
    return result


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A Sequential, or a list of functions, one after the other in `segments`, each but the last checkpointed.

    Keywords: `preserve_rng_state`. ValueError for others. Source: torch.utils.checkpoint.checkpoint_sequential.
    """
    if use_reentrant is None:
        when = "In version 2.9 we will raise an exception if use_reentrant is not passed."
        text = f"torch.utils.checkpoint.checkpoint_sequential: the {_PASS_IT.format(when=when)}"
        warnings.warn(text, stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(UNEXPECTED_KEYWORDS.format(names=",".join(kwargs)))
    functions = list(functions.children() if hasattr(functions, "children") else functions)
    size = len(functions) // segments
    last = size * (segments - 1)
    for start in range(0, last, size):
        part = _chain(functions[start : start + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _chain(functions[last:])(input)


def _chain(functions: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def forward(input: Any) -> Any:
        for function in functions:
            input = function(input)
        return input

    return forward


@contextlib.contextmanager
def _random_numbers_from(rng_state: Any) -> Generator[None, None, None]:
    """The generator's numbers from an earlier state on, and afterwards as if nothing had been drawn."""
    if rng_state is None:
        yield
        return
    now = get_rng_state()
    set_rng_state(rng_state)
    try:
        yield
    finally:
        set_rng_state(now)


# -- recorded, but saved again ---------------------------------------------------------------------

_early_stop: bool | None = None
_debug: bool | None = None


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Generator[None, None, None]:
    """Whether checkpoints made in this block have `debug`, whatever they say; None leaves it to them (torch's name)."""
    global _debug
    previous, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = previous


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Generator[None, None, None]:
    """Whether checkpoints made in this block stop computing again once all that they need is there (torch's name)."""
    global _early_stop
    previous, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = previous


class _Holder:
    """What the tape keeps in place of a saved tensor: the number of the tensor among those of its frame."""

    __slots__ = ("__weakref__", "index")

    def __init__(self, index: int) -> None:
        self.index = index


class _Stop(Exception):
    """Everything that was to be computed again is there."""


class _Frame:
    """A checkpointed call: how to compute it again, and what it saved then, by number.

    Only for as long as the tape still has a use for a tensor: `holders` are weak, and a tensor read is given away.
    """

    def __init__(
        self,
        recompute: Callable[..., None],
        args: tuple[Any, ...],
        early_stop: bool,
        check: bool,
        comparison: Comparison | None,
    ) -> None:
        self.recompute = recompute
        # Saved like any other: of an argument that is changed afterwards, something else would be computed.
        self.args = [SavedForBackward(arg, own=False) if isinstance(arg, Tensor) else arg for arg in args]
        self.early_stop = early_stop
        self.check = check
        self.comparison = comparison
        self.complete = False
        self.holders: list[weakref.ref[_Holder]] = []
        self.kinds: list[Any] = []
        self.again: dict[int, Tensor] = {}

    def tensor(self, index: int) -> Tensor:
        """A tensor that the forward saved, computed anew unless the computation for another one has left it."""
        if index not in self.again:
            try:
                self._compute_again()
            except CheckpointError as error:
                if self.comparison is None:
                    raise
                self.comparison.refuse(error)
        return self.again.pop(index)

    def _compute_again(self) -> None:
        args = [arg.unpack() if isinstance(arg, SavedForBackward) else arg for arg in self.args]
        saved: list[Tensor] = []
        with contextlib.suppress(_Stop), _AgainHooks(self, saved), enable_grad():
            self.recompute(*args)
        if len(saved) != len(self.holders):
            raise CheckpointError(OTHER_NUMBER.format(forward=len(self.holders), again=len(saved), tip=TIP))
        different = ""
        for i, (holder, tensor) in enumerate(zip(self.holders, saved, strict=True)):
            if holder() is None:
                continue
            self.again[i] = tensor
            if self.check and self.kinds[i] != _kind(tensor):
                different += OTHER_TENSOR.format(index=i, saved=self.kinds[i], again=_kind(tensor))
        if different:
            self.again.clear()
            raise CheckpointError(OTHER_METADATA.format(different=different, tip=TIP))


def _kind(tensor: Tensor) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


class _FrameHooks(saved_tensors_hooks):
    """In the forward: keep numbers."""

    def __init__(self, frame: _Frame) -> None:
        def pack(tensor: Tensor) -> _Holder:
            holder = _Holder(len(frame.holders))
            frame.holders.append(weakref.ref(holder))
            frame.kinds.append(_kind(tensor))
            return holder

        super().__init__(pack, lambda holder: frame.tensor(holder.index))


class _AgainHooks(saved_tensors_hooks):
    """In the second computation: collect the tensors, and stop it after the last."""

    def __init__(self, frame: _Frame, saved: list[Tensor]) -> None:
        def pack(tensor: Tensor) -> Tensor:
            tensor = tensor.detach()  # a node that kept its own output would keep itself
            if len(saved) == len(frame.holders):
                if not frame.complete:
                    return tensor  # a gradient taken within the checkpointed function itself
                raise CheckpointError(TOO_MANY.format(tip=TIP))
            saved.append(tensor)
            if frame.early_stop and len(saved) == len(frame.holders):
                raise _Stop
            return tensor

        super().__init__(pack, lambda tensor: tensor)


# -- not recorded: a backward within backward ------------------------------------------------------


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same tensors as leaves that require grad if they did, and what is no tensor as it is.

    RuntimeError for what is no tuple. Source: torch.utils.checkpoint.detach_variable.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(NOT_A_TUPLE.format(found=type(inputs).__name__))
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """UserWarning where no tensor requires grad (torch.utils.checkpoint.check_backward_validity)."""
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction(Function):
    """The reentrant mode as an operator (torch.utils.checkpoint.CheckpointFunction)."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """run_function(*args), unrecorded."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.rng_state = get_rng_state() if preserve_rng_state else None
        ctx.others = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.places = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The gradients of the arguments, by a backward of the function computed again."""
        saved = list(ctx.others)
        for i, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            saved[i] = tensor
        inputs = detach_variable(tuple(saved))
        with _random_numbers_from(ctx.rng_state), enable_grad():
            outputs = ctx.run_function(*inputs)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [
            (output, g)
            for output, g in zip(outputs, grads, strict=True)
            if isinstance(output, Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError(NOTHING_TO_DIFFERENTIATE)
        backward([output for output, _ in pairs], [g for _, g in pairs])
        return (None, None, *(x.grad if isinstance(x, Tensor) else None for x in inputs))


class _CheckpointNode(FunctionNode):
    """Refuses a backward that is not for all leaves: its own backward would add to them."""

    __slots__ = ()
    function = CheckpointFunction

    def pull(self, g: Any, edges: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        if edges is not self.edges:
            raise RuntimeError(INPUTS_WITH_REENTRANT)
        return super().pull(g, edges, create_graph)


_CheckpointNode.__name__ = CheckpointFunction._backward_cls.__name__
CheckpointFunction._backward_cls = _CheckpointNode
