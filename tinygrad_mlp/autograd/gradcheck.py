"""Gradients checked against finite differences (torch.autograd.gradcheck).

Every check of torch 2.13 that means something for dense real tensors and reverse mode, in its order and its words.
Jacobians are arrays of the shape (elements of the input, elements of the output).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from ..random import Generator
from .backward import grad
from .function import Function, FunctionNode
from .grad_mode import no_grad
from .outputs import Bundle
from .refusals import (
    BATCHED_FORWARD_GRAD_ALONE,
    BATCHED_GRAD_ALONE,
    BATCHED_GRAD_ALONE_TWICE,
    FAST_FAILED_SLOW_OK,
    FAST_MODE,
    INPUT_NOT_DOUBLE,
    INPUT_OVERLAPS,
    JACOBIAN_NOT_ZERO,
    MISMATCH,
    NO_BATCHED_GRAD,
    NO_DIRECTION,
    NO_DIRECTION_TWICE,
    NO_FORWARD_AD,
    NO_INPUT_REQUIRES_GRAD,
    NOT_MULTIPLIED,
    NOT_REENTRANT,
    OUTPUTS_DIFFER,
    UNDEFINED_GRAD_ALONE_TWICE,
    UNDEFINED_IS_NEW,
    UNDEFINED_NOT_HANDLED,
    UNDEFINED_NOT_ZERO,
    UNDEFINED_NOTES,
)
from .tensors import is_tensor, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Array = Any
Tensors = tuple[Any, ...]


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` and `gradgradcheck` for a gradient that is wrong."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of `func` agree with central differences of `eps` around the inputs.

    `inputs` is a Tensor or a tuple; those that require grad, of any shape, are checked and should be float64. Outputs
    are a Tensor or a tuple, and agree where |analytical - numerical| <= atol + rtol |numerical|. Also checked: two
    backwards give the same up to `nondet_tol`, a zero cotangent gives zeros, and so does none at all
    (`check_undefined_grad`). `fast_mode` compares one random projection of the Jacobian. `check_grad_dtypes` and
    `masked` find nothing here: gradients are dense and have the dtype of their tensor.

    Forward mode and batched gradients are refused, not passed: torch compares a Function's own `jvp` and `vmap` with
    its backward, and here nothing calls them, so that there is nothing that could be found wrong.

    GradcheckError for what is wrong, or False without `raise_exception`; ValueError where no input requires grad;
    NotImplementedError for forward mode and batched gradients. Source: torch.autograd.gradcheck.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError(NO_DIRECTION)
    if check_batched_grad and not check_backward_ad:
        raise AssertionError(BATCHED_GRAD_ALONE)
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError(BATCHED_FORWARD_GRAD_ALONE)
    if check_forward_ad:
        raise NotImplementedError(NO_FORWARD_AD)
    if check_batched_grad:
        raise NotImplementedError(NO_BATCHED_GRAD)
    try:
        inputs = _as_tuple(inputs)
        _check_inputs(inputs)
        _check(func, inputs, eps, atol, rtol, nondet_tol, fast_mode)
        _check_zero_cotangents(_outputs(func, inputs), inputs, bool(masked))
        if check_undefined_grad:
            _check_undefined(func, inputs)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of the gradients of `func` agree with central differences of its gradients.

    Checked with respect to the `inputs` and to `grad_outputs`, the cotangents, like the outputs; left out, they are
    drawn between -1 and 1. Other arguments and errors are those of `gradcheck`. Source: torch.autograd.gradgradcheck.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(NO_DIRECTION_TWICE)
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError(UNDEFINED_GRAD_ALONE_TWICE)
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError(BATCHED_GRAD_ALONE_TWICE)
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        cotangents = tuple(_drawn(y, gen_non_contig_grad_outputs) for y in _outputs(func, inputs))
    else:
        cotangents = _as_tuple(grad_outputs)
    wanted = [i for i, x in enumerate(inputs) if is_tensor(x) and x.requires_grad]
    weighing = [i for i, x in enumerate(cotangents) if x.requires_grad]

    def gradient(*args: Any) -> Tensors:
        xs, gs = args[: -len(cotangents)], args[-len(cotangents) :]
        for x in (*(xs[i] for i in wanted), *(gs[i] for i in weighing)):
            x.requires_grad_()
        outputs = _outputs(func, xs)
        grads = grad(outputs, [xs[i] for i in wanted], gs, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    return gradcheck(
        gradient,
        inputs + cotangents,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _drawn(output: Any, spaced: bool) -> Any:
    """A cotangent for an output, as torch.testing.make_tensor draws it."""
    dtype = output.array.dtype
    tensor = wrap(np.empty(output.array.shape, dtype)).uniform_(-1, 1)
    if spaced and tensor.array.size > 1:
        tensor = wrap(np.repeat(tensor.array, 2, axis=-1)[..., ::2])
    return tensor.requires_grad_()


# -- inputs and outputs ----------------------------------------------------------------------------


def _as_tuple(x: Any) -> Tensors:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _outputs(func: Callable[..., Any], inputs: Tensors) -> Tensors:
    """The outputs that require grad."""
    return tuple(y for y in _as_tuple(func(*inputs)) if y.requires_grad)


def _variables(inputs: Any) -> list[Any]:
    """The tensors that require grad among the inputs, those in lists as well."""
    if is_tensor(inputs):
        return [inputs] if inputs.requires_grad else []
    return [x for part in inputs for x in _variables(part)] if isinstance(inputs, (tuple, list)) else []


def _check_inputs(inputs: Tensors) -> None:
    found = False
    for i, x in enumerate(inputs):
        if not (is_tensor(x) and x.requires_grad):
            continue
        found = True
        if x.array.dtype != np.float64:
            warnings.warn(INPUT_NOT_DOUBLE.format(i), stacklevel=3)
        if any(stride <= 0 and size > 1 for stride, size in zip(x.array.strides, x.array.shape, strict=True)):
            raise RuntimeError(INPUT_OVERLAPS.format(i))
    if not found:
        raise ValueError(NO_INPUT_REQUIRES_GRAD)


# -- the two Jacobians -----------------------------------------------------------------------------


def _differences(call: Callable[[], Any], change: Callable[[float], None], eps: float, where: str) -> list[Array]:
    """Central differences of the outputs, flat, along a change of the inputs."""
    ends = []
    for sign in (-1, 1):
        change(sign)
        ends.append([np.array(y.array) for y in _as_tuple(call())])
    change(0)
    for a, b in zip(*ends, strict=True):
        for what, x, y in (("shape", a.shape, b.shape), ("dtype", a.dtype, b.dtype)):
            if x != y:
                raise AssertionError(OUTPUTS_DIFFER.format(what=what, where=where, eps=eps, first=x, second=y))
    return [((b - a) / (2 * eps)).reshape(-1) for a, b in zip(*ends, strict=True) if a.dtype.kind in FLOATING]


def _numerical(func: Callable[..., Any], inputs: Tensors, x: Any, outputs: Tensors, eps: float) -> list[Array]:
    """The Jacobian of each floating output with respect to `x`."""
    call = functools.partial(func, *inputs)
    jacobians = [
        np.zeros((x.array.size, y.array.size), y.array.dtype) for y in outputs if y.array.dtype.kind in FLOATING
    ]
    for k, index in enumerate(np.ndindex(x.array.shape)):
        before = x.array[index]

        def change(sign: float, index: Any = index, before: Any = before) -> None:
            x.array[index] = before + sign * eps

        columns = _differences(call, change, eps, f"on index {index} ")
        for jacobian, column in zip(jacobians, columns, strict=True):
            jacobian[k] = column
    return jacobians


def _analytical(output: Any, variables: list[Any], nondet_tol: float) -> list[Array]:
    """The Jacobian of an output with respect to each variable: a backward for each element, and all of it twice."""
    first, second = (_backwards(output, variables, _units(output)) for _ in range(2))
    _check_reentrant(first, second, nondet_tol)
    return first


def _units(output: Any) -> Iterator[Array]:
    for k in range(output.array.size):
        unit = np.zeros(output.array.shape, output.array.dtype)
        unit.reshape(-1)[k] = 1
        yield unit


def _backwards(output: Any, variables: list[Any], cotangents: Iterator[Array]) -> list[Array]:
    columns: list[list[Array]] = [[] for _ in variables]
    for cotangent in cotangents:
        # As in torch, a clone gives each backward a graph of its own.
        grads = grad(output.clone(), variables, wrap(cotangent), retain_graph=True, allow_unused=True)
        for column, x, g in zip(columns, variables, grads, strict=True):
            column.append(np.zeros(x.array.size, x.array.dtype) if g is None else g.array.reshape(-1).copy())
    return [
        np.stack(column, 1) if column else np.zeros((x.array.size, 0), x.array.dtype)
        for column, x in zip(columns, variables, strict=True)
    ]


def _check_reentrant(first: list[Array], second: list[Array], nondet_tol: float) -> None:
    if any(a.size and np.abs(a - b).max() > nondet_tol for a, b in zip(first, second, strict=True)):
        raise GradcheckError(NOT_REENTRANT.format(nondet_tol))


def _mismatch(i: int, j: int, numerical: Array, analytical: Array) -> str:
    return MISMATCH.format(output=i, input=j, numerical=_text(numerical), analytical=_text(analytical))


def _text(array: Array) -> str:
    return repr(wrap(np.asarray(array)))


# -- the checks ------------------------------------------------------------------------------------


def _check(
    func: Callable[..., Any], inputs: Tensors, eps: float, atol: float, rtol: float, nondet_tol: float, fast: bool
) -> None:
    everything = _as_tuple(func(*inputs))
    outputs = tuple(y for y in everything if y.requires_grad)
    variables = _variables(inputs)
    if fast and outputs:
        _check_projections(func, inputs, everything, eps, atol, rtol, nondet_tol)
        return
    numerical = [_numerical(func, inputs, x, everything, eps) for x in variables]
    if not outputs:
        if any(jacobian.any() for jacobians in numerical for jacobian in jacobians):
            raise GradcheckError(JACOBIAN_NOT_ZERO)
        return
    floating = [y for y in everything if y.array.dtype.kind in FLOATING]
    kept = [k for k, y in enumerate(floating) if y.requires_grad]
    for i, (k, output) in enumerate(zip(kept, outputs, strict=True)):
        analytical = _analytical(output, variables, nondet_tol)
        for j, a in enumerate(analytical):
            if not np.allclose(a, numerical[j][k], rtol, atol):
                raise GradcheckError(_mismatch(i, j, numerical[j][k], a))


def _check_projections(
    func: Callable[..., Any],
    inputs: Tensors,
    everything: Tensors,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    """Compare v J u for one random u and v instead of J."""
    generator = Generator()
    variables = _variables(inputs)
    outputs = [y for y in everything if y.requires_grad]
    us = [_direction(x, generator) for x in variables]
    vs = [_direction(y, generator) for y in outputs]
    floating = [y for y in everything if y.array.dtype.kind in FLOATING]
    call = functools.partial(func, *inputs)
    numerical = []
    for x, u in zip(variables, us, strict=True):
        before = x.array.copy()

        def change(sign: float, x: Any = x, before: Array = before, u: Array = u) -> None:
            x.array[...] = before + sign * eps * u.reshape(before.shape)

        columns = _differences(call, change, eps, "")
        kept = [column for y, column in zip(floating, columns, strict=True) if y.requires_grad]
        numerical.append([v.dot(column) for v, column in zip(vs, kept, strict=True)])
    for i, (output, v) in enumerate(zip(outputs, vs, strict=True)):
        first, second = (_backwards(output, variables, iter([v.reshape(output.array.shape)])) for _ in range(2))
        _check_reentrant(first, second, nondet_tol)
        for j, (u, product) in enumerate(zip(us, first, strict=True)):
            a, n = product[:, 0].dot(u), numerical[j][i]
            if not np.allclose(a, n, rtol, atol * float(u.sum()) * float(v.sum())):
                text = _mismatch(i, j, n, a)
                raise GradcheckError(text + _in_slow_mode(func, inputs, everything, i, j, eps, atol, rtol))


def _direction(x: Any, generator: Generator) -> Array:
    vector = generator.uniform((x.array.size,), np.float32).astype(x.array.dtype)
    return vector / np.linalg.norm(vector)


def _in_slow_mode(
    func: Callable[..., Any], inputs: Tensors, everything: Tensors, i: int, j: int, eps: float, atol: float, rtol: float
) -> str:
    variables = _variables(inputs)
    output = [y for y in everything if y.requires_grad][i]
    floating = [y for y in everything if y.array.dtype.kind in FLOATING]
    place = next(k for k, y in enumerate(floating) if y is output)
    numerical = _numerical(func, inputs, variables[j], everything, eps)[place]
    analytical = _backwards(output, variables, _units(output))[j]
    text = FAST_MODE.format(_text(numerical), _text(analytical), np.abs(numerical - analytical).max())
    return text + FAST_FAILED_SLOW_OK if np.allclose(analytical, numerical, rtol, atol) else text


def _check_zero_cotangents(outputs: Tensors, inputs: Tensors, masked: bool) -> None:
    if not outputs:
        return
    zeros = [wrap(np.zeros(y.array.shape, y.array.dtype)) for y in outputs]
    for g in grad(outputs, _variables(inputs), zeros, allow_unused=True):
        if g is not None and not (np.allclose(g.array, 0) if masked else not g.array.any()):
            raise GradcheckError(NOT_MULTIPLIED)


class _UndefinedGrad(Function):
    """Returns its argument, and hands on no gradient in backward."""

    @staticmethod
    def forward(ctx: Any, tensor: Any) -> Any:
        return tensor.detach()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return None


def _check_undefined(func: Callable[..., Any], inputs: Tensors) -> None:
    """Check that outputs without a cotangent, all at once and each alone, count as outputs whose cotangent is zero."""
    variables = _variables(inputs)
    # Backward does not run a node without cotangents, so the nodes of Functions are called directly.
    for node in {y.grad_fn for y in _outputs(func, inputs)}:
        if isinstance(node, FunctionNode):
            with no_grad():
                _check_zero(_handling_undefined(functools.partial(node.pull, Bundle({}), node.edges, False)))
    count = len(_outputs(func, inputs))
    for undefined in range(count) if count > 1 else ():
        outputs = [_UndefinedGrad.apply(y) if i == undefined else y for i, y in enumerate(_outputs(func, inputs))]
        zeros = [wrap(np.zeros(y.array.shape, y.array.dtype)) for y in outputs]
        grads = _handling_undefined(functools.partial(grad, outputs, variables, zeros, allow_unused=True))
        _check_zero([g if g is None else g.array for g in grads])


def _handling_undefined(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RuntimeError as error:
        warnings.warn(UNDEFINED_IS_NEW, stacklevel=2)
        raise GradcheckError(UNDEFINED_NOT_HANDLED + UNDEFINED_NOTES) from error


def _check_zero(parts: Any) -> None:
    if any(part is not None and part.any() for part in parts):
        warnings.warn(UNDEFINED_IS_NEW, stacklevel=2)
        raise GradcheckError(UNDEFINED_NOT_ZERO + UNDEFINED_NOTES)
