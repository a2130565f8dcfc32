"""Optimizer, the base class of the optimisers: parameter groups, the state of each parameter, saving and loading.

Behaviour and error texts are those of torch.optim.Optimizer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np

from ..arrays.silence import silent
from ..autograd.captured import refuse_captured, running
from ..autograd.grad_mode import enable_grad, no_grad
from ..messages import noted, warn
from ..tensor import Tensor, wrap
from .hooks import Hooked, replaced
from .hooks import register_optimizer_step_post_hook as register_optimizer_step_post_hook
from .hooks import register_optimizer_step_pre_hook as register_optimizer_step_pre_hook
from .refusals import (
    AT_LEAST_ZERO,
    BETA,
    CAPTURABLE,
    EPSILON,
    FUSED_DIFFERENTIABLE,
    FUSED_FOREACH,
    GROUP_SIZES_DIFFER,
    GROUP_TYPE,
    GROUPS_DIFFER,
    IN_TWO_GROUPS,
    LEAF_IN_PLACE,
    LEARNING_RATE,
    NAMES_DIFFER,
    NAMES_MISSING,
    NO_PARAMETERS,
    NOT_A_LEAF,
    NOT_A_TENSOR,
    NOT_RECORDED,
    OPTION,
    PARAMS_TYPE,
    SET_OF_PARAMETERS,
    SEVERAL_ELEMENTS,
)

Group = dict[str, Any]

# The number of elements that an update works on at a time: the parts of all arrays then fit into the cache.
BLOCK = 1 << 18


# Options that older files do not have, and what they stand for there.
_LATER_OPTIONS = {
    "nesterov": False, "amsgrad": False, "maximize": False, "differentiable": False, "capturable": False,
    "decoupled_weight_decay": False, "centered": False, "foreach": None, "fused": None,
}  # fmt: skip


class _RequiredParameter:
    """What libraries give as the default of an option that a program must give (torch.optim.optimizer.required)."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()


