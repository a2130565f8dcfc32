"""What runs when a state dict is made or loaded: hooks, methods that a class overrides, and versions, as in torch."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from support.parity import same


def _network(torch: Any) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sequential(torch.nn.Linear(1, 1)))


def _shown(x: Any) -> Any:
    """A name for what a hook is given."""
    if isinstance(x, (dict, list, tuple)):
        return list(x.items()) if isinstance(x, dict) and "version" in x else list(x)
    return type(x).__name__ if hasattr(x, "state_dict") else x


def _state_dict_hooks(torch: Any, kind: str, result: Any = None) -> Any:
    """What the hooks of an outer and an inner module are given, in order, and what `state_dict` then gives."""
    net, calls = _network(torch), []

    def hook(*args: Any) -> Any:
        calls.append([_shown(x) for x in args])
        return result

    handles = [getattr(module, kind)(hook) for module in (net, net[1], net[1][0])]
    net.state_dict(prefix="here.", keep_vars=True)
    handles[1].remove()
    return calls, net.state_dict()


def _changes_the_state(torch: Any) -> Any:
    net = _network(torch)

    def rename(module: Any, state: Any, prefix: str, metadata: Any) -> None:
        state[prefix + "kernel"] = state.pop(prefix + "weight")
        metadata["version"] = 7

    net[1][0].register_state_dict_post_hook(rename)
    state = net.state_dict()
    return state, dict(state._metadata)


def _public_hook_again(torch: Any) -> Any:
    net = _network(torch)

    def hook(*args: Any) -> None:
        pass

    net._register_state_dict_hook(hook)
    net.register_state_dict_post_hook(hook)
    return net._register_state_dict_hook(hook)


def _load_hooks(torch: Any, kind: str, **options: Any) -> Any:
    net, calls = _network(torch), []
    state = net.state_dict()
    del state["1.0.bias"]
    state["0.more"] = state["0.bias"]

    def hook(*args: Any) -> None:
        calls.append([_shown(x) for x in args])

    handles = [getattr(module, kind)(hook, **options) for module in (net, net[1], net[1][0])]
    handles[1].remove()
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    return calls, str(error.value), repr(net.load_state_dict(state, strict=False)), calls


def _old_names(torch: Any) -> Any:
    """A hook that gives the entries of an old checkpoint their new names."""
    net = _network(torch)
    old = {key.replace("weight", "kernel"): 2 * value for key, value in net.state_dict().items()}

    def rename(module: Any, state: Any, prefix: str, *rest: Any) -> None:
        state[prefix + "weight"] = state.pop(prefix + "kernel")

    for layer in (net[0], net[1][0]):
        layer.register_load_state_dict_pre_hook(rename)
    return repr(net.load_state_dict(old)), net.state_dict(), sorted(old)


def _hook_of_a_pre_hook_finds_errors(torch: Any) -> Any:
    net = _network(torch)

    def complain(
        state: Any, prefix: str, metadata: Any, strict: bool, missing: Any, unexpected: Any, errors: Any
    ) -> None:
        missing.append("one")
        unexpected.append("two")
        errors.append("three")

    net[0]._register_load_state_dict_pre_hook(complain)
    return net.load_state_dict(net.state_dict())


def _forgiven(torch: Any, answer: Any = None) -> Any:
    """A hook that takes back what was missing."""
    net = _network(torch)

    def forgive(module: Any, keys: Any) -> Any:
        keys.missing_keys.clear()
        keys.unexpected_keys[:] = [key for key in keys.unexpected_keys if key != "other"]
        return answer

    net.register_load_state_dict_post_hook(forgive)
    return repr(net.load_state_dict({"other": torch.ones(1)}))


def _hooks_of_a_copy(torch: Any) -> Any:
    """A copy's hooks are given the copy."""
    net = _network(torch)
    net.register_load_state_dict_pre_hook(_note_itself)
    net.register_state_dict_pre_hook(_note_itself)
    other = copy.deepcopy(net)
    other.load_state_dict(other.state_dict())
    third = pickle.loads(pickle.dumps(net))
    third.load_state_dict(net.state_dict())
    return getattr(net, "noted", 0), other.noted, third.noted


def _note_itself(module: Any, *rest: Any) -> None:
    module.noted = getattr(module, "noted", 0) + 1


