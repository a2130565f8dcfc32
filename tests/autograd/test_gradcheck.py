"""autograd.gradcheck and gradgradcheck, as torch has them: on right functions and on wrong ones."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch as their_torch

import tinygrad_mlp
from support.parity import outcome, same
from tinygrad_mlp.autograd.gradcheck import GradcheckError


def _x(torch: Any, *shape: int, dtype: Any = None, grad: bool = True) -> Any:
    count = torch.zeros(shape).numel()
    x = torch.linspace(0.3, 1.7, count, dtype=dtype or torch.float64).reshape(shape).clone()
    return x.requires_grad_(grad)


def _function(torch: Any, forward: Any, backward: Any) -> Any:
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Foo", (torch.autograd.Function,), body).apply


def _cube(torch: Any, factor: float) -> Any:
    """x ** 3, with a gradient that is right for the factor 3."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return factor * g * x * x

    return _function(torch, forward, backward)


def _product(torch: Any, factor: float = 1.0) -> Any:
    """x * y and y.exp(), two outputs of two inputs; None where there is no gradient."""

    def forward(ctx, x, y):
        z = y.exp()
        ctx.save_for_backward(x, y, z)
        ctx.set_materialize_grads(False)
        return x * y, z

    def backward(ctx, g, h):
        x, y, z = ctx.saved_tensors
        gx, gy = (None, None) if g is None else (g * y, g * x)
        if h is not None:
            gy = h * z * factor if gy is None else gy + h * z * factor
        return gx, gy

    return _function(torch, forward, backward)


def _biased(torch: Any) -> Any:
    """A backward that adds a constant, so that it is not a product with the cotangent."""
    return _function(torch, lambda ctx, x: x * 0, lambda ctx, g: g * 0 + 1e-7)


def _random(torch: Any, size: float) -> Any:
    state = [0]

    def backward(ctx, g):
        state[0] += 1
        return g * (2 + size * (state[0] % 2))

    return _function(torch, lambda ctx, x: x * 2, backward)


def _wrong_second_order(torch: Any) -> Any:
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * g * x * x.detach()

    return _function(torch, forward, backward)


def _asks(torch: Any, undefined: Any) -> Any:
    """Two outputs; `undefined` says what becomes of a gradient that is None."""

    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(ctx, g, h):
        if g is None or h is None:
            return undefined(torch, g, h)
        return g * 2 + h * 3

    return _function(torch, forward, backward)


def _raises(torch: Any, g: Any, h: Any) -> Any:
    raise RuntimeError("no gradient")


def _indices(torch: Any) -> Any:
    def forward(ctx, x):
        index = torch.tensor([1, 0])
        ctx.mark_non_differentiable(index)
        return x * 2, index  # the index first would be too much for torch

    return _function(torch, forward, lambda ctx, g, i: g * 2)


def _gc(function: Any, *inputs: Any, **options: Any) -> Any:
    return lambda torch: torch.autograd.gradcheck(
        function(torch), [x(torch) if callable(x) else x for x in inputs], **options
    )


def _ggc(function: Any, *inputs: Any, **options: Any) -> Any:
    return lambda torch: torch.autograd.gradgradcheck(function(torch), [x(torch) for x in inputs], **options)


def _three(torch: Any) -> Any:
    return _x(torch, 3)


def _matrix(torch: Any) -> Any:
    return _x(torch, 2, 3)


def _constant(torch: Any) -> Any:
    return _x(torch, 3, grad=False)


def _float32(torch: Any) -> Any:
    return _x(torch, 3, dtype=torch.float32)


def _strided(torch: Any) -> Any:
    return _x(torch, 3, 2).detach().t().requires_grad_()


def _cotangent_given(torch: Any) -> Any:
    return torch.autograd.gradgradcheck(lambda x: x**3, _x(torch, 3), torch.ones(3, dtype=torch.float64))


def _input_restored(torch: Any) -> Any:
    x = _x(torch, 2, 3)
    torch.autograd.gradcheck(lambda x: x.sin() * x, x)
    return x, x.grad, x._version


