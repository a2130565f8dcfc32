"""`diagnose` names each kind of fault that it knows, and never one that does not account for the numbers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tinygrad_mlp.testing import Diagnosis, diagnose

ERROR = 1e-11  # for numbers of about 1, as central differences with extrapolation have it
planted = settings(max_examples=settings.default.max_examples // 5)  # numbers at random differ little from each other
seeds = st.integers(0, 2**32 - 1)
matrices = npst.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=5)
shapes = npst.array_shapes(min_dims=1, max_dims=3, min_side=3, max_side=5)


def drawn(shape: tuple[int, ...], seed: int, count: int) -> list[np.ndarray]:
    """Arrays of numbers between 0.5 and 2 of either sign, so that nothing is near 0 by chance."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape) for _ in range(count)]


def diagnosed(given: object, right: object, error: object = ERROR, **known: object) -> Diagnosis:
    found = diagnose(given, right, error, **known)
    assert found is not None
    return found


# -- equal -----------------------------------------------------------------------------------------


@planted
@given(shapes, seeds)
def test_a_gradient_within_the_error_has_no_diagnosis(shape, seed):
    (right,) = drawn(shape, seed, 1)
    within = right + np.random.default_rng(seed).uniform(-1, 1, shape) * ERROR * 0.99
    assert diagnose(within, right, ERROR) is None
    assert diagnose(within, right, np.full(shape, ERROR)) is None
    assert diagnose(right, right, 0) is None


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_nothing_is_wrong_with_empty_gradients(shape):
    assert diagnose(np.zeros(shape), np.zeros(shape), 0) is None


def test_nan_and_infinity_in_both_are_equal():
    assert diagnose([math.nan, math.inf, -math.inf, 1.0], [math.nan, math.inf, -math.inf, 1.0], 0) is None


def test_an_entry_without_a_finite_error_is_not_judged():
    assert diagnose([1.0, 5.0], [1.0, 2.0], [0.0, math.inf]) is None
    assert diagnose([1.0, 5.0], [1.0, 2.0], [0.0, math.nan]) is None


def test_no_gradient_is_as_good_as_zeros():
    assert diagnose(None, np.zeros(3), 0) is None
    assert diagnosed(None, np.ones(3)).kind == "zero"
    assert diagnosed(None, np.ones(3)).text == "there is none where a gradient should be"


# -- each kind is named ----------------------------------------------------------------------------

MULTIPLES = {
    -1: ("wrong sign", "the sign is wrong"),
    0: ("zero", "zero where a gradient should be"),
    2: ("factor", "twice too large: is a term counted twice"),
    0.5: ("factor", "half of what it should be: is a factor 2 missing"),
    3.7: ("factor", "3.7 times what it should be, in every entry"),
    -2: ("factor", "-2 times what it should be, in every entry"),
    1.0000001: ("factor", "1.0000001 times what it should be, in every entry"),
}


@pytest.mark.parametrize("k", MULTIPLES)
@planted
@given(shapes, seeds)
def test_a_multiple_of_the_right_gradient(k, shape, seed):
    (right,) = drawn(shape, seed, 1)
    found = diagnosed(k * right, right)
    kind, text = MULTIPLES[k]
    if k == 1.0000001:  # as many digits as it takes
        text = text[:9]
    assert (found.kind, found.text[: len(text)]) == (kind, text)
    assert found.wrong == found.entries == right.size


@pytest.mark.parametrize("k", [-1, 0, 2, 0.5])
@pytest.mark.parametrize("right", [1.0, -3.25])
def test_a_multiple_of_one_number(k, right):
    found = diagnosed(np.array(k * right), np.array(right))
    assert found.kind == MULTIPLES[k][0]
    assert str(found).endswith(f"({k * right:.8g} instead of {right:.8g})")


@planted
@given(st.integers(3, 9), st.integers(3, 9), seeds)
def test_a_mean_taken_for_a_sum(n, m, seed):
    (right,) = drawn((n, m), seed, 1)
    large, small = diagnosed(right * n, right), diagnosed(right / n, right)
    assert (large.kind, small.kind) == ("factor", "factor")
    assert large.text == f"{n} times too large, where {n} is the length of axis 0: is a mean taken for a sum?"
    assert small.text == f"{n} times too small, where {n} is the length of axis 0: is a sum taken for a mean?"
    entries = diagnosed(right * (n * m), right)
    assert f"{n * m} is the number of entries" in entries.text


