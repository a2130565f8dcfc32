"""The values of columns as texts again."""

import numpy as np
import pandas
import pytest

from tinygrad_mlp.tables.cells import cells
from tinygrad_mlp.tables.roles import find_roles


@pytest.mark.parametrize(
    ("role", "values", "expected"),
    [
        ("number", [1.5, None, -2.0, 1234567.0, 0.1], ["1.5", "", "-2", "1.23457e+06", "0.1"]),
        ("yes/no", ["yes", "no", None, "yes", "no"], ["yes", "no", "", "yes", "no"]),
        ("category", ["red", "blue", None, "green", "red"], ["red", "blue", "", "green", "red"]),
        ("date", ["2024-05-01", "2024-06-01", None, "2023-01-31", "2024-02-29"],
         ["2024-05-01", "2024-06-01", "", "2023-01-31", "2024-02-29"]),
        ("date", ["2024-05-01 10:30", "2024-06-01 00:00", None, "2023-01-31 23:59", "2024-02-29 12:00"],
         ["2024-05-01 10:30:00", "2024-06-01 00:00:00", "", "2023-01-31 23:59:00", "2024-02-29 12:00:00"]),
        ("date", ["10:30", "00:00", None, "23:59", "12:00"], ["10:30:00", "00:00:00", "", "23:59:00", "12:00:00"]),
    ],
)  # fmt: skip
def test_cells_are_the_values_of_a_column(role, values, expected):
    repeats = 8  # so that the role is clear
    column = pandas.Series(values * repeats, name="x")
    [found] = find_roles(pandas.DataFrame({"x": column}), ["x"])
    assert found.role == role
    rows = np.array([4, 0, 1, 2, 3])
    assert cells(found.values, rows) == [expected[row] for row in rows]
