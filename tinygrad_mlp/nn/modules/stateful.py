"""How a module is saved and loaded: `state_dict`, `load_state_dict`, and the hooks and methods that take part in them.

Both walk over a module and its children. What each of them saves or loads of its own is a method that a class may
override, and functions that a user registers run before and after it. Behaviour is that of torch 2.13's nn.Module.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...autograd.hooks import RemovableHandle
from ..refusals import (
    NO_EXTRA_STATE,
    POST_HOOK_RESULT,
    PUBLIC_POST_HOOK,
    STATE_BY_POSITION,
    STATE_HOOK_RESULT,
    STATE_TYPE,
)
from .hooks import HOOKS as HOOKS_OF_CALLS
from .hooks import Hooks, add
from .state import EXTRA_STATE, _IncompatibleKeys, load_own_state, own_state, raise_errors

State = dict[str, Any]
HOOKS = ("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks")


class LoadPreHook(NamedTuple):
    """A hook that runs before loading, and whether it is given the module."""

    function: Callable[..., Any]
    with_module: bool


class Stateful:
    """What a Module has for saving and loading."""

    _version = 1  # of the way in which this class saves its state
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: Hooks
    _state_dict_pre_hooks: Hooks
    _load_state_dict_pre_hooks: Hooks
    _load_state_dict_post_hooks: Hooks

    def __getstate__(self) -> State:
        return self.__dict__.copy()

    def __setstate__(self, state: State) -> None:
        own = self.__dict__
        own.update(state)
        for hooks in (*HOOKS, *HOOKS_OF_CALLS):  # a module may have been pickled before it had any
            own.setdefault(hooks, OrderedDict())
        own.setdefault("_non_persistent_buffers_set", set())

    # -- saving ------------------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: State | None = None, prefix: str = "", keep_vars: bool = False
    ) -> State:
        """Return a dict of the parameters and persistent buffers by dotted name.

        The tensors are detached and share the memory of the module's; with `keep_vars` they are the module's own. They
        are put into `destination` if it is given. A module that has more to save than tensors defines
        `get_extra_state()`, whose result is put there too, and `set_extra_state(state)`, which `load_state_dict` calls
        with it. The attribute `_metadata` of the dict holds the version of each module's class. Arguments by position
        are taken with a FutureWarning. Source: torch.nn.Module.state_dict.
        """
        if args:
            warnings.warn(STATE_BY_POSITION, FutureWarning, stacklevel=2)
            destination = args[0] if destination is None else destination
            prefix = args[1] if len(args) > 1 and prefix == "" else prefix
            keep_vars = args[2] if len(args) > 2 and keep_vars is False else keep_vars
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, metadata)
            if result is None:
                continue
            if getattr(hook, "_from_public_api", False):
                raise RuntimeError(STATE_HOOK_RESULT)
            destination = result
        return destination

    def _save_to_state_dict(self, destination: State, prefix: str, keep_vars: bool) -> None:
        """Put the state of this module, without that of its children, into `destination`. A class may override it."""
        for name, tensor in own_state(self).items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """Return what the module has to save beside its tensors. A class that has something overrides both methods."""
        raise RuntimeError(NO_EXTRA_STATE.format(method="get_extra_state"))

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned; `load_state_dict` calls it."""
        raise RuntimeError(NO_EXTRA_STATE.format(method="set_extra_state"))

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register `hook(module, prefix, keep_vars)` to run before `state_dict` saves this module.

        Returns a handle with `remove()`. Source: torch.nn.Module.
        """
        return add(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register `hook(module, state_dict, prefix, local_metadata)` to run when a module and its children are saved.

        The hook may change the dict in place; RuntimeError if it returns anything but None. Returns a handle with
        `remove()`. Source: torch.nn.Module.
        """
        hook._from_public_api = True  # type: ignore[attr-defined]
        return add(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register a hook as above whose result, if it is not None, is what `state_dict` goes on with.

        Only the module on which `state_dict` was called returns it. RuntimeError for a function that was registered by
        `register_state_dict_post_hook`. Source: torch.nn.Module.
        """
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(PUBLIC_POST_HOOK)
        return add(self._state_dict_hooks, hook)

    # -- loading -----------------------------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy tensors by dotted name into the parameters and buffers, whose dtypes stay as they are.

        With `assign` the tensors replace the parameters and buffers instead. Returns the names that were missing and
        those that were unexpected. RuntimeError if there are any and the load is `strict`, and for a tensor of another
        shape in any case; what matches is loaded nevertheless, as in torch. TypeError unless `state_dict` is a mapping.
        Source: torch.nn.Module.load_state_dict.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(STATE_TYPE.format(found=type(state_dict)))
        versions = getattr(state_dict, "_metadata", None)
        state: Any = OrderedDict(state_dict)
        if versions is not None:
            state._metadata = versions
        keys, errors = _IncompatibleKeys([], []), list[str]()
        _load(self, state, "", {} if versions is None else versions, assign, keys, errors)
        raise_errors(type(self).__name__, keys, errors, strict)
        return _IncompatibleKeys(*keys)

    def _load_from_state_dict(
        self, state_dict: State, prefix: str, local_metadata: State, strict: bool, missing_keys: list[str],
        unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Load the state of this module, without that of its children, and append to the lists what did not match.

        A class may override it, to load what an older version of it saved: `local_metadata` has the "version" then.
        """
        for hook in self._load_state_dict_pre_hooks.values():
            given = (state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
            hook.function(*((self, *given) if hook.with_module else given))
        keys = _IncompatibleKeys(missing_keys, unexpected_keys)
        assign = local_metadata.get("assign_to_params_buffers", False)
        extra = type(self).set_extra_state is not Stateful.set_extra_state
        load_own_state(self, state_dict, prefix, assign, keys, error_msgs, extra)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """Register a hook as below; it is given the module only if `with_module` is true. Source: torch.nn.Module."""
        return add(self._load_state_dict_pre_hooks, LoadPreHook(hook, with_module))

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register a hook to run before this module is loaded, which may change the state: rename its entries, say.

        It is called as `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)`, with a dict that is a copy and lists that it may append to. Returns a handle with `remove()`.
        Source: torch.nn.Module.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Register `hook(module, incompatible_keys)` to run when this module and its children are loaded.

        The hook may change the lists `missing_keys` and `unexpected_keys` in place, on which it depends whether a
        strict load fails; AssertionError if it returns anything but None. Returns a handle with `remove()`. Source:
        torch.nn.Module.
        """
        return add(self._load_state_dict_post_hooks, hook)


def _load(
    module: Any, state: State, prefix: str, versions: Mapping[str, Any], assign: bool, keys: _IncompatibleKeys,
    errors: list[str],
) -> None:  # fmt: skip
    """Load a part of a state into a module and its children."""
    metadata = versions.get(prefix[:-1], {})
    if assign:
        metadata["assign_to_params_buffers"] = assign
    module._load_from_state_dict(state, prefix, metadata, True, keys.missing_keys, keys.unexpected_keys, errors)
    for name, child in module._modules.items():
        if child is not None:
            start = f"{prefix}{name}."
            part = {key: value for key, value in state.items() if key.startswith(start)}
            _load(child, part, start, versions, assign, keys, errors)
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, keys) is not None:
            raise AssertionError(POST_HOOK_RESULT)
