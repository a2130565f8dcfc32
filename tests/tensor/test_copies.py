"""Copies and pickles of tensors, and what becomes of their hooks, as torch has them."""

from __future__ import annotations

import copy
import pickle

import pytest

from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
}


CASES = {
    "leaf": lambda torch: _leaf(torch, 3),
    "constant": lambda torch: torch.arange(6).reshape(2, 3),
    "parameter": lambda torch: torch.nn.Parameter(torch.ones(3)),
    "frozen parameter": lambda torch: torch.nn.Parameter(torch.ones(3), requires_grad=False),
    "computed": lambda torch: _leaf(torch, 3) * 2,
    "view": lambda torch: torch.arange(6.0).reshape(2, 3).t(),
    "view of a leaf": lambda torch: _leaf(torch, 2, 3)[0],
    "0-d": lambda torch: torch.tensor(3.0, dtype=torch.float64),
    "empty": lambda torch: torch.zeros(0, 3),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("how", COPIES)
def test_copies(how, case):
    def program(torch):
        x = CASES[case](torch)
        if x.requires_grad and x.is_leaf:
            (x * 2).sum().backward()
        x.mine = [1, 2]
        twin = COPIES[how](x)
        with torch.no_grad():
            shared = not x.numel() or twin.data_ptr() == x.data_ptr()
        return (
            twin, type(twin) is type(x), shared, x.numel() and twin.stride(), twin.grad, getattr(twin, "mine", None),
            getattr(twin, "mine", None) is x.mine, twin._is_view(), twin.grad_fn,
            twin._version if how != "pickle" or "parameter" not in case else None,  # that depends on its attributes
        )  # fmt: skip

    same(program)


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_several(how):
    def program(torch):
        x = torch.arange(6.0).reshape(2, 3)
        a, b, c = COPIES[how]([x, x, x.detach()[1:]])
        a[1, 0] = 9.0
        return a, b, c if how == "deepcopy" else None, a is b, x

    same(program)


def test_hooks_are_not_copied():
    def program(torch):
        log = []
        x = _leaf(torch, 3)
        x.register_hook(log.append)
        x.register_post_accumulate_grad_hook(log.append)
        twin = copy.deepcopy(x)
        (twin * 2).sum().backward()
        return log, twin.grad, bool(twin._backward_hooks)

    same(program)


def a_hook_that_is_not_serialized(torch):
    x = _leaf(torch, 3)
    x.register_hook(abs)
    return pickle.loads(pickle.dumps(x))


def a_hook_that_need_not_be_serialized(torch):
    x = _leaf(torch, 3)
    x.register_hook(torch.utils.hooks.unserializable_hook(lambda g: g))
    return pickle.loads(pickle.dumps(x))


PICKLED = [a_hook_that_is_not_serialized, a_hook_that_need_not_be_serialized]


@pytest.mark.parametrize("program", PICKLED, ids=lambda p: p.__name__)
def test_pickled_with_a_hook(program):
    same(program)
