"""The user's arrays are read as they are, and an NPZ file that cannot be used is refused in one line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from support.tables import load, refusal, write
from tinygrad_mlp.tables import DataError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2]) / 2
IMAGES = np.ones((6, 8, 8))
GAPS = np.array(["a", "nan", "", "b", "a", "b"])


def npz(tmp_path: Path, **arrays: object) -> Path:
    np.savez(tmp_path / "data.npz", **arrays)
    return tmp_path / "data.npz"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("key", ["X", "x"])
def test_npz(tmp_path: Path, key: str, compressed: bool) -> None:
    (np.savez_compressed if compressed else np.savez)(tmp_path / "a.npz", **{key: X.astype(np.float32), "y": Y})
    arrays, target = load(tmp_path / "a.npz")
    assert arrays.features.dtype == np.float64
    assert arrays.features.tolist() == X.tolist()
    assert arrays.feature_names == (f"{key}[:, 0]", f"{key}[:, 1]")
    assert (target.task, target.name, target.values.tolist()) == ("regression", "y", Y.tolist())


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int64", "uint64", "float16", "float32", "float64", ">f4"])
def test_npz_features_of_every_real_dtype(tmp_path: Path, dtype: str) -> None:
    arrays, _ = load(npz(tmp_path, X=(X % 2).astype(dtype), y=Y))
    assert arrays.features.dtype == np.dtype("float64")
    assert arrays.features.tolist() == (X % 2).tolist()


@pytest.mark.parametrize(
    ("target", "class_names"),
    [
        (np.array(["b", "a"] * 3), ("a", "b")),
        (np.array([b"b", b"a"] * 3), ("a", "b")),
        (np.array([True, False] * 3), ("False", "True")),
        (np.array([5, 3] * 3, np.uint8), ("3", "5")),
        (np.array([[5.0], [3.0]] * 3, np.float32), ("3", "5")),
    ],
)
def test_npz_classes(tmp_path: Path, target: object, class_names: tuple[str, ...]) -> None:
    found = load(npz(tmp_path, X=X, y=target))[1]
    assert found.task == "classification"
    assert found.classes == class_names
    assert found.values.tolist() == [1, 0] * 3
    assert found.values.dtype == np.int64


def test_npz_arrays_are_found_by_name(tmp_path: Path) -> None:
    assert load(npz(tmp_path, X=X, y=Y, labels=-Y), "labels")[1].values.tolist() == (-Y).tolist()
    assert load(npz(tmp_path, X=X, y=Y, ids=Y))[1].name == "y"
    assert load(npz(tmp_path, pixels=X, labels=Y), "labels")[0].feature_names == ("pixels[:, 0]", "pixels[:, 1]")
    assert load(npz(tmp_path, pixels=X, y=Y))[1].name == "y"
    assert load(npz(tmp_path, x=Y, X=X), "x")[0].feature_names[0] == "X[:, 0]"
    unrelated = np.array([None, {}], dtype=object)
    assert load(npz(tmp_path, X=X, y=Y, notes=unrelated))[1].name == "y"


def test_npz_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    for target in (np.where(Y == 1, np.nan, Y), GAPS):
        found = load(npz(tmp_path, X=X, y=target))[1]
        assert found.left_out == 2 and len(found.values) == len(found.rows) == 4


@pytest.mark.parametrize(
    ("arrays", "target", "message"),
    [
        ({}, None, "the file holds no arrays"),
        ({"X": X}, None, "no array 'y' for the target; there is 'X'"),
        ({"X": X, "Y": Y}, None, "no array 'y' for the target (did you mean 'Y'?); there is 'X', 'Y'"),
        ({"X": X, "y": Y}, "label", "no array 'label' for the target; there is 'X', 'y'"),
        ({"y": Y}, None, "no features beside the target 'y'"),
        ({"X": X, "x": X, "y": Y}, None, "which array is the features? 'X', 'x' both could be: name it 'X'"),
        ({"a": X, "b": X, "y": Y}, None, "which array is the features? 'a', 'b' each could be: name it 'X'"),
        ({"X": Y, "y": Y}, None, "array 'X' must have 2 dimensions (rows, features), not shape (6,)"),
        ({"X": IMAGES, "y": Y}, None, "array 'X' must have 2 dimensions (rows, features), not shape (6, 8, 8)"),
        ({"X": np.float64(3), "y": Y}, None, "array 'X' must have 2 dimensions (rows, features), not shape ()"),
        ({"X": X, "y": X}, None, "the target array 'y' must have one value a row, not shape (6, 2)"),
        ({"X": X, "y": 3}, None, "the target array 'y' must have one value a row, not shape ()"),
        ({"X": X, "y": Y[:5]}, None, "'X' has 6 rows, the target 'y' 5"),
        ({"X": X[:1], "y": Y}, None, "'X' has 1 row, the target 'y' 6"),
        ({"X": X[:0], "y": Y[:0]}, None, "no rows of data"),
        ({"X": X[:, :0], "y": Y}, None, "no features beside the target 'y'"),
        ({"X": X.astype(str), "y": Y}, None, "array 'X' is not numeric (dtype <U32)"),
        ({"X": X.astype(complex), "y": Y}, None, "array 'X' is not numeric (dtype complex128)"),
        ({"X": X, "y": Y.astype(complex)}, None, "the target array 'y' is neither numbers nor text (dtype complex128)"),
        ({"X": X.astype(object), "y": Y}, None, "array 'X' holds Python objects, which can be read by pickle only"),
        ({"X": X, "y": Y.astype(object)}, None, "array 'y' holds Python objects, which can be read by pickle only"),
        ({"X": np.where(X == 5, np.nan, X), "y": Y}, None, "1 value is nan: X[2, 1]"),
        ({"X": np.where(X > 5, np.nan, X), "y": Y}, None, "6 values are nan: the first is X[3, 0]"),
        ({"X": np.where(X == 5, np.inf, X), "y": Y}, None, "1 value is infinite: X[2, 1]"),
        ({"X": X, "y": np.ones(6)}, None, "nothing to learn: the target 'y' is '1' in all 6 rows"),
    ],
)
def test_npz_refusals(tmp_path: Path, arrays: dict[str, object], target: str | None, message: str) -> None:
    assert refusal(npz(tmp_path, **arrays), target) == message


def test_npz_files_that_are_none(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "a,y\n1,2\n", "a.npz")) == "not an .npz file"
    assert refusal(write(tmp_path, "", "a.npz")) == "not an .npz file"
    assert refusal(write(tmp_path, b"PK\3\4 and no more", "a.npz")).startswith("not a whole .npz file (")
    np.save(tmp_path / "one.npy", X)
    assert refusal(write(tmp_path, (tmp_path / "one.npy").read_bytes(), "a.npz")) == "not an .npz file"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("X", "text")
        archive.writestr("y", "text")
    assert refusal(tmp_path / "a.npz") == "'X' is not an array"


def test_a_damaged_npz_is_refused_or_read_never_a_crash(tmp_path: Path) -> None:
    content = bytearray((np.savez_compressed(tmp_path / "a.npz", X=X, y=Y), (tmp_path / "a.npz").read_bytes())[1])
    refused = 0
    for position in range(len(content)):
        damaged = content.copy()
        damaged[position] ^= 0xFF
        path = write(tmp_path, bytes(damaged), "damaged.npz")
        try:
            arrays, target = load(path)
        except DataError as error:
            refused += 1
            assert "\n" not in str(error)
        else:  # a byte of the archive that bears no meaning, such as a date
            np.testing.assert_array_equal(arrays.features, X)
            np.testing.assert_array_equal(target.values, Y)
        assert refusal(write(tmp_path, bytes(content[:position]), "cut.npz")).startswith("not a")
    assert refused > len(content) / 2
