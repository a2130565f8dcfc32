"""How a tensor shows what led to it, and what backward does with that."""

from __future__ import annotations

from typing import Any

from .. import autograd


class Shown:
    """The methods of Tensor that show its tape; the floor above makes what they return."""

    __slots__ = ()

    def tape(self) -> Any:
        """The tape that leads to this tensor, to be printed, drawn or read (see `torch.autograd.tape`)."""
        return autograd.tape(self)

    def backward_steps(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> Any:
        """What `backward` does, one event after another, for a loop (see `torch.autograd.backward_steps`)."""
        return autograd.backward_steps(self, gradient, retain_graph, create_graph, inputs)

    def __treescope_ndarray_adapter__(self) -> Any:
        """By which treescope, if it is installed, draws the tensor in a notebook."""
        return autograd.TensorAdapter()
