"""Small programs that use func in every way, and misuse it: torch does the same with each."""

from __future__ import annotations

import warnings

import pytest

import tinygrad_mlp
from support.functions_to_differentiate import func_of, x_of
from support.parity import same


def _note(notes, value, result):
    notes.append(value)
    return result


def _linearized(torch, function, primals, *tangents):
    with warnings.catch_warnings():  # torch's own, of what it uses itself
        warnings.simplefilter("ignore")
        output, pushed = func_of(torch).linearize(function, *primals)
    return output, [pushed(*v) for v in (tangents if isinstance(tangents[0], tuple) else (tangents,))]


def _written(torch, transform, function):
    x = x_of(torch, 2)
    return transform(function, (x,), (torch.ones(2),)), x, x.requires_grad


PROGRAMS = {
    "aux none pair": lambda torch: func_of(torch).grad(lambda x: x.sum(), has_aux=True)(x_of(torch, 3)),
    "aux list": lambda torch: func_of(torch).grad(lambda x: [x.sum(), x], has_aux=True)(x_of(torch, 3)),
    "aux number": lambda torch: func_of(torch).grad(lambda x: (x.sum(), 3), has_aux=True)(x_of(torch, 3)),
    "aux None": lambda torch: func_of(torch).grad(lambda x: (x.sum(), None), has_aux=True)(x_of(torch, 3)),
    "aux str": lambda torch: func_of(torch).grad(lambda x: (x.sum(), "a"), has_aux=True)(x_of(torch, 3)),
    "aux dict": lambda torch: func_of(torch).grad_and_value(lambda x: (x.sum(), {"a": x * 2, "b": (x,)}), has_aux=True)(
        x_of(torch, 3)
    ),
    "aux triple": lambda torch: func_of(torch).grad(lambda x: (x.sum(), x, x), has_aux=True)(x_of(torch, 3)),
    "argnums 5": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=5)(x_of(torch, 3)),
    "argnums -2": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=-2)(x_of(torch, 3)),
    "argnums list": lambda torch: func_of(torch).grad(lambda x, y: (x * y).sum(), argnums=[0, 1])(
        x_of(torch, 3), x_of(torch, 3)
    ),
    "argnums float": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=1.0)(x_of(torch, 3)),
    "argnums bool": lambda torch: func_of(torch).grad(lambda x, y: (x * y).sum(), argnums=True)(
        x_of(torch, 3), x_of(torch, 3)
    ),
    "argnums (0,0)": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=(0, 0))(x_of(torch, 3)),
    "argnums (0,-1)": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=(0, -1))(x_of(torch, 3)),
    "argnums ()": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=())(x_of(torch, 3)),
    "argnums ('a',)": lambda torch: func_of(torch).grad(lambda x: x.sum(), argnums=("a",))(x_of(torch, 3)),
    "no args": lambda torch: func_of(torch).grad(lambda: torch.ones(()))(),
    "kw only": lambda torch: func_of(torch).grad(lambda x: x.sum())(x=x_of(torch, 3)),
    "none arg": lambda torch: func_of(torch).grad(lambda x: torch.ones(()))(None),
    "number arg": lambda torch: func_of(torch).grad(lambda x: torch.ones(()))(3.0),
    "empty dict": lambda torch: func_of(torch).grad(lambda x: torch.ones(()))({}),
    "dict with number": lambda torch: func_of(torch).grad(lambda d: d["a"].sum() * d["k"])(
        {"a": x_of(torch, 2), "k": 3}
    ),
    "ints": lambda torch: func_of(torch).grad(lambda x: (x * 1.0).sum())(torch.arange(3)),
    "ints in dict": lambda torch: func_of(torch).grad(lambda d: d["a"].sum() * 1.0)({"a": torch.arange(3)}),
    "bools": lambda torch: func_of(torch).grad(lambda x: (x * 1.0).sum())(torch.ones(3) > 0),
    "int output": lambda torch: func_of(torch).grad(lambda x: x.sum().long())(x_of(torch, 3)),
    "int output vjp": lambda torch: func_of(torch).vjp(lambda x: x.long(), x_of(torch, 3)),
    "int output jacrev": lambda torch: func_of(torch).jacrev(lambda x: x.long())(x_of(torch, 3)),
    "int output jvp": lambda torch: func_of(torch).jvp(lambda x: x.long(), (x_of(torch, 3),), (x_of(torch, 3),)),
    "vector out": lambda torch: func_of(torch).grad(lambda x: x * x)(x_of(torch, 3)),
    "vector of one": lambda torch: func_of(torch).grad(lambda x: (x * x).sum(0, keepdim=True))(x_of(torch, 3)),
    "tuple out": lambda torch: func_of(torch).grad(lambda x: (x.sum(), x))(x_of(torch, 3)),
    "number out": lambda torch: func_of(torch).grad(lambda x: 3.0)(x_of(torch, 3)),
    "none out": lambda torch: func_of(torch).grad(lambda x: None)(x_of(torch, 3)),
    "item out": lambda torch: func_of(torch).grad(lambda x: x.sum().item())(x_of(torch, 3)),
    "item inside": lambda torch: func_of(torch).grad(lambda x: x.sum() * x[0].item())(x_of(torch, 3)),
    "if inside": lambda torch: func_of(torch).grad(lambda x: x.sum() if x.sum() > 0 else -x.sum())(x_of(torch, 3)),
    "detach inside": lambda torch: func_of(torch).grad(lambda x: (x * x.detach()).sum())(x_of(torch, 3)),
    "requires_grad inside": lambda torch: (
        lambda s: (
            func_of(torch).grad(
                lambda x: (s.append((x.requires_grad, x.is_leaf, x.grad_fn is None)), (x * x).sum())[1]
            )(x_of(torch, 3)),
            s,
        )
    )([]),
    "requires_grad inside nested": lambda torch: (
        lambda s: (
            func_of(torch).grad(
                lambda x: (
                    func_of(torch)
                    .grad(lambda y: (s.append((x.requires_grad, y.requires_grad)), (x * y * y).sum())[1])(x)
                    .sum()
                )
            )(x_of(torch, 3)),
            s,
        )
    )([]),
    "grad attr": lambda torch: (
        lambda s: (func_of(torch).grad(lambda x: (s.append(x.grad), (x * x).sum())[1])(x_of(torch, 3)), s)
    )([]),
    "x untouched": lambda torch: (lambda x: (func_of(torch).grad(lambda x: (x * x).sum())(x), x.grad, x.requires_grad))(
        x_of(torch, 3)
    ),
    "x requires": lambda torch: (lambda x: (func_of(torch).grad(lambda y: (y * y * y).sum())(x), x.grad))(
        torch.ones(3, requires_grad=True)
    ),
    "vjp wrong shape": lambda torch: func_of(torch).vjp(lambda x: x * x, x_of(torch, 3))[1](torch.ones(2)),
    "vjp number": lambda torch: func_of(torch).vjp(lambda x: x * x, x_of(torch, 3))[1](1.0),
    "vjp dtype": lambda torch: func_of(torch).vjp(lambda x: x * x, x_of(torch, 3))[1](
        torch.ones(3, dtype=torch.float64)
    ),
    "vjp tuple for single": lambda torch: func_of(torch).vjp(lambda x: x * x, x_of(torch, 3))[1]((torch.ones(3),)),
    "vjp two args": lambda torch: func_of(torch).vjp(lambda x: (x * x, x), x_of(torch, 3))[1](
        torch.ones(3), torch.ones(3)
    ),
    "vjp dict out": lambda torch: func_of(torch).vjp(lambda x: {"b": x * x, "a": x}, x_of(torch, 3))[1](
        {"a": torch.ones(3), "b": torch.zeros(3)}
    ),
    "vjp None out": lambda torch: func_of(torch).vjp(lambda x: None, x_of(torch, 3)),
    "vjp () out": lambda torch: func_of(torch).vjp(lambda x: (), x_of(torch, 3)),
    "vjp number out": lambda torch: func_of(torch).vjp(lambda x: (x, 3), x_of(torch, 3)),
    "vjp number primal": lambda torch: func_of(torch).vjp(lambda x, y: x * y, x_of(torch, 3), 2.0),
    "vjp int primal": lambda torch: func_of(torch).vjp(lambda x, y: x * y, x_of(torch, 3), torch.arange(3)),
    "vjp independent": lambda torch: func_of(torch).vjp(lambda x: torch.ones(2), x_of(torch, 3))[1](torch.ones(2)),
    "vjp same": lambda torch: func_of(torch).vjp(lambda x: x, x_of(torch, 3))[1](torch.ones(3)),
    "vjp view out": lambda torch: func_of(torch).vjp(lambda x: x[:2], x_of(torch, 3))[1](torch.ones(2)),
    "jvp list primals": lambda torch: func_of(torch).jvp(lambda x: x * x, [x_of(torch, 3)], [x_of(torch, 3)]),
    "jvp tensor primals": lambda torch: func_of(torch).jvp(lambda x: x * x, x_of(torch, 3), x_of(torch, 3)),
    "jvp shapes": lambda torch: func_of(torch).jvp(lambda x: x * x, (x_of(torch, 3),), (x_of(torch, 2),)),
    "jvp structures": lambda torch: func_of(torch).jvp(lambda x: x * x, (x_of(torch, 3),), ((x_of(torch, 3),),)),
    "jvp empty": lambda torch: func_of(torch).jvp(lambda: torch.ones(2), (), ()),
    "jvp number": lambda torch: func_of(torch).jvp(lambda x, y: x * y, (x_of(torch, 3), 2.0), (x_of(torch, 3), 1.0)),
    "jvp dict": lambda torch: func_of(torch).jvp(
        lambda d: {"o": d["a"] * d["b"]},
        ({"a": x_of(torch, 3), "b": x_of(torch, 3)},),
        ({"a": x_of(torch, 3), "b": torch.ones(3)},),
    ),
    "jvp strict": lambda torch: func_of(torch).jvp(
        lambda x: torch.ones(2), (x_of(torch, 3),), (x_of(torch, 3),), strict=True
    ),
    "jvp None": lambda torch: func_of(torch).jvp(lambda x: None, (x_of(torch, 3),), (x_of(torch, 3),)),
    "jvp aux": lambda torch: func_of(torch).jvp(
        lambda x: (x * x, {"k": x}), (x_of(torch, 3),), (x_of(torch, 3),), has_aux=True
    ),
    "jvp inplace own": lambda torch: func_of(torch).jvp(
        lambda x: (x * 1).mul_(x), (x_of(torch, 3),), (x_of(torch, 3),)
    ),
    "jvp setitem arg": lambda torch: (
        lambda x: (func_of(torch).jvp(lambda x: (x.__setitem__(0, 5.0), x * x)[1], (x,), (torch.ones(3),)), x)
    )(x_of(torch, 3)),
    "jvp grad mode": lambda torch: func_of(torch).grad(
        lambda x: func_of(torch).jvp(lambda y: y.sin(), (x,), (x,))[1].sum()
    )(x_of(torch, 3)),
    "jacrev two": lambda torch: func_of(torch).jacrev(lambda x, y: (x * y, y.sum()), argnums=(0, 1))(
        x_of(torch, 2), x_of(torch, 2)
    ),
    "jacrev aux": lambda torch: func_of(torch).jacrev(lambda x: (x * x, x), has_aux=True)(x_of(torch, 2)),
    "jacrev scalar": lambda torch: func_of(torch).jacrev(lambda x: x.sum())(x_of(torch, 2)),
    "jacrev of scalar": lambda torch: func_of(torch).jacrev(lambda x: x * torch.ones(2))(torch.tensor(2.0)),
    "jacrev chunk 0": lambda torch: func_of(torch).jacrev(lambda x: x, chunk_size=0)(x_of(torch, 2)),
    "jacrev int in": lambda torch: func_of(torch).jacrev(lambda x: x * 1.0)(torch.arange(2)),
    "jacrev list": lambda torch: func_of(torch).jacrev(lambda x: [x * x, [x]])(x_of(torch, 2)),
    "jacrev kwargs": lambda torch: func_of(torch).jacrev(lambda x, k: x * k)(x_of(torch, 2), k=2.0),
    "jacfwd kwargs": lambda torch: func_of(torch).jacfwd(lambda x, k: x * k)(x_of(torch, 2), k=2.0),
    "hessian kwargs": lambda torch: func_of(torch).hessian(lambda x, k: (x * x * k).sum())(x_of(torch, 2), k=2.0),
    "jacfwd dict": lambda torch: func_of(torch).jacfwd(lambda d: d["a"] * d["b"])(
        {"a": x_of(torch, 2), "b": x_of(torch, 2)}
    ),
    "jacfwd two": lambda torch: func_of(torch).jacfwd(lambda x, y: {"o": x * y}, argnums=(0, 1))(
        x_of(torch, 2), x_of(torch, 2)
    ),
    "jacfwd list argnums": lambda torch: func_of(torch).jacfwd(lambda x, y: {"o": x * y}, argnums=[0, 1])(
        x_of(torch, 2), x_of(torch, 2)
    ),
    "jacfwd chunk": lambda torch: func_of(torch).jacfwd(lambda x: x * x, chunk_size=1)(x_of(torch, 2)),
    "jacfwd chunk 0": lambda torch: func_of(torch).jacfwd(lambda x: x * x, chunk_size=0)(x_of(torch, 2)),
    "jacrev chunk big": lambda torch: func_of(torch).jacrev(lambda x: x * x, chunk_size=100)(x_of(torch, 2)),
    "hessian vec": lambda torch: func_of(torch).hessian(lambda x: x**3)(x_of(torch, 2)),
    "hessian two": lambda torch: func_of(torch).hessian(lambda x, y: (x * x * y).sum(), argnums=(0, 1))(
        x_of(torch, 2), x_of(torch, 2)
    ),
    "hessian dict": lambda torch: func_of(torch).hessian(lambda d: (d["a"] ** 2 * d["b"]).sum())(
        {"a": x_of(torch, 2), "b": x_of(torch, 2)}
    ),
    "hessian int": lambda torch: func_of(torch).hessian(lambda x: (x * x).sum())(torch.arange(2)),
    "hessian linear": lambda torch: func_of(torch).hessian(lambda x: x.sum())(x_of(torch, 2)),
    "hessian const": lambda torch: func_of(torch).hessian(lambda x: torch.ones(()))(x_of(torch, 2)),
    "f64": lambda torch: func_of(torch).grad(lambda x: (x * x).sum())(x_of(torch, 2).double()),
    "f16": lambda torch: func_of(torch).grad(lambda x: (x * x).sum())(x_of(torch, 2).half()),
    "mixed dtypes": lambda torch: func_of(torch).grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(
        x_of(torch, 2), x_of(torch, 2).double()
    ),
    "unused": lambda torch: func_of(torch).grad(lambda x, y: (y * y).sum())(x_of(torch, 2), x_of(torch, 2)),
    "unused both": lambda torch: func_of(torch).grad(lambda x, y: (x * x).sum(), argnums=(0, 1))(
        x_of(torch, 2), x_of(torch, 2)
    ),
    "max ties": lambda torch: func_of(torch).grad(lambda x: x.max())(torch.ones(3)),
    "kwargs tensor": lambda torch: func_of(torch).grad(lambda x, *, w: (x * w).sum())(x_of(torch, 2), w=torch.ones(2)),
    "error inside": lambda torch: func_of(torch).grad(lambda x: (x @ torch.ones(5)).sum())(x_of(torch, 2)),
    "functional_call buffers strict": lambda torch: func_of(torch).functional_call(
        torch.nn.BatchNorm1d(2), {"weight": torch.ones(2)}, (torch.ones(3, 2),), strict=True
    ),
    "functional_call kw": lambda torch: func_of(torch).functional_call(
        torch.nn.Linear(2, 1), {}, kwargs={"input": torch.ones(1, 2)}
    ),
    "functional_call none args": lambda torch: func_of(torch).functional_call(torch.nn.Linear(2, 1), {}),
    "functional_call list arg": lambda torch: func_of(torch).functional_call(
        torch.nn.Linear(2, 1), {}, [torch.ones(1, 2)]
    ),
    "create_graph": lambda torch: func_of(torch).vjp(lambda x: x.exp(), x_of(torch, 3))[1](
        torch.ones(3), create_graph=True
    ),
    "grad under no_grad nested": lambda torch: func_of(torch).grad(
        lambda x: (lambda c: (c * x).sum())(func_of(torch).grad(lambda y: (y * y * x).sum())(x))
    )(x_of(torch, 2)),
    "func 2-level captured": lambda torch: func_of(torch).grad(
        lambda x: func_of(torch).grad(lambda y: (x * y * y).sum())(torch.ones(2)).sum()
    )(x_of(torch, 2)),
    "tolist inside": lambda torch: (
        lambda s: (func_of(torch).grad(lambda x: (s.append(x.tolist()), (x * x).sum())[1])(x_of(torch, 2)), s)
    )([]),
    "has_aux jvp pair": lambda torch: func_of(torch).jvp(
        lambda x: x, (x_of(torch, 2),), (x_of(torch, 2),), has_aux=True
    ),
    "vjp aux pair": lambda torch: func_of(torch).vjp(lambda x: x, x_of(torch, 2), has_aux=True),
    "jacrev aux pair": lambda torch: func_of(torch).jacrev(lambda x: x, has_aux=True)(x_of(torch, 2)),
    "jacfwd aux pair": lambda torch: func_of(torch).jacfwd(lambda x: x, has_aux=True)(x_of(torch, 2)),
    "linearize": lambda torch: _linearized(torch, lambda x: x.sin() * x, (x_of(torch, 2),), (torch.ones(2),)),
    "linearize, trees": lambda torch: _linearized(
        torch,
        lambda x, d: {"a": x * d["k"], "b": (x + 1,)},
        (x_of(torch, 2), {"k": torch.ones(2)}),
        (torch.ones(2), {"k": x_of(torch, 2)}),
    ),
    "linearize, twice": lambda torch: _linearized(
        torch, lambda x: x**3, (x_of(torch, 2),), (torch.ones(2),), (x_of(torch, 2),)
    ),
    "linearize, another shape": lambda torch: _linearized(torch, torch.sin, (x_of(torch, 2),), (torch.ones(3),)),
    "linearize, another dtype": lambda torch: _linearized(
        torch, torch.sin, (x_of(torch, 2),), (torch.ones(2).double(),)
    ),
    "linearize, integers": lambda torch: _linearized(torch, lambda x: x * 2, (torch.arange(2),), (torch.ones(2),)),
    "jvp, an argument written": lambda torch: _written(torch, func_of(torch).jvp, lambda x: x.add_(1) * x),
    "jvp, an element written": lambda torch: _written(
        torch, func_of(torch).jvp, lambda x: (x.__setitem__(0, 5.0), x * x)[1]
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_torch(name):
    same(PROGRAMS[name])


def the_argument_of_jacfwd_written(torch):
    x = x_of(torch, 2)
    return func_of(torch).jacfwd(lambda x: x.add_(1) * x)(x), x


def an_argument_with_a_gradient_written(torch):
    F = func_of(torch)
    return F.grad(lambda x: F.jvp(lambda y: y.add_(1) * y * y, (x * 1,), (x,))[1].sum())(x_of(torch, 2))


@pytest.mark.parametrize("program", [the_argument_of_jacfwd_written, an_argument_with_a_gradient_written])
def test_arguments_written_in_forward_mode(program):
    same(program)


def test_linearize_can_be_differentiated():
    """Here torch reads memory that is not set; what is right is what its jvp gives."""

    def program(torch):
        F, ones = func_of(torch), torch.ones(2)
        if torch is tinygrad_mlp:
            return F.grad(lambda x: F.linearize(lambda y: y**3, x)[1](ones).sum())(x_of(torch, 2))
        return F.grad(lambda x: F.jvp(lambda y: y**3, (x,), (ones,))[1].sum())(x_of(torch, 2))

    same(program)
