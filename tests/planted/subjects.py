"""The same pair of NumPy functions as a Function of either framework, and for the checks of JAX and of autograd."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .cases import Case, Vjp

Inputs = tuple[Any, ...]


def function_of(world: Any, case: Case, vjp: Vjp) -> Any:
    """A Function of this package or of torch whose forward and backward call NumPy."""

    def tensor(x: Any) -> Any:
        return None if x is None else world.from_numpy(np.array(x))

    class Planted(world.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            ctx.save_for_backward(*inputs)
            return tensor(case.forward(*(x.detach().numpy() for x in inputs)))

        @staticmethod
        def backward(ctx, g):
            inputs = [x.detach().numpy() for x in ctx.saved_tensors]
            gradients = vjp(g.detach().numpy(), *inputs)
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            found = tuple(tensor(x) for x in gradients) + (None,) * (len(inputs) - len(gradients))
            return found if len(found) > 1 else found[0]

    return Planted


def passes_torch(case: Case, vjp: Vjp, inputs: Inputs, fast: bool) -> bool:
    """Whether torch.autograd.gradcheck finds nothing."""
    import torch

    tensors = [torch.from_numpy(np.array(x)) for x in inputs]
    for t in tensors:
        if t.is_floating_point():
            t.requires_grad_()
    apply = function_of(torch, case, vjp).apply
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(torch.autograd.gradcheck(apply, tensors, fast_mode=fast))
        except (RuntimeError, AssertionError):  # GradcheckError is a RuntimeError, and so is a shape that does not fit
            return False


def passes_jax(case: Case, vjp: Vjp, inputs: Inputs) -> bool:
    """Whether jax.test_util.check_grads finds nothing, in float64."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    result = np.asarray(case.forward(*inputs))
    floating = [i for i, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f"]

    def whole(values: Any) -> list[Any]:
        by_place = dict(zip(floating, values, strict=True))
        return [by_place.get(i, x) for i, x in enumerate(inputs)]

    def call(*values: Any) -> Any:
        return np.asarray(case.forward(*map(np.asarray, whole(values))))

    def pull(g: Any, *values: Any) -> Any:
        given = vjp(np.asarray(g), *map(np.asarray, whole(values)))
        given = given if isinstance(given, tuple) else (given,)
        return tuple(np.asarray(given[i]) for i in floating)

    @jax.custom_vjp
    def f(*values: Any) -> Any:
        return jax.pure_callback(call, jax.ShapeDtypeStruct(result.shape, result.dtype), *values)

    def backward(values: Any, g: Any) -> Any:
        shapes = tuple(jax.ShapeDtypeStruct(v.shape, v.dtype) for v in values)
        return jax.pure_callback(pull, shapes, g, *values)

    f.defvjp(lambda *values: (f(*values), values), backward)
    try:
        check_grads(f, tuple(inputs[i] for i in floating), order=1, modes=["rev"])
    except Exception:  # an AssertionError, or what a shape that does not fit makes of the callback
        return False
    return True


def passes_autograd(case: Case, vjp: Vjp, inputs: Inputs) -> bool:
    """Whether autograd.test_util.check_grads finds nothing."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    floating = [i for i, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f"]

    def whole(values: Any) -> list[Any]:
        by_place = dict(zip(floating, values, strict=True))
        return [by_place.get(i, x) for i, x in enumerate(inputs)]

    f = primitive(lambda *values: case.forward(*whole(values)))

    def part(place: int) -> Callable[..., Any]:
        def pull(answer: Any, *values: Any) -> Callable[[Any], Any]:
            def gradient(g: Any) -> Any:
                given = vjp(np.asarray(g), *whole(values))
                return given[place] if isinstance(given, tuple) else given

            return gradient

        return pull

    defvjp(f, *(part(i) for i in floating))
    np.random.seed(0)  # check_grads draws its directions from it
    try:
        every = tuple(range(len(floating)))
        check_grads(f, every, modes=["rev"], order=1)(*(inputs[i] for i in floating))
    except Exception:  # an AssertionError, or what a shape that does not fit makes of a product
        return False
    return True


def installed(name: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None
