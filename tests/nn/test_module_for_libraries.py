"""What libraries ask of nn.Module beside layers and training: registration hooks, conversions, paths, copies."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest
import torch

import tinygrad_mlp
from support.cpu_build import NO_ACCELERATOR, NO_CUDA, NO_XPU
from support.parity import same
from support.two_worlds import assert_alike, refusal


def network(torch: Any) -> Any:
    """A network with a child of its own, a parameter that is used twice, and buffers of two dtypes."""
    inner = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    net = torch.nn.Sequential(inner, torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 2))
    net[2].weight = inner[0].weight
    return net


def dtypes(module: Any) -> list[Any]:
    return [[(name, t.dtype) for name, t in part] for part in (module.named_parameters(), module.named_buffers())]


# -- hooks of every module ---------------------------------------------------------------------------


def registered(torch: Any, kind: str, program: Any, result: Any = None) -> Any:
    """What a hook on every registration of a kind sees while a program runs, and what the program gives."""
    seen: list[Any] = []

    def hook(module: Any, name: str, part: Any) -> Any:
        seen.append((type(module).__name__, name, type(part).__name__))
        return None if result is None else result(torch, part)

    handle = getattr(torch.nn.modules.module, f"register_module_{kind}_registration_hook")(hook)
    try:
        given = program(torch)
    finally:
        handle.remove()
    torch.nn.Linear(1, 1)
    return seen, given


def replaced(torch: Any) -> Any:
    """A module that is given, and given up, a part of every kind."""
    m = torch.nn.Module()
    m.child = torch.nn.ReLU()
    m.child = torch.nn.Tanh()
    m.child = None
    m.add_module("other", torch.nn.Tanh())
    m.add_module("nothing", None)
    m.weight = torch.nn.Parameter(torch.ones(2))
    m.weight = None
    m.register_parameter("bias", None)
    m.register_buffer("mean", torch.ones(1))
    m.mean = torch.zeros(1)
    m.mean = None
    m.count = torch.nn.Buffer(torch.zeros(3), persistent=False)
    return m.state_dict(), sorted(m._buffers), sorted(m._modules), sorted(m._parameters)


DOUBLED = {
    "parameter": lambda torch, p: torch.nn.Parameter(p.data * 2),
    "buffer": lambda torch, b: None if b is None else b + 5,
    "module": lambda torch, m: torch.nn.Sigmoid() if isinstance(m, torch.nn.Tanh) else m,
}


@pytest.mark.parametrize("kind", DOUBLED)
@pytest.mark.parametrize("program", [replaced, lambda torch: repr(network(torch))])
def test_hooks_on_registration(kind: str, program: Any) -> None:
    assert_alike(lambda torch: registered(torch, kind, program), rtol=1e-6)
    assert_alike(lambda torch: registered(torch, kind, program, DOUBLED[kind]), rtol=1e-6)


def test_the_dicts_of_hooks_have_torchs_names() -> None:
    def program(torch: Any) -> Any:
        m = torch.nn.Linear(1, 1)
        hooks = [lambda *args: None for _ in range(5)]
        m.register_forward_pre_hook(hooks[0], with_kwargs=True)
        m.register_forward_hook(hooks[1], always_call=True)
        m.register_full_backward_hook(hooks[2])
        m.register_full_backward_pre_hook(hooks[3]).remove()
        handle = m.register_forward_hook(hooks[4], with_kwargs=True, always_call=True)
        names = [name for name in sorted(vars(m)) if name.endswith("_hooks")]
        extra = ("_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs")
        before = [len(getattr(m, name)) for name in extra]
        handle.remove()
        kept = {name: [hooks.index(hook) for hook in getattr(m, name).values()] for name in names}
        return kept, before, [len(getattr(m, name)) for name in extra], m._is_full_backward_hook

    assert_alike(program)


# -- buffers -----------------------------------------------------------------------------------------


class Named:
    """A base class that overrides `register_buffer` as libraries do that were written before `persistent`."""

    def register_buffer(self, name: str, tensor: Any) -> None:
        self.__dict__.setdefault("names", []).append(name)
        super().register_buffer(name, tensor)  # type: ignore[misc]


def a_buffer(torch: Any) -> Any:
    m = torch.nn.Module()
    m.a = torch.nn.Buffer(torch.ones(2))
    m.b = torch.nn.Buffer(torch.ones(2), persistent=False)
    m.b = torch.zeros(3)
    m.c = torch.nn.Buffer()
    return m.state_dict(), dict(m.named_buffers()), isinstance(m.a, torch.nn.Buffer), isinstance(m.b, torch.nn.Buffer)


def a_buffer_of_a_name_in_use(torch: Any) -> Any:
    m = torch.nn.Module()
    m.a = 3
    m.a = torch.nn.Buffer(torch.ones(2))


def a_buffer_that_is_shared(torch: Any) -> Any:
    x = torch.ones(2, requires_grad=True)
    b = torch.nn.Buffer(x)
    with torch.no_grad():
        b.add_(1)
    return x, b.requires_grad, type(b) is torch.Tensor, isinstance(x, torch.nn.Buffer), b.persistent


def an_override_of_register_buffer(torch: Any) -> Any:
    m = type("M", (Named, torch.nn.Module), {})()
    m.register_buffer("a", torch.ones(1))
    m.a = torch.zeros(1)
    return m.names, m.a


@pytest.mark.parametrize(
    "program", [a_buffer, a_buffer_of_a_name_in_use, a_buffer_that_is_shared, an_override_of_register_buffer]
)
def test_buffers(program: Any) -> None:
    assert_alike(program)


# -- conversions -------------------------------------------------------------------------------------

CONVERSIONS = {
    "float": lambda torch, m: m.double().float(),
    "half": lambda torch, m: m.half(),
    "double": lambda torch, m: m.double(),
    "type": lambda torch, m: m.type(torch.float64),
    "type by name": lambda torch, m: m.type("torch.HalfTensor"),
    "type of integers": lambda torch, m: torch.nn.Sequential(torch.nn.ReLU(), Counted.of(torch)).type(torch.int32),
    "type of a parameter": lambda torch, m: m.type(torch.int64),
    "type of no name": lambda torch, m: m.type("double"),
    "to": lambda torch, m: m.to(torch.float16),
    "to a tensor's": lambda torch, m: m.to(torch.ones(1, dtype=torch.float64), non_blocking=True),
    "to the CPU": lambda torch, m: m.to("cpu", torch.float64, True),
    "to an order in memory": lambda torch, m: m.to(memory_format=torch.contiguous_format),
    "to integers": lambda torch, m: m.to(dtype=torch.int64),
    "cpu": lambda torch, m: m.cpu(),
    "cuda without tensors": lambda torch, m: torch.nn.Sequential(torch.nn.ReLU()).cuda().xpu(),
    "empty": lambda torch, m: m.to_empty(device="cpu"),
    "empty, without the children": lambda torch, m: m.to_empty(device=None, recurse=False),
    "shared": lambda torch, m: m.share_memory(),
    "a function": lambda torch, m: m._apply(lambda t: t + 1),
    "a function, without the children": lambda torch, m: m._apply(lambda t: t + 1, recurse=False),
}


# What torch's CPU build refuses; another build refuses in other words, or not at all.
ELSEWHERE = {
    "cuda": (lambda torch, m: m.cuda(), NO_CUDA),
    "cuda by number": (lambda torch, m: m.cuda(0), NO_ACCELERATOR),
    "to cuda": (lambda torch, m: m.to("cuda"), NO_CUDA),
    "empty on cuda": (lambda torch, m: m.to_empty(device="cuda"), NO_CUDA),
    "xpu": (lambda torch, m: m.xpu(), NO_XPU),
    "to a number": (lambda torch, m: m.to(3), NO_ACCELERATOR),
    "packed": (lambda torch, m: torch.nn.utils.rnn.pack_sequence([torch.ones(2)]).cuda(), NO_CUDA),
    "in a block": (lambda torch, m: in_a_block(torch, "cuda"), NO_CUDA),
}


def in_a_block(torch: Any, device: str) -> Any:
    with torch.device(device):
        return torch.zeros(1)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_other_devices(name: str) -> None:
    program, on_cpu_build = ELSEWHERE[name]
    same(lambda torch: program(torch, network(torch)), on_cpu_build)


class Counted:
    """A module with a buffer of integers alone."""

    @staticmethod
    def of(torch: Any) -> Any:
        m = torch.nn.Module()
        m.register_buffer("count", torch.tensor([3, 4]))
        return m


@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversions(name: str) -> None:
    def program(torch: Any) -> Any:
        net = network(torch)
        net(torch.tensor([[1.0, 2.0], [0.5, -3.0], [-2.0, 1.0]])).square().sum().backward()
        parts = [*net.parameters(), *(p.grad for p in net.parameters())]
        converted = CONVERSIONS[name](torch, net)
        after = [*net.parameters(), *(p.grad for p in net.parameters())]
        values = [] if "empty" in name else [p.detach() for p in (*after, *net.buffers())]
        return dtypes(converted), [a is b for a, b in zip(parts, after, strict=True)], [p.dtype for p in after], values

    assert_alike(program, rtol=1e-5, scale=1e-3)


def test_a_class_may_override_apply() -> None:
    def program(torch: Any) -> Any:
        class Keeps(torch.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.kept = [torch.ones(2)]

            def _apply(self, fn: Any, recurse: bool = True) -> Any:
                super()._apply(fn, recurse)
                self.kept = [fn(t) for t in self.kept]
                return self

        m = torch.nn.Sequential(Keeps())
        return [getattr(m, name)()[0].kept[0].dtype for name in ("double", "half", "float", "cpu")]

    assert_alike(program)


SHARED = """
import os
import tinygrad_mlp as torch