@pytest.mark.parametrize("of", ["inputs", "cotangent"])
def test_the_length_may_be_that_of_an_axis_of_another_array(of):
    x = np.ones((7, 2))
    known = {"inputs": {"x": x}} if of == "inputs" else {"cotangent": x}
    owner = "x" if of == "inputs" else "the cotangent"
    assert f"7 is the length of axis 0 of {owner}" in diagnosed(np.array(21.0), np.array(3.0), **known).text
    assert diagnosed(np.array(21.0), np.array(3.0)).kind == "other"  # one number may be seven times another


def test_twice_may_be_a_mean_over_two_entries():
    right = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 6.0]])
    assert diagnosed(right * 2, right).text == (
        "twice too large: is a term counted twice, or, as 2 is the length of axis 0, a mean taken for a sum?"
    )


@planted
@given(matrices, seeds)
def test_not_summed(shape, seed):
    (rows,) = drawn(shape, seed, 1)
    found = diagnosed(rows, rows.sum(0))
    assert found.kind == "not summed over a broadcast axis"
    assert found.text.startswith("the broadcast axis 0 is not summed")
    found = diagnosed(rows, rows.sum(1, keepdims=True))
    assert (found.kind, found.text[:33]) == ("not summed over a broadcast axis", "the broadcast axis 1 is not summe")
    found = diagnosed(rows, rows.sum())
    assert found.text.startswith("the broadcast axes 0, 1 are not summed")
    assert diagnosed(rows, rows.sum(0) + 1).kind == "wrong shape"


@planted
@given(matrices, seeds)
def test_one_entry_of_the_axis_instead_of_the_sum(shape, seed):
    (rows,) = drawn(shape, seed, 1)
    for i in (0, shape[0] - 1):
        found = diagnosed(rows[i], rows.sum(0), cotangent=rows)
        assert found.kind == "not summed over a broadcast axis"
        assert found.text.endswith(f"only entry {i} of it is taken")
    assert diagnosed(rows[0], rows.sum(0) + 1, cotangent=rows).kind != "not summed over a broadcast axis"


@planted
@given(st.integers(2, 5), st.integers(2, 5), seeds)
def test_transposed(n, m, seed):
    (right,) = drawn((n, m), seed, 1)
    assert diagnosed(right.T, right).kind == "transposed"


@planted
@given(seeds)
def test_two_axes_of_three_are_transposed(seed):
    (right,) = drawn((3, 4, 3), seed, 1)
    assert diagnosed(right.swapaxes(0, 2), right).text == "axes 0 and 2 are transposed"


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("end", ["rolled", "zeros", "repeated"])
@planted
@given(shapes, st.data(), seeds)
def test_off_by_one(step, end, shape, data, seed):
    axis = data.draw(st.integers(0, len(shape) - 1))
    (right,) = drawn(shape, seed, 1)
    moved = np.roll(right, step, axis)
    at = (slice(None),) * axis + (0 if step == 1 else -1,)
    if end != "rolled":
        moved[at] = 0 if end == "zeros" else right[at]
    found = diagnosed(moved, right)
    assert (found.kind, f"axis {axis}" in found.text) == ("shifted", True)


@planted
@given(shapes, seeds)
def test_the_gradient_of_another_input(shape, seed):
    right, other, x = drawn(shape, seed, 3)
    found = diagnosed(other, right, inputs={"x": x}, gradients={"w": other, "b": other.sum(0)})
    assert (found.kind, "the gradient of w" in found.text) == ("swapped", True)


TERMS = {
    "cotangent": lambda c, x, y: c,
    "x": lambda c, x, y: x,
    "cotangent * x": lambda c, x, y: c * x,
    "cotangent * y**2": lambda c, x, y: c * y * y,
    "x**2": lambda c, x, y: x * x,
    "x * y": lambda c, x, y: x * y,
    "1": lambda c, x, y: np.ones_like(c),
    "0.01 * x": lambda c, x, y: 0.01 * x,
}


