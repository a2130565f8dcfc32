"""The older form of weight normalisation: a hook that computes the weight before every forward.

Source: torch.nn.utils.weight_norm, after Salimans and Kingma, Weight Normalization (2016).
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from ..modules import Module
from ..parameter import Parameter
from .norms import norm_except_dim, weight_of
from .refusals import NO_NORM, OLD_WEIGHT_NORM, TWO_NORMS

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]

AnyModule = TypeVar("AnyModule", bound=Module)


class WeightNorm:
    """The hook of one parameter, which it makes of two others: `name_g`, its lengths, and `name_v`, its direction."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Any:
        """The weight of the two parameters."""
        return weight_of(getattr(module, self.name + "_v"), getattr(module, self.name + "_g"), self.dim)

    @staticmethod
    def apply(module: Module, name: str, dim: int | None) -> WeightNorm:
        """Split a parameter of a module and register the hook that puts it together."""
        warnings.warn(OLD_WEIGHT_NORM, FutureWarning, stacklevel=3)
        if any(isinstance(hook, WeightNorm) and hook.name == name for hook in module._forward_pre_hooks.values()):
            raise RuntimeError(TWO_NORMS.format(kind="weight_norm", name=name))
        hook = WeightNorm(name, dim)
        weight = getattr(module, name)
        del module._parameters[name]
        module.register_parameter(name + "_g", Parameter(norm_except_dim(weight, hook.dim).data))
        module.register_parameter(name + "_v", Parameter(weight.data))
        hook(module, None)
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"]
        del module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: AnyModule, name: str = "weight", dim: int | None = 0) -> AnyModule:
    """Split a parameter into its lengths and its direction, and compute it from them before every forward.

    There is a length for each place of `dim`; with None, one for the whole tensor. Returns the module. Torch has
    replaced it by `parametrizations.weight_norm`: FutureWarning. RuntimeError for a parameter that is split already.
    Source: torch.nn.utils.weight_norm.
    """
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: AnyModule, name: str = "weight") -> AnyModule:
    """Make what `weight_norm` has split one parameter again; ValueError where it has not (torch.nn.utils)."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(NO_NORM.format(kind="weight_norm", name=name, module=module))
