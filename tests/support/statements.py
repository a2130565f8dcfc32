"""From a step, a kind and three small integers, to a statement of a torch script.

A look at torch's own state makes most of them valid. Each case that is left out says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from support.hook_statements import accumulated_hook, hook, multi_hook, node_hook
from support.index_statements import OPERATORS, item, item_in_place, set_item
from support.program_state import Run, looked_at, node_name, storage
from support.tensor_questions import near_zero, operand, overlapping, pick, tame

Step = tuple[str, int, int, int]
SHAPES = [(3,), (2, 3), (2, 2), (), (4,), (1, 3), (2, 1, 3), (3, 2), (1,), (0, 2), (3, 3)]
LONG = [(3000,), (3001, 2), (2, 5000), (1500, 1, 2), (4097,)]  # along which float32 must be added in a better order

UNARY = [
    "tanh()", "sin()", "cos()", "neg()", "abs()", "relu()", "sigmoid()", "clamp(-0.5, 1)", "clamp(min=0)",
    "clamp(max=0.5)", "pow(2)", "exp()", "mul(3)", "square()", "reciprocal()", "rsqrt()", "floor()", "erf()",
    "log1p()", "contiguous()", "double()", "float()", "half()",
]  # fmt: skip
INPLACE = [
    "tanh_()", "sin_()", "cos_()", "neg_()", "abs_()", "relu_()", "sigmoid_()", "clamp_(-0.5, 1)", "clamp_(min=0)",
    "clamp_(max=0.5)", "pow_(2)", "exp_()", "mul_(3)", "square_()", "reciprocal_()", "floor_()", "zero_()",
    "fill_(0.5)", "add_(1)", "sub_(0.25)", "div_(2)", "atan_()", "erf_()", "sign_()", "round_()", "clamp_min_(0)",
    "clamp_max_(1)", "trunc_()", "frac_()", "sinh_()", "expm1_()", "log1p_()", "tril_()", "triu_(1)",
]  # fmt: skip


BINARY = [
    "add", "sub", "mul", "div", "maximum", "minimum", "atan2", "where", "lerp", "addcmul", "multiply",
]  # fmt: skip
INPLACE_BINARY = [
    "add_", "sub_", "mul_", "div_", "copy_", "atan2_", "lerp_", "addcmul_", "addcdiv_", "masked_fill_", "fill_",
    "hypot_",
]  # fmt: skip
REDUCTIONS = [
    "sum()", "mean()", "sum(0)", "sum(-1, keepdim=True)", "mean(0)", "amax(-1)", "max()", "prod()",
    "var(unbiased=False)", "var(0)", "std(-1)", "cumsum(0)", "cumsum(-1)",
    "mean(-1)", "softmax(-1)", "log_softmax(0)", "logsumexp(0)", "norm()", "max(-1)[0]", "min(0)[0]", "sort(-1)[0]",
]  # fmt: skip
VIEWS = [
    "view(-1)", "view({split})", "reshape(-1)", "t()", "transpose(0, -1)", "permute({reverse})",
    "expand(2, {shape})", "squeeze()", "squeeze(0)", "unsqueeze({b})", "narrow(0, {b}, 1)", "select({b}, 0)",
    "diagonal()", "detach()", "T", "mT", "flatten()", "view_as({same})", "expand_as({same})", "swapaxes(0, -1)",
    "swapdims(0, -1)", "movedim(0, -1)", "unflatten(0, (1, -1))", "as_strided((2,), (1,))",
    "as_strided((2, 2), (1, 1), {b})", "diagonal(1)", "data", "expand({shape})", "view({shape})", "reshape(-1, 1)",
    "ravel()", "moveaxis(-1, 0)",
]  # fmt: skip
SEVERAL = [
    "unbind()", "unbind(-1)", "split(1)", "split([1, 1], -1)", "chunk(2)", "tensor_split(2)", "split(2, -1)",
    "chunk(2, -1)",
]  # fmt: skip
RESHAPING = ["t_()", "transpose_(0, -1)", "squeeze_()", "unsqueeze_(0)", "squeeze_(0)", "swapaxes_(0, -1)"]

KINDS = [
    "leaf", "long_leaf", "unary", "binary", "number", "product", "reduce", "join", "view", "item", "several", "clone",
    "in_place", "in_place_binary", "set_item", "operator_in_place", "item_in_place", "reshape_in_place",
    "set_grad_enabled", "requires_grad", "hook", "replacing_hook", "removing_hook", "remove_hook", "retain_grad",
    "backward", "grad",
    "detach_", "take_grad", "drop", "write_grad", "accumulated_hook", "node_hook", "multi_hook",
    "function", "writing_hook", "writing_node_hook", "writing_accumulated_hook",
]  # fmt: skip
OFTEN = ["view", "item", "in_place", "in_place_binary", "unary", "binary", "leaf", "set_item", "backward"]
# The kinds that may stand in a `with torch.no_grad():` line.
MODES = ["", "", "", "", "", "", "with torch.no_grad(): ", "with torch.enable_grad(): "]


def numbers(shape: tuple[int, ...], seed: int) -> Any:
    """Small numbers, all different from 0, as nested lists."""
    n = int(np.prod(shape))
    return np.round(((np.arange(n) * 7 + seed * 5) % 13 - 6.1) / 4, 3).reshape(shape).tolist()


def statement(step: Step, run: Run, new: str) -> str | None:
    """The statement that a step means here, or None where there is nothing for it to work on."""
    kind, a, b, c = step
    tensors = run.tensors()
    if any(run.kinds & kinds for kinds in (_WRITING, _KEEPING) if kind in (_WRITING | _KEEPING) - kinds):
        return None
    run.kinds |= {kind} & (_WRITING | _KEEPING)
    if kind == "long_leaf":
        shape = LONG[a % len(LONG)]
        values = f"torch.linspace(0.5, {1 + c % 3}, {int(np.prod(shape))}).reshape({shape})"
        return f"{new} = {values}.requires_grad_()" if b % 4 else f"{new} = {values}"
    if kind == "leaf":
        shape = SHAPES[a % len(SHAPES)]
        dtype = ["", "", ", dtype=torch.float64", "", ", dtype=torch.float16", ", dtype=torch.float64"][b % 6]
        values = f"torch.zeros({shape}{dtype}" if 0 in shape else f"torch.tensor({numbers(shape, c)}{dtype}"
        return f"{new} = {values}, requires_grad=True)" if b % 4 else f"{new} = {values})"
    if kind == "set_grad_enabled":
        return f"torch.set_grad_enabled({bool(a % 2)})"
    if kind == "remove_hook":
        handles = [name for name in run.scope if name.startswith("h")]
        return f"{handles[a % len(handles)]}.remove()" if handles else None
    if not tensors:
        return None
    name = pick(tensors, a)
    line = _TEMPLATES[kind](name, tensors, b, c, new)
    if line is not None and line.endswith(".data") and storage(tensors[name]) in run.counted_from:
        return None  # .data has a version of its own, which starts at 0
    return None if line is None else MODES[c % len(MODES)] + line if kind in _IN_A_MODE else line


def _unary(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    return f"{new} = {name}.{tame(tensors[name], UNARY[b % len(UNARY)])}"


def _binary(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    x, function = tensors[name], BINARY[c % len(BINARY)]
    other = operand(tensors, x, b)
    if function == "atan2" and near_zero(x):
        function = "maximum"
    if function == "div":
        return f"{new} = {name} / ({other}.abs() + 1)"
    if function == "where":
        return f"{new} = torch.where({name} > 0, {name}, {other})"
    if function == "lerp":
        return f"{new} = {name}.lerp({other}, 0.25)"
    if function == "addcmul":
        return f"{new} = {name}.addcmul({other}, {other}, value=0.5)"
    if function == "multiply":
        return f"{new} = 1 + {name} * {other}"
    return f"{new} = torch.{function}({name}, {other})"


def _number(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    return f"{new} = {[f'{name} * 0.5', f'{name} + 1', f'-{name}', f'{name} / 4', f'{name} * 1'][b % 5]}"


def _product(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    x = tensors[name]
    if x.ndim not in (1, 2):
        return None
    fitting = [
        other
        for other, y in tensors.items()
        if y.dtype == x.dtype and y.ndim in (1, 2) and y.shape[-min(2, y.ndim)] == x.shape[-1]
    ]
    return f"{new} = ({name} @ {fitting[b % len(fitting)]}) * 0.25" if fitting else None


def _reduce(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    call = REDUCTIONS[b % len(REDUCTIONS)]
    if call == "prod()" and not (tensors[name].detach().abs() > 0.05).all():
        return None
    return f"{new} = {name}.{call}" if tensors[name].numel() else f"{new} = {name}.sum()"


def _join(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    x = tensors[name]
    same = [other for other, y in tensors.items() if y.shape == x.shape]
    function = "cat" if x.ndim and c % 2 else "stack"
    return f"{new} = torch.{function}([{name}, {same[b % len(same)]}]{', -1' if c % 3 else ''})"


def _view(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    x, call = tensors[name], VIEWS[b % len(VIEWS)]
    if call in ("T", "mT") and x.ndim != 2:
        call = "t()"
    if call.startswith("as_strided") and not x.numel():
        return None
    if call.startswith("as_strided((2, 2)") and x.untyped_storage().nbytes() // x.element_size() < c % 3 + 3:
        return None
    if call.startswith("as_strided((2,)") and x.untyped_storage().nbytes() // x.element_size() < x.storage_offset() + 2:
        return None
    half = f"2, {x.numel() // 2}" if x.numel() % 2 == 0 else f"1, {x.numel()}"
    shape = str(tuple(x.shape)).strip("()").rstrip(",") or ("1" if "2, {shape}" in call else "()")
    reverse = str(tuple(range(x.ndim))[::-1])
    return f"{new} = {name}." + call.format(
        split=half, shape=shape, reverse=reverse, b=c % 3, same=pick(tensors, c)
    ).replace(", )", ")")


def _several(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    return f"*_, {new}_b, {new}_a = {name}.{SEVERAL[b % len(SEVERAL)]}"


def _in_place(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    x, call = tensors[name], INPLACE[b % len(INPLACE)]
    if call.startswith("tri") and x.ndim < 2:
        call = "neg_()"
    if overlapping(x) and not any(s == 0 and n > 1 for s, n in zip(x.stride(), x.shape, strict=True)):
        return None
    if overlapping(x) and x.requires_grad and call.startswith(("zero_", "fill_", "tri")):
        return None  # torch writes it, and refuses its own copy in backward
    return f"{name}.{tame(x, call)}"


def _in_place_binary(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    x, function = tensors[name], INPLACE_BINARY[c % len(INPLACE_BINARY)]
    if overlapping(x):
        return None
    if function == "masked_fill_":
        return f"{name}.masked_fill_({name} > 0, {b % 3 - 1}.5)"
    other = operand(tensors, x, b, into=True)
    if function == "atan2_" and near_zero(x):
        function = "sub_"
    if function == "fill_":
        return f"{name}.fill_({other}.sum())"
    if function == "div_":
        return f"{name}.div_({other}.abs() + 1)"
    if function == "lerp_":
        return f"{name}.lerp_({other}, 0.25)"
    if function == "addcmul_":
        return f"{name}.addcmul_({other}, {other}, value=0.5)"
    if function == "addcdiv_":
        return f"{name}.addcdiv_({other}, {other}.abs() + 1)"
    if function == "mul_" and x.numel() and float(x.detach().abs().max()) > 8:
        return f"{name}.copy_({other})"
    return f"{name}.{function}({other})"


def _operator_in_place(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    x = tensors[name]
    if overlapping(x):
        return None
    operator = OPERATORS[c % 4]
    other = operand(tensors, x, b, into=True)
    if operator == "/=":
        other = "2"
    elif operator == "*=" and x.numel() and float(x.detach().abs().max()) > 8:
        other = "0.5"
    return f"{name} {operator} {other}"


def _backward(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    keep = ["", "retain_graph=True"][b % 2]
    if c % 4 == 0:
        return f"{name}.backward(torch.ones_like({name}){keep and ', ' + keep})"
    if c % 4 == 1 and tensors[name].numel() == 1:
        return f"{name}.backward({keep})"
    if c % 4 == 2:
        return f"torch.autograd.backward([{name}.sum(), {pick(tensors, b)}.sum()]{keep and ', ' + keep})"
    return f"({name} * {name}).sum().backward({'create_graph=True' if b % 5 == 4 else keep})"


def _grad(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    inputs = [pick(tensors, b), pick(tensors, b // 2 + c)][: 1 + c % 2]
    options = ["", ", retain_graph=True", ", create_graph=True"][c % 3] + [
        "",
        ", allow_unused=True",
        ", materialize_grads=True",
    ][b % 3]
    # A copy: whether a gradient is itself a view of another is the engine's own affair.
    return (
        f"{new} = torch.autograd.grad(({name} * {name}).sum(), [{', '.join(inputs)}]{options})[0].contiguous().clone()"
    )


_TEMPLATES: dict[str, Callable[[str, dict[str, Any], int, int, str], str | None]] = {
    "unary": _unary,
    "binary": _binary,
    "number": _number,
    "product": _product,
    "reduce": _reduce,
    "join": _join,
    "view": _view,
    "item": item,
    "several": _several,
    "clone": lambda name, tensors, b, c, new: f"{new} = {name}.clone()",
    "function": lambda name, tensors, b, c, new: (
        f"{new}_a, {new}_b = both({name}, {pick(tensors, c)})"
        if b % 3
        else f"{new} = {['nothing', 'double'][c % 2]}({name})"
    ),
    "in_place": _in_place,
    "in_place_binary": _in_place_binary,
    "set_item": set_item,
    "operator_in_place": _operator_in_place,
    "item_in_place": item_in_place,
    # Not of one that retains its gradient: torch fails an assertion of its own in the next write. Nor without grad
    # where the tape has the tensor: in backward torch then finds a gradient of another shape. Nor after a hook: torch
    # takes the next one for one on the old shape.
    "reshape_in_place": lambda name, tensors, b, c, new: (
        None
        if tensors[name].retains_grad
        or tensors[name]._grad is not None
        or tensors[name]._backward_hooks is not None
        or any(tensors[name] is x._grad for x in tensors.values())
        or (tensors[name].requires_grad and not torch.is_grad_enabled())
        else f"{name}.{RESHAPING[b % len(RESHAPING)]}"
    ),
    "requires_grad": lambda name, tensors, b, c, new: f"{name}.requires_grad_({'' if b % 3 else 'False'})",
    "hook": lambda name, tensors, b, c, new: hook(tensors[name], name, new, ""),
    "replacing_hook": lambda name, tensors, b, c, new: hook(tensors[name], name, new, ", 0.5"),
    "removing_hook": lambda name, tensors, b, c, new: hook(
        tensors[name], name, new, f", {[None, 0.5, 2.0][b % 3]}, once='h{new}'"
    ),
    "writing_hook": lambda name, tensors, b, c, new: hook(tensors[name], name, new, "", "written"),
    "accumulated_hook": lambda name, tensors, b, c, new: accumulated_hook(tensors[name], name, new, ""),
    "writing_accumulated_hook": lambda name, tensors, b, c, new: accumulated_hook(
        tensors[name], name, new, ", writes=True"
    ),
    "node_hook": node_hook,
    "writing_node_hook": lambda name, tensors, b, c, new: node_hook(name, tensors, b, c, new, True),
    "multi_hook": multi_hook,
    # Not of one of several outputs: torch fails an assertion of its own in the next write.
    "retain_grad": lambda name, tensors, b, c, new: (
        None if looked_at(tensors[name], node_name) == "BothBackward" else f"{name}.retain_grad()"
    ),
    "backward": _backward,
    "grad": _grad,
    # Not of one that retains its gradient: torch fails an assertion of its own in the next write. Nor after a hook,
    # which after that write torch takes the next hook for.
    "detach_": lambda name, tensors, b, c, new: (
        None if tensors[name].retains_grad or tensors[name]._backward_hooks is not None else f"{name}.detach_()"
    ),
    "take_grad": lambda name, tensors, b, c, new: None if tensors[name]._grad is None else f"{new} = {name}.grad",
    "drop": lambda name, tensors, b, c, new: f"del {name}",
    "write_grad": lambda name, tensors, b, c, new: (
        f"{name}.grad = None" if tensors[name]._grad is None or b % 2 else f"{name}.grad.zero_()"
    ),
}
# What keeps gradients beyond a hook sees what a hook writes into them later; so a program has one or the other.
_WRITING = {"writing_hook", "writing_node_hook"}
_KEEPING = {"grad", "multi_hook", "node_hook"}
_IN_A_MODE = {
    "unary", "view", "item", "several", "in_place", "in_place_binary", "set_item", "operator_in_place", "number",
    "clone",
}  # fmt: skip
LOOKING = {
    "hook",
    "replacing_hook",
    "removing_hook",
    "writing_hook",
    "node_hook",
    "writing_node_hook",
    "multi_hook",
    "retain_grad",
}  # these have a look at torch's nodes
