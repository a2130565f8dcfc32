"""nn.Module against torch's: parts, names, texts, refusals, hooks."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

import tinygrad_mlp
from support.networks import foo, network, small
from support.two_worlds import assert_alike, refusal
from tinygrad_mlp import nn

# -- the parts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "walk",
    [
        lambda net: [name for name, _ in net.named_parameters()],
        lambda net: [name for name, _ in net.named_parameters(prefix="p", remove_duplicate=False)],
        lambda net: [name for name, _ in net.blocks[0].named_parameters(recurse=False)],
        lambda net: [name for name, _ in net.named_buffers()],
        lambda net: [name for name, _ in net.named_buffers(recurse=False)],
        lambda net: [(name, type(m).__name__) for name, m in net.named_modules()],
        lambda net: [name for name, _ in net.named_modules(prefix="x", remove_duplicate=False)],
        lambda net: [type(m).__name__ for m in net.modules()],
        lambda net: [(name, type(m).__name__) for name, m in net.named_children()],
        lambda net: [type(m).__name__ for m in net.blocks.children()],
        lambda net: [list(p.shape) for p in net.parameters()],
        lambda net: [list(b.shape) for b in net.buffers()],
        lambda net: list(net.state_dict()),
        lambda net: list(net.state_dict(prefix="net.")),
        lambda net: sorted(set(net.blocks[0].__dict__) & {"inner", "scale", "count", "note", "training"}),
        lambda net: [n for n in dir(net.blocks) if n in ("0", "scale", "training", "append")],
        lambda net: [n for n in dir(net.blocks[0]) if n in ("inner", "scale", "count", "note", "absent", "forward")],
        lambda net: net.get_submodule("blocks.1.inner.last").out_features,
        lambda net: net.get_submodule("") is net,
        lambda net: list(net.get_parameter("blocks.0.inner.first.weight").shape),
        lambda net: list(net.get_buffer("blocks.0.count").shape),
        lambda net: [net.blocks[0].absent, net.nothing, net.empty],
        lambda net: net(net.blocks[0].count),
        repr,
    ],
)
def test_walks(walk) -> None:
    assert_alike(lambda torch: walk(network(torch)), rtol=1e-6)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, m: setattr(m, "x", torch.nn.Parameter(torch.ones(1))),
        lambda torch, m: setattr(m, "x", torch.nn.ReLU()),
        lambda torch, m: setattr(m, "p", torch.nn.Linear(1, 1)),
        lambda torch, m: setattr(m, "p", torch.ones(2)),
        lambda torch, m: setattr(m, "p", torch.ones(2, dtype=torch.int64)),
        lambda torch, m: setattr(m, "p", "text"),
        lambda torch, m: setattr(m, "p", None),
        lambda torch, m: setattr(m, "p", torch.nn.Parameter(torch.zeros(3))),
        lambda torch, m: setattr(m, "c", 3),
        lambda torch, m: setattr(m, "c", torch.ones(1)),
        lambda torch, m: setattr(m, "c", None),
        lambda torch, m: setattr(m, "c", torch.nn.Tanh()),
        lambda torch, m: setattr(m, "c", torch.nn.Parameter(torch.ones(1))),
        lambda torch, m: setattr(m, "b", 3.5),
        lambda torch, m: setattr(m, "b", torch.zeros(5)),
        lambda torch, m: setattr(m, "b", None),
        lambda torch, m: setattr(m, "b", torch.nn.Parameter(torch.ones(1))),
        lambda torch, m: setattr(m, "b", torch.nn.ReLU()),
        lambda torch, m: setattr(m, "plain", torch.nn.ReLU()),
        lambda torch, m: setattr(m, "plain", torch.nn.Parameter(torch.ones(1))),
        lambda torch, m: setattr(m, "plain", torch.ones(2)),
        lambda torch, m: delattr(m, "p"),
        lambda torch, m: delattr(m, "c"),
        lambda torch, m: delattr(m, "b"),
        lambda torch, m: delattr(m, "plain"),
        lambda torch, m: delattr(m, "none"),
        lambda torch, m: m.none,
        lambda torch, m: m.register_buffer("n", torch.ones(1), persistent=False),
        lambda torch, m: m.register_buffer("b", torch.ones(1), persistent=False),
        lambda torch, m: m.register_buffer("a.b", torch.ones(1)),
        lambda torch, m: m.register_buffer(3, torch.ones(1)),
        lambda torch, m: m.register_buffer("", torch.ones(1)),
        lambda torch, m: m.register_buffer("training", torch.ones(1)),
        lambda torch, m: m.register_buffer("n", [1]),
        lambda torch, m: m.register_parameter("n", torch.ones(1)),
        lambda torch, m: m.register_parameter("n", None),
        lambda torch, m: m.register_parameter("a.b", None),
        lambda torch, m: m.register_parameter("c", None),
        lambda torch, m: m.register_parameter("", None),
        lambda torch, m: m.register_parameter(None, None),
        lambda torch, m: m.add_module("n", 3),
        lambda torch, m: m.add_module("n", torch.nn.ReLU),
        lambda torch, m: m.add_module("a.b", torch.nn.ReLU()),
        lambda torch, m: m.add_module("", torch.nn.ReLU()),
        lambda torch, m: m.add_module(3, torch.nn.ReLU()),
        lambda torch, m: m.add_module("p", torch.nn.ReLU()),
        lambda torch, m: m.register_module("c", torch.nn.Tanh()),
        lambda torch, m: m.get_submodule("c.d"),
        lambda torch, m: m.get_submodule("p"),
        lambda torch, m: m.get_parameter("b"),
        lambda torch, m: m.get_parameter("z"),
        lambda torch, m: m.get_buffer("p"),
        lambda torch, m: m.train(1),
        lambda torch, m: m.to(torch.int64),
        lambda torch, m: m(1),
        lambda torch, m: m.load_state_dict([1]),
    ],
)
def test_assignments_and_their_refusals(program) -> None:
    """What every assignment leaves behind, or the text that refuses it."""

    def run(torch):
        m = foo(torch)
        m.p, m.c, m.plain = torch.nn.Parameter(torch.zeros(2)), torch.nn.ReLU(), 1
        m.register_buffer("b", torch.zeros(1))
        program(torch, m)
        own = sorted(name for name in m.__dict__ if name[0] != "_")
        return own, list(m._parameters), list(m._modules), list(m._buffers), list(m.state_dict()), repr(m)

    assert_alike(run)


@pytest.mark.parametrize("part", ["Linear(1, 1)", "Parameter(torch.ones(1))"])
def test_parts_before_init_are_refused(part) -> None:
    def run(torch):
        class Early(torch.nn.Module):
            def __init__(self):
                self.part = eval("torch.nn." + part, {"torch": torch})

        Early()

    refusal(run)


@pytest.mark.parametrize("name", ["buffer", "parameter"])
def test_registering_before_init_is_refused(name) -> None:
    def run(torch):
        class Early(torch.nn.Module):
            def __init__(self):
                getattr(self, f"register_{name}")("part", None)

        Early()

    refusal(run)


def test_a_missing_attribute_names_itself_and_the_module() -> None:
    linear = nn.Linear(1, 1)
    with pytest.raises(AttributeError) as raised:
        linear.wieght  # noqa: B018
    assert (raised.value.name, raised.value.obj) == ("wieght", linear)


def test_a_parameter_that_was_computed_is_refused() -> None:
    def run(torch):
        computed = torch.nn.Parameter(torch.ones(1))
        foo(torch).register_parameter("p", computed * 2)

    refusal(run)


# -- Parameter -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: repr(torch.nn.Parameter(torch.tensor([1.5, -2.0]))),
        lambda torch: repr(torch.nn.Parameter(torch.tensor([1, 2]), requires_grad=False)),
        lambda torch: repr(torch.nn.Parameter()),
        lambda torch: repr(torch.nn.Linear(1200, 1).weight),
        lambda torch: torch.nn.Parameter(torch.tensor([1, 2])),
        lambda torch: torch.nn.Parameter([1.0]),
        lambda torch: type(torch.nn.Parameter(torch.ones(2)) * 2) is torch.Tensor,
        lambda torch: type(torch.nn.Parameter(torch.ones(2)).detach()) is torch.Tensor,
        lambda torch: isinstance(torch.nn.Parameter(torch.ones(2)), torch.Tensor),
        lambda torch: torch.nn.Parameter(torch.ones(2, requires_grad=True) * 3).is_leaf,
        lambda torch: torch.nn.Parameter(torch.ones(2), False).requires_grad,
    ],
)
def test_parameter(program) -> None:
    assert_alike(program)


def test_a_parameter_shares_the_memory_it_is_made_of() -> None:
    def run(torch):
        data = torch.zeros(3)
        parameter = torch.nn.Parameter(data)
        data += 1
        with torch.no_grad():
            parameter[0] = 5
        return parameter, data

    assert_alike(run)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), copy.copy])
def test_copies_of_parameters(twin) -> None:
    def run(torch):
        parameter = torch.nn.Parameter(torch.arange(3.0))
        parameter.sum().backward()
        other = twin(parameter)
        with torch.no_grad():
            parameter += 1
        return other, repr(other), other.requires_grad, other.grad is None, type(other) is torch.nn.Parameter

    assert_alike(run)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_modules(twin) -> None:
    def run(torch):
        net = torch.nn.ModuleList([torch.nn.Linear(2, 2), torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())])
        net[1][0].weight = net[0].weight
        net.register_buffer("b", torch.ones(1), persistent=False)
        net.eval()
        other = twin(net)
        torch.nn.init.zeros_(net[0].weight)
        tied = other[1][0].weight is other[0].weight
        return repr(other), other.state_dict(), tied, other.training, list(dict(other.named_buffers()))

    assert_alike(run)


# -- modes, dtypes, gradients ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda torch, net: net.double(),
        lambda torch, net: net.half(),
        lambda torch, net: net.double().float(),
        lambda torch, net: net.to(torch.float64),
        lambda torch, net: net.to(dtype=torch.float64),
        lambda torch, net: net.to("cpu"),
        lambda torch, net: net.to(torch.device("cpu"), torch.float64),
        lambda torch, net: net.to(torch.ones(1, dtype=torch.float64)),
        lambda torch, net: net.cpu(),
        lambda torch, net: net.requires_grad_(False),
        lambda torch, net: net.eval(),
        lambda torch, net: net.eval().train(),
        lambda torch, net: net.zero_grad(),
        lambda torch, net: net.zero_grad(set_to_none=False),
    ],
)
def test_changes_of_the_whole_model(change) -> None:
    def run(torch):
        net = small(torch)
        net.register_buffer("b", torch.ones(2))
        net.register_buffer("i", torch.ones(2, dtype=torch.int64))
        before = list(net.parameters())
        net(torch.ones(1, 3)).sum().backward()
        same = change(torch, net)
        return (
            same is None or same is net, [p.dtype for p in net.state_dict().values()],
            [p.grad for p in net.parameters()], [p.requires_grad for p in net.parameters()],
            [m.training for m in net.modules()],
            all(a is b for a, b in zip(before, net.parameters(), strict=True)), list(net.state_dict().values()),
        )  # fmt: skip

    assert_alike(run, rtol=1e-6)


def test_apply_visits_children_first() -> None:
    def run(torch):
        seen = []
        net = network(torch)
        assert net.apply(lambda m: seen.append(type(m).__name__)) is net
        return seen

    assert_alike(run)


# -- hooks -----------------------------------------------------------------------------------------


def test_forward_hooks() -> None:
    def run(torch):
        log = []
        net = small(torch)
        x = torch.ones(1, 3)
        first = net[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,))
        net[0].register_forward_pre_hook(lambda m, args: log.append(("pre", args[0])))
        net[0].register_forward_pre_hook(lambda m, args: args[0] + 1, prepend=True)
        last = net[2].register_forward_hook(lambda m, args, out: out * 10)
        net[2].register_forward_hook(lambda m, args, out: log.append(("post", args[0], out)))
        net[2].register_forward_hook(lambda m, args, out: log.append(("earlier", out)), prepend=True)
        with net.register_forward_pre_hook(lambda m, args, kwargs: (args, {"input": x * 3}), with_kwargs=True):
            log.append(net())
        net.register_forward_hook(lambda m, args, kwargs, out: (log.append((args, kwargs)), out)[1], with_kwargs=True)
        log.append(net(input=x))
        first.remove()
        first.remove()
        last.remove()
        log.append(net(x))
        return log

    assert_alike(run, rtol=1e-6)


def test_a_hook_that_returns_the_wrong_thing() -> None:
    def run(torch):
        layer = torch.nn.ReLU()
        layer.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
        return layer(torch.ones(1))

    refusal(run)


def test_deepcopy_keeps_hooks() -> None:
    def run(torch):
        layer = torch.nn.Linear(2, 2)
        handle = layer.register_forward_hook(lambda m, args, out: out * 0)
        other = copy.deepcopy(layer)
        handle.remove()
        return other(torch.ones(2)), layer(torch.ones(2))

    assert_alike(run, rtol=1e-6)


# -- what it costs ---------------------------------------------------------------------------------


def test_modules_die_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        net.register_forward_hook(lambda m, args, out: out)
        net(tinygrad_mlp.ones(1, 2)).sum().backward()
        died = [weakref.ref(net), weakref.ref(net[0]), weakref.ref(net[0].weight)]
        del net
        assert [reference() for reference in died] == [None] * 3
    finally:
        gc.enable()
