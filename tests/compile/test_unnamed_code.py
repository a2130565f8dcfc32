"""compile: a change is seen in code that the step's own code does not name: behind decorators, in special methods."""

from __future__ import annotations

import collections
import functools
import operator
import types
from typing import Any

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.compiler import CannotRecord

k: Any = 1.0  # what changes between the calls
d = torch.distributions


def times(x):
    return x * k


class Scaled(torch.autograd.Function):
    """Its forward and its backward are called by the package; the step names only `apply`."""

    @staticmethod
    def forward(ctx, x):
        return x * k

    @staticmethod
    def backward(ctx, g):
        return g * k * k


class WithContext(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x * 1

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.k = k

    @staticmethod
    def backward(ctx, g):
        return g * ctx.k


class OnceDifferentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g * k


class Descent(torch.optim.Optimizer):
    """An optimiser as programs write them: its step is decorated, and reads an attribute of its own."""

    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.5})
        self.scale = 1.0

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.add_(p.grad, alpha=-group["lr"] * self.scale * k)


class Transform(d.Transform):
    domain = codomain = d.constraints.real
    bijective = True

    def _call(self, x):
        return x * k

    def _inverse(self, y):
        return y / k

    def log_abs_det_jacobian(self, x, y):
        return torch.full_like(x, 1.0) * k


class Special:
    """Each special method stands in a class of its own, made by `special`."""


def special(name: str, method: Any) -> Any:
    return type("Special", (Special,), {name: method, "__module__": __name__})()


class Descriptor:
    def __get__(self, instance, owner):
        return k


class Described:
    value = Descriptor()


class Made:
    def __init__(self):
        self.k = k


class Meta(type):
    def __call__(cls):
        return k


class OfMeta(metaclass=Meta):
    pass


