"""Small programs with vmap: torch does the same with each. A program is an expression over the names of `names`."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp
from support.functions_to_differentiate import func_of
from support.parity import equal, outcome


class _Functions:
    """Functions that are more than an expression."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.func = func_of(torch)

    def mlp(self, p: Any, a: Any) -> Any:
        return ((a @ p["w1"] + p["b1"]).tanh() @ p["w2"]).squeeze(-1)

    def loss(self, p: Any, a: Any, y: Any) -> Any:
        return ((self.mlp(p, a) - y) ** 2).mean()

    def jacobian_by_vmap(self, a: Any, w: Any) -> Any:
        _, product = self.func.vjp(lambda a: (a @ w).tanh(), a)
        return self.func.vmap(product)(self.torch.eye(w.shape[1]))[0]

    def written(self, a: Any) -> Any:
        a[1] = a[0] * 2
        a.mul_(3)
        return a.sum()

    def copy_written(self, a: Any) -> Any:
        b = a.clone()
        b[1:3] += a[0]
        b[[0, 1]] = a[2]
        b.relu_()
        return b * 2

    def at_index(self, a: Any, i: Any, value: Any) -> Any:
        b = a.clone()
        b[i] = value
        return b

    def into_zeros(self, a: Any) -> Any:
        b = self.torch.zeros(4)
        b[0] = a[0]
        return b

    def in_no_grad(self, a: Any) -> Any:
        with self.torch.no_grad():
            return a * 2

    def backward(self, function: Any, *leaves: Any) -> Any:
        """What a function of tensors that require grad returns, and their gradients."""
        leaves = tuple(x.clone().requires_grad_() for x in leaves)
        result = function(*leaves)
        result.sum().backward()
        return result.detach(), [x.grad for x in leaves]

    def penalty(self, w: Any, x: Any) -> Any:
        grads = self.func.vmap(self.func.grad(lambda w, a: (a @ w).tanh().sum()), (None, 0))(w, x)
        return (grads**2).sum()

    def batched_gradients(self, x: Any, w: Any) -> Any:
        def function(x: Any, w: Any) -> Any:
            options = {"is_grads_batched": True, "create_graph": True}
            return self.torch.autograd.grad((x @ w).tanh(), x, self.torch.ones(9, 3, 2), **options)[0]

        return self.backward(function, x, w)

    def seeded(self, function: Any, *args: Any, **options: Any) -> Any:
        self.torch.manual_seed(0)
        return self.func.vmap(function, **options)(*args)

    def models(self) -> Any:
        nn, torch = self.torch.nn, self.torch
        models = [nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)) for _ in range(3)]
        for k, model in enumerate(models):
            for p in model.parameters():
                p.data.copy_(torch.linspace(-1, 1 + k, p.numel()).reshape(p.shape))
        return models

    def ensemble(self, x: Any) -> Any:
        models, func = self.models(), self.func
        stacked, _ = func.stack_module_state(models)
        call = lambda p, a: func.functional_call(models[0], p, (a,)).pow(2).mean()  # noqa: E731
        losses = func.vmap(call, (0, None))(stacked, x)
        losses.sum().backward()
        return losses.detach(), {name: p.grad for name, p in stacked.items()}, [p.is_leaf for p in stacked.values()]

    def norms(self, x: Any) -> Any:
        models, func = [self.torch.nn.BatchNorm1d(4) for _ in range(2)], self.func
        parameters, buffers = func.stack_module_state(models)
        call = lambda p, b, a: func.functional_call(models[0], (p, b), (a,))  # noqa: E731
        return func.vmap(call, (0, 0, None))(parameters, buffers, x).detach(), buffers


