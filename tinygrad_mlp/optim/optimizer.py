"""What all optimisers share: parameter groups, state by parameter, zero_grad, state_dict (torch.optim.Optimizer)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np

from ..autograd.grad_mode import enable_grad, no_grad
from ..tensor import Tensor, wrap
from ..warned import warn
from .refusals import (
    CAPTURABLE,
    FUSED_DIFFERENTIABLE,
    FUSED_FOREACH,
    GROUP_SIZES_DIFFER,
    GROUP_TYPE,
    GROUPS_DIFFER,
    IN_TWO_GROUPS,
    LEAF_IN_PLACE,
    NAMES_DIFFER,
    NAMES_MISSING,
    NO_PARAMETERS,
    NOT_A_LEAF,
    NOT_A_TENSOR,
    NOT_RECORDED,
    PARAMS_TYPE,
    SET_OF_PARAMETERS,
    SEVERAL_ELEMENTS,
)

Group = dict[str, Any]

# Elements of a block that an update works through at a time: what it touches of a block stays in the cache.
BLOCK = 1 << 18


class Optimizer:
    """Updates parameters from their gradients.

    `param_groups` is a list of dicts with the group's parameters under "params" and its options; `state` has a dict
    for each parameter. A subclass names its `defaults` and writes `update`. TypeError and ValueError in torch's words
    for parameters that cannot be optimised. Source: torch.optim.Optimizer.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        if isinstance(params, Tensor):
            raise TypeError(PARAMS_TYPE.format(found=params.type()))
        groups = list(params)
        if not groups:
            raise ValueError(NO_PARAMETERS)
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if defaults.get("fused"):  # refused here, as torch: options of one update that is written in another language
            if defaults.get("differentiable"):
                raise RuntimeError(FUSED_DIFFERENTIABLE)
            if defaults.get("foreach"):
                raise RuntimeError(FUSED_FOREACH)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with options of their own; what it does not set is the optimiser's default.

        Parameters may be given as pairs with their names. TypeError for what is no dict, or holds a set or what is no
        Tensor; ValueError for a parameter that is no leaf or is in another group, and where some have names and some
        have none.
        """
        if not isinstance(param_group, dict):
            raise TypeError(GROUP_TYPE.format(found=type(param_group)))
        group = dict(param_group)
        parameters, names = _with_names(group["params"])
        group["params"] = parameters
        if names:
            if len(names) != len(parameters):
                raise ValueError(NAMES_MISSING)
            group["param_names"] = names
        _check(parameters, leaves=not self.defaults.get("differentiable"))
        for name, default in self.defaults.items():
            group.setdefault(name, default)
        if len({id(p) for p in parameters}) != len(parameters):
            warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information"
            )
        for other in self.param_groups:
            if ("param_names" in other) != ("param_names" in group):
                own = "with names" if "param_names" in group else "without names"
                raise ValueError(NAMES_DIFFER.format(own=own))
        present = {id(p) for other in self.param_groups for p in other["params"]}
        if any(id(p) in present for p in parameters):
            raise ValueError(IN_TWO_GROUPS)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to 0."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p._grad = p._grad.detach()
                    p._grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; a closure first computes the loss again, which is returned.

        With `differentiable` RuntimeError for a leaf that requires grad, as torch, and NotImplementedError where an
        update would have to be recorded. AssertionError with `capturable`, which a CPU is not.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                if group.get("capturable") or group.get("differentiable"):
                    _refuse(group)
                for p in group["params"]:
                    if p._grad is not None:
                        self.update(p, p._grad.array, self.state[p], group)
                        p.versions[0] += 1
        return loss

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Write one parameter's new value into its array, and what must be remembered into its state."""
        raise NotImplementedError

    # -- saving and loading ------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the groups, with parameters as numbers in the order of the groups."""
        numbers = {id(p): i for i, p in enumerate(self._parameters())}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": {numbers[id(p)]: dict(s) for p, s in self.state.items() if s}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; ValueError for groups that do not match, and then nothing is changed."""
        saved = deepcopy(state_dict)
        groups = saved["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError(GROUPS_DIFFER)
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups, strict=True)):
            raise ValueError(GROUP_SIZES_DIFFER)
        parameters = dict(zip([i for group in groups for i in group["params"]], self._parameters(), strict=True))
        self.state = defaultdict(dict, {parameters[i]: s for i, s in saved["state"].items()})
        self.param_groups = [
            {**group, "params": own["params"], **_names_of(group if "param_names" in group else own)}
            for group, own in zip(groups, self.param_groups, strict=True)
        ]

    def _parameters(self) -> Iterator[Tensor]:
        for group in self.param_groups:
            yield from group["params"]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] * (i > 0) + [f"Parameter Group {i}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def _names_of(group: Group) -> Group:
    return {"param_names": group["param_names"]} if "param_names" in group else {}


def _with_names(params: Any) -> tuple[list[Tensor], list[str]]:
    """The parameters of a group, and the names of those that have one."""
    if isinstance(params, set):
        raise TypeError(SET_OF_PARAMETERS)
    listed = [params] if isinstance(params, Tensor) else list(params)
    names = [p[0] for p in listed if isinstance(p, tuple)]
    return [p[1] if isinstance(p, tuple) else p for p in listed], names


def _check(parameters: list[Tensor], leaves: bool) -> None:
    for p in parameters:
        if not isinstance(p, Tensor):
            raise TypeError(NOT_A_TENSOR.format(module=type(p).__module__, type=type(p).__name__))
        if leaves and not (p.is_leaf or p.retains_grad):
            raise ValueError(NOT_A_LEAF)


def _refuse(group: Group) -> None:
    """Raise for what torch refuses, or records, in a step that captures or differentiates."""
    moving = [p for p in group["params"] if p._grad is not None]
    if group.get("capturable") and moving:
        raise AssertionError(CAPTURABLE)
    if group.get("differentiable"):
        if any(p.requires_grad and p.is_leaf for p in moving):
            raise RuntimeError(LEAF_IN_PLACE)
        if any(p.requires_grad or p._grad.requires_grad for p in moving):
            raise NotImplementedError(NOT_RECORDED)


def blocks(*arrays: Any) -> Iterable[tuple[Any, ...]]:
    """The arrays cut into flat blocks that fit the cache together, where all are contiguous; else whole, as they are.

    An update of several passes over a block reads it from memory once.
    """
    size = arrays[0].size
    if not arrays[0].ndim:
        return (tuple(a.reshape(1) for a in arrays),)  # of 0-d arrays NumPy gives scalars, which take no out=
    if size <= BLOCK or not all(isinstance(a, np.ndarray) and a.flags.c_contiguous for a in arrays):
        return (arrays,)
    flat = [a.reshape(-1) for a in arrays]
    return [tuple(a[i : i + BLOCK] for a in flat) for i in range(0, size, BLOCK)]


def number(option: Any) -> Any:
    """An option that is a number, or a tensor of one element."""
    return option.array.item() if isinstance(option, Tensor) else option


def one_number(name: str, option: Any) -> Any:
    """The option; ValueError for a tensor of several elements."""
    if isinstance(option, Tensor) and option.numel() != 1:
        raise ValueError(SEVERAL_ELEMENTS.format(name=name))
    return option


def state_of_zeros(p: Tensor) -> Tensor:
    """A tensor of zeros like a parameter."""
    return wrap(np.zeros_like(p.array))