class Optimizer(Hooked):
    """The base class of optimisers, which update parameters from their gradients.

    `params` is an iterable of tensors, or of dicts for groups with options of their own. `param_groups` is the list of
    these dicts, with the parameters under "params" and all options; `state` maps each parameter to a dict. A subclass
    passes its `defaults` and defines `update`. TypeError or ValueError for parameters that cannot be optimised. Source:
    torch.optim.Optimizer.
    """

    first_write = "add_"  # the operator with which torch's optimiser writes into a parameter

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._make_hooks()
        if isinstance(params, Tensor):
            raise TypeError(PARAMS_TYPE.format(found=params.type()))
        groups = list(params)
        if not groups:
            raise noted(ValueError(NO_PARAMETERS))
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if defaults.get("fused"):  # torch refuses these two last of all
            if defaults.get("differentiable"):
                raise RuntimeError(FUSED_DIFFERENTIABLE)
            if defaults.get("foreach"):
                raise RuntimeError(FUSED_FOREACH)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with its own options, which are completed by the optimiser's defaults.

        The parameters may be given as (name, parameter) pairs. TypeError if the group is not a dict, or its parameters
        are a set or not all tensors; ValueError for a parameter that is not a leaf or belongs to another group, and if
        only some parameters have names. Source: torch.optim.Optimizer.add_param_group.
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
        """Set the gradients of all parameters to None, or to zeros if `set_to_none` is False."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    (p._grad.requires_grad_(False) if p._grad.grad_fn is None else p._grad.detach_()).zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        A `closure`, if given, is called first, to compute the loss and the gradients again; its result is returned.
        With the option `differentiable`: RuntimeError for a leaf that requires grad, as in torch, and
        NotImplementedError where torch would record the update on the tape. With `capturable`: AssertionError, because
        it needs an accelerator.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad(), silent():
            for group in self.param_groups:
                if group.get("capturable") or group.get("differentiable"):
                    _refuse(group)
                for p in group["params"]:
                    if p._grad is not None:
                        if running:
                            refuse_captured(p, self.first_write)
                        grad = p._grad.array
                        if grad.dtype.char == "e":
                            grad = grad.astype(np.float32)  # what is computed with it is of float32, as in torch
                        self.update(p, grad, self.state[p], group)
                        p.versions[0] += 1
        return loss

    def update(self, p: Tensor, grad: Any, state: dict[str, Any], group: Group) -> None:
        """Write the new value of one parameter into its array, in place; `state` is kept for its next update.

        `grad` is an array of float32 where the parameter is of float16.
        """
        raise NotImplementedError

    # -- saving and loading ------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return the state and the groups as dicts, in which parameters are numbered in the order of the groups."""
        for hook in tuple(self._optimizer_state_dict_pre_hooks.values()):
            hook(self)
        numbers = {id(p): i for i, p in enumerate(self._parameters())}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {numbers[id(p)]: dict(s) for p, s in self.state.items() if s}
        return replaced(self._optimizer_state_dict_post_hooks, self, {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned; ValueError, and no change, if the groups do not match this optimiser's."""
        saved = deepcopy(replaced(self._optimizer_load_state_dict_pre_hooks, self, state_dict.copy()))
        groups = saved["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError(GROUPS_DIFFER)
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups, strict=True)):
            raise ValueError(GROUP_SIZES_DIFFER)
        parameters = dict(zip([i for group in groups for i in group["params"]], self._parameters(), strict=True))
        states = {parameters[i]: _cast(parameters[i], s) for i, s in saved["state"].items()}
        param_groups = [
            {**group, "params": own["params"], **_names_of(group if "param_names" in group else own)}
            for group, own in zip(groups, self.param_groups, strict=True)
        ]
        self.__setstate__({"state": defaultdict(dict, states), "param_groups": param_groups})
        for hook in tuple(self._optimizer_load_state_dict_post_hooks.values()):
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy keeps: all but hooks, and the `step` that a scheduler has put around that of the class."""
        left = ("step", "_opt_called")
        return {k: v for k, v in vars(self).items() if k not in left and not k.startswith("_optimizer_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a state, in which options that were added to torch's optimisers later may be missing."""
        vars(self).update(state)
        if "_optimizer_step_pre_hooks" not in vars(self):
            self._make_hooks()
        for group in self.param_groups:
            for name in self.defaults:
                if name in _LATER_OPTIONS:
                    group.setdefault(name, _LATER_OPTIONS[name])
        for own in self.state.values():
            if "step" in own and not isinstance(own["step"], Tensor):
                own["step"] = wrap(np.array(own["step"], np.float32))

    def _parameters(self) -> Iterator[Tensor]:
        for group in self.param_groups:
            yield from group["params"]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] * (i > 0) + [f"Parameter Group {i}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def _cast(p: Tensor, state: Any) -> Any:
    """A state with its tensors in the dtype of the parameter, but for the number of steps."""
    if isinstance(state, Tensor):
        return state.to(p.dtype) if p.is_floating_point() else state
    if isinstance(state, dict):
        return {key: value if key == "step" else _cast(p, value) for key, value in state.items()}
    return [_cast(p, part) for part in state] if isinstance(state, list) else state


def _names_of(group: Group) -> Group:
    return {"param_names": group["param_names"]} if "param_names" in group else {}


def _with_names(params: Any) -> tuple[list[Tensor], list[str]]:
    """Return the parameters of a group, and the names of those that have one."""
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
    """Raise the errors of `step` for the options `capturable` and `differentiable`."""
    moving = [p for p in group["params"] if p._grad is not None]
    if group.get("capturable") and moving:
        raise AssertionError(CAPTURABLE)
    if group.get("differentiable"):
        if any(p.requires_grad and p.is_leaf for p in moving):
            raise RuntimeError(LEAF_IN_PLACE)
        if any(p.requires_grad or p._grad.requires_grad for p in moving):
            raise NotImplementedError(NOT_RECORDED)


def blocks(*arrays: Any) -> Iterable[tuple[Any, ...]]:
    """Cut arrays of one shape into blocks of at most BLOCK elements; each block is a tuple of the arrays' parts.

    An update that makes several passes over a block reads it from memory only once. Arrays that are not contiguous are
    given whole.
    """
    size = arrays[0].size
    if not arrays[0].ndim:
        return (tuple(a.reshape(1) for a in arrays),)  # operators on 0-d arrays return scalars, which out= rejects
    if size <= BLOCK or not all(isinstance(a, np.ndarray) and a.flags.c_contiguous for a in arrays):
        return (arrays,)
    flat = [a.reshape(-1) for a in arrays]
    return [tuple(a[i : i + BLOCK] for a in flat) for i in range(0, size, BLOCK)]


def number(option: Any) -> Any:
    """Return the value of an option that is a number or a tensor of one element."""
    return option.array.item() if isinstance(option, Tensor) else option


def one_number(name: str, option: Any) -> Any:
    """Return the option; ValueError if it is a tensor of several elements."""
    if isinstance(option, Tensor) and option.numel() != 1:
        raise ValueError(SEVERAL_ELEMENTS.format(name=name))
    return option


def state_of_zeros(p: Tensor) -> Tensor:
    """Return a tensor of zeros of the shape and dtype of a parameter."""
    return wrap(np.zeros_like(p.array))


def count_step(state: dict[str, Any], p: Tensor, *names: str) -> Any:
    """Count a step in the state of a parameter, and return its number; at the first, make zeros for `names`."""
    if not state:
        state["step"] = wrap(np.zeros((), np.float32))
        state.update((name, state_of_zeros(p)) for name in names)
    state["step"].array += 1
    return state["step"].array.item()


def descent(g: Any, w: Any, group: Group) -> Any:
    """The gradient that an update follows: negated for `maximize`, and with the decay of the weights."""
    if group["maximize"]:
        g = -g
    return g + group["weight_decay"] * w if group["weight_decay"] else g


def decayed(g: Any, w: Any, lr: float, group: Group) -> Any:
    """The same where `decoupled_weight_decay` shrinks the parameter instead (Loshchilov & Hutter 2019)."""
    if not group["decoupled_weight_decay"]:
        return descent(g, w, group)
    w *= 1 - lr * group["weight_decay"]
    return -g if group["maximize"] else g


def check_options(lr: Any, **options: Any) -> None:
    """ValueError in torch's words for a negative option, for betas outside [0, 1), and for lr of several elements."""
    if not one_number("lr", lr) >= 0.0:
        raise ValueError(LEARNING_RATE.format(lr=lr))
    for name, value in options.items():
        if name == "betas":
            for i in (0, 1):
                if not 0.0 <= value[i] < 1.0:
                    raise ValueError(BETA.format(index=i, beta=value[i]))
        elif not value >= 0.0:
            raise ValueError(EPSILON.format(eps=value) if name == "eps" else OPTION.format(name=name, value=value))


def check_at_least_zero(name: str, value: Any) -> None:
    """ValueError for an option below 0, or nan, in the words of torch's younger optimisers."""
    if not value >= 0.0:
        raise ValueError(AT_LEAST_ZERO.format(name=name, value=value))