def names(torch: Any) -> dict[str, Any]:
    func = func_of(torch)
    own = {name: getattr(func, name) for name in dir(func) if not name.startswith("_")}
    own |= {name: getattr(_Functions(torch), name) for name in dir(_Functions) if not name.startswith("_")}
    weights = {"w1": (4, 5), "b1": (5,), "w2": (5, 1)}
    params = {name: torch.linspace(-1, 1, torch.zeros(shape).numel()).reshape(shape) for name, shape in weights.items()}
    return own | {
        "torch": torch,
        "F": torch.nn.functional,
        "functools": __import__("functools"),
        "x": torch.arange(12.0).reshape(3, 4) / 7 - 0.7,
        "w": torch.linspace(-1, 1, 8).reshape(4, 2),
        "y": torch.tensor([1.0, 2.0, 3.0]),
        "i": torch.tensor([0, 2, 1]),
        "ij": torch.tensor([[0, 1], [2, 3], [1, 0]]),
        "classes": torch.tensor([0, 1, 1]),
        "P": params,
    }


def agree(program: str, more: Any = lambda torch: {}) -> None:
    def run(torch: Any) -> Any:
        torch.manual_seed(0)
        return eval(program, names(torch) | more(torch))

    (ours, _), (theirs, _) = (outcome(run, torch) for torch in (tinygrad_mlp, __import__("torch")))
    if isinstance(ours, tuple) or isinstance(theirs, tuple):
        assert ours == theirs
    else:
        equal(ours, theirs)


