"""Rows are split as their permutation says, and columns standardised with NumPy's mean and deviation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mlp.tables.errors import DataError
from tinygrad_mlp.tables.split import Standardizer, split_rows

# -- the split -------------------------------------------------------------------------------------


@settings(deadline=None)
@given(rows=st.integers(0, 200), fraction=st.floats(0.001, 0.999), seed=st.integers(0, 9))
def test_the_two_parts_are_the_permutation(rows: int, fraction: float, seed: int) -> None:
    permutation = np.random.RandomState(seed).permutation(rows)
    tests = round(rows * fraction)
    if 0 < tests < rows:
        train, test = split_rows(permutation, fraction)
        assert len(test) == tests
        assert np.concatenate([train, test]).tolist() == permutation.tolist()
    else:
        with pytest.raises(DataError, match="too few"):
            split_rows(permutation, fraction)


@pytest.mark.parametrize(
    ("rows", "fraction", "message"),
    [
        (1, 0.5, "1 row is too few: a test fraction of 0.5 leaves none for the test"),
        (2, 0.2, "2 rows are too few: a test fraction of 0.2 leaves none for the test"),
        (3, 0.9, "3 rows are too few: a test fraction of 0.9 leaves none for the training"),
        (0, 0.5, "0 rows are too few: a test fraction of 0.5 leaves none for the test"),
        (9, 0.0, "the test fraction must lie between 0 and 1, not 0"),
        (9, 1.0, "the test fraction must lie between 0 and 1, not 1"),
        (9, -0.5, "the test fraction must lie between 0 and 1, not -0.5"),
        (9, float("nan"), "the test fraction must lie between 0 and 1, not nan"),
    ],
)
def test_splits_that_are_refused(rows: int, fraction: float, message: str) -> None:
    with pytest.raises(DataError) as raised:
        split_rows(np.arange(rows), fraction)
    assert str(raised.value) == message


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=6), fraction=st.floats(0.1, 0.6), seed=st.integers(0, 9)
)
def test_each_class_gives_its_share(counts: list[int], fraction: float, seed: int) -> None:
    classes = np.repeat(np.arange(len(counts)), counts)
    permutation = np.random.RandomState(seed).permutation(len(classes))
    tests = round(len(classes) * fraction)
    if not 0 < tests < len(classes):
        return
    train, test = split_rows(permutation, fraction, classes)
    assert sorted([*train, *test]) == list(range(len(classes)))
    kept, given_up = (np.bincount(classes[part], minlength=len(counts)) for part in (train, test))
    assert (kept >= 1).all()
    assert len(test) == tests or (given_up == np.array(counts) - 1).any()  # small classes keep their last row
    assert (given_up <= np.array(counts) * fraction + 1 + (np.array(counts) == 1).sum()).all()
    again = split_rows(permutation, fraction, classes)
    assert [part.tolist() for part in again] == [train.tolist(), test.tolist()]


# -- standardisation -------------------------------------------------------------------------------

columns = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=8), elements=st.floats(-1e6, 1e6)
)


@settings(deadline=None)
@given(columns)
def test_standardised_columns_have_mean_0_and_deviation_1(values) -> None:
    standardizer = Standardizer.fit(values)
    result = standardizer.apply(values)
    assert result.shape == values.shape
    assert standardizer.mean.shape == standardizer.scale.shape == values.shape[1:]
    assert np.isfinite(result).all()
    # Where the spread is not lost in the rounding of the values themselves, nor below what a float can scale.
    spread = np.ptp(values, axis=0) > np.maximum(1e-6 * np.abs(values).max(0), 1e-290)
    np.testing.assert_allclose(np.where(spread, result.mean(0), 0), 0, atol=1e-8)
    np.testing.assert_allclose(np.where(spread, result.std(0), 1), 1, rtol=1e-6)
    np.testing.assert_allclose(standardizer.invert(result), values, rtol=1e-9, atol=1e-9)


def test_it_is_numpys_mean_and_population_deviation() -> None:
    values = np.random.RandomState(0).randn(50, 3) * [1, 100, 1e-3] + [0, 5, -7]
    standardizer = Standardizer.fit(values)
    np.testing.assert_allclose(standardizer.mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(standardizer.scale, values.std(0), rtol=1e-12)
    other = np.random.RandomState(1).randn(4, 3)
    np.testing.assert_allclose(standardizer.apply(other), (other - values.mean(0)) / values.std(0), rtol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, -3.7, 1e300, 5e-324])
@pytest.mark.parametrize("rows", [1, 3, 10, 1797])
def test_a_constant_column_becomes_zero_and_not_noise(constant: float, rows: int) -> None:
    values = np.full((rows, 2), constant)
    standardizer = Standardizer.fit(values)
    assert standardizer.scale.tolist() == [1, 1]
    assert not standardizer.apply(values).any()


def test_very_large_and_very_small_numbers() -> None:
    values = np.array([[1e300, 1e-300], [-1e300, 3e-300], [1e300, 1e-300], [-1e300, 3e-300]])
    np.testing.assert_allclose(Standardizer.fit(values).apply(values), [[1, -1], [-1, 1]] * 2)


def test_columns_in_one_unit_share_their_scale() -> None:
    values = np.random.RandomState(0).randn(50, 3) * [1, 100, 0] + [0, 5, -7]
    standardizer = Standardizer.fit(values, one_unit=True)
    np.testing.assert_allclose(standardizer.mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(standardizer.scale, [(values - values.mean(0)).std()] * 3, rtol=1e-12)
    assert Standardizer.fit(np.full((4, 2), 7), one_unit=True).scale.tolist() == [1, 1]


def test_whole_numbers_are_standardised_as_floats() -> None:
    values = np.array([[0, 16], [2, 0]], np.uint8)
    assert Standardizer.fit(values).apply(values).tolist() == [[-1, 1], [1, -1]]
