"""A module as a pure function of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor

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
    """What `module(*args, **kwargs)` gives with these tensors as its parameters and buffers.

    They are named as in `named_parameters()`; those that are not given stay. A buffer that the call replaces is
    replaced in the dict, not in the module. `tie_weights`: what is one tensor in the module stays one. ValueError for a
    name given twice; RuntimeError, if `strict`, for names that are missing or unknown. Source:
    torch.func.functional_call.
    """
    given = _merged(parameter_and_buffer_dicts)
    tensors = _tied(module, given) if tie_weights else given
    if strict:
        _check_names(module, tensors)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    replaced: list[tuple[Any, str, Any]] = []
    try:
        for name, tensor in tensors.items():
            owner, attribute = _owner(module, name)
            replaced.append((owner, attribute, _swap(owner, attribute, tensor)))
        return module(*args, **(kwargs or {}))
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
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}"
        )
    if not all(isinstance(part, dict) for part in dicts):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    names = [name for part in dicts for name in part]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    return {name: tensor for part in dicts for name, tensor in part.items()}


def _own_tensors(module: Any) -> dict[str, Tensor]:
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _tied(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The given tensors, under all the names that the module has for each of its own."""
    groups: dict[int, list[str]] = {}
    for name, tensor in _own_tensors(module).items():
        groups.setdefault(id(tensor), []).append(name)
    tensors = dict(given)
    for names in groups.values():
        values = [given[name] for name in names if name in given]
        if not values or len(names) == 1:
            continue
        if any(value is not values[0] for value in values):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(names)}, which are tied. Consider using "
                "tie_weights=False"
            )
        tensors.update(dict.fromkeys(names, values[0]))
    return tensors


def _check_names(module: Any, tensors: dict[str, Any]) -> None:
    own = _own_tensors(module)
    problems = []
    for word, names in (("Unexpected", set(tensors) - set(own)), ("Missing", set(own) - set(tensors))):
        if names:
            problems.append(f"{word} key(s): {', '.join(repr(name) for name in sorted(names))}.")
    if problems:
        text = "\n\t".join(problems)
        raise RuntimeError(f"Error(s) in reparametrizing for {type(module).__name__}:\n\t{text}")


def _owner(module: Any, name: str) -> tuple[Any, str]:
    """The submodule that a tensor belongs to, and the last part of its name."""
    *path, attribute = name.split(".")
    for part in path:
        child = getattr(module, part, None)
        if child is None:
            raise AttributeError(f"{type(module).__name__} has no attribute `{part}`")
        module = child
    return module, attribute


def _swap(module: Any, name: str, tensor: Any) -> Any:
    """Put a tensor in the place of another, without the checks of an assignment; returns what was there."""
    if tensor is not None and tensor is not _MISSING and not isinstance(tensor, Tensor):
        raise TypeError(f"{tensor} is not an instance of torch.Tensor")
    for part in (module._parameters, module._buffers):
        if name in part:
            old = part[name]
            part[name] = tensor
            return old
    old = getattr(module, name, _MISSING)
    if old is not _MISSING and not isinstance(old, Tensor):
        raise TypeError(f"attribute `{name}`: {old} is not an instance of torch.Tensor")
    if tensor is _MISSING:
        delattr(module, name)
    else:
        setattr(module, name, tensor)
    return old
