"""The shipped digits are the UCI test set, whole, credited and small."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mlp import datasets
from tinygrad_mlp.datasets import load_digits

FOLDER = Path(datasets.__file__).parent


def test_shapes_dtypes_and_ranges() -> None:
    images, labels = load_digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert labels.shape == (1797,)
    assert labels.dtype == np.int64


def test_the_values_are_those_of_the_source() -> None:
    """The digest was computed from scikit-learn 1.9.1's digits.csv.gz: all pixels as bytes, then all labels."""
    images, labels = load_digits()
    digest = hashlib.sha256(images.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_first_image_is_a_zero() -> None:
    images, labels = load_digits()
    assert labels[:10].tolist() == list(range(10))
    assert images[0].tolist() == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]


def test_a_nearest_neighbour_reads_them() -> None:
    """Labels belong to their images: one nearest neighbour is right far above 97 percent on this set."""
    images, labels = load_digits()
    x = images.reshape(len(images), -1).astype(np.float32)
    squares = (x * x).sum(1)
    distances = squares[:, None] + squares - 2 * (x @ x.T)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(1)] == labels).mean() > 0.98


def test_every_call_returns_its_own_arrays() -> None:
    images, labels = load_digits()
    images[:] = 0
    labels[:] = 0
    fresh_images, fresh_labels = load_digits()
    assert fresh_images.any()
    assert fresh_labels.any()


def test_the_file_is_small_and_needs_no_pickle() -> None:
    assert (FOLDER / "digits.npz").stat().st_size < 100_000
    with np.load(FOLDER / "digits.npz", allow_pickle=False) as arrays:
        assert sorted(arrays.files) == ["images", "labels"]


@pytest.mark.parametrize("words", ["Alpaydin", "Kaynak", "UCI Machine Learning Repository", "CC BY 4.0", "C50P49"])
def test_the_source_is_credited_beside_the_file(words: str) -> None:
    assert words in (files("tinygrad_mlp.datasets") / "digits.txt").read_text(encoding="utf-8")
