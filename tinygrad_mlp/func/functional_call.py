"""`functional_call`: a module as a pure function of its parameters, for the transforms to differentiate.

The given tensors take the place of the module's own for one call, and the module is as before afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..tensor import Tensor
from .refusals import (
    AMBIGUOUS,
    ATTRIBUTE_TYPE,
    MISSING,
    NO_SUBMODULE,
    PARAMETER_TYPE,
    PARAMETERS_PARTS,
    PARAMETERS_TYPE,
    TIED,
    UNEXPECTED,
    WRONG_KEYS,
    WRONG_NAMES,
)

_MISSING = object()


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: dict[str, Any] | Sequence[dict[str, Any]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Return `module(*args, **kwargs)`, computed with the given tensors in place of its parameters and buffers.

    The tensors are named as in `named_parameters()` and `named_buffers()`; the module's own serve for names that are
    not given. If the call replaces a buffer, the new one is put into the dict, not into the module. With `tie_weights`
    a tensor that the module has under several names is replaced under all of them. ValueError for a name that is given
    twice; with `strict`, RuntimeError for names that are missing or unknown. Source: torch.func.functional_call.
    """
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with replaced_parameters(module, _merged(parameter_and_buffer_dicts), tie_weights, strict):
        return module(*args, **(kwargs or {}))


@contextmanager
def replaced_parameters(module: Any, given: dict[str, Any], tie_weights: bool, strict: bool) -> Iterator[None]:
    """A `with` block in which a module has the given tensors; see `functional_call`."""
    tensors = _tied(module, given) if tie_weights else given
    if strict:
        _check_names(module, tensors)
    replaced: list[tuple[Any, str, Any]] = []
    try:
        for name, tensor in tensors.items():
            owner, attribute = _owner(module, name)
            replaced.append((owner, attribute, _swap(owner, attribute, tensor)))
        yield
    finally:
        found = {(id(owner), name): _swap(owner, name, old) for owner, name, old in replaced}
        for name in list(given):
            owner, attribute = _owner(module, name)
            if (id(owner), attribute) in found:
                given[name] = found[id(owner), attribute]


def _merged(dicts: Any) -> dict[str, Any]:
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, Sequence):
        raise ValueError(PARAMETERS_TYPE.format(kind=type(dicts)))
    if not all(isinstance(part, dict) for part in dicts):
        raise ValueError(PARAMETERS_PARTS)
    names = [name for part in dicts for name in part]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValueError(AMBIGUOUS.format(names=repeated))
    return {name: tensor for part in dicts for name, tensor in part.items()}


def _own_tensors(module: Any) -> dict[str, Tensor]:
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _tied(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The given tensors, each under all the names that the module has for the tensor that it replaces."""
    groups: dict[int, list[str]] = {}
    for name, tensor in _own_tensors(module).items():
        groups.setdefault(id(tensor), []).append(name)
    tensors = dict(given)
    for names in groups.values():
        values = [given[name] for name in names if name in given]
        if not values or len(names) == 1:
            continue
        if any(value is not values[0] for value in values):
            raise ValueError(TIED.format(names=sorted(names)))
        tensors.update(dict.fromkeys(names, values[0]))
    return tensors


def _check_names(module: Any, tensors: dict[str, Any]) -> None:
    own = _own_tensors(module)
    problems = []
    for word, names in ((UNEXPECTED, set(tensors) - set(own)), (MISSING, set(own) - set(tensors))):
        if names:
            problems.append(WRONG_KEYS.format(word=word, names=", ".join(repr(name) for name in sorted(names))))
    if problems:
        raise RuntimeError(WRONG_NAMES.format(module=type(module).__name__, problems="\n\t".join(problems)))


def _owner(module: Any, name: str) -> tuple[Any, str]:
    """The submodule that has the tensor of this name, and the last part of the name."""
    *path, attribute = name.split(".")
    for part in path:
        child = getattr(module, part, None)
        if child is None:
            raise AttributeError(NO_SUBMODULE.format(module=type(module).__name__, name=part))
        module = child
    return module, attribute


def _swap(module: Any, name: str, tensor: Any) -> Any:
    """Put a tensor in the place of another, without the checks that an assignment makes; return the other."""
    if tensor is not None and tensor is not _MISSING and not isinstance(tensor, Tensor):
        raise TypeError(PARAMETER_TYPE.format(value=tensor))
    for part in (module._parameters, module._buffers):
        if name in part:
            old = part[name]
            part[name] = tensor
            return old
    old = getattr(module, name, _MISSING)
    if old is not _MISSING and not isinstance(old, Tensor):
        raise TypeError(ATTRIBUTE_TYPE.format(name=name, value=old))
    if tensor is _MISSING:
        delattr(module, name)
    else:
        setattr(module, name, tensor)
    return old
