"""Jacobians, Hessians and products with them, of functions of Tensors (torch.autograd.functional).

All of it is `grad`, called in different ways: a row of a Jacobian is the gradient of one element, and a product J v is
the gradient, with respect to u, of the linear function u -> u J ("double backward"). Behaviour and texts are those of
torch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import state
from .backward import grad
from .grad_mode import enable_grad, set_grad_enabled
from .modes import as_rule
from .refusals import (
    INDEPENDENT,
    INDEPENDENT_OUTPUT,
    INDEPENDENT_WITH_GRAPH,
    NO_FORWARD_MODE_WITH,
    NO_ROWS,
    NO_STRATEGY,
    NO_STRATEGY_HINT,
    NO_STRICT_VECTORIZE,
    NO_TENSORS,
    NOT_ONE_ELEMENT,
    NOT_ONE_TENSOR,
    ONLY_VECTORIZED,
    V_FOR_INPUTS,
    V_FOR_OUTPUTS,
    V_LENGTH,
    V_NOT_ONE,
    V_SIZE,
)
from .tensors import is_tensor, wrap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Any, ...]
Function = Callable[..., Any]


# -- in and out ------------------------------------------------------------------------------------


def _as_tuple(value: Any, argument: str, function: str) -> tuple[bool, Tensors]:
    """A value as a tuple of tensors, and whether it was one. TypeError in torch's words for what is no tensor."""
    is_tuple = isinstance(value, tuple)
    values = value if is_tuple else (value,)
    for i, element in enumerate(values):
        if not is_tensor(element):
            where = f"value at index {i}" if is_tuple else f"given {argument}"
            raise TypeError(NO_TENSORS.format(argument=argument, function=function, where=where, found=type(element)))
    return is_tuple, values


def _unpacked(values: Any, is_tuple: bool) -> Any:
    return values if is_tuple else values[0]


def _prepared(tensors: Tensors, create_graph: bool, need_graph: bool) -> Tensors:
    """New tensors over the same memory, so that an input which the function captured besides counts as a constant."""
    return tuple(
        x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_(need_graph) for x in tensors
    )


def _finished(tensors: Tensors, create_graph: bool) -> Tensors:
    return tensors if create_graph else tuple(x.detach() for x in tensors)


def _zeros(x: Any, requires_grad: bool = False) -> Any:
    zeros = wrap(np.zeros_like(x.array))
    return zeros.requires_grad_() if requires_grad else zeros


def _checked_v(v: Any, others: Tensors, is_tuple: bool, create_graph: bool, function: str) -> Tensors:
    """The given vectors. RuntimeError in torch's words where they do not fit."""
    _, given = _as_tuple(v, "v", function)
    vectors = _prepared(given, create_graph, need_graph=False)
    if len(vectors) != len(others):
        if is_tuple:
            raise RuntimeError(V_LENGTH.format(expected=len(others), got=len(vectors)))
        raise RuntimeError(V_NOT_ONE)
    for i, (x, other) in enumerate(zip(vectors, others, strict=True)):
        if x.shape != other.shape:
            entry = f"Entry {i} in " if is_tuple else ""
            raise RuntimeError(V_SIZE.format(entry=entry, expected=other.size(), got=x.size()))
    return vectors


def _one_element(tensors: Tensors) -> bool:
    return len(tensors) == 1 and tensors[0].numel() == 1


def _vector(v: Any, inputs: Tensors, is_tuple: bool, create_graph: bool, function: str) -> Tensors | None:
    """The vector by which a derivative with respect to the inputs is multiplied; None for the number 1."""
    if v is not None:
        return _checked_v(v, inputs, is_tuple, create_graph, function)
    if _one_element(inputs):
        return None
    raise RuntimeError(V_FOR_INPUTS)


def _scalar_output(output: Any, function: str, strict: bool) -> Any:
    is_tuple, outputs = _as_tuple(output, "outputs of the user-provided function", function)
    _require_grad(outputs, "outputs", strict)
    if is_tuple:
        raise RuntimeError(NOT_ONE_TENSOR.format(function))
    if output.numel() != 1:
        raise RuntimeError(NOT_ONE_ELEMENT.format(function))
    return output


# -- gradients, and what strict refuses ------------------------------------------------------------


def _require_grad(tensors: Tensors, kind: str, strict: bool) -> None:
    """RuntimeError in torch's words for a tensor that depends on nothing, if that is not allowed."""
    if strict:
        for i, x in enumerate(tensors):
            if x is None:
                raise RuntimeError(INDEPENDENT["back"].format(i=i))
            if not x.requires_grad:
                raise RuntimeError(INDEPENDENT[kind].format(i=i))


