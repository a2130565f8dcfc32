"""The class Tensor: an array, its gradient and its place on the tape.

Here is what belongs to a tensor itself. The methods that are operators, such as `x.exp()`, are added by functions.py,
which makes them from the rows of the derivative table.
"""

from __future__ import annotations

import warnings
from numbers import Number
from typing import TYPE_CHECKING, Any

from ..arrays import CPU, META, MetaArray, device, dtype, dtypes
from ..arrays.dtypes import FLOATING
from ..autograd import hooks, inference, making
from ..autograd.backward import backward
from ..autograd.captured import refuse_captured, refuse_inside, running, share_data, share_memory
from ..autograd.graph.node import AccumulateGrad, seen
from ..autograd.inplace.views import View, leaf_of_its_own, renew
from ..autograd.modes import modes
from ..autograd.outputs import OutputNode
from ..autograd.refusals import INFERENCE_NO_VERSION, REQUIRES_GRAD_INSIDE, RETAIN_GRAD_INSIDE
from ..autograd.tensors import make_tensors_with
from ..messages import type_name
from ..ops.dims import axis
from ..ops.layout import strides_of
from ..random import engine as random_engine
from ..tape import Node
from .attributes import Attributes
from .copies import Copies
from .keywords import numpy_names
from .refusals import (
    CONTAINS,
    DATA_DELETED,
    DATA_DTYPE,
    DATA_TYPE,
    DETACH_INSTEAD,
    DETACHED_VIEW,
    GRAD_DTYPE,
    GRAD_IS_ITSELF,
    GRAD_OF_NON_LEAF,
    GRAD_SIZE,
    GRAD_TYPE,
    HOOK_WITHOUT_GRAD,
    REQUIRES_GRAD_COMPUTED,
    REQUIRES_GRAD_DTYPE,
    REQUIRES_GRAD_INFERENCE,
    REQUIRES_GRAD_KIND,
    REQUIRES_GRAD_METHOD_DTYPE,
    REQUIRES_GRAD_TYPE,
    RETAIN_WITHOUT_GRAD,
)
from .shown import Shown
from .size import Size
from .values import Values

new = object.__new__


