"""What a column becomes: inputs that are learnt from the training rows alone, and the same for new rows."""

from __future__ import annotations

import json

import numpy as np
import pandas
import pytest

from tinygrad_mlp.tables.encoders import encode, encoders_of, from_json, to_json
from tinygrad_mlp.tables.errors import DataError
from tinygrad_mlp.tables.roles import Overrides, find_roles


def fitted(values: list[object], rows: list[int] | None = None, **how: object):
    """The encoder of a column, fitted on some of its rows, and the inputs of all rows."""
    frame = pandas.DataFrame({"x": values})
    columns = find_roles(frame, ["x"], Overrides(**how))
    encoders = encoders_of(columns, np.array(range(len(values)) if rows is None else rows))
    return encoders[0], encode(encoders, [columns[0].values], len(values))


def inputs(encoder, values: list[object]) -> list[list[float]]:
    """The inputs of a new table."""
    converted, _ = encoder.convert(pandas.Series(values, dtype=object if None in values else None))
    return np.round(encode([encoder], [converted], len(values)).astype(np.float64), 4).tolist()


def test_numbers_are_standardised_by_the_training_rows() -> None:
    encoder, out = fitted([1.0, 3.0, 100.0], rows=[0, 1])
    assert out.dtype == np.float32 and out[:, 0].tolist() == [-1, 1, 98]
    assert encoder.becomes == "a number, standardised"


def test_missing_numbers_take_the_median_and_a_flag_where_they_are_many() -> None:
    encoder, out = fitted([1.0, 2.0, 9.0, None])
    assert encoder.fallback == 2 and encoder.flag and encoder.inputs == ["x", "x is missing"]
    assert out[3, 0] == pytest.approx((2 - encoder.mean) / encoder.scale) and out[:, 1].tolist() == [0, 0, 0, 1]
    encoder, out = fitted([None, *map(float, range(99)), 7.5])
    assert not encoder.flag and out.shape == (101, 1)
    assert inputs(encoder, [None, 48.5])[0] == inputs(encoder, [48.5])[0]


def test_yes_and_no() -> None:
    encoder, out = fitted(["no", "yes", "yes", "no"])
    assert out[:, 0].tolist() == [-0.5, 0.5, 0.5, -0.5] and encoder.becomes == "1 for yes, 0 for no"
    assert inputs(encoder, ["YES", "no", "maybe", None]) == [[0.5], [-0.5], [0], [0]]
    assert encoder.convert(pandas.Series(["maybe", "no", "maybe"]))[1].count == 2
    encoder, _ = fitted([True, False, True, False])
    assert inputs(encoder, ["true", "FALSE"]) == inputs(encoder, [True, False]) == [[0.5], [-0.5]]
    encoder, _ = fitted([0, 1, 1, 0])
    assert inputs(encoder, [1.0, 0.0]) == inputs(encoder, ["1", "0"]) == [[0.5], [-0.5]]


def test_categories_are_one_hot() -> None:
    encoder, out = fitted(["red", "blue", "red", "green", "red", "blue"])
    assert encoder.inputs == ["x = red", "x = blue", "x = green"]
    assert out.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert inputs(encoder, ["green", "purple", None]) == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    unseen = encoder.convert(pandas.Series(["green", "purple", None, "purple"]))[1]
    assert (unseen.count, unseen.example) == (2, "purple")


def test_rare_levels_share_an_input_and_missing_ones_have_their_own() -> None:
    levels = [f"level {i:02d}" for i in range(40)]
    encoder, out = fitted(levels * 5 + levels[:30] + [None])
    assert encoder.width == out.shape[1] == 32 and encoder.inputs[-2:] == ["x = other", "x is missing"]
    assert encoder.becomes == "an input for each of 30 levels, and one for the 10 others, and one for missing"
    assert out[39].argmax() == 30 and out[-1].argmax() == 31 and (out.sum(1) == 1).all()
    assert inputs(encoder, ["level 35", "new"]) == [[0] * 30 + [1, 0]] * 2


def test_levels_that_the_training_rows_lack_are_unseen() -> None:
    encoder, out = fitted(["a", "b", "c", "a", "b", "d"], rows=[0, 1, 2, 3, 4])
    assert encoder.levels == ["a", "b", "c"] and out[5].tolist() == [0, 0, 0]


def test_dates_are_years_and_points_on_circles() -> None:
    days = ["2020-01-01", "2020-07-01", "2021-01-01", "2021-12-31", "2020-03-04"]
    encoder, out = fitted(days)
    assert encoder.parts == ["year", "day of year", "weekday"] and out.shape == (5, 5)
    np.testing.assert_allclose(out[:, 1] ** 2 + out[:, 2] ** 2, 1, rtol=1e-6)
    np.testing.assert_allclose(out[0, 1:3], out[2, 1:3], atol=1e-6)  # 1 January of two years
    assert np.abs(out[3, 1:3] - out[0, 1:3]).max() < 0.04  # 31 December is near
    np.testing.assert_allclose(out[0, 3:], out[4, 3:], atol=1e-6)  # two Wednesdays
    unseen = encoder.convert(pandas.Series(["2019-12-31", "2020-05-05", "never"]))[1]
    assert (unseen.count, unseen.what) == (2, "outside the dates of the training")


def test_times_of_day_and_months() -> None:
    encoder, out = fitted(["00:00", "06:00", "12:00", "18:00"])
    assert encoder.parts == ["time of day"]
    np.testing.assert_allclose(out, [[0, 1], [1, 0], [0, -1], [-1, 0]], atol=1e-6)
    encoder, _ = fitted(["2020-01-01", "2020-02-01", "2021-03-01"])
    assert encoder.parts == ["year", "day of year"]  # the weekday of the first of a month is chance


def test_a_new_table_is_read_with_the_order_of_day_and_month_of_the_training() -> None:
    encoder, _ = fitted(["31/12/2020", "01/02/2021", "15/06/2021"])
    assert encoder.day_first
    assert encoder.convert(pandas.Series(["03/04/2021"]))[0].values[0] == np.datetime64("2021-04-03")


VALUES: list[list[object]] = [
    [1.0, 2.0, None, 5.5],
    ["no", "yes", "yes", None],
    ["red", "blue", None, "green", "red"],
    ["2020-01-01 10:00", "2021-05-01 11:30", None, "2021-05-02 12:00"],
    [f"l{i % 40}" for i in range(200)],
]


@pytest.mark.parametrize("values", VALUES, ids=["number", "yes/no", "category", "date", "many"])
def test_an_encoder_survives_json(values: list[object]) -> None:
    encoder, out = fitted(values)
    (again,) = from_json(json.loads(json.dumps(to_json([encoder]))))
    assert again == encoder
    converted, unseen = again.convert(pandas.Series(values))
    assert encode([again], [converted], len(values)).tobytes() == out.tobytes() and unseen.count == 0


def test_a_value_too_far_is_refused() -> None:
    with pytest.raises(DataError, match="column 'x' has a value too far from the others to be standardised"):
        fitted([1.0, 1.0, 1.5, 1e300], rows=[0, 1, 2])