def _gradients(
    outputs: Tensors,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> Tensors:
    """The gradients of those outputs that require grad; None for an input that no output depends on."""
    weights = (None,) * len(outputs) if v is None else v
    pairs = [(y, w) for y, w in zip(outputs, weights, strict=True) if y is not None and y.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    ys, ws = zip(*pairs, strict=True)
    grads: Tensors = grad(ys, inputs, ws, retain_graph=retain_graph, create_graph=create_graph, allow_unused=True)
    return grads


def _with_zeros(grads: Tensors, references: Tensors, strict: bool, create_graph: bool, stage: str) -> Tensors:
    """Replace None by zeros, or refuse it if `strict`."""
    for i, g in enumerate(grads if strict else ()):
        if g is None:
            raise RuntimeError(INDEPENDENT[stage].format(i=i))
        if create_graph and not g.requires_grad:
            what = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(INDEPENDENT_WITH_GRAPH.format(what=what, i=i))
    return tuple(_zeros(x) if g is None else g for g, x in zip(grads, references, strict=True))


# -- products --------------------------------------------------------------------------------------


def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs of `func`, and the product of `v` with its Jacobian.

    `inputs` and the outputs are a Tensor or a tuple of Tensors; `v` has the shapes of the outputs, and may be left out
    for one element; the product has the shapes of `inputs`. With `create_graph` the results can be differentiated;
    `strict` refuses an input that the outputs do not depend on, which else has zeros. RuntimeError and TypeError in
    torch's words. Source: torch.autograd.functional.vjp.
    """
    with enable_grad():
        is_inputs_tuple, inputs = _as_tuple(inputs, "inputs", "vjp")
        inputs = _prepared(inputs, create_graph, need_graph=True)
        is_outputs_tuple, outputs = _as_tuple(func(*inputs), "outputs of the user-provided function", "vjp")
        _require_grad(outputs, "outputs", strict)
        if v is not None:
            v = _checked_v(v, outputs, is_outputs_tuple, create_graph, "vjp")
        elif not _one_element(outputs):
            raise RuntimeError(V_FOR_OUTPUTS)
    with set_grad_enabled(create_graph or state.recording):
        grads = _gradients(outputs, inputs, v, create_graph)
        product = _with_zeros(grads, inputs, strict, create_graph, "back")
    return (
        _unpacked(_finished(outputs, create_graph), is_outputs_tuple),
        _unpacked(_finished(product, create_graph), is_inputs_tuple),
    )


def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs of `func`, and the product of its Jacobian with `v`, by two backwards.

    `v` has the shapes of `inputs`, and may be left out for one element; the product has the shapes of the outputs.
    The other arguments and the refusals are those of `vjp`. Source: torch.autograd.functional.jvp.
    """
    with enable_grad():
        is_inputs_tuple, inputs = _as_tuple(inputs, "inputs", "jvp")
        inputs = _prepared(inputs, create_graph, need_graph=True)
        v = _vector(v, inputs, is_inputs_tuple, create_graph, "jvp")
        is_outputs_tuple, outputs = _as_tuple(func(*inputs), "outputs of the user-provided function", "jvp")
        _require_grad(outputs, "outputs", strict)
        # Backward is linear in these, so that their value does not matter.
        weights = tuple(_zeros(y, requires_grad=True) for y in outputs)
        grad_inputs = _gradients(outputs, inputs, weights, create_graph=True)
        _require_grad(grad_inputs, "grad_inputs", strict)
    with set_grad_enabled(create_graph or state.recording):
        grads = _gradients(grad_inputs, weights, v, create_graph)
        product = _with_zeros(grads, outputs, strict, create_graph, "back_trick")
    return (
        _unpacked(_finished(outputs, create_graph), is_outputs_tuple),
        _unpacked(_finished(product, create_graph), is_outputs_tuple),
    )


def vhp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of `func`, one element, and the product of `v` with its Hessian.

    `v` and the product have the shapes of `inputs`. The other arguments and the refusals are those of `vjp`. Source:
    torch.autograd.functional.vhp.
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of `func`, one element, and the product of its Hessian with `v`, by three backwards.

    The same as `vhp`, which costs less, for a function that is twice continuously differentiable. Source:
    torch.autograd.functional.hvp.
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool) -> Any:
    with enable_grad():
        is_tuple, inputs = _as_tuple(inputs, "inputs", name)
        inputs = _prepared(inputs, create_graph, need_graph=True)
        v = _vector(v, inputs, is_tuple, create_graph, name)
        output = _scalar_output(func(*inputs), name, strict)
        jac = _gradients((output,), inputs, create_graph=True)
        _require_grad(jac, "jacobian", strict)
        rows, columns, stage = jac, inputs, "double_back"
        if name == "hvp":
            columns, stage = tuple(_zeros(x, requires_grad=True) for x in inputs), "double_back_trick"
            rows = _gradients(jac, inputs, columns, create_graph=True)
            _require_grad(jac, "hessian", strict)
    with set_grad_enabled(create_graph or state.recording):
        product = _with_zeros(_gradients(rows, columns, v, create_graph), inputs, strict, create_graph, stage)
    return _finished((output,), create_graph)[0], _unpacked(_finished(product, create_graph), is_tuple)


# -- whole matrices --------------------------------------------------------------------------------


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func`: for every output and every input, a Tensor of the shape of the one and then the other.

    `inputs` and the outputs are a Tensor or a tuple of Tensors, and so is the result: Jacobian[output][input]. With
    `create_graph` it can be differentiated; `strict` refuses an output that does not depend on an input.
    `vectorize` and `strategy` say how torch computes it; here every row is one backward, and only the refusals (and
    the dtype, which with "forward-mode" is that of the output) follow them. Source: torch.autograd.functional.jacobian.
    """
    _check_strategy(create_graph, strict, vectorize, strategy)
    with enable_grad():
        is_inputs_tuple, inputs = _as_tuple(inputs, "inputs", "jacobian")
        inputs = _prepared(inputs, create_graph, need_graph=True)
        is_outputs_tuple, outputs = _as_tuple(func(*inputs), "outputs of the user-provided function", "jacobian")
        _require_grad(outputs, "outputs", strict)
        if vectorize and strict:
            raise RuntimeError(NO_STRICT_VECTORIZE)
        rows = tuple(_jacobian_of(y, i, inputs, create_graph, strict) for i, y in enumerate(outputs))
    rows = tuple(_finished(row, create_graph) for row in rows)
    if strategy == "forward-mode":
        return _as_forward_mode(rows, outputs, is_outputs_tuple, is_inputs_tuple)
    return _unpacked(tuple(_unpacked(row, is_inputs_tuple) for row in rows), is_outputs_tuple)


def _as_forward_mode(rows: Tensors, outputs: Tensors, is_outputs_tuple: bool, is_inputs_tuple: bool) -> Any:
    """The Jacobian as torch's "forward-mode" gives it: in the dtype of the outputs, with lists where torch has them."""
    listed = [[x.to(y.dtype) for x in row] for row, y in zip(rows, outputs, strict=True)]
    result: Any = listed if is_inputs_tuple else tuple(row[0] for row in listed)
    return result if is_outputs_tuple else result[0]


def _check_strategy(create_graph: bool, strict: bool, vectorize: bool, strategy: str) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(NO_STRATEGY + NO_STRATEGY_HINT)
    if strategy == "reverse-mode":
        return
    for name, given, error in (("create_graph", create_graph, NotImplementedError), ("strict", strict, RuntimeError)):
        if given:
            raise error(NO_FORWARD_MODE_WITH.format(name=name))
    if not vectorize:
        raise NotImplementedError(ONLY_VECTORIZED)


def _jacobian_of(output: Any, index: int, inputs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The Jacobian of one output with respect to each input, by one backward for each element of the output."""
    flat = output.reshape(-1)
    rows = [_gradients((flat[j],), inputs, None, create_graph, retain_graph=True) for j in range(output.numel())]
    result = []
    for k, x in enumerate(inputs):
        parts = [row[k] for row in rows]
        if strict and any(part is None for part in parts):
            raise RuntimeError(INDEPENDENT_OUTPUT.format(output=index, input=k))
        if strict and create_graph and not all(part.requires_grad for part in parts):
            raise RuntimeError(INDEPENDENT_WITH_GRAPH.format(what="jacobian", i=index))
        if not parts:
            raise RuntimeError(NO_ROWS)
        stacked: Any = as_rule(np.stack, [_zeros(x) if part is None else part for part in parts])
        result.append(stacked.reshape(output.shape + x.shape))
    return tuple(result)


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of `func`, whose output is one element: Hessian[i][j] for every pair of inputs.

    Each has the shape of the one input and then the other; for a single Tensor as `inputs` it is a single Tensor. The
    other arguments and the refusals are those of `jacobian`. Source: torch.autograd.functional.hessian.
    """
    is_tuple, inputs = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(NO_STRATEGY)

    def scalar(*xs: Any) -> Any:
        return _scalar_output(func(*xs), "hessian", strict).squeeze()

    def gradient(*xs: Any) -> Any:
        jac = jacobian(scalar, xs, create_graph=True)
        _require_grad(jac, "jacobian", strict)
        return jac

    result = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return result if is_tuple else result[0][0]
