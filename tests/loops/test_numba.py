"""What numba compiles of loops computes what NumPy does: each scalar of the table, sums, products, whole steps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special

from tinygrad_mlp.compiler import loops
from tinygrad_mlp.compiler.lines import Line, Program, Value, Where
from tinygrad_mlp.compiler.loops import machine
from tinygrad_mlp.compiler.loops.scalars import OF_SCIPY, SCALARS, SUMS

WHERE = Where("?", 0, "?")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-30, -1e30, 87.0, 1e-45, np.inf, -np.inf, np.nan]


def run(calls, *arrays):
    """The results of NumPy calls and those of the program in loops; a call is a function of the arrays, as a line."""
    inputs = [Value(array, "input", f"x{i}") for i, array in enumerate(arrays)]
    lines, expected, outputs = [], [], []
    for function, args, kwargs in calls:
        with np.errstate(all="ignore"):
            result = np.asarray(function(*(arrays[x.start] if isinstance(x, slice) else x for x in args), **kwargs))
        out = Value(result, "made", f"y{len(outputs)}")
        values = tuple(inputs[x.start] if isinstance(x, slice) else x for x in args)
        lines.append(Line(function, values, kwargs, out, None, WHERE))
        expected.append(result)
        outputs.append(out)
    program = Program(lines, inputs, [], outputs)
    names = {value: value.name for value in (*inputs, *outputs)}
    written = loops.write(program, names, "program")
    assert not written.left, [line.function for line in written.left]
    (function,) = written.functions
    results = {out: np.empty_like(x) for out, x in zip(outputs, expected, strict=True)}
    given = {**dict(zip(inputs, arrays, strict=True)), **results}
    machine.compiled(function)(*(given[x] for x in function.parameters))
    return expected, list(results.values())


def of(i):
    """The i-th array, as an operand of a call."""
    return slice(i, i)


def ulps(dtype):
    return 1e-6 if dtype == "float32" else 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_scalar_of_a_floating_dtype(dtype):
    pairs = np.array(list(itertools.product(SPECIAL, repeat=2)) + [(x / 7 - 3, x / 5 - 2) for x in range(40)], dtype).T
    x, y = pairs.copy()
    calls = [
        (function, tuple(of(i) for i in range(function.nin)), {})
        for function, scalar in {**SCALARS, special.erf: OF_SCIPY["erf"]}.items() if "f" in scalar.kinds
    ]  # fmt: skip
    for (function, _, _), expected, result in zip(calls, *run(calls, x, y), strict=True):
        np.testing.assert_allclose(result, expected, rtol=ulps(dtype), atol=0, err_msg=function.__name__)
        zeros = (expected == 0) & (result == 0)
        if expected.dtype.kind == "f":
            same = np.signbit(expected[zeros]) == np.signbit(result[zeros])
            assert same.all(), (function.__name__, x[zeros][~same], y[zeros][~same])


def test_every_scalar_of_integers_and_bools():
    numbers = np.array(list(itertools.product([0, 1, -1, 5, 2**62, -(2**63), 2**63 - 1], repeat=2)), np.int64).T
    x, y = numbers.copy()
    narrow, other = (numbers % 2**33 - 2**32).astype(np.int32)
    truths = numbers % 2 == 0
    calls = []
    for function, scalar in SCALARS.items():
        for kind, first in (("i", 0), ("i", 2), ("b", 4)):
            if kind in scalar.kinds:
                calls.append((function, tuple(of(first + i) for i in range(function.nin)), {}))
    for (function, _, _), expected, result in zip(
        calls, *run(calls, x, y, narrow, other, truths[0].copy(), truths[1].copy()), strict=True
    ):
        np.testing.assert_array_equal(result, expected, err_msg=function.__name__)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_along_every_axis(dtype):
    random = np.random.default_rng(0)
    x = random.standard_normal((7, 5, 6)).astype(dtype)
    y = x.copy()
    y[0, 0, 0], y[3, 2, 1], y[4] = np.nan, np.inf, -0.0
    calls = [(np.add.reduce, (of(1),), {"axis": axis, "keepdims": True}) for axis in (None, 0, 1, 2, (0, 1), (1, 2))]
    calls += [
        (function.reduce, (of(i),), {"axis": axis})
        for function, rule in SUMS.items() if "f" in rule.kinds for i, axis in enumerate((None, 1))
    ]  # fmt: skip
    for call, expected, result in zip(calls, *run(calls, x, y), strict=True):
        np.testing.assert_allclose(result, expected, rtol=10 * ulps(dtype), atol=ulps(dtype), err_msg=str(call))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_sums_are_as_exact_as_numpys(dtype):
    random = np.random.default_rng(1)
    cases = [(random.random(10_000_000), None), (random.standard_normal((1000, 10000)), 1)]
    cases += [(random.standard_normal((1000, 10000)), axis) for axis in (None, 0)]
    arrays = [x.astype(dtype) for x, _ in cases] + [np.asfortranarray(cases[1][0].astype(dtype))[:, ::2]]
    calls = [(np.add.reduce, (of(i),), {"axis": axis}) for i, (_, axis) in enumerate([*cases, (None, (0, 1))])]
    for (_, (i,), kwargs), pairwise, ours in zip(calls, *run(calls, *arrays), strict=True):
        x = arrays[i.start]
        true = np.add.reduce(x.astype(np.longdouble), **kwargs)
        rounding = np.finfo(dtype).eps * abs(true).max()
        ours, pairwise = abs(ours - true).max(), abs(pairwise - true).max()
        # the same but for two roundings of the blocks, which NumPy sums in eight parts
        assert ours <= pairwise + 2 * rounding, (i, float(ours / rounding), float(pairwise / rounding))


def test_reductions_of_a_single_element():
    x = np.array([[2.0]])
    calls = [(np.add.reduce, (of(0),), {"axis": axis, "keepdims": True}) for axis in (0, 1, None)]
    calls += [(function, (of(0),), {"axis": axis}) for function in (np.argmax, np.maximum.reduce) for axis in (0, None)]
    for call, expected, ours in zip(calls, *run(calls, x), strict=True):
        np.testing.assert_array_equal(ours, expected, err_msg=str(call))


def test_long_sums_with_an_infinity_or_nan():
    x = np.ones((4, 5000))
    x[0, 7], x[1, 7], x[1, 4000], x[2, 3000], x[3] = np.inf, np.inf, -np.inf, np.nan, 1e308
    calls = [(np.add.reduce, (of(0),), {"axis": axis}) for axis in (1, None)]
    for expected, ours in zip(*run(calls, x), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("dtype", ["float32"])
def test_products_of_every_order_of_memory(dtype):
    random = np.random.default_rng(0)
    arrays, calls = [], []
    for m, k, n in ((3, 4, 5), (1, 4, 2), (3, 1, 1), (2, 3, 1)):
        for order_a, order_b in itertools.product("CF", repeat=2):
            arrays.append(np.asarray(random.standard_normal((m, k)), dtype, order=order_a))
            arrays.append(np.asarray(random.standard_normal((k, n)), dtype, order=order_b))
            calls.append((np.dot, (of(len(arrays) - 2), of(len(arrays) - 1)), {}))
    for expected, result in zip(*run(calls, *arrays), strict=True):
        np.testing.assert_allclose(result, expected, rtol=ulps(dtype), atol=ulps(dtype))


def test_products_of_vectors_and_batches():
    random = np.random.default_rng(0)
    arrays, calls = [], []
    for first, second in (
        ((4, 3), (3,)), ((3,), (3, 5)), ((2, 4, 3), (2, 3, 5)), ((2, 4, 3), (3, 5)), ((4, 3), (2, 3, 5)),
        ((2, 2, 4, 3), (2, 1, 3, 5)), ((2, 4, 3), (3,)),
    ):  # fmt: skip
        arrays += [random.standard_normal(shape).astype(np.float32) for shape in (first, second)]
        calls.append((np.matmul, (of(len(arrays) - 2), of(len(arrays) - 1)), {}))
    for expected, result in zip(*run(calls, *arrays), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


def test_searches_and_running_sums():
    random = np.random.default_rng(0)
    x = random.standard_normal((6, 5))
    special = x.copy()
    special[1, 2], special[1, 4], special[2], special[3], special[:, 0] = np.nan, np.nan, -np.inf, np.inf, -0.0
    numbers = random.integers(-3, 3, (6, 5))
    calls = [
        (function, (of(i),), {"axis": axis})
        for function in (
            np.argmax, np.argmin, np.add.accumulate, np.multiply.accumulate, np.maximum.accumulate,
            np.minimum.accumulate,
        )
        for i in range(3) for axis in (0, 1)
    ]  # fmt: skip
    calls += [(np.argmax, (of(i),), {"axis": None, "keepdims": keep}) for i in range(3) for keep in (False, True)]
    for call, expected, result in zip(calls, *run(calls, x, special, numbers), strict=True):
        np.testing.assert_array_equal(result, expected, err_msg=str(call))
        if expected.dtype.kind == "f":
            numbers = expected == expected
            np.testing.assert_array_equal(np.signbit(result[numbers]), np.signbit(expected[numbers]), str(call))