net = torch.nn.BatchNorm1d(2)
alone = torch.zeros(1)
before = net.weight.data, net.num_batches_tracked
assert net.share_memory() is net
if not (child := os.fork()):
    net.weight.data.fill_(7)
    net.num_batches_tracked.fill_(3)
    alone.fill_(7)
    os._exit(0)
os.waitpid(child, 0)
print(net.weight[1].item(), before[1].item(), alone.item())
"""


def test_shared_memory_is_written_by_another_process() -> None:
    result = subprocess.run([sys.executable, "-c", SHARED], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.split() == ["7.0", "3", "0.0"]


# -- paths, names and state --------------------------------------------------------------------------

PATHS = {
    "set": lambda torch, m: m.set_submodule("0.0", torch.nn.Tanh()),
    "set at the top": lambda torch, m: m.set_submodule("2", torch.nn.Tanh()),
    "add": lambda torch, m: m.set_submodule("0.new", torch.nn.Tanh()),
    "add, strict": lambda torch, m: m.set_submodule("0.new", torch.nn.Tanh(), strict=True),
    "set, strict": lambda torch, m: m.set_submodule("0.1", torch.nn.Tanh(), strict=True),
    "no name": lambda torch, m: m.set_submodule("", torch.nn.Tanh()),
    "no module": lambda torch, m: m.set_submodule("0", torch.ones(1)),
    "no parent": lambda torch, m: m.set_submodule("7.0", torch.nn.Tanh()),
    "not in the place of a parameter": lambda torch, m: m.set_submodule("0.0.weight", torch.nn.Tanh()),
    "get": lambda torch, m: repr(m.get_submodule("0.0")),
    "get a parameter": lambda torch, m: m.get_parameter("0.0.weight").shape,
    "get a buffer": lambda torch, m: m.get_buffer("1.running_mean"),
    "no parameter": lambda torch, m: m.get_parameter("1.running_mean"),
    "no buffer": lambda torch, m: m.get_buffer("1.weight"),
    "parameters": lambda torch, m: [name for name, _ in m.named_parameters("x", True, False)],
    "parameters, each once": lambda torch, m: [name for name, _ in m.named_parameters(prefix="x")],
    "own parameters": lambda torch, m: [name for name, _ in m[1].named_parameters("x", recurse=False)],
    "buffers": lambda torch, m: [name for name, _ in m.named_buffers("y", remove_duplicate=False)],
    "modules": lambda torch, m: [name for name, _ in m.named_modules(prefix="z", remove_duplicate=False)],
    "modules, but these": lambda torch, m: [name for name, _ in m.named_modules({m[0]})],
    "children": lambda torch, m: [name for name, _ in m.named_children()],
    "its name": lambda torch, m: (m._get_name(), m[0][0]._get_name()),
    "the names of the class": lambda torch, m: (m.dump_patches, m.call_super_init),
    "extra state, without one": lambda torch, m: m.get_extra_state(),
    "extra state, without a place": lambda torch, m: m.set_extra_state({}),
}


@pytest.mark.parametrize("name", PATHS)
def test_paths(name: str) -> None:
    def program(torch: Any) -> Any:
        m = network(torch)
        return PATHS[name](torch, m), repr(m)

    assert_alike(program)


@pytest.mark.parametrize("calls", [False, True])
@pytest.mark.parametrize("given", [((), {}), ((1,), {}), ((), {"extra": 1}), ((1, 2), {"extra": 1})])
def test_arguments_of_init(calls: bool, given: Any) -> None:
    def program(torch: Any) -> Any:
        class Beside:
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                self.given = args, kwargs

        class M(torch.nn.Module, Beside):  # type: ignore[misc, name-defined]
            call_super_init = calls

        return getattr(M(*given[0], **given[1]), "given", None)

    assert_alike(program)


def hook_of_a_call(module: Any, args: Any, kwargs: Any, output: Any) -> Any:
    return output + kwargs.get("plus", 1)


def hook_of_gradients(module: Any, grad_input: Any, grad_output: Any) -> Any:
    return tuple(None if g is None else g * 3 for g in grad_input)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), copy.copy])
def test_copies_have_the_hooks(copied: Any) -> None:
    def program(torch: Any) -> Any:
        m = network(torch)
        m[0].register_forward_hook(hook_of_a_call, with_kwargs=True)
        m[2].register_full_backward_hook(hook_of_gradients)
        twin = copied(m)
        handle = m[0].register_forward_hook(hook_of_a_call, with_kwargs=True)
        x = torch.tensor([[1.0, 2.0], [0.5, -3.0], [2.0, 2.0]], requires_grad=True)
        results = [twin(x), m(x)]
        handle.remove()
        results += [m(x)]
        results[0].square().sum().backward()
        return [r.detach() for r in results], x.grad, twin.state_dict()

    assert_alike(program, rtol=1e-4, scale=1e-3)


@pytest.mark.parametrize("lost", ["_forward_pre_hooks", "_backward_pre_hooks", "_forward_hooks_with_kwargs"])
def test_a_module_that_was_pickled_before_it_had_such_hooks(lost: str) -> None:
    def program(torch: Any) -> Any:
        m = torch.nn.Linear(1, 1)
        state = m.__getstate__()
        del state[lost]
        twin = torch.nn.Linear.__new__(torch.nn.Linear)
        twin.__setstate__(state)
        twin.register_forward_hook(hook_of_a_call, with_kwargs=True)
        return twin(torch.ones(1)).detach(), twin.__getstate__() is vars(twin)

    assert_alike(program, rtol=1e-6)


@pytest.mark.parametrize("world", [torch, tinygrad_mlp], ids=["torch", "ours"])
def test_the_functions_are_not_in_nn(world: Any) -> None:
    """The functions for every module are in nn.modules.module alone."""
    names = [name for name in dir(world.nn.modules.module) if name.startswith("register_module_")]
    assert len(names) == 8
    assert not any(hasattr(world.nn, name) for name in names)


def test_wrong_parts_after_a_hook() -> None:
    refusal(lambda torch: setattr(network(torch), "0", 3))