class Tensor(Attributes, Copies, Shown, Values):
    """An n-dimensional array that knows how it was computed (torch.Tensor).

    `array` is the NumPy array; `needs_grad` is what `requires_grad` shows; `node` is the operator that it came out
    of (None for a leaf); `versions` is a list of one number, which counts the writes into its memory and is shared with
    its views and with what the tape saved; `viewed` says what it is a view of.
    """

    __slots__ = ("__dict__", "__weakref__", "array", "needs_grad", "node", "versions", "viewed")
    __module__ = "tinygrad_mlp"

    # What only few tensors have is kept in the instance's dict, so that five assignments make a tensor.
    _grad: Tensor | None = None
    _accumulator: Any = None
    _leaf_hooks: Any = None
    _leaf_node: Any = AccumulateGrad
    _retains: bool = False
    _inference: bool = False
    _transform: int = 0
    __array_priority__ = 1000

    if TYPE_CHECKING:
        array: Any
        needs_grad: bool
        node: Node | None
        versions: list[int]
        viewed: View | None

        def __init__(self, *args: Any, **options: Any) -> None: ...  # the sizes or the data; in creation/typed.py
        def __getattr__(self, name: str) -> Any: ...  # the operators' methods

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...

    # -- what it is --------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return tuple.__new__(Size, self.array.shape)  # which are integers, so that Size need not look at them

    @numpy_names
    def size(self, dim: int | None = None) -> Any:
        """The shape, or its size along `dim`."""
        if dim is None:
            return self.shape
        return self.array.shape[axis(dim, self.array.ndim)]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self.array.ndim)

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self.array.ndim)

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    nelement, ndimension = numel, dim

    @property
    def dtype(self) -> dtype:
        """The data type of the elements."""
        return dtypes.of(self.array.dtype)

    @property
    def device(self) -> device:
        """Where the elements lie: on the CPU, or nowhere, which is the device "meta"."""
        return META if type(self.array) is MetaArray else CPU

    @numpy_names
    def stride(self, dim: int | None = None) -> Any:
        """How far apart neighbours along each dimension, or along `dim`, lie in memory, counted in elements."""
        strides = strides_of(self.array)
        return strides if dim is None else strides[axis(dim, len(strides))]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in C order without gaps."""
        return bool(self.array.flags.c_contiguous)

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating one."""
        return self.array.dtype.kind in FLOATING

    @property
    def _version(self) -> int:
        if inference.is_inference(self):
            raise RuntimeError(INFERENCE_NO_VERSION)
        return self.versions[0]

    def is_inference(self) -> bool:
        """Whether this tensor was made in inference mode (torch.Tensor.is_inference)."""
        return inference.is_inference(self)

    # -- its gradient ------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that backward computes its gradient.

        Only leaves of a floating dtype can be set to True. RuntimeError where it cannot be set as asked.
        """
        view = self.viewed
        return self.needs_grad if view is None else view.own or self.node is not None or view.base.needs_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError(REQUIRES_GRAD_TYPE)
        if value and self.array.dtype.kind not in FLOATING:
            raise RuntimeError(REQUIRES_GRAD_DTYPE)
        if value and not modes.inference and inference.is_inference(self):
            raise RuntimeError(REQUIRES_GRAD_INFERENCE)
        if self.node is not None:
            raise RuntimeError(REQUIRES_GRAD_COMPUTED if value else REQUIRES_GRAD_COMPUTED + DETACH_INSTEAD)
        self.needs_grad = bool(value)
        if self.viewed is not None:
            leaf_of_its_own(self, value)

    @requires_grad.deleter
    def requires_grad(self) -> None:
        raise RuntimeError(REQUIRES_GRAD_TYPE)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`, and return the tensor itself; RuntimeError for a dtype that is not floating.

        TypeError for what is no bool.
        """
        if not isinstance(requires_grad, bool):
            raise TypeError(f"requires_grad_(): {REQUIRES_GRAD_KIND.format(found=type(requires_grad).__name__)}")
        if running:
            refuse_inside(REQUIRES_GRAD_INSIDE)
        if requires_grad and self.array.dtype.kind not in FLOATING:
            raise RuntimeError(REQUIRES_GRAD_METHOD_DTYPE)
        if not requires_grad or self.node is None:  # a computed tensor that is set to True has it already
            self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was not computed by a recorded operation."""
        if self.viewed is not None:
            renew(self)
        return self.node is None

    @property
    def grad_fn(self) -> Any:
        """The node of the operation that computed this tensor; None for a leaf."""
        if self.viewed is not None:
            renew(self)
        node = self.node
        return seen(node.edges[0] if isinstance(node, OutputNode) else node)

    @property
    def _base(self) -> Tensor | None:
        return None if self.viewed is None else self.viewed.base

    def _is_view(self) -> bool:
        return self.viewed is not None

    @property
    def output_nr(self) -> int:
        """Which output of its operation this tensor is, counted from 0."""
        return self.node.index if isinstance(self.node, OutputNode) else 0

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has added up here; None before. UserWarning for a tensor that keeps none."""
        grad = self._grad
        if grad is None and self.node is not None and not self._retains:
            warnings.warn(GRAD_OF_NON_LEAF, stacklevel=2)
        return grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(GRAD_TYPE.format(found=type_name(value)))
            if value is self:
                raise RuntimeError(GRAD_IS_ITSELF)
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(GRAD_DTYPE.format(found=value.dtype.word, dtype=self.dtype.tensor_type[:-6]))
            if value.array.shape != self.array.shape:
                raise RuntimeError(GRAD_SIZE.format(found=list(value.array.shape), size=list(self.array.shape)))
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Add d(self)/d(leaf) to the `.grad` of every leaf that requires grad.

        `gradient` has the shape of this tensor and may be left out for a single element (it is 1). The graph is freed
        unless `retain_graph`; with `create_graph` the gradients can be differentiated again. `inputs`: only these get
        a `.grad`. RuntimeError in torch's words for what is refused. Source: torch.Tensor.backward.
        """
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    @classmethod
    def _with_history(cls, array: Any, node: Node) -> Tensor:
        """Make a Tensor of a saved array and the node that computed it, so that a rule can be differentiated itself."""
        if isinstance(node, AccumulateGrad) and node.variable.array is array:
            variable: Tensor = node.variable
            return variable
        tensor = wrap(array)
        tensor.needs_grad = True
        tensor.node = node
        return tensor

    @staticmethod
    def _constant(array: Any) -> Tensor:
        """Make a Tensor without history of a saved array."""
        return wrap(array)

    def register_hook(self, hook: Any) -> hooks.RemovableHandle:
        """Have `hook(grad)` called when this tensor's gradient is computed; what it returns, if anything, replaces it.

        Returns a handle with `remove()`. RuntimeError for a tensor that does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError(HOOK_WITHOUT_GRAD)
        if self.viewed is not None:
            renew(self)
        return hooks.register(self, hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> hooks.RemovableHandle:
        """Have `hook(tensor)` called after backward has added to the `.grad` of this leaf.

        RuntimeError for a tensor that is no leaf or does not require grad. Source:
        torch.Tensor.register_post_accumulate_grad_hook.
        """
        return hooks.register_post_accumulate_grad(self, hook)

    def retain_grad(self) -> None:
        """Have backward store the gradient of this tensor in its `.grad` even if it is not a leaf.

        RuntimeError for a tensor that does not require grad. Source: torch.Tensor.retain_grad.
        """
        if not self.requires_grad:
            raise RuntimeError(RETAIN_WITHOUT_GRAD)
        if running:
            refuse_inside(RETAIN_GRAD_INSIDE)
        if self.node is not None and not self._retains:
            if self.viewed is not None:
                renew(self)
            hooks.retain(self)

    @property
    def _backward_hooks(self) -> Any:
        return hooks.backward_hooks(self)

    @_backward_hooks.setter
    def _backward_hooks(self, value: Any) -> None:
        hooks.set_backward_hooks(self, value)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on a tensor that is not a leaf."""
        return self._retains

    def detach(self) -> Tensor:
        """A tensor that shares this one's memory and has no history (torch.Tensor.detach)."""
        tensor = wrap(self.array)
        tensor.versions = self.versions
        if modes.inference:
            tensor._inference = self._inference  # torch makes a view, which is what this tensor is
        if running:
            share_memory(tensor, self)
        return tensor

    def detach_(self) -> Tensor:
        """Make this tensor a leaf that does not require grad; RuntimeError for a view (torch.Tensor.detach_)."""
        if running:
            refuse_captured(self, "detach_")
        if self.viewed is not None:
            raise RuntimeError(DETACHED_VIEW)
        if self.node is not None:
            hooks.note_detached(self)
        self.node = None
        self.needs_grad = False
        return self

    @property
    def data(self) -> Tensor:
        """A tensor that shares this one's memory, whose changes the tape does not notice (torch.Tensor.data)."""
        tensor = wrap(self.array)  # it has a version counter of its own
        if modes.inference or self._inference:
            tensor._inference = self._inference
        if running:
            share_data(tensor, self)
        return tensor

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(DATA_TYPE.format(found=type_name(value)))
        if self.needs_grad and value.array.dtype.kind not in FLOATING:
            raise RuntimeError(DATA_DTYPE)
        self.array = value.array
        vars(self).pop("_accumulator", None)  # it was made for the old shape and dtype

    @data.deleter
    def data(self) -> None:
        raise RuntimeError(DATA_DELETED)

    # -- as a value: what needs to know the class Tensor; the rest is in values.py -------------------

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Tensor, Number)):
            raise RuntimeError(CONTAINS.format(type=type(element)))
        found: Any = element == self  # False for a number that no dtype holds
        return found is not False and bool(found.any().item())

    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        return (
            format(self.item(), spec) if not self.array.ndim and type(self) is Tensor else object.__format__(self, spec)
        )


def wrap(array: Any) -> Tensor:
    """Make a Tensor of an array as it is: without a copy, and without history."""
    tensor = new(Tensor)
    tensor.array = array
    tensor.needs_grad = False
    tensor.node = None
    tensor.versions = [0]
    tensor.viewed = None
    return tensor


make_tensors_with(wrap)
random_engine.wrap = wrap
making.make_with(globals())

__all__ = ["Size", "Tensor", "device", "wrap"]