RIGHT = {
    "operators": _gc(lambda torch: lambda x, y: ((x * y).sin(), x.exp().sum(), y @ y), _three, _three),
    "matrix": _gc(lambda torch: lambda x, w: torch.tanh(x.t() @ w), _matrix, _matrix),
    "strided": _gc(lambda torch: lambda x: x.exp(), _strided),
    "0-d": _gc(lambda torch: lambda x: x.exp(), lambda torch: _x(torch)),
    "empty": _gc(lambda torch: lambda x: x.exp(), lambda torch: _x(torch, 0)),
    "constants besides": _gc(lambda torch: lambda x, c, n: x * c * n, _three, _constant, 5),
    "unused input": _gc(lambda torch: lambda x, y: x * 2, _three, _three),
    "float32": _gc(lambda torch: lambda x: x * 2, _float32, eps=1e-2),
    "float32 fails": _gc(lambda torch: lambda x: x * 2, _float32, raise_exception=False),
    "integer output": _gc(_indices, lambda torch: _x(torch, 2)),
    "no dependence": _gc(lambda torch: lambda x: x.detach() * 0 + 1, _three),
    "cube": _gc(lambda torch: _cube(torch, 3), _three),
    "wrong cube": _gc(lambda torch: _cube(torch, 2), _three, raise_exception=False),
    "cube within a tolerance": _gc(lambda torch: _cube(torch, 3.01), _three, rtol=0.1),
    "two of two": _gc(_product, _three, _three),
    "wrong second": _gc(lambda torch: _product(torch, 1.1), _three, _three, raise_exception=False),
    "random within a tolerance": _gc(lambda torch: _random(torch, 1e-9), _three, nondet_tol=1e-3),
    "undefined not asked": _gc(lambda torch: _asks(torch, _raises), _three, check_undefined_grad=False),
    "fast": _gc(lambda torch: lambda x, y: ((x * y).sin(), x.exp().sum()), _three, _three, fast_mode=True),
    "fast with an integer output": _gc(_indices, lambda torch: _x(torch, 2), fast_mode=True),
    "fast and wrong": _gc(lambda torch: _cube(torch, 2), _three, fast_mode=True, raise_exception=False),
    "masked": _gc(_biased, _three, masked=True, raise_exception=False),
    "gradgradcheck": _ggc(lambda torch: lambda x, y: (x * y).sin(), _three, _three),
    "gradgradcheck of a Function": _ggc(lambda torch: _cube(torch, 3), _matrix),
    "gradgradcheck of two outputs": _ggc(lambda torch: lambda x, y: (x * y, y.exp()), _three, _three),
    "gradgradcheck, spaced": _ggc(lambda torch: lambda x: x**3, _matrix, gen_non_contig_grad_outputs=True),
    "gradgradcheck, fast": _ggc(lambda torch: lambda x: x**3, _matrix, fast_mode=True),
    "gradgradcheck, wrong": _ggc(_wrong_second_order, _three, raise_exception=False),
    "gradgradcheck, cotangent given": _cotangent_given,
    "inputs are restored": _input_restored,
}