PROGRAMS = """
vmap(grad(loss), (None, 0, 0))(P, x, y)
vmap(grad(loss), (None, 0, 0), chunk_size=2)(P, x, y)
vmap(grad_and_value(loss), (None, 0, 0))(P, x, y)
grad(lambda p: vmap(loss, (None, 0, 0))(p, x, y).sum())(P)
hessian(lambda p: vmap(lambda a: (a @ p).tanh().sum())(x).sum())(w)
vmap(hessian(lambda a: (a @ w).tanh().prod()))(x)
vmap(hessian(lambda w, a: (a @ w).tanh().prod()), (None, 0))(w.double(), x.double())
vmap(jacrev(lambda a: (a @ w).tanh()))(x)
vmap(jacfwd(lambda a: (a @ w).tanh()))(x)
jacrev(vmap(lambda a: (a @ w).tanh()))(x)
jacrev(vmap(lambda a: (a @ w).tanh()), chunk_size=4)(x)
jacfwd(vmap(lambda a: (a @ w).tanh()))(x)
jacrev(lambda a: ((a @ a.T).tanh(), {"s": (a * a).sum(1)}))(x)
vmap(lambda a, v: vjp(lambda a: (a @ w).tanh(), a)[1](v)[0])(x, torch.ones(3, 2))
vmap(lambda a, v: jvp(lambda a: (a @ w).tanh(), (a,), (v,)))(x, x)
vjp(vmap(lambda a: (a @ w).tanh()), x)[1](torch.ones(3, 2))
jvp(vmap(lambda a: (a @ w).tanh()), (x,), (x,))
jacobian_by_vmap(x[0], w)
vmap(jacobian_by_vmap, (0, None))(x, w)
vmap(lambda a: vmap(lambda b: ((a - b) ** 2).sum())(x))(x)
vmap(vmap(torch.dot, (None, 0)), (0, None))(x, x)
vmap(vmap(torch.mul))(x, x)
vmap(torch.mm, in_dims=(2, None), out_dims=1)(torch.arange(24.0).reshape(2, 4, 3), w)
vmap(torch.mul, in_dims=(-1, 0), out_dims=-1)(x.reshape(2, 2, 3), x.reshape(3, 2, 2))
vmap(lambda d, k: d["a"] * d["b"][0] + k, in_dims=({"a": 0, "b": (1,)}, None))({"a": x, "b": (x.T,)}, 2.0)
vmap(lambda a: {"s": a * 2, "t": (a.sum(),)}, out_dims={"s": 1, "t": (0,)})(x)
vmap(grad(lambda w, a, c: F.cross_entropy((a @ w)[None], c[None])), (None, 0, 0))(w, x, classes)
vmap(grad(lambda w, a, c: F.cross_entropy(a @ w, c)), (None, 0, 0))(w, x, classes)
vmap(grad(lambda w, a, c: F.nll_loss((a @ w)[None], c[None], weight=y[:2])), (None, 0, 0))(w, x, classes)
backward(lambda x, w: vmap(lambda a: (a @ w).tanh())(x), x, w)
backward(lambda x, w: vmap(lambda a: vmap(lambda b: (a * b).sum() * w.sum())(x))(x), x, w)
backward(lambda x, w: (vmap(grad(lambda a: (a @ w).tanh().sum()))(x) ** 2).sum(-1), x, w)
backward(penalty, w, x)
backward(lambda x: vmap(written)(x * 1), x)
backward(lambda x: (lambda z: vmap(written)(z) + z.sum(-1))(x * 1), x)
backward(lambda x: vmap(copy_written)(x), x)
backward(lambda x: vmap(lambda a, k: a[k] * 2)(x, ij), x)
backward(lambda x: vmap(lambda k: x[k] * 2)(classes[:, None]), x)
backward(lambda x: vmap(lambda k: x[k, k + 1] * 2)(i), x)
backward(lambda x: vmap(at_index)(x, ij, x[:, :2]), x)
(lambda z: (vmap(written)(z), z))(x * 1)
torch.autograd.functional.jacobian(lambda a: (a @ w).tanh(), x, vectorize=True)
batched_gradients(x, w)
vmap(lambda a, k: a[k])(x, i)
vmap(lambda a, k: a.reshape(2, 2)[:, k])(x, classes)
vmap(at_index, (0, 0, None))(x, i, 0.0)
vmap(lambda a, k: a.gather(0, k))(x, ij)
vmap(lambda a: a.topk(2))(x)
vmap(lambda a: a.sort())(x)
vmap(lambda a: a.max(0))(x)
vmap(lambda a: a.max())(x)
vmap(lambda a: a.split(2))(x)
vmap(lambda a: a.reshape(2, 2).unbind())(x)
vmap(lambda a: torch.cat([a, torch.ones(2)]))(x)
vmap(lambda a: torch.stack([a, torch.ones(4)], 1))(x)
vmap(lambda a: torch.where(a > 0, a, 0.0))(x)
vmap(lambda a: F.layer_norm(a, (4,)))(x)
vmap(lambda a: a.softmax(-1))(x)
vmap(lambda a: a + 1.5)(i)
vmap(lambda a, b: a + b)(y.double(), torch.ones(3, 2))
vmap(lambda a: a + torch.ones(3))(y.double())
vmap(lambda a: (a * a).sum())(x.half())
vmap(grad(lambda a: (a * a).sum()))(x.half())
vmap(lambda a: (a.var(), a.norm(), a.cumsum(0)))(x)
vmap(lambda a: a.new_zeros(3).add_(a[0]))(x)
vmap(lambda a: torch.zeros_like(a).add_(a[0]))(x)
vmap(lambda a: sum(b for b in a) * len(a))(x)
vmap(lambda a: a.detach() * a.dim() + a.shape[0])(x)
vmap(grad(lambda a: torch.ones(())))(x)
vmap(grad(lambda a: grad(lambda b: (a * b).sin().sum())(a).sum()))(x)
vmap(grad(lambda a: vmap(lambda k: (a * k).sum() ** 2)(x[:, 0]).sum()))(x)
vmap(grad(lambda a: (a.sum(), a * 2), has_aux=True))(x)
vmap(lambda a: (a, w))(x)
vmap(lambda a: (a, w), out_dims=(0, None))(x)
vmap(lambda a, k=None: a * k)(x, k=torch.ones(4))
vmap(lambda a: (a @ w).sum())(torch.ones(0, 4))
vmap(in_no_grad)(x.requires_grad_())
vmap(lambda a: torch.ones(2))(x)
ensemble(x)
norms(x)
vmap(grad(lambda a: (F.batch_norm(a[:, None] * a, None, None, training=True) ** 3).sum()))(x.double())
stack_module_state([])
stack_module_state([torch.nn.Linear(2, 2), torch.nn.ReLU()])
stack_module_state([torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).eval()])
stack_module_state([torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).requires_grad_(False)])
"""