def _own_way_to_save(torch: Any) -> Any:
    class Scaled(torch.nn.Linear):
        _version = 3

        def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
            super()._save_to_state_dict(destination, prefix, keep_vars)
            destination[prefix + "scale"] = torch.ones(1)

        def _load_from_state_dict(self, state: Any, prefix: str, metadata: Any, *rest: Any) -> None:
            self.seen = dict(metadata)
            self.scale = state.pop(prefix + "scale")
            super()._load_from_state_dict(state, prefix, metadata, *rest)

    net = torch.nn.Sequential(Scaled(2, 1), torch.nn.ReLU())
    state = net.state_dict()
    return state, dict(state._metadata), repr(net.load_state_dict(state)), net[0].seen, net[0].scale


def _assigned(torch: Any) -> Any:
    net, seen = _network(torch), []
    net.register_load_state_dict_pre_hook(lambda module, state, prefix, metadata, *rest: seen.append(dict(metadata)))
    net.load_state_dict(net.state_dict(), assign=True)
    net.load_state_dict(dict(net.state_dict()))
    return seen


def _old_batch_norm(torch: Any, version: Any) -> Any:
    """The batches that a state of before torch 0.4.1 does not count."""
    norm = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
    norm(torch.ones(3, 2))
    state = norm.state_dict()
    del state["0.num_batches_tracked"]
    state = state if version is not None else dict(state)
    if version:
        state._metadata["0"]["version"] = version
    return repr(norm.load_state_dict(state)), norm.state_dict()


def _batch_norm_without_statistics(torch: Any) -> Any:
    norm = torch.nn.BatchNorm1d(2, track_running_stats=False)
    norm.track_running_stats = True
    return norm.load_state_dict(dict(norm.state_dict()))


def _metadata_of_copies(torch: Any) -> Any:
    state = torch.nn.Sequential(torch.nn.BatchNorm1d(1), torch.nn.Linear(1, 1)).state_dict()
    copies = state.copy(), copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))
    return [(list(x), dict(x._metadata)) for x in copies]


def _places(torch: Any) -> Any:
    """The arguments by position, which torch warns about."""
    state: dict[str, Any] = {}
    return _network(torch).state_dict(state, "a.", True) is state, state


def _unpickled_long_ago(torch: Any) -> Any:
    """The hooks of a module that was made before there were any."""
    net = torch.nn.Linear(1, 1)
    for name in ("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks"):
        del net.__dict__[name]
    net.__setstate__({"_load_state_dict_post_hooks": {}, "mark": 1})
    net._register_state_dict_hook(_note_itself)
    net.register_state_dict_pre_hook(_note_itself)
    net.register_load_state_dict_pre_hook(_note_itself)
    net.load_state_dict(net.state_dict())
    return net.noted, net.mark


PROGRAMS = {
    "before saving": lambda torch: _state_dict_hooks(torch, "register_state_dict_pre_hook", 5),
    "after saving": lambda torch: _state_dict_hooks(torch, "register_state_dict_post_hook"),
    "after saving, with a result": lambda torch: _state_dict_hooks(torch, "register_state_dict_post_hook", {}),
    "after saving, of the first kind": lambda torch: _state_dict_hooks(torch, "_register_state_dict_hook"),
    "after saving, another dict": lambda torch: _state_dict_hooks(torch, "_register_state_dict_hook", {"a": 1}),
    "a hook changes the state": _changes_the_state,
    "one function of both kinds": _public_hook_again,
    "before loading": lambda torch: _load_hooks(torch, "register_load_state_dict_pre_hook"),
    "before loading, of the first kind": lambda torch: _load_hooks(torch, "_register_load_state_dict_pre_hook"),
    "before loading, with the module": (
        lambda torch: _load_hooks(torch, "_register_load_state_dict_pre_hook", with_module=True)
    ),
    "after loading": lambda torch: _load_hooks(torch, "register_load_state_dict_post_hook"),
    "old names": _old_names,
    "a hook finds errors": _hook_of_a_pre_hook_finds_errors,
    "a hook forgives": _forgiven,
    "a hook forgives and answers": lambda torch: _forgiven(torch, 1),
    "the hooks of a copy": _hooks_of_a_copy,
    "a class saves and loads in its own way": _own_way_to_save,
    "whether tensors are assigned": _assigned,
    "a batch norm without a dict of versions": lambda torch: _old_batch_norm(torch, None),
    "a batch norm of version 1": lambda torch: _old_batch_norm(torch, 1),
    "a batch norm of version 2": lambda torch: _old_batch_norm(torch, 0),
    "a batch norm that had no statistics": _batch_norm_without_statistics,
    "the versions in copies": _metadata_of_copies,
    "arguments by position": _places,
    "a module from before there were hooks": _unpickled_long_ago,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_torch(name: str) -> None:
    same(PROGRAMS[name])
