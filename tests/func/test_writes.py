"""What a function may write into while a transform runs it: what it made itself, and not what it captured."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest
import torch as their_torch

import tinygrad_mlp
from support.functions_to_differentiate import attempt, double_of, func_of
from support.parity import same
from tinygrad_mlp.ops import TABLE

REFUSAL = "During a grad (vjp, jvp, grad, etc) transform, the function provided attempted to call in-place operation"


def in_a_transform(torch: Any, body: Any) -> Any:
    """Run `body` with a captured tensor and the argument of a function that grad transforms.

    Returns what grad gives or raises, and the captured tensor and the caller's argument as they are afterwards.
    """
    a, x = torch.zeros(2), torch.ones(2)

    def function(x):
        result = body(torch, a, x)
        return (x * x * (1 if result is None else result.sum())).sum()

    outcome = attempt(lambda: func_of(torch).grad(function)(x))
    return outcome, a, x


def _without_grad(torch, a, x):
    with torch.no_grad():
        a.add_(x)


def _in_inference_mode(torch, a, x):
    with torch.inference_mode():
        a.add_(x)


def _step(optimizer: str, **options: Any) -> Any:
    def write(torch, a, x):
        a.grad = torch.ones(2)
        getattr(torch.optim, optimizer)([a], lr=0.1, **options).step()

    return write


def _zero_grad(torch, a, x):
    a.grad = torch.ones(2)
    torch.optim.SGD([a], lr=0.1).zero_grad(set_to_none=False)


WRITES = {
    "add_": lambda torch, a, x: a.add_(x),
    "+=": lambda torch, a, x: a.__iadd__(x),
    "a number": lambda torch, a, x: a.mul_(2),
    "a constant": lambda torch, a, x: a.add_(torch.ones(2)),
    "a detached tensor": lambda torch, a, x: a.copy_(x.detach()),
    "copy_": lambda torch, a, x: a.copy_(x),
    "fill_": lambda torch, a, x: a.fill_(1),
    "fill_ with a tensor": lambda torch, a, x: a.fill_(x[0]),
    "zero_": lambda torch, a, x: a.zero_(),
    "an element": lambda torch, a, x: a.__setitem__(0, x[0]),
    "an element, a number": lambda torch, a, x: a.__setitem__(0, 1.0),
    "a slice": lambda torch, a, x: a.__setitem__(slice(0, 1), x[:1]),
    "everything": lambda torch, a, x: a.__setitem__(..., x),
    "everything, a number": lambda torch, a, x: a.__setitem__(..., 1.0),
    "a mask": lambda torch, a, x: a.__setitem__(a == 0, 1.0),
    "a mask, tensors": lambda torch, a, x: a.__setitem__(a == 0, x),
    "a list": lambda torch, a, x: a.__setitem__([0, 1], x),
    "out of bounds": lambda torch, a, x: a.__setitem__(5, x[0]),
    "a wrong shape": lambda torch, a, x: a.add_(torch.ones(3)),
    "nothing": lambda torch, a, x: a[:0].add_(x[:0]),
    "data": lambda torch, a, x: a.data.add_(1),
    "detach": lambda torch, a, x: a.detach().add_(x),
    "a view": lambda torch, a, x: a.view(2).add_(x),
    "an element's view": lambda torch, a, x: a[0].mul_(2),
    "a view of a detached one": lambda torch, a, x: a.detach()[:1].add_(1),
    "a view of data": lambda torch, a, x: a.data[:1].add_(1),
    "no_grad": _without_grad,
    "inference mode": _in_inference_mode,
    "relu, in place": lambda torch, a, x: torch.nn.functional.relu(a, inplace=True),
    "dropout, in place": lambda torch, a, x: torch.nn.Dropout(0.5, inplace=True)(a),
    "init.uniform_": lambda torch, a, x: torch.nn.init.uniform_(a),
    "init.constant_": lambda torch, a, x: torch.nn.init.constant_(a, 2.0),
    "random numbers": lambda torch, a, x: (a.normal_(), a.uniform_()),
    "SGD": _step("SGD"),
    "Adam": _step("Adam"),
    "AdamW": _step("AdamW"),
    "zero_grad": _zero_grad,
    "a parameter of it": lambda torch, a, x: torch.nn.Parameter(a, requires_grad=False).add_(1),
    "detach_": lambda torch, a, x: a.detach_(),
    "t_": lambda torch, a, x: a.t_(),
    "requires_grad_": lambda torch, a, x: a.requires_grad_(),
    "requires_grad_(False)": lambda torch, a, x: a.requires_grad_(False),
    "requires_grad_ of its own": lambda torch, a, x: torch.zeros(2).requires_grad_(),
    "retain_grad": lambda torch, a, x: (x * 2).retain_grad(),
    "backward": lambda torch, a, x: (x * x).sum().backward(),
    "backward of its own": lambda torch, a, x: torch.ones(2, requires_grad=True).sum().backward(),
    "the argument": lambda torch, a, x: x.add_(1),
    "a view of the argument": lambda torch, a, x: x[:1].add_(1),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_a_function_may_not_write(name):
    same(lambda torch: in_a_transform(torch, lambda *args: WRITES[name](*args) and None))


def test_the_random_stream_stands_still():
    def program(torch):
        torch.manual_seed(0)
        in_a_transform(torch, lambda torch, a, x: a.normal_() and None)
        return torch.rand(2)

    same(program)


# Other names of operators, by which torch calls them; ours say the usual name. And what ours does by another operator.
_NAMED_OTHERWISE = {f"{name}_" for name in TABLE.aliases} | {"divide_", "subtract_", "swapaxes_", "swapdims_"}
_NAMED_OTHERWISE |= {"fill_diagonal_", "float_power_", "polygamma_"}
_INPLACE = sorted(
    name
    for name in dir(tinygrad_mlp.Tensor)
    if name.endswith("_") and not name.endswith("__") and hasattr(their_torch.Tensor, name)
    and name not in ("apply_", "map_", "map2_")  # of which torch's transforms know nothing: they write
)  # fmt: skip
_SHAPES = {"addmv_": (2,), "baddbmm_": (1, 2, 2)}  # of what is written to, where it is no matrix
_INDEX = [[0, 1], [1, 0]]
ARGUMENTS = {
    "none": lambda torch, x: (),
    "a tensor": lambda torch, x: (x,),
    "a tensor without dimensions": lambda torch, x: (x[0, 0],),
    "a number": lambda torch, x: (1,),
    "a probability": lambda torch, x: (0.5,),
    "a size": lambda torch, x: ((4,), (1,)),
    "two tensors": lambda torch, x: (x, x),
    "two numbers": lambda torch, x: (0, 1),
    "three numbers": lambda torch, x: (2, 0, 1.0),
    "a tensor and a number": lambda torch, x: (x, 0.5),
    "a mask and a tensor": lambda torch, x: (torch.tensor(_INDEX) > 0, x[0, 0]),
    "a mask and a number": lambda torch, x: (torch.tensor(_INDEX) > 0, 1.0),
    "an index and a tensor": lambda torch, x: (0, torch.tensor([0, 1]), x),
    "an index and a number": lambda torch, x: (0, torch.tensor([0, 1]), 1.0),
    "indices and a number": lambda torch, x: (0, torch.tensor(_INDEX), 1.0),
    "indices, a tensor and a reduction": lambda torch, x: (0, torch.tensor(_INDEX), x, "sum"),
    "an index of all and a tensor": lambda torch, x: ((torch.tensor([0, 1]),), x),
    "a mask and as many": lambda torch, x: (torch.tensor(_INDEX) > 0, x),
    "a matrix and a vector": lambda torch, x: (x, x[0]),
    "two vectors": lambda torch, x: (x[0], x[0]),
    "two batches": lambda torch, x: (x.expand(1, 2, 2), x.expand(1, 2, 2)),
    "an index, a tensor and a reduction": lambda torch, x: (0, torch.tensor([0, 1]), x, "amax"),
    "positions and a tensor": lambda torch, x: (torch.tensor([0, 1]), x[0]),
    "indices and a tensor": lambda torch, x: (0, torch.tensor(_INDEX), x),
}


@pytest.mark.parametrize("name", _INPLACE)
def test_every_operator_in_place_names_itself(name):
    of_integers = name in ("gcd_", "lcm_") or name.endswith("_shift_")
    dtype = "int64" if of_integers else "bool" if name.startswith("bitwise") else "float64"

    def refusal(torch: Any, arguments: Any) -> Any:
        """None where the operator takes no such arguments."""
        a = torch.zeros(_SHAPES.get(name, (2, 2)), dtype=getattr(torch, dtype))
        x = torch.ones(2, 2, dtype=getattr(torch, dtype))
        write = getattr(torch.Tensor, name)
        warnings.simplefilter("ignore")  # of index_reduce, which torch calls new
        if isinstance(attempt(lambda: write(a.clone(), *arguments(torch, x))), list):
            return None
        call = func_of(torch).grad(lambda y: (write(a, *arguments(torch, x)), y.sum())[1])
        return attempt(lambda: call(torch.ones(2, 2)))

    tried = 0
    for arguments in ARGUMENTS.values():
        with warnings.catch_warnings():
            ours, theirs = refusal(tinygrad_mlp, arguments), refusal(their_torch, arguments)
        if ours is None or theirs is None:
            continue
        tried += 1
        if name in _NAMED_OTHERWISE:
            assert ours[1].startswith(REFUSAL)
        else:
            assert ours == theirs
    assert tried


MADE = {
    "zeros": lambda torch, a, x: torch.zeros(2),
    "tensor": lambda torch, a, x: torch.tensor([1.0, 2.0]),
    "Tensor": lambda torch, a, x: torch.Tensor([1.0, 2.0]),
    "Tensor of a size": lambda torch, a, x: torch.Tensor(2).fill_(0),
    "from_numpy": lambda torch, a, x: torch.from_numpy(np.zeros(2, np.float32)),
    "as_tensor of a list": lambda torch, a, x: torch.as_tensor([1.0, 2.0]),
    "as_tensor of a tensor": lambda torch, a, x: torch.as_tensor(a),
    "rand": lambda torch, a, x: torch.rand(2),
    "randperm": lambda torch, a, x: torch.randperm(2),
    "zeros_like": lambda torch, a, x: torch.zeros_like(a),
    "new_zeros": lambda torch, a, x: a.new_zeros(2),
    "clone": lambda torch, a, x: a.clone(),
    "computed of the captured": lambda torch, a, x: a + 1,
    "computed of the argument": lambda torch, a, x: x + 1,
    "its data": lambda torch, a, x: (x * 1).data,
    "its detach": lambda torch, a, x: (x * 1).detach(),
    "its view": lambda torch, a, x: (x * 1)[:1],
    "a view of zeros": lambda torch, a, x: torch.zeros(2)[:1],
    "the argument's detach": lambda torch, a, x: x.detach(),
    "the argument's data": lambda torch, a, x: x.data,
    "contiguous": lambda torch, a, x: a.contiguous(),
    "to the same": lambda torch, a, x: a.to(torch.float32),
    "to another": lambda torch, a, x: a.to(torch.float64),
    "reshape": lambda torch, a, x: a.reshape(2, 1),
    "reshape that copies": lambda torch, a, x: a.expand(2, 2).reshape(4),
    "unbind": lambda torch, a, x: a.unbind()[0],
    "an index list": lambda torch, a, x: a[[0, 1]],
    "stack": lambda torch, a, x: torch.stack([a, a]),
    "sort": lambda torch, a, x: a.sort()[0],
    "dropout in evaluation": lambda torch, a, x: torch.nn.functional.dropout(a, 0.5, training=False),
    "deepcopy": lambda torch, a, x: copy.deepcopy(a),
    "a parameter": lambda torch, a, x: torch.nn.Parameter(torch.zeros(2)).data,
    "an empty parameter": lambda torch, a, x: torch.nn.Parameter(requires_grad=False),
    "a parameter's deepcopy": lambda torch, a, x: copy.deepcopy(torch.nn.Parameter(a, requires_grad=False)),
    "a layer's weight": lambda torch, a, x: torch.nn.Linear(2, 1).weight.detach(),
    "a buffer": lambda torch, a, x: torch.nn.BatchNorm1d(2).running_mean,
    "a gradient": lambda torch, a, x: torch.autograd.grad((x * x).sum(), x)[0],
    "an inner gradient": lambda torch, a, x: func_of(torch).grad(lambda y: (y * y).sum())(a),
    "an inner output": lambda torch, a, x: func_of(torch).vjp(lambda y: y * y, a)[0],
    "an inner output that is captured": lambda torch, a, x: func_of(torch).vjp(lambda y: a, x)[0],
    "an inner output that is the argument": lambda torch, a, x: func_of(torch).vjp(lambda y: y, a)[0],
    "an inner Jacobian": lambda torch, a, x: func_of(torch).jacrev(lambda y: y * y)(a),
    "an inner aux": lambda torch, a, x: func_of(torch).grad(lambda y: (y.sum(), y * 2), has_aux=True)(a)[1],
    "a Function's output": lambda torch, a, x: double_of(torch).apply(a),
}


@pytest.mark.parametrize("name", MADE)
def test_what_a_function_made_it_may_write(name):
    same(lambda torch: in_a_transform(torch, lambda torch, a, x: MADE[name](torch, a, x).add_(1)))
