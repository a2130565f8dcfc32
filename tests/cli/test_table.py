"""The user's CSV data is read as it is, and what cannot be used is refused in one line that says where."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from support.tables import refusal, write
from tinygrad_mlp.cli.table import DataError, Table, load_table

FLOWERS = "length,width,kind\n5.1,3.5,setosa\n7,3.2,versicolor\n6.3,-3.3e0,virginica\n4.9,3,setosa\n6.4,.5,versicolor\n"


def column(tmp_path: Path, values: list[object]) -> Table:
    """A table with these values as its target."""
    return load_table(write(tmp_path, "x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))))


# -- what is read ----------------------------------------------------------------------------------


def test_a_table_with_classes(tmp_path: Path) -> None:
    table = load_table(write(tmp_path, FLOWERS))
    assert table.features.dtype == np.float64
    assert table.features.tolist() == [[5.1, 3.5], [7, 3.2], [6.3, -3.3], [4.9, 3], [6.4, 0.5]]
    assert table.feature_names == ("length", "width")
    assert table.task == "classification"
    assert table.target_name == "kind"
    assert table.class_names == ("setosa", "versicolor", "virginica")
    assert table.target.dtype == np.int64
    assert table.target.tolist() == [0, 1, 2, 0, 1]


def test_a_table_with_a_quantity(tmp_path: Path) -> None:
    table = load_table(write(tmp_path, "price,rooms,size\n1.5,2,30\n2.25,3,45\n-1e3,1,12\n"), "price")
    assert table.task == "regression"
    assert table.target_name == "price"
    assert table.target.dtype == np.float64
    assert table.target.tolist() == [1.5, 2.25, -1000]
    assert table.class_names == ()
    assert table.feature_names == ("rooms", "size")
    assert table.features.tolist() == [[2, 30], [3, 45], [1, 12]]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n  \n\n",
        lambda text: "\n\n" + text.replace("\n", "\n\n"),
        lambda text: text.replace(",", " , "),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: "\ufeff\n" + text.replace(",", ";"),
        lambda text: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()),
        lambda text: text.replace("setosa", '"setosa"').replace(",", ", "),
    ],
    ids=["crlf", "cr", "mark", "no end", "blank end", "blanks", "spaces", ";", "tab", "mark ;", "quoted", "mixed"],
)
def test_the_same_table_in_other_clothes(tmp_path: Path, change: Callable[[str], str]) -> None:
    plain = load_table(write(tmp_path, FLOWERS, "plain.csv"))
    other = load_table(write(tmp_path, change(FLOWERS), "other.CSV"))
    np.testing.assert_array_equal(other.features, plain.features)
    np.testing.assert_array_equal(other.target, plain.target)
    assert (other.feature_names, other.class_names) == (plain.feature_names, plain.class_names)


def test_quoted_fields_hold_separators_quotes_and_newlines(tmp_path: Path) -> None:
    table = load_table(write(tmp_path, 'x,"the ""kind"", or\nso"\n1,"a,b"\n2,"c\nd"\n3,"a,b"\n4,é\n'))
    assert table.target_name == 'the "kind", or\nso'
    assert table.class_names == ("a,b", "c\nd", "é")
    assert table.target.tolist() == [0, 1, 0, 2]


finite = st.floats(allow_nan=False, allow_infinity=False)
numbers = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=finite)
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")
column_names = st.text(characters, min_size=1, max_size=6).map(str.strip).filter(bool)


@settings(deadline=None, max_examples=60)
@given(features=numbers, data=st.data())
def test_every_number_is_read_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, features, data) -> None:
    rows, columns = features.shape
    names = data.draw(st.lists(column_names, min_size=columns, max_size=columns, unique=True))
    at = data.draw(st.integers(0, columns))
    labels = [f"class {i % 2}" for i in range(rows)]
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([*names[:at], "the target", *names[at:]])
    writer.writerows([*row[:at], label, *row[at:]] for row, label in zip(features.tolist(), labels, strict=True))
    path = write(tmp_path_factory.mktemp("table"), stream.getvalue())
    table = load_table(path, "the target")
    assert table.features.tobytes() == features.tobytes()
    assert table.feature_names == tuple(names)
    assert table.target.tolist() == [i % 2 for i in range(rows)]


# -- classes or a quantity -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "class_names"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["True", "False", "True"], ("False", "True")),
        ([0, 1, 1], ("0", "1")),
        (["1.0", "-1.0", "1.0"], ("-1", "1")),
        ([1000000, 7, 7], ("7", "1000000")),
        ([10, 9, 2] * 3, ("2", "9", "10")),
        (list(range(20)) * 3, tuple(map(str, range(20)))),
        (list(range(100)) * 3, tuple(map(str, range(100)))),
        (list(range(1, 101)) * 3, tuple(map(str, range(1, 101)))),
        (["1", "2", "x"] * 3, ("1", "2", "x")),
        (["NA", "EU", "none", "?"] * 2, ("?", "EU", "NA", "none")),
        (["a", "b", "c"], ("a", "b", "c")),
    ],
)
def test_targets_that_are_classes(tmp_path: Path, values: list[object], class_names: tuple[str, ...]) -> None:
    table = column(tmp_path, values)
    assert table.task == "classification"
    assert table.class_names == class_names
    read = [class_names[code] for code in table.target]
    assert read == [str(int(float(v))) if str(v).endswith(".0") else str(v) for v in values]


@pytest.mark.parametrize(
    "values",
    [
        [0.5, 1.5, 0.5],
        [0, 1, 0.25] * 10,
        list(range(10)),
        [0, 1, 2, 0, 1, 2, 0, 1],  # fewer than three rows a value
        [10 * i for i in range(21)] * 3,  # more than twenty, and with gaps
        list(range(2, 23)) * 3,  # more than twenty, and not counted from 0 or 1
        [1e300, 2, 3],
    ],
)
def test_targets_that_are_a_quantity(tmp_path: Path, values: list[object]) -> None:
    table = column(tmp_path, values)
    assert table.task == "regression"
    assert table.target.tolist() == values


def test_the_task_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, "x,y\n1,0\n2,1\n3,0\n")
    assert load_table(path, None, "regression").target.tolist() == [0.0, 1.0, 0.0]
    path = write(tmp_path, "x,y\n1,0.5\n2,-1\n3,0.5\n")
    assert load_table(path, None, "classification").class_names == ("-1", "0.5")
    path = write(tmp_path, "x,y\n1,2\n2,low\n3,2\n")
    assert refusal(path, None, "regression") == "the target 'y' is not numeric: column 'y', row 3 has 'low'"
    np.savez(tmp_path / "a.npz", X=np.arange(12.0).reshape(6, 2), y=np.array(["1", "2"] * 3))
    assert refusal(tmp_path / "a.npz", None, "regression") == "the target 'y' is not numeric: y[0] has '1'"


# -- CSV that is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n \r\n\n", "the file is empty"),
        ("a,y\n", "no rows of data"),
        ("a,y\n\n\n", "no rows of data"),
        ("y\n1\n2\n", "no features beside the target 'y'"),
        ("y\n", "no features beside the target 'y'"),
        ("a,b,y\n1,2,3\n1,two,3\n", "column 'b' is not numeric: row 3 has 'two'"),
        ("a,b,y\n\n1,2,3\n\n1,x,3\n", "column 'b' is not numeric: row 5 has 'x'"),
        ("a,y\n1_000,3\n", "column 'a' is not numeric: row 2 has '1_000'"),
        ("a,y\nTrue,3\n", "column 'a' is not numeric: row 2 has 'True'"),
        ("a;y\n1,5;3\n", "column 'a' is not numeric: row 2 has '1,5'"),
        ('a,y\n"x\ny",3\n', "column 'a' is not numeric: row 2 has 'x\\ny'"),
        (f"a,y\n{'x' * 50},3\n", f"column 'a' is not numeric: row 2 has '{'x' * 40}'..."),
        ("a,y\n1,nan\n", "1 value is empty or nan: column 'y', row 2"),
        ("a,b,y\n1,2,0\n1,,1\n,NaN,0\n3,NA,1\n", "4 values are empty or nan: the first is column 'b', row 3"),
        ("a,b,y\n1,2,0\n1,2,\n1,,0\n", "2 values are empty or nan: the first is column 'y', row 3"),
        ("a,y\n1,x\n2,\n3,z\n", "1 value is empty or nan: column 'y', row 3"),
        ("a,y\n1,x\n2,nan\n3,z\n", "1 value is empty or nan: column 'y', row 3"),
        ("a,y\n1,\n2,\n", "2 values are empty or nan: the first is column 'y', row 2"),
        ("a,y\n1,?\n2,3\n4,5\n", "1 value is empty or nan: column 'y', row 2"),
        ("a,y\n1,2\n,,\n", "row 3 has 3 values, but the header 2 columns"),
        ("a,b,y\n1,2,3\n1,2\n", "row 3 has 2 values, but the header 3 columns"),
        ("a,b,y\n1,2,3\n7\n", "row 3 has 1 value, but the header 3 columns"),
        ("a,b,y\n1,inf,3\n1,2,-Infinity\n", "2 values are infinite: the first is column 'b', row 2"),
        ("a,y\n1,2\n1,1e999\n", "1 value is infinite: column 'y', row 3"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 have the same name 'a'"),
        ("a, b,b \n1,2,3\n", "columns 2 and 3 have the same name 'b'"),
        ("0,7,0\n1,2,3\n", "columns 1 and 3 have the same name '0': is the header missing?"),
        ("a,,y\n1,2,3\n", "row 1 must name the columns, but column 2 has no name"),
        ("a,y,\n1,2,\n", "row 1 must name the columns, but column 3 has no name"),
        ("5.1,3,setosa\n4.9,3,setosa\n7,3,b\n", "row 1 must name the columns, but its 'setosa' is a target value"),
        ("a,y\n1,3\n2,3\n", "nothing to learn: the target 'y' is '3' in all 2 rows"),
        ("a,y\n1,x\n2,x\n3,x\n", "nothing to learn: the target 'y' is 'x' in all 3 rows"),
        ("a,y\n1,2.5\n", "nothing to learn: the target 'y' is '2.5' in the only row"),
        ('a,y\n1,"x\n2,z\n', "row 2 is not CSV (unexpected end of data)"),
        ('a,y\n1,2\n"1"x,2\n', "row 3 is not CSV (',' expected after '\"')"),
        (b"a,y\n1,caf\xe9\n", "not UTF-8 text (it holds the byte 0xe9)"),
        (b"\xffa,y\n", "not UTF-8 text (it holds the byte 0xff)"),
    ],
)
def test_csv_refusals(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(write(tmp_path, content)) == message


def test_binary_content_is_no_csv(tmp_path: Path) -> None:
    # Before Python 3.11 it is the csv module that refuses the zero byte.
    assert refusal(write(tmp_path, b"a\0b,y\n1,2\n")) in (
        "not a text file (it holds zero bytes)",
        "row 1 is not CSV (line contains NUL)",
    )
    assert refusal(write(tmp_path, b"\x89PNG\r\n\x1a\n\0\0")) == "not UTF-8 text (it holds the byte 0x89)"


def test_a_field_without_end_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, f"a,y\n{'1' * 200_000},2\n")
    assert refusal(path) == "row 2 is not CSV (field larger than field limit (131072))"


def test_text_that_cannot_be_classes_is_refused(tmp_path: Path) -> None:
    """A slip in a column of numbers would make every price a class of its own; so would a column of names."""
    start = "the target 'y' is neither numbers nor classes: "
    prices = "".join(f"{i},{i}.5\n" for i in range(8))
    message = start + "9 different values in 9 rows, and column 'y', row 10 has '3.5x'"
    assert refusal(write(tmp_path, f"x,y\n{prices}9,3.5x\n")) == message
    names = "".join(f"{i},name {i}\n" for i in range(30))
    message = start + "30 different values in 30 rows, and column 'y', row 2 has 'name 0'"
    assert refusal(write(tmp_path, f"x,y\n{names}")) == message


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("kinds", "no column 'kinds' for the target (did you mean 'kind'?); there is 'length', 'width', 'kind'"),
        ("KIND", "no column 'KIND' for the target (did you mean 'kind'?); there is 'length', 'width', 'kind'"),
        ("zzz", "no column 'zzz' for the target; there is 'length', 'width', 'kind'"),
        ("", "no column '' for the target; there is 'length', 'width', 'kind'"),
    ],
)
def test_a_target_that_is_not_there(tmp_path: Path, target: str, message: str) -> None:
    assert refusal(write(tmp_path, FLOWERS), target) == message


def test_a_long_list_of_columns_is_cut(tmp_path: Path) -> None:
    header = ",".join(f"c{i}" for i in range(100))
    assert refusal(write(tmp_path, header + "\n"), "zzz").endswith("'c18', 'c19' and 80 more")


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(tmp_path / "none.csv") == "no such file"
    assert refusal(tmp_path / "none.npz") == "no such file"
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv") == "Is a directory"
    assert refusal(tmp_path / "data.xlsx") == "the data must be a .csv or an .npz file"
    assert refusal(tmp_path / "csv") == "the data must be a .csv or an .npz file"

    def denied(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)  # root may read everything
    assert refusal(tmp_path / "secret.csv") == "Permission denied"


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(DataError, ValueError)
