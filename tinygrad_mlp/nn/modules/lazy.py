"""Lazy modules, which learn the size of their input from the first one that they are called with.

Until then their parameters are uninitialised. The first call makes them, with torch's numbers for the same seed, and
the module becomes one of the usual class.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from ...autograd import no_grad
from ...tensor import Tensor, wrap
from ...tensor.creation.options import DType
from ..parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from ..refusals import LAZY_FEATURES, NO_INITIALIZE, NOT_ALL_INITIALIZED
from .linear import Linear
from .module import Module
from .normalization import BatchNorm1d, InstanceNorm1d

__all__ = ["LazyBatchNorm1d", "LazyInstanceNorm1d", "LazyLinear"]


class LazyModuleMixin(Module):
    """The base of lazy modules, to be written before the class that it makes lazy.

    A subclass says in `initialize_parameters` how its parameters are made from an input, and in `cls_to_become` which
    class it is afterwards. Source: torch.nn.modules.lazy.LazyModuleMixin.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        buffers = {n: b for n, b in self._buffers.items() if n not in self._non_persistent_buffers_set}
        for name, tensor in chain(self._parameters.items(), buffers.items()):
            if tensor is not None:
                destination[prefix + name] = tensor if is_lazy(tensor) or keep_vars else tensor.detach()

    def _lazy_load_hook(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Make those parameters that are loaded in the shapes that they will have."""
        for name, tensor in chain(self._parameters.items(), self._buffers.items()):
            loaded = state_dict.get(prefix + name)
            if is_lazy(tensor) and loaded is not None and not is_lazy(loaded):
                with no_grad():
                    tensor.materialize(loaded.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Make the parameters, given the arguments of the first call; NotImplementedError unless overridden."""
        raise NotImplementedError(NO_INITIALIZE.format(name=type(self).__name__))

    def has_uninitialized_params(self) -> bool:
        """Whether there are parameters or buffers that are not made yet."""
        return any(map(is_lazy, chain(self._parameters.values(), self._buffers.values())))

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        """The hook before the first forward."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(NOT_ALL_INITIALIZED.format(name=type(self).__name__))
        for hook in ("_initialize_hook", "_load_hook"):
            getattr(module, hook).remove()
            delattr(module, hook)
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


class LazyLinear(LazyModuleMixin, Linear):
    """A Linear that takes `in_features` from its first input. Source: torch.nn.LazyLinear."""

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: DType = None) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw new values, if the parameters are made."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Make the parameters for inputs of the shape (*, in_features)."""
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = input.shape[-1]
                self.weight.materialize((self.out_features, self.in_features))
                if self.bias is not None:
                    self.bias.materialize((self.out_features,))
                self.reset_parameters()
        if not self.in_features:
            if input.shape[-1] != self.weight.shape[-1]:
                raise AssertionError(LAZY_FEATURES.format(found=input.shape[-1], expected=self.weight.shape[-1]))
            self.in_features = input.shape[-1]


class _LazyNorm(LazyModuleMixin):
    """A norm that takes `num_features` from its first input."""

    num_features: int

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
        device: Any = None, dtype: DType = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        made: dict[str, Any] = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**made)
            if bias:
                self.bias = UninitializedParameter(**made)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**made)
            self.running_var = UninitializedBuffer(**made)
            self.num_batches_tracked = wrap(np.zeros((), np.int64))

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0, and reset the running statistics, if they are made."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor) -> None:
        """Make the parameters and statistics for inputs of the shape (N, num_features, *)."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for tensor in chain(self._parameters.values(), self._buffers.values()):
                if is_lazy(tensor):
                    tensor.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A BatchNorm1d that takes `num_features` from its first input. Source: torch.nn.LazyBatchNorm1d."""

    cls_to_become = BatchNorm1d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An InstanceNorm1d that takes `num_features` from its first input. Source: torch.nn.LazyInstanceNorm1d."""

    cls_to_become = InstanceNorm1d
