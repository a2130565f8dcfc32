"""The caller that is written from a row does what the general one does; it can be read, raised through and shared."""

from __future__ import annotations

import ast
import inspect
import pickle
import threading
import traceback

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp
from support import oracle
from support.row_inputs import row_inputs
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.tensor import FUNCTIONS, INPLACE, callers, dispatch, signatures
from tinygrad_mlp.tensor.inplace import inplace_of

ROWS = sorted(TABLE)


def shown(value):
    """A saved value, to be compared: arrays by their bits."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    return [shown(x) for x in value] if isinstance(value, (list, tuple)) else value


def described(outcome):
    """A result and the node that made it, without what is another object at each call."""
    if isinstance(outcome, Exception):
        return type(outcome), str(outcome)
    tensors = outcome if isinstance(outcome, tuple) else (outcome,)
    node = tensors[0].node
    if isinstance(outcome, tuple) and node is not None:
        node = node.edges[0]
    return [
        [(shown(x.array), x.array.strides, x.needs_grad, x.viewed is not None) for x in tensors],
        node and (type(node), [type(edge) for edge in node.edges], shown(node.saved)),
        node and sorted((count, place) for _, count, place in node.versions),
    ]


def called(function, row, args, wanted):
    answers = iter(wanted)
    ours = oracle.leaves(row, args, lambda: next(answers, True))[0]
    return described(oracle.outcome(function, *ours))


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=20)
@given(st.data())
def test_the_written_caller_does_what_the_general_one_does(name, data):
    row = TABLE[name]
    args = data.draw(row_inputs(row, "float32", "float64"))
    wanted = data.draw(st.lists(st.booleans(), max_size=4))
    args = (*args, *row.defaults[len(args) - len(row.parameters) :]) if len(args) < len(row.parameters) else args
    written = called(FUNCTIONS[name], row, args, wanted)
    assert written == called(dispatch._general(row), row, args, wanted)


@pytest.mark.parametrize("name", [*ROWS, *(f"{name}_" for name in ROWS if TABLE[name].inplace)])
def test_source_is_python_that_fits_the_page(name):
    source = tinygrad_mlp.ops.source(name)
    assert ast.parse(source) and max(map(len, source.splitlines())) <= 120


def test_source_of_linear_names_its_steps():
    source = tinygrad_mlp.ops.source("linear")
    assert source.startswith("def linear(input, weight, bias):\n")
    assert "out = quietly(forward, input_array, weight_array, bias_array)" in source
    assert "None if to_bias is None else bias_rule(g)," in source


def test_tracebacks_show_the_lines():
    with pytest.raises(RuntimeError) as caught:
        tinygrad_mlp.ones(2, 3).mm(tinygrad_mlp.ones(2, 3))
    assert "out = quietly(forward, input_array, mat2_array)" in "".join(traceback.format_exception(caught.value))


def test_several_threads_may_be_the_first(monkeypatch):
    written, plain = [], callers.compiled
    monkeypatch.setattr(callers, "compiled", lambda name, *rest: written.append(name) or plain(name, *rest))
    dispatch.caller_for.cache_clear()  # that of an earlier test may have been called
    function, barrier, results = signatures.function_of(TABLE["tanh"]), threading.Barrier(8), []

    def call():
        barrier.wait()
        results.append(function(tinygrad_mlp.ones(2)).tolist())

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and all(result == results[0] for result in results)
    assert written.count("tanh") == 1


def test_a_call_in_inference_mode_may_be_the_first():
    function = signatures.function_of(TABLE["tanh"])
    with tinygrad_mlp.inference_mode():
        assert function(tinygrad_mlp.ones(2)).is_inference()
    assert not function(tinygrad_mlp.ones(2)).is_inference()


def test_a_function_that_is_made_while_somebody_observes_is_observed():
    seen = []
    dispatch.observe_calls(lambda row, args, call: seen.append(row.name) or call(*args))
    try:
        result = signatures.function_of(TABLE["tanh"])(tinygrad_mlp.zeros(2))
    finally:
        dispatch.observe_calls(None)
    assert seen == ["tanh"] and result.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name, signature", [
    ("mul", "(input, other)"), ("mse_loss", "(input, target, reduction='mean')"),
    ("reshape", "(*args: 'Any', **kwargs: 'Any') -> 'Any'"),
    ("sum", "(input, dim=None, keepdim=False, dtype=None, **other)"),
])  # fmt: skip
def test_functions_keep_their_names_and_signatures(name, signature):
    function = FUNCTIONS[name]
    assert str(inspect.signature(function)) == signature
    assert (function.__name__, function.__qualname__) == (name, name)
    assert TABLE[name].doc in function.__doc__
    assert str(inspect.signature(INPLACE["mul_"])).startswith("(self")


def test_functions_can_be_pickled():
    assert pickle.loads(pickle.dumps(tinygrad_mlp.exp)) is tinygrad_mlp.exp


@pytest.mark.parametrize("name", ["exp_", "mul_", "relu_", "clamp_", "zero_", "div_", "addcmul_", "masked_fill_"])
def test_in_place_does_what_the_general_caller_does(name, monkeypatch):
    def outcome():
        x = tinygrad_mlp.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
        y = tinygrad_mlp.tensor([[2.0, 4.0], [-1.0, 0.25]], requires_grad=True)
        rest = {
            "mul_": (y,),
            "div_": (y,),
            "clamp_": (0.0, 2.0),
            "addcmul_": (y, y),
            "masked_fill_": (y.detach() > 0, 5.0),
        }
        z = x * 1
        assert INPLACE[name](z, *rest.get(name, ())) is z
        found = described(z)
        (z * z).sum().backward()
        return found, z._version, x.grad.tolist(), None if y.grad is None else y.grad.tolist()

    written = outcome()
    with monkeypatch.context() as context:
        context.setattr(callers, "compiled", lambda *args: args[3]["general"])
        context.setitem(INPLACE, name, inplace_of(TABLE[name.removesuffix("_")]))
        assert outcome() == written


@pytest.mark.parametrize("name", ["sqrt_", "log_", "div_"])
def test_nan_comes_in_silence(name):
    x = tinygrad_mlp.tensor([0.0, -1.0])
    INPLACE[name](x, *((x.clone(),) if name == "div_" else ()))
    assert x.isnan().any()
