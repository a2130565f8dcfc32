"""The user's table is read as it is, in whatever clothes it comes, and what cannot be used is refused in one line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from support.tables import load, refusal, write
from tinygrad_mlp.tables import DataError, Format, read_table
from tinygrad_mlp.tables.reading import read_chunks, read_whole

FLOWERS = "length,width,kind\n5.1,3.5,setosa\n7,3.2,versicolor\n6.3,-3.3e0,virginica\n4.9,3,setosa\n6.4,.5,versicolor\n"


# -- what is read ----------------------------------------------------------------------------------


def test_a_table_with_classes(tmp_path: Path) -> None:
    frame, target = load(write(tmp_path, FLOWERS))
    assert frame.to_numpy().tolist() == [[5.1, 3.5], [7, 3.2], [6.3, -3.3], [4.9, 3], [6.4, 0.5]]
    assert list(frame.columns) == ["length", "width"]
    assert (target.task, target.name) == ("classification", "kind")
    assert target.classes == ("setosa", "versicolor", "virginica")
    assert target.values.dtype == np.int64 and target.values.tolist() == [0, 1, 2, 0, 1]


def test_a_table_with_a_quantity(tmp_path: Path) -> None:
    frame, target = load(write(tmp_path, "price,rooms,size\n1.5,2,30\n2.25,3,45\n-1e3,1,12\n"), "price")
    assert (target.task, target.name, target.classes) == ("regression", "price", ())
    assert target.values.tolist() == [1.5, 2.25, -1000]
    assert frame.to_numpy().tolist() == [[2, 30], [3, 45], [1, 12]]


CLOTHES: dict[str, Callable[[str], str | bytes]] = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "cr": lambda text: text.replace("\n", "\r"),
    "mark": lambda text: "\ufeff" + text,
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 big": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "no end": lambda text: text.rstrip("\n"),
    "blank end": lambda text: text + "\n\n  \n\n",
    "blanks": lambda text: "\n\n" + text.replace("\n", "\n\n"),
    "spaces": lambda text: text.replace(",", " , "),
    ";": lambda text: text.replace(",", ";"),
    "tab": lambda text: text.replace(",", "\t"),
    "|": lambda text: text.replace(",", "|"),
    "space": lambda text: text.replace(",", " "),
    "aligned": lambda text: text.replace(",", "    "),
    "mark ;": lambda text: "\ufeff\n" + text.replace(",", ";"),
    "decimal commas": lambda text: text.replace(",", ";").replace(".", ","),
    "quoted": lambda text: "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in text.splitlines()),
    "single quotes": lambda text: "\n".join("\t".join(f"'{c}'" for c in line.split(",")) for line in text.splitlines()),
    "mixed": lambda text: text.replace("setosa", '"setosa"').replace(",", ", "),
    "comments": lambda text: "# from a meter\n# in 1936\n" + text,
}


@pytest.mark.parametrize("clothes", CLOTHES)
def test_the_same_table_in_other_clothes(tmp_path: Path, clothes: str) -> None:
    plain, target = load(write(tmp_path, FLOWERS, "plain.csv"))
    other, its_target = load(write(tmp_path, CLOTHES[clothes](FLOWERS), "other.CSV"))
    assert list(other.columns) == list(plain.columns)
    np.testing.assert_array_equal(other.to_numpy(np.float64), plain.to_numpy(np.float64))
    assert (its_target.values.tolist(), its_target.classes) == (target.values.tolist(), target.classes)


@pytest.mark.parametrize("ending", ["csv.gz", "csv.zip", "tsv", "txt", "jsonl", "json", "jsonl.gz", "parquet"])
def test_the_same_table_in_other_files(tmp_path: Path, ending: str) -> None:
    plain = read_table(write(tmp_path, FLOWERS, "plain.csv"))
    rows = plain.to_dict(orient="records")
    text = "".join(json.dumps(row) + "\n" for row in rows) if "jsonl" in ending else FLOWERS
    text = json.dumps(rows) if ending == "json" else text
    path = tmp_path / f"other.{ending}"
    if ending == "parquet":
        plain.to_parquet(path)
    elif ending.endswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.csv", text)
    else:
        path.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())
    pandas.testing.assert_frame_equal(read_table(path), plain)


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FLOWERS.encode())))
    assert read_table("-").shape == (5, 3)


def test_latin_1_is_said(tmp_path: Path) -> None:
    frame, source = read_whole(str(write(tmp_path, b"a,y\n1,caf\xe9\n2,b\n")), Format())
    assert frame["y"].tolist() == ["café", "b"]
    assert source.notes == ("not UTF-8 (it holds the byte 0xe9): read as Latin-1, which is a guess",)


def test_r_leaves_out_the_name_of_the_row_names(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path, '"mpg","cyl"\n"Mazda",21,6\n"Datsun",22.8,4\n'))
    assert list(frame.columns) == ["Unnamed: 0", "mpg", "cyl"] and frame["cyl"].tolist() == [6, 4]


def test_missing_values(tmp_path: Path) -> None:
    words = ["", "NA", "n/a", "NaN", "null", "?", "-", "#N/A", "NULL"]
    path = write(tmp_path, "a,b,y\n" + "".join(f"{word},x{word},{i}\n" for i, word in enumerate(words)) + "3,x,9\n")
    frame = read_table(path)
    assert frame["a"].isna().tolist() == [True] * len(words) + [False] and frame["b"].notna().all()
    path = write(tmp_path, "a,y\n-999,1\n2,none\n")
    assert read_table(path, Format(missing=("-999", "none"))).isna().to_numpy().tolist() == [
        [True, False],
        [False, True],
    ]


def test_quoted_fields_hold_separators_quotes_and_newlines(tmp_path: Path) -> None:
    _frame, target = load(write(tmp_path, 'x,"the ""kind"", or\nso"\n1,"a,b"\n2,"c\nd"\n3,"a,b"\n4,é\n'))
    assert target.name == 'the "kind", or\nso'
    assert target.classes == ("a,b", "c\nd", "é")
    assert target.values.tolist() == [0, 1, 0, 2]


# -- the header ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1.5,2,a\n3,4,b\n", ["column 1", "column 2", "column 3"]),
        ("5.1,3,setosa\n4.9,3,setosa\n7,3,b\n", ["column 1", "column 2", "column 3"]),
        ("a,b,c\n1,2,3\n", ["a", "b", "c"]),
        ("150,4,setosa,virginica\n5.1,3.5,1,0\n4.9,3,1,1\n", ["150", "4", "setosa", "virginica"]),
        ("2019,2020,2021\n1.5,2,3\n4,5,6\n", ["2019", "2020", "2021"]),  # years may be names
        ("x,y\nred,a\nblue,b\n", ["x", "y"]),  # all text: nothing tells, so the first row is taken for names
    ],
)
def test_the_header_is_found(tmp_path: Path, text: str, names: list[str]) -> None:
    frame, source = read_whole(str(write(tmp_path, text)), Format())
    assert list(frame.columns) == names
    assert len(frame) == text.count("\n") - (names[0] != "column 1")
    assert any("the first row holds values" in note for note in source.notes) == (names[0] == "column 1")


def test_the_header_and_the_separator_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, "red,a\nblue,b\n")
    assert read_table(path, Format(header=False)).to_numpy().tolist() == [["red", "a"], ["blue", "b"]]
    path = write(tmp_path, "a;b,c;d\n1;2,3;4\n")
    assert list(read_table(path, Format(separator=",")).columns) == ["a;b", "c;d"]


finite = st.floats(allow_nan=False, allow_infinity=False)
numbers = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=finite)
column_names = st.from_regex(r"[a-zäß][a-zA-Z0-9 ,;|'\"_.-]{0,4}[a-zé]", fullmatch=True)


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
    frame, target = load(path, "the target")
    assert frame.to_numpy(np.float64).tobytes() == features.tobytes()
    assert list(frame.columns) == names
    assert target.values.tolist() == [i % 2 for i in range(rows)]


# -- in parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 5, 100])
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "parquet"])
def test_the_parts_of_a_file_are_the_file(tmp_path: Path, ending: str, rows: int) -> None:
    whole = read_table(write(tmp_path, FLOWERS))
    path = tmp_path / f"parts.{ending}"
    text = whole.to_json(orient="records", lines=True) if ending == "jsonl" else FLOWERS
    if ending == "parquet":
        whole.to_parquet(path)
    else:
        path.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())
    parts = list(read_chunks(str(path), Format(), rows))
    assert all(len(frame) <= rows for frame, _, _ in parts)
    together = pandas.concat([frame for frame, _, _ in parts], ignore_index=True)
    pandas.testing.assert_frame_equal(together, whole, check_dtype=False)


def test_columns_of_parts_can_be_read_as_text(tmp_path: Path) -> None:
    path = write(tmp_path, "code,y\n007,1\n008,2\n")
    assert [f["code"].tolist() for f, _, _ in read_chunks(str(path), Format(), 1, {"code": str})] == [["007"], ["008"]]


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n \r\n\n", "the file is empty"),
        ("a,y\n", "no rows of data"),
        ("a,y\n\n\n", "no rows of data"),
        ("y\n1\n2\n", "no features beside the target 'y'"),
        ("a,y\n1,nan\n2,\n", "no rows of data: the target 'y' is missing in all of them"),
        ("a,y\n1,2\n,,\n", "row 3 has 3 values, but the header 2 columns"),
        ("a,b,y\n1,2,3\n1,2\n", "row 3 has 2 values, but the header 3 columns"),
        ("a,b,y\n1,2,3\n\n7\n", "row 4 has 1 value, but the header 3 columns"),
        ("a,b,y\n2,inf,3\n1,2,4\n1,3,4\n", "column 'b' is infinite in row 2"),
        ("a,y\n3,2\n\n1,1e999\n5,6\n", "column 'y' is infinite in row 4"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 have the same name 'a'"),
        ("a, b,b \n1,2,3\n", "columns 2 and 3 have the same name 'b'"),
        ("a,y\n1,3\n2,3\n", "nothing to learn: the target 'y' is '3' in all 2 rows"),
        ("a,y\n1,x\n2,x\n3,x\n", "nothing to learn: the target 'y' is 'x' in all 3 rows"),
        ("a,y\n1,2.5\n", "nothing to learn: the target 'y' is '2.5' in the only row"),
        ('a,y\n1,"x\n2,z\n', "row 2 is not CSV (unexpected end of data)"),
        (b"a\0b,y\n1,2\n", "not a text file (it holds zero bytes)"),
        (
            "a,b,y\n1,q,0\n2,q,1\n3,q,0\n",
            "no features beside the target 'y': 'a (left out: it numbers the rows)', "
            "'b (left out: every value is the same)'",
        ),
    ],
)
def test_refusals(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(write(tmp_path, content)) == message


def test_text_that_cannot_be_classes_is_refused(tmp_path: Path) -> None:
    """A slip in a column of numbers would make every price a class of its own; so would a column of names."""
    start = "the target 'y' is neither numbers nor classes: "
    prices = "".join(f"{i},{i}.5\n" for i in range(8))
    message = start + "9 different values in 9 rows, and row 10 has '3.5x'"
    assert refusal(write(tmp_path, f"x,y\n{prices}9,3.5x\n")) == message
    names = "".join(f"{i},name {i}\n" for i in range(30))
    message = start + "30 different values in 30 rows, and row 2 has 'name 0'"
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
    assert refusal(tmp_path / "data.xlsx").startswith("the data must be a table: .csv, .tsv")
    assert refusal(write(tmp_path, b"\x1f\x8bno", "cut.csv.gz")).startswith("not a whole compressed file (")
    assert refusal(write(tmp_path, "no parquet", "a.parquet")).startswith("the table cannot be read (")
    assert refusal(write(tmp_path, "{", "a.jsonl")).startswith("the table cannot be read (")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "a")
        archive.writestr("b.csv", "b")
    assert refusal(tmp_path / "two.zip") == "the archive must hold one file, not 2"

    def denied(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)  # root may read everything
    assert refusal(tmp_path / "secret.csv") == "Permission denied"


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(DataError, ValueError)
