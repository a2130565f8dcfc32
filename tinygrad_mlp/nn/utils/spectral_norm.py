"""The older form of spectral normalisation: a hook that divides the weight by its norm before every forward.

Source: torch.nn.utils.spectral_norm, after Miyato et al., Spectral Normalization for Generative Adversarial Networks
(2018).
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ...autograd import no_grad
from ...tensor import Tensor, wrap
from .. import functional as F
from ..modules import Module
from ..parameter import Parameter
from .norms import matrix_of, random_vectors, spectral_length
from .refusals import NO_ITERATIONS, NO_NORM, NORM_OF_NONE, TWO_NORMS, TWO_VERSIONS

__all__ = [
    "SpectralNorm", "SpectralNormLoadStateDictPreHook", "SpectralNormStateDictHook", "remove_spectral_norm",
    "spectral_norm",
]  # fmt: skip

AnyModule = TypeVar("AnyModule", bound=Module)


class SpectralNorm:
    """The hook of one parameter: it is kept as `name_orig`, and its first singular vectors as `name_u` and `name_v`."""

    _version = 1  # of the way in which the state is saved: before it, the vector v was not kept

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        if n_power_iterations <= 0:
            raise ValueError(NO_ITERATIONS.format(found=n_power_iterations))
        self.name, self.n_power_iterations, self.dim, self.eps = name, n_power_iterations, dim, eps

    def reshape_weight_to_matrix(self, weight: Tensor) -> Any:
        """The weight as a matrix, whose rows are the places of `dim`."""
        return matrix_of(weight, self.dim)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Any:
        """The parameter divided by its spectral norm, of which the power iteration makes a better estimate."""
        weight, u, v = (getattr(module, self.name + part) for part in ("_orig", "_u", "_v"))
        matrix = matrix_of(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # so that two forwards can be differentiated
        return weight / spectral_length(matrix, u, v)

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for part in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + part)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))

    def _solve_v_and_rescale(self, matrix: Tensor, u: Tensor, sigma: Any) -> Any:
        """The v of an old state: it solves W v = u up to a factor, by which u W v is sigma."""
        w = matrix.array
        v = wrap(np.linalg.pinv(w.T @ w) @ w.T @ u.array)
        return v * (sigma / spectral_length(matrix, u, v))

    @staticmethod
    def apply(module: Module, name: str, n_power_iterations: int, dim: int, eps: float) -> SpectralNorm:
        """Register the hook on a parameter of a module, with two random vectors as the first estimate."""
        if any(isinstance(hook, SpectralNorm) and hook.name == name for hook in module._forward_pre_hooks.values()):
            raise RuntimeError(TWO_NORMS.format(kind="spectral_norm", name=name))
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None:
            raise ValueError(NORM_OF_NONE.format(name=name))
        with no_grad():
            u, v = random_vectors(matrix_of(weight, dim), eps)
        delattr(module, name)
        module.register_parameter(name + "_orig", weight)
        setattr(module, name, weight.data)  # some programs look at it before the first forward
        module.register_buffer(name + "_u", u)
        module.register_buffer(name + "_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(SpectralNormStateDictHook(hook))
        module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(hook))
        return hook


class SpectralNormLoadStateDictPreHook:
    """Finds the vector v of a state that was saved before it was kept."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool, missing_keys: list[str],
        unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        name, key = self.fn.name, prefix + self.fn.name
        version = local_metadata.get("spectral_norm", {}).get(name + ".version")
        if version is not None and version >= 1:
            return
        has_all = all(key + part in state_dict for part in ("_orig", "_u", "_v"))
        if version is None and has_all and key not in state_dict:
            return  # a new state without its metadata
        missing = [key + part for part in ("_orig", "", "_u") if key + part not in state_dict]
        if missing:
            missing_keys += missing if strict else []
            return
        with no_grad():
            original, u = state_dict[key + "_orig"], state_dict[key + "_u"]
            sigma = (original / state_dict.pop(key)).mean()
            state_dict[key + "_v"] = self.fn._solve_v_and_rescale(matrix_of(original, self.fn.dim), u, sigma)


class SpectralNormStateDictHook:
    """Writes the version into the metadata of a state."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(self, module: Module, state_dict: Any, prefix: str, local_metadata: Any) -> None:
        versions, key = local_metadata.setdefault("spectral_norm", {}), self.fn.name + ".version"
        if key in versions:
            raise RuntimeError(TWO_VERSIONS.format(key=key))
        versions[key] = self.fn._version


def spectral_norm(
    module: AnyModule, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> AnyModule:
    """Divide a parameter by its largest singular value before every forward.

    That value is estimated by `n_power_iterations` of the power method in every forward in training. A tensor of more
    than two dimensions is a matrix whose rows are the places of `dim`. Returns the module. ValueError for a number of
    iterations that is not above 0, RuntimeError for a parameter that has the hook already. Source:
    torch.nn.utils.spectral_norm.
    """
    SpectralNorm.apply(module, name, n_power_iterations, 0 if dim is None else dim, eps)
    return module


def remove_spectral_norm(module: AnyModule, name: str = "weight") -> AnyModule:
    """Make the weight, divided by its norm, a parameter; ValueError where there is none (torch.nn.utils)."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            break
    else:
        raise ValueError(NO_NORM.format(kind="spectral_norm", name=name, module=module))
    for hooks in (module._state_dict_hooks, module._load_state_dict_pre_hooks):
        for key, hook in hooks.items():
            fn = getattr(getattr(hook, "function", hook), "fn", None)
            if isinstance(fn, SpectralNorm) and fn.name == name:
                del hooks[key]
                break
    return module
