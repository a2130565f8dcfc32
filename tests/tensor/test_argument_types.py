"""Arguments of another type than a function takes: refused where torch refuses them, with the same exception.

Each call has one hole, and every value is put into it; torch itself says which of them it takes.
"""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp
from support.two_worlds import run

CALLS = """
t.sum(x, {})
t.sum(x, 0, {})
t.mean(x, {})
t.mean(x, 0, {})
t.prod(x, {})
t.amax(x, {})
t.amax(x, 0, {})
t.amin(x, {})
t.argmax(x, {})
t.argmax(x, 0, {})
t.argmin(x, {})
t.logsumexp(x, {})
t.logsumexp(x, 0, {})
t.all(x, {})
t.any(x, {})
t.argsort(x, {})
t.sort(x, {})
t.sort(x, 0, {})
t.topk(x, {})
t.topk(x, 1, {})
t.topk(x, 1, 0, {})
t.cumsum(x, {})
t.cumprod(x, {})
t.softmax(x, {})
t.log_softmax(x, {})
t.triu(x, {})
t.tril(x, {})
t.diag(x, {})
t.diagonal(x, {})
t.diagonal(x, 0, {})
t.diag_embed(x, {})
t.transpose(x, {}, 0)
t.transpose(x, 0, {})
t.swapaxes(x, 0, {})
t.unsqueeze(x, {})
t.squeeze(x, {})
t.narrow(x, {}, 0, 1)
t.narrow(x, 0, 0, {})
t.select(x, {}, 0)
t.unbind(x, {})
t.chunk(x, {})
t.chunk(x, 1, {})
t.movedim(x, {}, 0)
t.flip(x, {})
t.as_strided(x, {}, (1,))
t.as_strided(x, (1,), {})
t.cat({})
t.stack({})
t.cat([x, x], {})
t.stack([x, x], {})
t.gather(x, {}, t.tensor([[0]]))
t.gather(x, 0, {})
t.index_select(x, {}, t.tensor([0]))
t.index_select(x, 0, {})
t.take(x, {})
t.masked_select(x, {})
t.atleast_1d(x, {})
t.atleast_2d(x, {})
t.atleast_3d(x, {})
t.logit(x, {})
t.adjoint(x, {})
x.triu_({})
t.nn.functional.leaky_relu(x, {})
t.nn.functional.elu(x, {})
t.nn.functional.celu(x, {})
t.nn.functional.softplus(x, {})
t.nn.functional.threshold(x, {}, 0.0)
""".strip().splitlines()

VALUES = """
'a'
1.5
True
0
object()
(0, 'a')
(1.5,)
t.ones(2)
t.ones(1)
t.tensor(0.5)
[t.ones(2), t.ones(2)]
""".strip().splitlines()


def refused(call, value):
    def program(t):
        return eval(call.format(value), {"t": t, "x": t.tensor([[0.5, 0.25], [0.125, 0.75]])})

    results = [run(program, world, 0)[0] for world in (torch, tinygrad_mlp)]
    return [result if isinstance(result, Exception) else None for result in results]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("value", VALUES)
def test_of_another_type(call, value):
    theirs, ours = refused(call, value)
    assert type(ours) is type(theirs), f"torch: {theirs!r}, here: {ours!r}"


@pytest.mark.parametrize("call", [call for call in CALLS if call.startswith("t.") and "atleast" not in call])
def test_text_names_the_function_and_the_argument(call):
    theirs, ours = refused(call, "object()")
    words = str(theirs).split()
    if words[1] == "argument":
        assert words[2] in str(ours)
    assert words[0].split("(")[0] in str(ours)


@pytest.mark.parametrize("call", ["t.flip(x, 0)", "t.permute(x, 1, 0)", "t.reshape(x, 4)", "t.reshape(x, 2, 2)"])
def test_several_integers_are_for_methods(call):
    theirs, ours = refused(call, "")
    assert type(theirs) is type(ours) is TypeError
