"""The state of one module, without its children: which tensors it is, how it is loaded, and what can be wrong.

Loading goes on after an error, as in torch, so that one exception tells all that was wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Protocol

from ...autograd import no_grad
from ...tensor import Tensor
from ..parameter import Parameter, is_lazy
from ..refusals import STATE_COPY, STATE_ERRORS, STATE_KEYS, STATE_SIZE, STATE_TO_META, STATE_VALUE


class StatefulModule(Protocol):
    """The attributes of a Module that this file reads; Module itself imports this file, and so cannot be imported."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]


class _IncompatibleKeys(tuple[list[str], list[str]]):
    """The result of `load_state_dict`: the names that the state lacks, and those that the module lacks.

    The class has torch's name because it is printed. It is a named tuple written by hand, because `namedtuple` would
    take a thirtieth of the time of the package's import.
    """

    __slots__ = ()
    _fields = ("missing_keys", "unexpected_keys")

    def __new__(cls, missing_keys: list[str], unexpected_keys: list[str]) -> _IncompatibleKeys:
        return tuple.__new__(cls, (missing_keys, unexpected_keys))

    @property
    def missing_keys(self) -> list[str]:
        return self[0]

    @property
    def unexpected_keys(self) -> list[str]:
        return self[1]

    def __getnewargs__(self) -> tuple[list[str], list[str]]:
        return self[0], self[1]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


EXTRA_STATE = "_extra_state"  # the key of what a module keeps beside its tensors


def own_state(module: StatefulModule) -> dict[str, Tensor]:
    """Return the parameters and persistent buffers of this module by name, without those of its children."""
    persistent = {name: b for name, b in module._buffers.items() if name not in module._non_persistent_buffers_set}
    return {name: t for name, t in {**module._parameters, **persistent}.items() if t is not None}


def load_own_state(
    module: StatefulModule, state: Mapping[str, Any], prefix: str, assign: bool, keys: _IncompatibleKeys,
    errors: list[str], extra: bool,
) -> None:  # fmt: skip
    """Load the state of this module, what is no tensor too if `extra`, and append to the lists what did not match."""
    own: dict[str, Any] = dict(own_state(module))
    if extra:
        own[EXTRA_STATE] = None
    for name, tensor in own.items():
        key = prefix + name
        if key not in state:
            keys.missing_keys.append(key)
        elif name == EXTRA_STATE:
            module.set_extra_state(state[key])  # type: ignore[attr-defined]
        elif problem := _load_one(module, name, tensor, key, state[key], assign):
            errors.append(problem)
    for key in state:
        name, dot, _ = key[len(prefix) :].partition(".")
        if key.startswith(prefix) and name not in (module._modules if dot else own):
            keys.unexpected_keys.append(key)


def raise_errors(name: str, keys: _IncompatibleKeys, errors: list[str], strict: bool) -> None:
    """Raise one RuntimeError for all that was wrong in loading a module of the class `name`, if anything was."""
    if strict:
        for words, wrong in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
            if wrong:
                errors.insert(0, STATE_KEYS.format(kind=words, keys=", ".join(map(_quoted, wrong))))
    if errors:
        raise RuntimeError(STATE_ERRORS.format(type=name, errors="\n\t".join(errors)))


def _load_one(module: StatefulModule, name: str, tensor: Tensor, key: str, value: Any, assign: bool) -> str | None:
    """Load one tensor and return the text of the error, or None if there was none."""
    if not isinstance(value, Tensor):
        return STATE_VALUE.format(key=key, found=type(value))
    if is_lazy(tensor) and is_lazy(value):
        return None
    if tensor.shape == () and value.shape == (1,):
        value = value[0]
    if value.shape != tensor.shape:
        return STATE_SIZE.format(key=key, found=value.shape, shape=tensor.shape)
    if tensor.is_meta and not value.is_meta and not assign:
        warnings.warn(STATE_TO_META.format(key=key), stacklevel=2)
    try:
        if not assign:
            with no_grad():
                tensor.copy_(value)
        elif not isinstance(tensor, Parameter):
            setattr(module, name, value)
        elif isinstance(value, Parameter):
            setattr(module, name, value.requires_grad_(tensor.needs_grad))
        else:
            setattr(module, name, Parameter(value, tensor.needs_grad))
    except Exception as error:
        return STATE_COPY.format(key=key, shape=tensor.shape, found=value.shape, error=error.args)
    return None


def _quoted(key: str) -> str:
    return f'"{key}"'
