"""What each column is, found from its values, and what options make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import pytest

from support.tables import columns, refusal, write
from tinygrad_mlp.tables.roles import Overrides, find_roles

LETTERS = list("abcdefghijklmnopqrstuvwxyz")


def role(values: list[object], name: str = "x", **how: object) -> tuple[str, str]:
    """The role of a column of these values, read as pandas reads them, with the reason or a description."""
    text = pandas.DataFrame({name: values})
    (column,) = find_roles(text, [name], Overrides(**how))
    return column.role, column.reason or column.seen


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1.5, 2, -3, 2], ("number", "-3 to 2")),
        ([3, 1, 2, 2], ("number", "1 to 3")),
        (["1.5", " 2", "-3", "2e3"], ("number", "-3 to 2000")),
        (["$1,234.50", "$2", "12%", "4"], ("number", "2 to 1234.5")),
        ([0, 1, 1, 0], ("yes/no", "0 or 1")),
        ([True, False, True], ("yes/no", "False or True")),
        (["no", "yes", None, "no"], ("yes/no", "no or yes")),
        ([2.5, 7, 2.5], ("yes/no", "2.5 or 7")),
        (["red", "blue", "green", "red"], ("category", "3 levels: blue, green, red")),
        (LETTERS * 3, ("category", "26 levels: a, b, c, d, ...")),
        (["1", "2", "x", "y"] * 3, ("category", "4 levels: 1, 2, x, y")),
        (["1 a", " 1 a ", "2 b", "3 c"], ("category", "3 levels: 1 a, 2 b, 3 c")),
        (["2012/01/01", "2012/01/02", "2015/12/31"], ("date", "2012-01-01 to 2015-12-31")),
        (["31.12.2020", "01.02.2021", "15.06.2021"], ("date", "2020-12-31 to 2021-06-15")),
        (["12/31/2020", "02/01/2021", "06/15/2021"], ("date", "2020-12-31 to 2021-06-15")),
        (["Jan 5, 2020", "Feb 6, 2020", "Mar 7, 2021"], ("date", "2020-01-05 to 2021-03-07")),
        (["2020-01-01T10:30:00Z", "2020-01-02T11:00:00Z"], ("date", "2020-01-01 10:30:00 to 2020-01-02 11:00:00")),
        (["9:15", "10:30", "23:59"], ("date", "09:15:00 to 23:59:00")),
        (list(pandas.to_datetime(["2020-01-01", "2021-01-01"])), ("date", "2020-01-01 to 2021-01-01")),
        ([1, 2, 3, 4], ("index", "left out: it numbers the rows")),
        ([0, 1, 2, 3], ("index", "left out: it numbers the rows")),
        ([5, 5, 5], ("constant", "left out: every value is the same")),
        (["a", "a", "a"], ("constant", "left out: every value is the same")),
        ([None, None], ("empty", "left out: every value is missing")),
        (["Mazda RX4", "Datsun 710", "Valiant"], ("identifier", "left out: nearly every value differs")),
        ([f"id{i}" for i in range(95)] + ["id1"] * 5, ("identifier", "left out: nearly every value differs")),
        ([f"a long text about the number {i}" for i in range(40)], ("text", "left out: free text")),
        (["May", "June", "May"], ("yes/no", "June or May")),  # a month's name alone is no date
        (["3-4", "1-2", "3-4", "5-6"], ("category", "3 levels: 1-2, 3-4, 5-6")),  # nor is a range
    ],
)
def test_roles(values: list[object], found: tuple[str, str]) -> None:
    assert role(values) == found


def test_whole_numbers_without_a_name_are_an_index() -> None:
    assert role([7, 3, 12], "Unnamed: 0")[0] == "index"
    assert role([7, 3, 3, 4], "Unnamed: 0")[0] == "number"
    assert role([7, 3, 12])[0] == "number"


def test_options_override_the_role() -> None:
    assert role([3, 1, 2, 2], category=("x",)) == ("category", "3 levels: 1, 2, 3")
    assert role([1.0, 2.0, 2.0, 4.0], category=("x",)) == ("category", "3 levels: 1, 2, 4")
    assert role([1, 2, 3, 4], number=("x",)) == ("number", "1 to 4")
    assert role([0, 1, 1, 0], number=("x",)) == ("number", "0 to 1")
    assert role([1.5, 2], ignore=("x",)) == ("ignored", "ignored, as asked")
    assert role([1.5, 2], only=("y",)) == ("ignored", "not in --only")


def test_few_odd_values_among_numbers_count_as_missing(tmp_path: Path) -> None:
    text = "cylinders,y\n" + "".join(f"{i % 5},{i % 2}\n" for i in range(19)) + "rotary,1\n"
    found = columns(write(tmp_path, text))["cylinders"]
    assert (found.role, found.missing, found.odd, found.example) == ("number", 0, 1, "'rotary' in row 21")
    assert np.isnan(found.values[-1]) and not np.isnan(found.values[:-1]).any()
    found = columns(write(tmp_path, text), category=("cylinders",))["cylinders"]
    assert (found.role, found.odd, found.values.levels[-1]) == ("category", 0, "rotary")


def test_missing_values_are_counted(tmp_path: Path) -> None:
    rows = ["1.5,a,2020-01-01,0", "NA,,2020-01-05,1", ",b,?,0", "2,c,2020-02-01,1", "3,a,-,0"]
    found = columns(write(tmp_path, "n,c,d,y\n" + "\n".join(rows) + "\n"))
    assert {name: (c.role, c.missing) for name, c in found.items()} == {
        "n": ("number", 2), "c": ("category", 1), "d": ("date", 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"number": ("kind",)}, "column 'kind' is not numeric: row 3 has 'red'"),
        ({"ignore": ("knd",)}, "no column 'knd' for --ignore (did you mean 'kind'?); there is 'kind', 'size'"),
        ({"number": ("size",), "category": ("size",)}, "column 'size' stands both in --category and in --number"),
        ({"only": ("colour",)}, "no column 'colour' for --only; there is 'kind', 'size'"),
        (
            {"ignore": ("kind", "size")},
            "no features beside the target 'y': 'kind (ignored, as asked)', 'size (ignored, as asked)'",
        ),
    ],
)
def test_options_that_are_refused(tmp_path: Path, how: dict[str, tuple[str, ...]], message: str) -> None:
    path = write(tmp_path, "kind,size,y\n1,2.5,0\nred,3.5,1\nblue,1.5,0\ngreen,1.5,1\n")
    assert refusal(path, **how) == message
