"""What is kept of an array: two arrays that differ have summaries that differ, and the right ones are near."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mlp.compare.parting import Tolerance, held, worst
from tinygrad_mlp.compare.records import OUTPUT, NotATrace, Trace, Writer, load, read_folder
from tinygrad_mlp.compare.summary import Summaries


def trace(folder: Path, *arrays: np.ndarray) -> Trace:
    """The trace of a program that has made arrays."""
    folder.mkdir()
    writer = Writer(folder)
    for i, array in enumerate(arrays):
        call = writer.add_call("made", "function", "script.py", 1 + i, 0)
        writer.link(call, OUTPUT, 0, writer.add_array(array))
    writer.close({"exit": 0, "printed": []}, {})
    return read_folder(folder)


def beyond(folder: Path, ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two arrays are under suspicion."""
    place = folder / str(len(list(folder.iterdir())))
    place.mkdir()
    found = held(trace(place / "ours", ours), trace(place / "theirs", theirs))
    assert found.links.shape == (1, 6)
    return bool(found.beyond[0])


@pytest.mark.parametrize("shape", [(), (1,), (7,), (40, 30), (3000,), (1000, 500)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_one_wrong_element_shows_and_rounding_does_not(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    rng = np.random.default_rng(0)
    array = np.asarray(rng.normal(size=shape), dtype)
    tolerance = Tolerance.of(dtype)
    scale = float(np.sqrt(np.mean(np.square(array.astype(np.float64)))))
    unit = float(np.finfo(dtype).eps) / 2
    rounded = np.asarray(array * (1 + unit * rng.uniform(-1, 1, shape)), dtype)
    if (dtype, array.size) != ("float16", 500_000):  # its sums are of 2,000 elements: the arrays must be looked at
        assert not beyond(tmp_path, array, rounded)
    for place in {0, array.size // 2, array.size - 1}:
        wrong = array.copy()
        wrong.reshape(-1)[place] += 4 * (tolerance.rtol * scale + tolerance.atol)
        assert beyond(tmp_path, array, wrong)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (np.zeros(3, np.float32), np.zeros(3)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(3), np.zeros((3, 1))),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0])),
        (np.array([1.0, np.inf]), np.array([1.0, -1.0])),
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([True, False]), np.array([True, True])),
        (np.arange(5.0), np.arange(5.0)[::-1]),
    ],
)
def test_other_forms_and_numbers_show(tmp_path: Path, ours: np.ndarray, theirs: np.ndarray) -> None:
    assert beyond(tmp_path, ours, theirs) and beyond(tmp_path, theirs, ours)
    assert not beyond(tmp_path, ours, ours.copy()) and not beyond(tmp_path, theirs, theirs.copy())


def digest(array: np.ndarray) -> int:
    """The digest of an array."""
    summaries = Summaries()
    assert summaries.add(array)
    return int(summaries.take()[2].digests[0])


@given(st.sampled_from([1, 7, 600, 5_000, 40_000]), st.sampled_from(["f4", "f8", "f2", "i8", "u1"]), st.data())
def test_every_bit_counts(size: int, dtype: str, data: st.DataObject) -> None:
    array = (np.random.default_rng(size).normal(size=size) * 50).astype(dtype)
    other = array.copy()
    bits = other.view(np.uint8)
    place = data.draw(st.integers(0, len(bits) - 1))
    bits[place] ^= 1 << data.draw(st.integers(0, 7))
    assert digest(array) == digest(array.copy())
    if not np.isnan(other).any():  # a float16 that is nan is kept as a float32, which need not have the same bits
        assert digest(array) != digest(other)


@given(st.sampled_from([2, 7, 600, 5_000, 40_000]), st.data())
def test_elements_that_change_places_show(size: int, data: st.DataObject) -> None:
    array = np.arange(size, dtype=np.float32)
    i, j = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    other = array.copy()
    other[[i, j]] = other[[j, i]]
    assert digest(array) != digest(other)


def test_the_summaries_of_many_arrays_are_those_of_each_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = [(), (0, 3), (7,), (40, 30), (130, 130), (60, 100, 9)]
    arrays = [np.asarray(rng.normal(size=size) * 9, dtype) for size in sizes for dtype in ("f4", "f8", "f2", "i4", "?")]
    arrays += [
        np.full((30, 30), np.nan, np.float32),
        np.zeros(3),
        np.full(5, 1e30, np.float32),
        rng.normal(size=(9, 9)).T,
    ]
    arrays = [arrays[i] for i in rng.permutation(4 * len(arrays)) % len(arrays)]  # they fill the buffers several times
    together = trace(tmp_path / "together", *arrays)
    for i, array in enumerate(arrays):
        alone, one = trace(tmp_path / str(i), array).summary(0), together.summary(i)
        assert one[:3] == alone[:3] and one.bad == alone.bad and one.shape == array.shape
        assert one.scale == pytest.approx(alone.scale, rel=1e-5)
        np.testing.assert_allclose(one.sums, alone.sums, rtol=1e-3, atol=1e-5 * alone.scale)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.data())
def test_the_worst_element_is_found(values: list[float], data: st.DataObject) -> None:
    theirs = np.array(values)
    place = data.draw(st.integers(0, len(values) - 1))
    ours = theirs.copy()
    ours[place] += 1.0 + abs(ours[place])
    found = worst(ours, theirs, Tolerance.of("float64"))
    assert found is not None and found[0] == (place,)
    assert found[1] == pytest.approx(1.0 + abs(theirs[place]))
    assert worst(theirs, theirs.copy(), Tolerance(0, 0)) is None


def test_of_a_sum_that_cancels_the_scale_counts() -> None:
    ours, theirs = np.array([1e-4, 1e3], np.float32), np.array([1.3e-4, 1e3], np.float32)
    assert worst(ours, theirs, Tolerance.of("float32")) is None
    assert worst(ours[:1], theirs[:1], Tolerance.of("float32")) is not None


def test_a_trace_is_the_same_after_saving(tmp_path: Path) -> None:
    arrays = [np.random.default_rng(0).normal(size=(30, 40)), np.arange(6).reshape(2, 3), np.zeros((0, 3))]
    once = trace(tmp_path / "run", *arrays)
    once.arrays["parameter w"] = arrays[0]
    once.save(tmp_path / "run.npz")
    again = load(tmp_path / "run.npz")
    assert len(again) == len(once) == 3 and again.about == once.about
    assert [again.call(i) for i in range(3)] == [once.call(i) for i in range(3)]
    for i in range(3):
        one, two = once.summary(i), again.summary(i)
        assert one.shape == two.shape == arrays[i].shape and one.digest == two.digest
        assert np.array_equal(one.sums, two.sums)
    assert np.array_equal(again.arrays["parameter w"], arrays[0])
    assert not held(once, again).apart.any()


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "other", "schema", "numbers", "pickle"])
def test_what_is_no_trace_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "run.npz"
    trace(tmp_path / "run", np.zeros(3)).save(path)
    with np.load(path) as file:
        stored = {name: file[name] for name in file.files}
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("a text")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "other":
        np.savez(path, x=np.zeros(3))
    elif damage == "schema":
        stored["head"] = np.frombuffer(bytes(stored["head"]).replace(b'"schema": 1', b'"schema": 7'), np.uint8)
        np.savez(path, **stored)
    elif damage == "numbers":
        stored["links"] = stored["links"] + 5
        np.savez(path, **stored)
    else:
        stored["calls"] = np.array([{"a": 1}], dtype=object)
        np.savez(path, **stored)
    with pytest.raises(NotATrace, match=r"run\.npz: (not a trace|a trace of version 7)"):
        load(path)
