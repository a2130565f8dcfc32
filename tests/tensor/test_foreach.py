"""torch's `_foreach_` functions: one function of each tensor of a list, new ones and in place."""

from __future__ import annotations

import pytest
import torch

from support.two_worlds import assert_alike

ONE = "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round"
ONE += " rsqrt sigmoid sign sin sinh sqrt tan tanh trunc"

# `xs` is a list of two tensors, `ys` another; `x.sum()` of what a name with an underscore gives stands for all of it.
STATEMENTS = [f"t._foreach_{name}{mark}(xs)" for name in ONE.split() for mark in ("", "_")]
STATEMENTS += """
t._foreach_add(xs, 1)
t._foreach_add(xs, ys, alpha=2)
t._foreach_add(tuple(xs), [1.0, 2])
t._foreach_add_(xs, t.tensor(2.0))
t._foreach_sub(xs, ys)
t._foreach_mul_(xs, [2.0, 3.0])
t._foreach_div(xs, 4)
t._foreach_addcmul(xs, ys, ys, 0.5)
t._foreach_addcmul(xs, ys, ys, value=3)
t._foreach_addcdiv_(xs, ys, ys, [2.0, 3.0])
t._foreach_addcdiv(xs, ys, ys, t.tensor([2.0, 3.0]))
t._foreach_lerp_(xs, ys, 0.25)
t._foreach_lerp(xs, ys, ys)
t._foreach_pow(xs, 2)
t._foreach_pow(2.0, xs)
t._foreach_pow(xs, [2.0, 3.0])
t._foreach_maximum(xs, ys)
t._foreach_maximum_(xs, 0.5)
t._foreach_minimum(xs, [0.5, 0.25])
t._foreach_clamp_min_(xs, 0.5)
t._foreach_clamp_max(xs, ys)
t._foreach_norm(xs)
t._foreach_norm(xs, 1)
t._foreach_norm(xs, ord=float('inf'))
t._foreach_max(xs)
t._foreach_copy_(xs, ys)
t._foreach_clone(xs)
t._foreach_zero_(xs)
t._foreach_add(xs[0], 1)
t._foreach_add([], 1)
t._foreach_add(xs, ys[:1])
t._foreach_mul(xs, [1.0])
""".strip().splitlines()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_each_tensor_is_changed_as_in_torch(statement) -> None:
    def program(t):
        xs = [t.tensor([0.25, 0.5, 0.75]), t.tensor([[0.125, 0.875]])]
        ys = [x + 0.5 for x in xs]
        result = eval(statement, {"t": t, "xs": xs, "ys": ys})
        return type(result), list(result), xs if result is None or "_(" in statement else None

    assert_alike(program, rtol=1e-5, words=8)


def test_gradients_pass_through_lists() -> None:
    def program(t):
        xs = [t.tensor([0.25, 0.5], requires_grad=True), t.tensor([2.0], requires_grad=True)]
        sum(y.sum() for y in t._foreach_mul(t._foreach_exp(xs), xs)).backward()
        return [x.grad for x in xs]

    assert_alike(program, rtol=1e-6)


def test_the_names_are_torchs() -> None:
    import tinygrad_mlp

    names = {name for name in dir(torch) if name.startswith("_foreach_")}
    own = {name for name in dir(tinygrad_mlp) if name.startswith("_foreach_")}
    assert names - own == {"_foreach_mm", "_foreach_powsum"} and own <= names
