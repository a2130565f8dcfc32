"""How the elements of results lie in memory, and the argument `memory_format`, which says how they are to lie."""

from __future__ import annotations

import warnings

import pytest

from support.two_worlds import assert_alike

COPIES = """
x.clone(memory_format=t.contiguous_format)
x.clone(memory_format=t.preserve_format)
x.clone(memory_format=None)
t.clone(x, memory_format=t.contiguous_format)
x.clone(memory_format=1)
x.clone(t.contiguous_format)
x.contiguous(memory_format=t.contiguous_format)
x.contiguous(memory_format=1)
x.to(t.float64, memory_format=t.contiguous_format)
x.to(t.float32, copy=True, memory_format=t.contiguous_format)
x.to(memory_format=t.contiguous_format)
x.to(t.float64, memory_format=1)
x.double(memory_format=t.contiguous_format)
x.float(memory_format=t.contiguous_format)
x.double(t.contiguous_format)
x.cpu(memory_format=t.contiguous_format)
x.sort(0).values
x.sort(0).indices
x.sort(-1, True).indices
x.argsort(-1)
x.nonzero()
""".strip().splitlines()

LAYOUTS = {
    "in C order": lambda t: t.arange(6.0).reshape(2, 3),
    "transposed": lambda t: t.arange(6.0).reshape(3, 2).t(),
    "permuted": lambda t: t.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
    "every second": lambda t: t.arange(24.0).reshape(4, 6)[::2, ::2],
    "expanded": lambda t: t.arange(3.0).expand(2, 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("copy", COPIES)
def test_strides_of_a_copy(copy, layout):
    def program(t):
        x = LAYOUTS[layout](t)
        result = eval(copy, {"t": t, "x": x})
        return result, result.stride(), result.is_contiguous(memory_format=t.contiguous_format)

    assert_alike(program, words=0)


@pytest.mark.parametrize(
    "call", ["clone(memory_format=t.contiguous_format)", "double(memory_format=t.preserve_format)"]
)
def test_a_copy_in_another_order_is_differentiated(call):
    def program(t):
        x = t.arange(6.0).reshape(3, 2).t().clone().requires_grad_()
        (eval(f"x.{call}", {"t": t, "x": x}) * t.arange(6.0).reshape(2, 3)).sum().backward()
        return x.grad

    assert_alike(program)


FILLED = """
x.exponential_(x)
x.exponential_('a')
x.exponential_(lambd='a')
x.random_(x)
x.random_(1.5)
x.random_(t.tensor(5))
x.random_(True)
x.random_(0, 'a')
x.normal_(x)
x.normal_(0, None)
x.normal_(mean=1, std=0)
x.uniform_('a')
x.uniform_(0, x)
x.uniform_(to=2)
x.bernoulli_('a')
x.bernoulli_(t.tensor([0.0, 1.0, 0.0]))
x.bernoulli_(p=1)
""".strip().splitlines()


@pytest.mark.parametrize("call", FILLED)
def test_parameters_of_a_distribution(call):
    assert_alike(lambda t: eval(call, {"t": t, "x": t.ones(3)}), words=0)


OTHERS = """
t.tensor(2.0).mT
t.tensor(2.0).mH
t.tensor(2.0).adjoint()
t.ones(3).mT
t.zeros(0, 3).index_select(0, t.tensor([0]))
t.zeros(0, 3).index_select(1, t.tensor([0]))
t.nn.functional.batch_norm(t.zeros(2, 0), None, None, training=True)
t.nn.functional.batch_norm(t.zeros(1, 2), None, None, training=True)
t.nn.functional.batch_norm(t.zeros(1, 2, 1), None, None, training=True)
t.nn.functional.batch_norm(t.ones(1, 2, 2), None, None, training=True)
""".strip().splitlines()


@pytest.mark.parametrize("call", OTHERS)
def test_shapes_without_elements_or_dimensions(call):
    def program(t):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a deprecation is warned of once in a process
            return eval(call, {"t": t})

    assert_alike(program, words=1)


WRITTEN = {
    "scatter": lambda t, x: x.scatter(0, t.zeros(1, 2, dtype=t.int64), 7.0),
    "scatter a tensor": lambda t, x: x.scatter(0, t.zeros(1, 2, dtype=t.int64), t.ones(1, 2)),
    "scatter_add": lambda t, x: x.scatter_add(0, t.zeros(1, 2, dtype=t.int64), t.ones(1, 2)),
    "index_copy": lambda t, x: x.index_copy(0, t.tensor([0, 2]), t.ones(2, 2)),
    "index_add": lambda t, x: x.index_add(0, t.tensor([0, 2]), t.ones(2, 2)),
    "masked_scatter": lambda t, x: x.masked_scatter(x > 2, t.ones(6)),
    "masked_fill": lambda t, x: x.masked_fill(x > 2, 0.0),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_transposed_matrix_that_is_written_into_is_copied_in_c_order(name):
    def program(t):
        result = WRITTEN[name](t, t.arange(6.0).reshape(2, 3).t())
        return result.stride(), result.view(-1)

    assert_alike(program)