WRONG = {
    "cube": _gc(lambda torch: _cube(torch, 2), _three),
    "second output": _gc(lambda torch: _product(torch, 1.1), _three, _three),
    "fast": _gc(lambda torch: _cube(torch, 2), _three, fast_mode=True),
    "not a product": _gc(_biased, _three),
    "not a product, masked": _gc(_biased, _three, masked=True, atol=1.0),
    "not reentrant": _gc(lambda torch: _random(torch, 1e-9), _three),
    "numerical not zero": _gc(lambda torch: lambda x: x.detach() * 2, _three),
    "no input requires grad": _gc(lambda torch: lambda x: x * 2, _constant),
    "no tensor": _gc(lambda torch: lambda x: x * 2, 5),
    "expanded": _gc(lambda torch: lambda x: x, lambda torch: _x(torch, 1, grad=False).expand(3).requires_grad_()),
    "undefined raises": _gc(lambda torch: _asks(torch, _raises), _three),
    "undefined is not zero": _gc(lambda torch: _asks(torch, lambda torch, g, h: torch.ones(3)), _three),
    "no mode": _gc(lambda torch: lambda x: x, _three, check_backward_ad=False),
    "batched without backward": _gc(
        lambda torch: lambda x: x, _three, check_backward_ad=False, check_forward_ad=True, check_batched_grad=True
    ),
    "batched forward": _gc(lambda torch: lambda x: x, _three, check_batched_forward_grad=True),
    "gradgradcheck": _ggc(_wrong_second_order, _three),
    "gradgradcheck, no mode": _ggc(lambda torch: lambda x: x, _three, check_rev_over_rev=False),
    "gradgradcheck, undefined": _ggc(
        lambda torch: lambda x: x, _three, check_rev_over_rev=False, check_fwd_over_rev=True
    ),
    "gradgradcheck, batched": _ggc(
        lambda torch: lambda x: x, _three, check_rev_over_rev=False, check_fwd_over_rev=True,
        check_undefined_grad=False, check_batched_grad=True,
    ),
    "gradgradcheck of a constant": _ggc(lambda torch: lambda x: x, _constant),
}  # fmt: skip


@pytest.mark.parametrize("program", [*RIGHT.values(), *WRONG.values()], ids=[*RIGHT, *WRONG])
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("name", ["cube", "second output", "gradgradcheck"])
def test_whole_text_of_a_mismatch(name):
    def text(torch):
        torch.manual_seed(0)
        with pytest.raises(RuntimeError) as caught:
            WRONG[name](torch)
        return str(caught.value)

    ours, theirs = text(tinygrad_mlp), text(their_torch)
    assert ours.partition("\nnumerical")[0] == theirs.partition("\nnumerical")[0]
    assert len(ours.splitlines()) == len(theirs.splitlines())
    analytical = [t.partition("analytical:")[2] for t in (ours, theirs)]
    assert analytical[0] == analytical[1]


def test_the_error_is_torchs():
    for torch in (their_torch, tinygrad_mlp):
        module = importlib.import_module(torch.__name__ + ".autograd.gradcheck")
        assert issubclass(module.GradcheckError, RuntimeError)
        assert callable(torch.autograd.gradcheck)  # the function, though the module has the same name
    assert outcome(WRONG["cube"], tinygrad_mlp)[0][0] == GradcheckError.__name__


def test_fast_mode_says_what_slow_mode_finds():
    with pytest.raises(GradcheckError, match="recompute numerical and analytical jacobians in slow mode"):
        WRONG["fast"](tinygrad_mlp)


@pytest.mark.parametrize("option", ["check_batched_grad", "check_forward_ad"])
def test_what_there_is_not_is_refused(option):
    with pytest.raises(NotImplementedError, match=option):
        tinygrad_mlp.autograd.gradcheck(lambda x: x * 2, _x(tinygrad_mlp, 3), **{option: True})


@pytest.mark.parametrize("change", ["shape", "dtype"])
def test_outputs_that_change_with_the_input_are_refused(change):
    def program(torch):
        calls = [0]

        def func(x):
            calls[0] += 1
            if calls[0] != 3:
                return x * 2
            return (x * 2)[:2] if change == "shape" else (x * 2).float()

        return torch.autograd.gradcheck(func, _x(torch, 3))

    same(program)


def test_every_differentiable_row_of_one_tensor_passes():
    torch = tinygrad_mlp
    for name in ("exp", "log", "sin", "tanh", "sigmoid", "sqrt", "relu", "square", "softplus", "logsumexp"):
        home = torch if hasattr(torch, name) else torch.nn.functional
        function = getattr(home, name)
        if name == "logsumexp":
            torch.autograd.gradgradcheck(lambda x: torch.logsumexp(x, 0), _x(torch, 4))
        else:
            assert torch.autograd.gradcheck(function, _x(torch, 4))
            assert torch.autograd.gradgradcheck(function, _x(torch, 4))
