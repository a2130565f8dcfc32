"""The parameters and buffers of one module written into another one, also into one of the other framework."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ..nn import Module
from ..nn.refusals import STATE_ERRORS, STATE_KEYS, STATE_SIZE
from ..testing.frameworks import array_of, is_tensor
from .both import PACKAGES
from .refusals import NOT_A_MODULE


def copy_weights(a: Any, b: Any) -> None:
    """Copy the parameters and buffers of the module `a` into the module `b`, by name.

    Each may be a module of this package or of torch. What `state_dict` has is copied, integers such as
    `num_batches_tracked` included, and converted to the dtype of `b` as `copy_` does. RuntimeError in the words of
    `load_state_dict` where names are missing or unexpected, or shapes are others; then nothing is written. TypeError
    for anything but modules.
    """
    package_of(a)
    framework = importlib.import_module(package_of(b))
    given = {name: value for name, value in a.state_dict().items() if is_tensor(value)}
    right = {name: value for name, value in b.state_dict().items() if is_tensor(value)}
    errors = [
        STATE_SIZE.format(key=name, found=given[name].shape, shape=value.shape)
        for name, value in right.items()
        if name in given and not _fits(given[name], value)
    ]
    for kind, names in (("Unexpected", given.keys() - right.keys()), ("Missing", right.keys() - given.keys())):
        if names:
            keys = ", ".join(f'"{name}"' for name in [*given, *right] if name in names)
            errors.insert(0, STATE_KEYS.format(kind=kind, keys=keys))
    if errors:
        raise RuntimeError(STATE_ERRORS.format(type=type(b).__name__, errors="\n\t".join(errors)))
    b.load_state_dict({name: framework.from_numpy(array_of(given[name])) for name in right}, strict=False)


def _fits(given: Any, right: Any) -> bool:
    """Whether `load_state_dict` takes a tensor for another: one of a single element for one without dimensions, too."""
    return given.shape == right.shape or (right.ndim == 0 and tuple(given.shape) == (1,))


def package_of(module: Any) -> str:
    """The package of a module: this one or torch, which is not imported for that. TypeError for anything else."""
    torch = sys.modules.get("torch")
    if isinstance(module, Module):
        return PACKAGES[0]
    if torch is not None and isinstance(module, torch.nn.Module):
        return PACKAGES[1]
    raise TypeError(NOT_A_MODULE.format(found=type(module).__name__))