@pytest.mark.parametrize("term", TERMS)
@planted
@given(shapes, seeds)
def test_a_term_too_many_or_too_few(term, shape, seed):
    c, x, y, right = drawn(shape, seed, 4)
    difference = TERMS[term](c, x, y)
    known = {"cotangent": c, "inputs": {"x": x, "y": y}}
    extra = diagnosed(right + difference, right, **known)
    assert (extra.kind, extra.text) == ("extra term", f"there is a term too many: {term}")
    missing = diagnosed(right - difference, right, **known)
    assert (missing.kind, missing.text) == ("missing term", f"a term is missing: {term}")


@planted
@given(matrices, seeds)
def test_a_term_that_is_summed_down(shape, seed):
    c, x = drawn(shape, seed, 2)
    (right,) = drawn(shape[1:], seed + 1, 1)
    found = diagnosed(right + (c * x).sum(0), right, cotangent=c, inputs={"x": x})
    assert found.text == "there is a term too many: sum(cotangent * x)"


@planted
@given(shapes, seeds)
def test_a_gradient_that_is_one_term_lacks_the_other(shape, seed):
    c, x = drawn(shape, seed, 2)
    y = np.tanh(x)
    known = {"cotangent": c, "inputs": {"y": y}}
    missing = diagnosed(c, c * (1 - y**2), **known)
    assert (missing.kind, missing.text) == ("missing term", "a term is missing: -cotangent * y**2")
    extra = diagnosed(c - c * y**2, c, **known)
    assert (extra.kind, extra.text) == ("extra term", "there is a term too many: -cotangent * y**2")
    flipped = diagnosed(c * (1 + y**2), c * (1 - y**2), **known)
    assert flipped.text.endswith("has cotangent * y**2 the wrong sign?")


@planted
@given(shapes, seeds)
def test_a_factor_that_is_an_input_or_the_cotangent(shape, seed):
    c, x, right = drawn(shape, seed, 3)
    known = {"cotangent": c, "inputs": {"x": x}}
    assert diagnosed(right * x, right, **known).text == "multiplied by x once too often"
    assert diagnosed(right / x, right, **known).text == "a factor is missing: it should be multiplied by x"
    assert diagnosed(right, right * c, **known).text == "a factor is missing: it should be multiplied by the cotangent"
    assert {diagnosed(right * x, right, **known).kind, diagnosed(right / c, right, **known).kind} == {
        "scaled by an input"
    }


def test_a_missing_factor_may_be_zero_somewhere():
    x = np.array([0.0, 1.5, -2.0, 0.7])
    other = np.array([3.0, 1.25, 4.5, 0.3])
    assert diagnosed(other, other * x, inputs={"x": x}).kind == "scaled by an input"


@pytest.mark.parametrize(
    ("given", "right", "text"),
    [
        (np.ones((1, 3)), np.ones(3), "its shape is (1, 3) where (3,) is right; the numbers are right"),
        (np.ones(3), np.ones((3, 1)), "its shape is (3,) where (3, 1) is right; the numbers are right"),
        (np.ones(()), np.ones((2, 3)), "its shape is () where (2, 3) is right"),
        (np.ones((5, 2)), np.ones(4), "its shape is (5, 2) where (4,) is right"),
    ],
)
def test_wrong_shape(given, right, text):
    found = diagnosed(given, right)
    assert (found.kind, found.text, found.where, found.absolute) == ("wrong shape", text, None, None)
    assert str(found) == text


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity(bad):
    right = np.array([1.0, 2.0, 4.0])
    found = diagnosed([1.0, bad, 4.0], right)
    assert (found.kind, found.where, found.right, found.wrong) == ("nan", (1,), 2.0, 1)
    assert "where a number should be" in found.text
    assert diagnosed([1.0, bad, 5.0], right).kind == "other"  # which nan does not account for
    assert diagnosed([1.0, 2.0, 4.0], [1.0, bad, 4.0]).text == "a number where the right gradient is nan or infinite"