REFUSALS = """
vmap(lambda a: a if a.sum() > 0 else -a)(x)
vmap(lambda a: a.sum().item())(x)
vmap(lambda a: float(a.sum()))(x)
vmap(lambda a: int(a.sum()))(x)
vmap(lambda a: [1, 2][a.sum().long()])(x)
vmap(lambda a: a.tolist())(x)
vmap(lambda a: a.numpy())(x)
vmap(lambda a: f"{a.sum()}")(x)
vmap(lambda a: a.data)(x)
vmap(lambda a: a.data_ptr())(x)
vmap(lambda a: torch.equal(a, a))(x)
vmap(lambda a: a.nonzero())(x)
vmap(lambda a: a[a > 0])(x)
vmap(lambda a: torch.tensor([a[0], a[1]]))(x)
vmap(lambda a: torch.zeros(4).copy_(a))(x)
vmap(lambda a: F.batch_norm(a[None].expand(2, 4), torch.zeros(4), torch.ones(4), training=True))(x)
vmap(into_zeros)(x)
vmap(lambda a: a.mul_(2))(x.requires_grad_())
vmap(lambda a: a.requires_grad_())(x)
vmap(lambda a: a.sum().backward())(x.requires_grad_())
vmap(lambda a: a)(1)
vmap(lambda: 1)()
vmap(lambda a: 1)(x)
vmap(lambda a: 1, out_dims=None)(x)
vmap(lambda a: a, out_dims=None)(x)
vmap(lambda a: a, out_dims=2)(x)
vmap(lambda a: a, out_dims=-1)(x)
vmap(lambda a: a, out_dims=-3)(x)
vmap(lambda a: (a, a), out_dims=(0, 1, 0))(x)
vmap(lambda a: (a, a), out_dims="x")(x)
vmap(lambda a: a, in_dims="x")(x)
vmap(lambda a: a, in_dims=(0, 0))(x)
vmap(lambda a: a, in_dims=3)(x)
vmap(lambda a: a, in_dims=(None,))(x)
vmap(lambda a: a, in_dims=(1.5,))(x)
vmap(lambda a: a, in_dims=[0])(x)
vmap(lambda a, b: a, in_dims=(0, 0))(x, 2)
vmap(lambda a, b: a + b, in_dims=(0, 0))(x, torch.ones(2, 4))
vmap(lambda a: a[0] + a[1], in_dims=([0, 0],))((x, x))
vmap(lambda a: a[0] + a[1], in_dims=(0,))((x, x))
vmap(functools.partial(lambda a, b: 1, 2))(x)
vmap(lambda a: a)(torch.tensor(1.0))
vmap(lambda a: a, chunk_size=0)(x)
vmap(lambda a: a, randomness="x")(x)
vmap(lambda a: a + torch.rand(4))(x)
vmap(lambda a: F.dropout(a))(x)
vmap(vmap(lambda a: a + torch.rand(()), randomness="same"))(x)
"""