def gradient(function):
    def of(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(function(x).sum(), x)[0]

    return of


def within(x):
    with special("__enter__", lambda self: k) as number:
        return x * number


Special.__exit__ = lambda self, *exception: None  # type: ignore[attr-defined]
described, transform = Described(), Transform()
transformed = d.TransformedDistribution(d.Normal(0.0, 1.0), [transform])
item, product = special("__getitem__", lambda self, i: k), special("__mul__", lambda self, x: x * k)
called, negated = special("__call__", lambda self, x: x * k), special("__neg__", lambda self: k)
attribute = special("__getattr__", lambda self, name: k)
OF_ONE_NUMBER = {
    "no_grad": torch.no_grad()(times),
    "inference_mode": torch.inference_mode()(times),
    "a decorated function called": (lambda f: lambda x: f(x) + 1)(torch.no_grad()(times)),
    "func.grad": torch.func.grad(lambda x: (x * x * k).sum()),
    "func.grad called": (lambda f: lambda x: f(x))(torch.func.grad(lambda x: (x * x * k).sum())),
    "wraps": functools.wraps(times)(lambda x: times(x)),
    "partial": functools.partial(lambda a, x: x * a * k, 2.0),
    "a Function's forward": Scaled.apply,
    "a Function's backward": gradient(Scaled.apply),
    "setup_context": gradient(lambda x: WithContext.apply(x)),
    "once_differentiable": gradient(lambda x: OnceDifferentiable.apply(x)),
    "an inverse": lambda x: transform.inv(x),
    "a transform in a distribution": lambda x: transformed.log_prob(x),
    "__getitem__": lambda x: x * item[0],
    "__mul__": lambda x: product * x,
    "__call__": lambda x: called(x),
    "__neg__": lambda x: x * -negated,
    "__getattr__": lambda x: x * attribute.any_name,
    "__enter__": within,
    "__init__": lambda x: x * Made().k,
    "a metaclass": lambda x: x * OfMeta(),
    "a descriptor": lambda x: x * described.value,
}


def hooked(register: Any) -> Any:
    """A gradient through a layer or a leaf with a hook, which is registered before the step is compiled."""
    layer, leaf = torch.nn.ReLU(), torch.ones(2, requires_grad=True)
    register(layer, leaf)

    def step(x):
        leaf.grad = None
        layer(leaf * x).sum().backward()
        return leaf.grad.clone()

    return step


@functools.singledispatch
def dispatched(kind, x):
    return x


@dispatched.register
def _(kind: int, x):
    return x * k


OF_ONE_NUMBER |= {
    "singledispatch": lambda x: dispatched(1, x),
    "a hook of a leaf": hooked(lambda layer, leaf: leaf.register_hook(lambda g: g * k)),
    "a hook after accumulation": hooked(
        lambda layer, leaf: leaf.register_post_accumulate_grad_hook(lambda p: setattr(p, "grad", p.grad * k))
    ),
    "a backward hook": hooked(
        lambda layer, leaf: layer.register_full_backward_hook(lambda module, inputs, outputs: (inputs[0] * k,))
    ),
}


def followed(call: Any, eager: Any, change: Any) -> None:
    """Whether a compiled function gives what the eager one does while a number stays, and after it changed."""
    x = torch.tensor([1.0, 2.0])
    numbers = [3.0, 3.0, 3.0, 3.0, 4.0, 5.0, 3.0]
    for number in numbers:
        change(number)
        want = eager(x)
        assert call(x).tolist() == pytest.approx(want.tolist())


@pytest.mark.parametrize("name", OF_ONE_NUMBER)
def test_a_global_variable_in_code_that_is_not_named(name: str) -> None:
    def change(number: float) -> None:
        global k
        k = number

    followed(torch.compile(OF_ONE_NUMBER[name]), OF_ONE_NUMBER[name], change)


def test_all_globals_are_watched_where_the_step_may_read_any() -> None:
    world = {"k": 3.0, "torch": torch}
    exec("def by_globals(x): return x * globals()['k']\ndef by_eval(x): return x * eval('k')", world)
    for name in ("by_globals", "by_eval"):
        followed(torch.compile(world[name]), world[name], lambda number: world.update(k=number))


@pytest.mark.parametrize("attribute", ["scale", "k"])
def test_an_optimizer_of_the_users(attribute: str) -> None:
    w = torch.ones(2, requires_grad=True)
    optimizer = Descent([w])

    def step(x):
        optimizer.zero_grad()
        (w * x).sum().backward()
        before = w.detach().clone()
        optimizer.step()
        return w.detach() - before

    def change(number: float) -> None:
        global k
        if attribute == "k":
            k = number
        else:
            optimizer.scale = number

    followed(torch.compile(step), step, change)


CONTAINERS = {
    "ChainMap": (collections.ChainMap({}, {"a": 1.0}), lambda value: value["a"], lambda value, n: value.update(a=n)),
    "UserDict": (collections.UserDict(a=1.0), lambda value: value["a"], lambda value, n: value.update(a=n)),
    "UserList": (collections.UserList([1.0]), lambda value: value[0], lambda value, n: value.__setitem__(0, n)),
    "attrgetter": (types.SimpleNamespace(a=1.0), operator.attrgetter("a"), lambda value, n: setattr(value, "a", n)),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_of_the_standard_library(name: str) -> None:
    value, read, put = CONTAINERS[name]
    step = lambda x: x * read(value)  # noqa: E731
    followed(torch.compile(step), step, lambda number: put(value, number))


@pytest.mark.parametrize("name", ["forward_hook", "full_backward_hook"])
def test_hooks_of_all_modules(name: str) -> None:
    register = getattr(torch.nn.modules.module, f"register_module_{name}")
    hooks = {
        "forward_hook": lambda module, inputs, output: output * k,
        "full_backward_hook": lambda module, inputs, outputs: (inputs[0] * k,),
    }
    step, handles = hooked(lambda layer, leaf: None), []

    def change(number: float) -> None:
        global k
        if k == 1.0 and number == 4.0:
            handles.append(register(hooks[name]))  # between calls of a program
        k = number if handles else 1.0

    try:
        change(1.0)
        followed(torch.compile(step), step, change)
    finally:
        for handle in handles:
            handle.remove()
    assert handles


def test_hooks_on_what_is_saved_are_refused() -> None:
    def step(x):
        y = x.detach().requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(lambda saved: saved * 3, lambda packed: packed):
            z = y * y
        return torch.autograd.grad(z.sum(), y)[0]

    with pytest.raises(CannotRecord, match="saved_tensors_hooks change what the tape saves"):
        torch.compile(step)(torch.ones(2))
    again = torch.compile(lambda x: torch.utils.checkpoint.checkpoint(times, x, use_reentrant=False))
    assert again(torch.ones(2)).tolist() == [k, k]


def test_a_generator_made_in_the_step_is_refused() -> None:
    def step(x):
        return x + torch.rand(2, generator=torch.Generator().manual_seed(1))

    compiled = torch.compile(step)
    with pytest.raises(CannotRecord, match="two calls of step recorded different programs"):
        for _ in range(3):
            compiled(torch.ones(2))


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: torch.nn.functional.dropout(x.t(), 0.5),
        lambda x: torch.rand_like(x.t()) + torch.randn_like(x.t()),
        lambda x: x.t().clone().normal_().uniform_(),
    ],
)
def test_draws_in_the_order_of_memory(draw: Any) -> None:
    x = torch.arange(6.0).reshape(2, 3)
    seen = []
    for function in (draw, torch.compile(draw)):
        torch.manual_seed(0)
        seen.append([function(x).tolist() for _ in range(4)])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][1]