@planted
@given(shapes, seeds)
@example((3,), 1534)  # three numbers that all lie close to one of float32
def test_float32_inside(shape, seed):
    right, noise = drawn(shape, seed, 2)
    assert diagnosed(right.astype(np.float32).astype(np.float64), right, 1e-13).kind == "float32 inside"
    noise.flat[:2] = 1, -1
    assume(right.size >= 5)
    assert diagnosed(right + noise * 1e-7, right).kind == "float32 inside"
    assert diagnosed(right + noise * 1e-4, right).kind != "float32 inside"
    assert diagnosed((right + noise * 1e-6).astype(np.float32), right, 1e-7).kind != "float32 inside"
    assert diagnosed(right + noise * 1e-7, right + 0j).kind != "float32 inside"  # numbers of two kinds


@planted
@given(matrices, seeds, st.data())
def test_one_entry_one_row_one_column(shape, seed, data):
    right, other = drawn(shape, seed, 2)
    i, j = (data.draw(st.integers(0, n - 1)) for n in shape)
    wrong = right.copy()
    wrong[i, j] += 5.75 * np.sign(right[i, j])
    found = diagnosed(wrong, right)
    assert (found.kind, found.where, found.wrong) == ("one entry", (i, j), 1)
    assert found.text == f"only entry ({i}, {j}) is wrong"
    wrong[i, j] = 2 * right[i, j]
    assert diagnosed(wrong, right).text == f"only entry ({i}, {j}) is wrong: twice too large"
    wrong = right.copy()
    wrong[i] = -right[i]
    found = diagnosed(wrong, right)
    assert (found.kind, found.text) == ("one row or column", f"only row {i} is wrong: the sign is wrong")
    wrong = right.copy()
    wrong[:, j] += np.abs(other[:, j]) * 7
    found = diagnosed(wrong, right)
    assert (found.kind, found.text) == ("one row or column", f"only column {j} is wrong")


def test_a_sign_that_is_wrong_in_some_entries():
    right = np.array([1.5, -2.0, 4.0, 0.3, -7.0, 6.0])
    wrong = np.abs(right) * np.array([1, 1, 1, 1, 1, -1])
    found = diagnosed(wrong, right)
    assert (found.kind, found.text, found.wrong) == ("wrong sign", "in some of the entries, the sign is wrong", 3)


# -- what is not named -----------------------------------------------------------------------------


@given(shapes, seeds)
def test_numbers_that_have_nothing_to_do_with_it_have_no_kind(shape, seed):
    right, wrong, x, c, other = drawn(shape, seed, 5)
    found = diagnosed(wrong, right, inputs={"x": x}, cotangent=c, gradients={"w": other})
    assert found.kind == "other"


@given(shapes, seeds, st.sampled_from([0.0, -1.0, 2.0, 0.5]))
def test_one_entry_more_that_is_wrong_and_the_kind_is_not_named(shape, seed, k):
    right, x, c = drawn(shape, seed, 3)
    wrong = k * right
    wrong.flat[1] = right.flat[1] + 0.33
    found = diagnosed(wrong, right, inputs={"x": x}, cotangent=c)
    assert found.kind == "other"


@given(shapes, seeds, st.sampled_from(["sign", "twice", "scaled", "term", "transposed"]))
def test_an_error_as_large_as_the_difference_names_nothing(shape, seed, fault):
    right, x = drawn(shape, seed, 2)
    wrong = {"sign": -right, "twice": 2 * right, "scaled": right * x, "term": right + x, "transposed": right.T}[fault]
    assume(wrong.shape == right.shape)
    found = diagnose(wrong, right, np.abs(wrong - right) * 0.999, inputs={"x": x})
    assert found is None or found.kind in ("other", "one entry", "one row or column")


small = st.integers(-3, 3).map(float)
SMALL_SHAPES = npst.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3)


