"""Checkpointing: save memory by computing part of the forward again in backward (torch.utils.checkpoint).

There are two modes. The non-reentrant mode records the forward as usual, but the tape keeps numbers in the place of the
saved tensors, and the first of them that backward needs starts the recomputation. The reentrant mode does not record
the forward; its node recomputes it in backward and runs a backward of its own.
"""

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
from ..random import get_rng_state, set_rng_state
from ..tape import state
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
    """Return two contexts that do nothing (torch.utils.checkpoint.noop_context_fn)."""
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
    """Return function(*args, **kwargs), keeping only the inputs for backward, which computes the rest again.

    For the two modes of `use_reentrant` see the head of this file. The reentrant mode works for `backward()` without
    `inputs` only, and tensors within a list or dict get no gradients. With `early_stop` the recomputation ends after
    the last tensor that is needed. With `preserve_rng_state` it draws the same random numbers. `context_fn` returns the
    contexts of the forward and of the recomputation. CheckpointError if the recomputation saves tensors of other shapes
    or dtypes, unless `determinism_check` is "none"; with `debug` it lists the operators of both. ValueError for options
    that the mode does not take, UserWarning if `use_reentrant` is not given. Source: torch.utils.checkpoint.checkpoint.
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
    """Call the modules of a Sequential, or a list of functions, in segments; all but the last are checkpointed.

    The only keyword is `preserve_rng_state`; ValueError for others. Source:
    torch.utils.checkpoint.checkpoint_sequential.
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
    """Draw random numbers from an earlier state within the context, and restore the present state after it."""
    if rng_state is None:
        yield
        return
    now = get_rng_state()
    set_rng_state(rng_state)
    try:
        yield
    finally:
        set_rng_state(now)


# -- the non-reentrant mode ------------------------------------------------------------------------

_early_stop: bool | None = None
_debug: bool | None = None


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Generator[None, None, None]:
    """Override the option `debug` of all checkpoints within the context; None leaves it to each (as in torch)."""
    global _debug
    previous, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = previous


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Generator[None, None, None]:
    """Override the option `early_stop` of all checkpoints within the context (as in torch)."""
    global _early_stop
    previous, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = previous


class _Holder:
    """What the tape keeps in the place of a saved tensor: the tensor's number among those of its frame."""

    __slots__ = ("__weakref__", "index")

    def __init__(self, index: int) -> None:
        self.index = index


class _Stop(Exception):
    """Raised within the recomputation, to end it when all tensors that are needed have been computed."""


class _Frame:
    """A checkpointed call: how to compute it again, and the tensors that the recomputation saved, by number.

    A tensor is kept only as long as the tape needs it: the references to the `holders` are weak, and a tensor that was
    read is removed from `again`.
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
        # Saved with their versions: if one is changed in place before backward, the recomputation is refused.
        self.args = [SavedForBackward(arg, own=False) if isinstance(arg, Tensor) else arg for arg in args]
        self.early_stop = early_stop
        self.check = check
        self.comparison = comparison
        self.complete = False
        self.holders: list[weakref.ref[_Holder]] = []
        self.kinds: list[Any] = []
        self.again: dict[int, Tensor] = {}

    def tensor(self, index: int) -> Tensor:
        """Return a saved tensor by its number; compute the function again unless the tensor is in `again` already."""
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
    """The hooks of the original forward: keep a number for each saved tensor."""

    def __init__(self, frame: _Frame) -> None:
        def pack(tensor: Tensor) -> _Holder:
            holder = _Holder(len(frame.holders))
            frame.holders.append(weakref.ref(holder))
            frame.kinds.append(_kind(tensor))
            return holder

        super().__init__(pack, lambda holder: frame.tensor(holder.index))


class _AgainHooks(saved_tensors_hooks):
    """The hooks of the recomputation: collect the saved tensors, and stop after the last one that is needed."""

    def __init__(self, frame: _Frame, saved: list[Tensor]) -> None:
        def pack(tensor: Tensor) -> Tensor:
            tensor = tensor.detach()  # a node that kept its own output would keep itself alive
            if len(saved) == len(frame.holders):
                if not frame.complete:
                    return tensor  # the function itself takes a gradient while it first runs
                raise CheckpointError(TOO_MANY.format(tip=TIP))
            saved.append(tensor)
            if frame.early_stop and len(saved) == len(frame.holders):
                raise _Stop
            return tensor

        super().__init__(pack, lambda tensor: tensor)


# -- the reentrant mode ----------------------------------------------------------------------------


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the inputs with each tensor replaced by a leaf of the same values and the same `requires_grad`.

    RuntimeError unless `inputs` is a tuple. Source: torch.utils.checkpoint.detach_variable.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(NOT_A_TUPLE.format(found=type(inputs).__name__))
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if no tensor requires grad (torch.utils.checkpoint.check_backward_validity)."""
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction(Function):
    """The Function that is applied in the reentrant mode (torch.utils.checkpoint.CheckpointFunction)."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """Return run_function(*args), without recording it."""
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
        """Compute the function again, recorded this time, and return the gradients of its arguments."""
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
    """The node of the reentrant mode, which refuses `grad()` and `inputs=`: its own backward adds to all leaves."""

    __slots__ = ()
    function = CheckpointFunction

    def pull(self, g: Any, edges: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        if edges is not self.edges:
            raise RuntimeError(INPUTS_WITH_REENTRANT)
        return super().pull(g, edges, create_graph)


_CheckpointNode.__name__ = CheckpointFunction._backward_cls.__name__
CheckpointFunction._backward_cls = _CheckpointNode
