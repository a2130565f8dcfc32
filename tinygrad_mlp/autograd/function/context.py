"""ctx: what a Function's forward leaves for its backward."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from ...tape import FREED
from ..tensors import is_tensor
from .refusals import NO_TENSOR_FOR_FORWARD, READ_TWICE, SAVED_VARIABLES, SHARED_STORAGE


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
    _forward_cls: ClassVar[Any]  # the user's class
    _saved: Sequence[Any] = ()
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
            raise AssertionError(NO_TENSOR_FOR_FORWARD)
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

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Do nothing and warn that it is deprecated, as torch does."""
        warnings.warn(
            SHARED_STORAGE,
            FutureWarning,
            stacklevel=2,
        )

    def name(self) -> str:
        """The name of the node, FooBackward (torch's name)."""
        return type(self).__name__

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """`saved_tensors` by an old name."""
        warnings.warn(SAVED_VARIABLES, DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that `save_for_backward` kept. An input is the same object; an output has the same node.

        RuntimeError in torch's words for a tensor changed since, or after backward has freed the graph.
        """
        if self._freed:
            raise RuntimeError(FREED)
        if self._read:
            raise RuntimeError(READ_TWICE)
        tensors = tuple(None if saved is None else saved.unpack() for saved in self._saved)
        self.maybe_clear_saved_tensors()
        return tensors

    def maybe_clear_saved_tensors(self) -> None:
        """Forget the saved tensors if the Function has `clear_saved_tensors_on_access`.

        Without it this does nothing: torch forgets them then too, if backward does not retain the graph.
        """
        if self._forward_cls.clear_saved_tensors_on_access:
            self._saved, self._read = (), True