def holds(found: Diagnosis, g: np.ndarray, r: np.ndarray, x: np.ndarray, c: np.ndarray) -> bool:
    """Whether a kind is true of the numbers, looked at again and without error."""
    wrong = g != r
    ones = np.ones_like(r)
    products = [ones, c, x, c * x, c * c, x * x, c * x * x]
    moved = []
    for axis, n in enumerate(r.shape):
        for step in (1, -1):
            rolled = np.roll(r, step, axis)
            at = (slice(None),) * axis + (0 if step == 1 else -1,)
            for end in (rolled[at], 0, r[at]) if n else ():
                each = rolled.copy()
                each[at] = end
                moved.append(each)
    indices = np.argwhere(wrong)
    checks = {
        "wrong sign": np.array_equal(g[wrong], -r[wrong]),
        "zero": not g[wrong].any(),
        "factor": np.linalg.matrix_rank(np.stack([g[wrong], r[wrong]])) == 1,
        "transposed": r.ndim == 2 and np.array_equal(g, r.T),
        "shifted": any(np.array_equal(g, each) for each in moved),
        "scaled by an input": any(np.array_equal(g, r * v) or np.array_equal(g * v, r) for v in (x, c)),
        "missing term": any(np.linalg.matrix_rank(np.stack([(g - r).ravel(), t.ravel()])) == 1 for t in products),
        "one entry": wrong.sum() == 1 < wrong.size,
        "one row or column": wrong.ndim == 2 and any(len(set(indices[:, axis])) == 1 for axis in (0, 1)),
        "other": True,
    }
    checks["extra term"] = checks["missing term"]
    return bool(checks[found.kind])


@given(st.data(), SMALL_SHAPES)
def test_what_is_said_of_small_numbers_is_true(data, shape):
    g, r, x, c = (data.draw(npst.arrays(np.float64, shape, elements=small)) for _ in range(4))
    found = diagnose(g, r, 0, inputs={"x": x}, cotangent=c)
    assert (found is None) == np.array_equal(g, r)
    if found is not None:
        assert holds(found, g, r, x, c), found
        assert found.where is not None
        assert (found.given, found.right) == (g[found.where], r[found.where])
        assert found.absolute == np.abs(g - r).max() == abs(found.given - found.right)
        assert found.wrong == np.sum(g != r)


@given(st.data())
@example(None)
def test_one_or_two_numbers_have_no_more_than_the_plain_kinds(data):
    g, r, x, c = (
        np.array([3.0, 5.0]) if data is None else data.draw(npst.arrays(np.float64, (2,), elements=small))
        for _ in range(4)
    )
    found = diagnose(g, r, 0, inputs={"x": x}, cotangent=c)
    if found is not None:
        assert found.kind in ("wrong sign", "zero", "factor", "one entry", "other")
        if found.kind == "factor":
            assert any(np.array_equal(g, k * r) or np.array_equal(k * g, r) for k in (2, 4))


# -- what else is said -----------------------------------------------------------------------------


def test_where_and_how_much():
    right = np.array([[1.0, 2.0, 4.0], [0.0, 5.0, -6.0]])
    wrong = right + np.array([[0.0, 0.5, 0.0], [0.25, 0.0, -3.1]])
    found = diagnosed(wrong, right)
    assert (found.kind, found.where, found.right) == ("other", (1, 2), -6.0)
    assert (found.wrong, found.entries, found.relative) == (3, 6, math.inf)
    assert found.absolute == pytest.approx(3.1)
    assert str(found) == (
        "no simple reason is seen in the numbers "
        "(3 of 6 entries wrong; the largest difference at (1, 2): -9.1 instead of -6)"
    )


def test_a_diagnosis_does_not_change():
    found = diagnosed([2.0], [1.0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.kind = "other"  # type: ignore[misc]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
def test_every_floating_dtype(dtype):
    right = np.array([1.5, -2.0, 4.25, 0.3]).astype(dtype)
    error = 4 * float(np.finfo(dtype).eps) * np.abs(right)
    assert diagnose(right * (1 + np.finfo(dtype).eps), right, error) is None
    assert diagnosed(-right, right, error).kind == "wrong sign"
    assert diagnosed((right * dtype(3)).astype(dtype), right, error).text.startswith("3 times")


def test_a_large_gradient_is_diagnosed_soon():
    right, x = drawn((1000, 100), 0, 2)
    assert diagnosed(right * x, right, inputs={"x": x}).kind == "scaled by an input"