RANDOM = """
lambda a: a + torch.rand(4)
lambda a: a + torch.randn(4)
lambda a: torch.rand_like(a)
lambda a: a + torch.randint(0, 9, (4,))
lambda a: a + torch.randperm(4)
lambda a: F.dropout(a)
lambda a: a + F.dropout(torch.ones(4))
lambda a: torch.bernoulli(a.sigmoid())
lambda a: torch.bernoulli(a, 0.5)
lambda a: torch.bernoulli(a, 0.5) + a.clone().bernoulli_(0.5)
lambda a: a.clone().normal_()
lambda a: a + torch.empty(4).normal_()
lambda a: a.clone().uniform_()
lambda a: torch.multinomial(a + 1, 2)
lambda a: torch.normal(a, 1.0)
vmap(lambda a: a + torch.rand(()), randomness="different")
vmap(lambda a: a + torch.rand(()), randomness="same")
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("program", lines(PROGRAMS))
def test_programs(program: str) -> None:
    agree(program)


@pytest.mark.parametrize("program", lines(REFUSALS))
def test_refusals(program: str) -> None:
    agree(program)


@pytest.mark.parametrize("options", ["randomness='same'", "randomness='different'", "randomness='same', chunk_size=2"])
@pytest.mark.parametrize("function", lines(RANDOM))
def test_random_numbers(function: str, options: str) -> None:
    agree(f"seeded({function}, x, {options})")


def test_the_name_is_also_a_function_of_the_package() -> None:
    assert tinygrad_mlp.vmap is tinygrad_mlp.func.vmap
    assert repr(tinygrad_mlp.vmap).startswith("<function vmap")


def test_refusals_are_plain_runtime_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        tinygrad_mlp.vmap(lambda a: a.item())(tinygrad_mlp.ones(3))
    assert type(caught.value) is RuntimeError


def test_a_function_that_reads_values_runs_for_each_row_of_a_jacobian() -> None:
    class Double(tinygrad_mlp.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return tinygrad_mlp.tensor(g.numpy() * 2)

    jacobian = tinygrad_mlp.func.jacrev(Double.apply)(tinygrad_mlp.ones(9))
    assert jacobian.tolist() == (tinygrad_mlp.eye(9) * 2).tolist()


# -- Functions of the user's ------------------------------------------------------------------------


def function_of(torch: Any, **members: Any) -> Any:
    """x * y with the derivative 2 y by x, which tells this backward from the rule of a product."""

    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * y * 2, g * x

    own = {
        "forward": staticmethod(lambda x, y: x * y),
        "setup_context": staticmethod(lambda ctx, inputs, output: ctx.save_for_backward(*inputs)),
        "backward": staticmethod(backward),
    }
    return type("Times", (torch.autograd.Function,), own | members)


def by_hand(torch: Any) -> Any:
    def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
        x, y = (v if d is None else v.movedim(d, -1) for v, d in zip((x, y), in_dims, strict=True))
        if in_dims[1] is None:
            y = y[:, None]
        return x * y + info.batch_size, -1

    return function_of(torch, vmap=staticmethod(vmap))


FUNCTIONS = {
    "generated": lambda torch: function_of(torch, generate_vmap_rule=True),
    "by hand": by_hand,
    "neither": function_of,
    "both": lambda torch: function_of(torch, generate_vmap_rule=True, vmap=staticmethod(lambda *args: args)),
    "with ctx": lambda torch: type(
        "Old",
        (torch.autograd.Function,),
        {"forward": staticmethod(lambda ctx, x, y: x * y), "generate_vmap_rule": True},
    ),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize(
    "program",
    [
        "vmap(times)(x, x)",
        "vmap(times, (0, None))(x, x[0])",
        "vmap(lambda a: times(w[:, 0], w[:, 1]) + a)(x)",
        "vmap(lambda a: times(a, a + 1) * a)(x)",
    ],
)
def test_functions_of_the_users(kind: str, program: str) -> None:
    agree(program, lambda torch: {"times": FUNCTIONS[kind](torch).apply})


@pytest.mark.parametrize(
    "program",
    [
        "vmap(grad(lambda a: times(a, a.detach()).sum()))(x)",
        "backward(lambda x, y: vmap(times)(x, y), x, x)",
        "backward(lambda x, y: vmap(times, (0, None))(x, y[0]), x, x)",
    ],
)
def test_gradients_of_functions_of_the_users(program: str) -> None:
    agree(program, lambda torch: {"times": FUNCTIONS["generated"](torch).apply})
