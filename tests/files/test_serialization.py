"""Arrays come back as they were saved, and no kill, error or crash leaves half a file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from support import ROOT
from tinygrad_mlp.serialization import atomic_write, check_writable, load_file, load_metadata, save_file

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "complex64"),
]


def temporaries(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.tmp"))


arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@settings(deadline=None, max_examples=100)
@given(tensors=st.dictionaries(st.text(max_size=8), arrays, max_size=4))
def test_what_is_saved_comes_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, tensors) -> None:
    tensors.pop("__metadata__", None)  # the format's own key
    path = tmp_path_factory.mktemp("round") / "trip.safetensors"
    save_file(tensors, path)
    loaded = load_file(path)
    assert loaded.keys() == tensors.keys()
    for name, array in tensors.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a.T,
        lambda a: a[:, ::2],
        lambda a: a[::-1],
        lambda a: np.asfortranarray(a),
        lambda a: a.astype(">f8"),
        lambda a: np.broadcast_to(a[:1], (5, 4)),
        lambda a: a.sum(),
    ],
    ids=["transposed", "strided", "reversed", "fortran", "big-endian", "broadcast", "numpy scalar"],
)
def test_memory_order_does_not_matter(tmp_path: Path, view) -> None:
    array = np.asarray(view(np.arange(12.0).reshape(3, 4)))
    save_file({"a": array}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(load_file(tmp_path / "a.safetensors")["a"], array)


def test_loaded_arrays_are_writable_and_independent_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": np.ones(3)}, path)
    loaded = load_file(path)["a"]
    loaded += 1
    path.write_bytes(b"")
    assert loaded.tolist() == [2, 2, 2]
    assert loaded.dtype.isnative


def test_the_library_reads_ours_and_we_read_the_library(tmp_path: Path) -> None:
    tensors = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(7)}
    save_file(tensors, tmp_path / "ours", metadata={"made": "here"})
    theirs = safetensors.numpy.load_file(tmp_path / "ours")
    safetensors.numpy.save_file(tensors, tmp_path / "theirs", metadata={"made": "there"})
    ours = load_file(tmp_path / "theirs")
    for name, array in tensors.items():
        np.testing.assert_array_equal(theirs[name], array)
        np.testing.assert_array_equal(ours[name], array)
    assert load_metadata(tmp_path / "theirs") == {"made": "there"}


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np; from tinygrad_mlp.serialization import save_file\n"
        "facts = {f'key {i} \u017c\\n\"': f'{i} \u00e9' for i in range(9)}\n"
        "save_file({'a': np.arange(5.0), 'b': np.zeros((2, 0))}, sys.argv[1], facts)"
    )
    for name in ("one", "two"):  # the library's order changes from process to process
        subprocess.run([sys.executable, "-c", script, str(tmp_path / name)], cwd=ROOT, check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert load_metadata(tmp_path / "one") == {f'key {i} \u017c\n"': f"{i} \u00e9" for i in range(9)}
    assert safetensors.numpy.load_file(tmp_path / "one")["a"].tolist() == [0, 1, 2, 3, 4]
    assert safetensors.numpy.load_file(tmp_path / "one")["b"].shape == (2, 0)


def test_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": np.ones(1)}, path, metadata={"seed": "0", "näme": 'ünï "quoted"'})
    assert load_metadata(path) == {"seed": "0", "näme": 'ünï "quoted"'}
    save_file({"a": np.ones(1)}, path)
    assert load_metadata(path) == {}


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        ({"a": [1.0]}, None, "'a' must be a NumPy array, not list"),
        ({1: np.ones(1)}, None, "name of a tensor must be a str, not int"),
        ({"a": np.array(["x"])}, None, r"no dtype <U1 \(tensor 'a'\)"),
        ({"a": np.array([None])}, None, r"no dtype object \(tensor 'a'\)"),
        ({"a": np.ones(1, complex)}, None, r"no dtype complex128 \(tensor 'a'\)"),
        ({"a": np.ones(1)}, {"epoch": 3}, "metadata must be text, not 'epoch': 3"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_file(tmp_path: Path, tensors, metadata, message) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"old": np.ones(2)}, path)
    with pytest.raises(TypeError, match=message):
        save_file(tensors, path, metadata)
    assert load_file(path)["old"].tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["a.safetensors"]


@pytest.mark.parametrize("load", [load_file, load_metadata])
@pytest.mark.parametrize(
    "damage",
    [lambda b: b"", lambda b: b[:5], lambda b: b[:-1], lambda b: b"text, no tensors at all"],
    ids=["empty", "head", "cut", "other"],
)
def test_a_torn_file_is_refused_in_one_line(tmp_path: Path, damage, load) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": np.ones(3)}, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="not a whole safetensors file") as raised:
        load(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_dtype_that_numpy_lacks_is_named(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(ValueError, match="NumPy has no dtype BF16"):
        load_file(tmp_path / "a")


@pytest.mark.parametrize("load", [load_file, load_metadata])
def test_missing_files_and_folders(tmp_path: Path, load) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


def test_saving_where_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save_file({"a": np.ones(1)}, tmp_path / "no folder" / "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        save_file({"a": np.ones(1)}, tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        save_file({"a": np.ones(1)}, tmp_path / "pipe")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
    assert temporaries(tmp_path) == []


def test_a_path_can_be_checked_before_there_is_something_to_save(tmp_path: Path) -> None:
    old = tmp_path / "old.safetensors"
    old.write_text("old")
    check_writable(old)
    check_writable(tmp_path / "new.safetensors")
    assert old.read_text() == "old" and list(tmp_path.iterdir()) == [old]
    with pytest.raises(FileNotFoundError):
        check_writable(tmp_path / "nowhere" / "a.safetensors")
    with pytest.raises(IsADirectoryError):
        check_writable(tmp_path)
    with pytest.raises(OSError, match="not a plain file"):
        check_writable("/dev/null")
    assert list(tmp_path.iterdir()) == [old]


def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rename would only ask the folder; `open(path, "wb")` asks the file (root always may: hence the patch)."""
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError):
        atomic_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_without_the_library_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for call in (lambda: save_file({}, tmp_path / "a"), lambda: load_file(tmp_path), lambda: load_metadata(tmp_path)):
        with pytest.raises(ImportError, match=r'pip install "tinygrad_mlp\[cli\]"') as raised:
            call()
        assert "\n" not in str(raised.value)


def test_the_library_is_imported_only_when_used() -> None:
    code = "import sys, tinygrad_mlp.serialization; print('safetensors' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- the write is atomic ---------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_permissions_are_those_of_open(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        open(tmp_path / "opened", "wb").close()
        atomic_write(tmp_path / "written", b"x")
    finally:
        os.umask(before)
    assert os.stat(tmp_path / "written").st_mode == os.stat(tmp_path / "opened").st_mode


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_an_existing_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "a")
    for content in (b"first", b"second"):
        atomic_write(tmp_path / "link", content)
        assert (tmp_path / "real" / "a").read_bytes() == content
    assert (tmp_path / "link").is_symlink()


def test_relative_and_long_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "n" * 255):
        atomic_write(name, b"x")
        assert (tmp_path / name).read_bytes() == b"x"


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk", "ctrl-c"])
def test_an_error_removes_the_temporary_and_keeps_the_old(tmp_path: Path, monkeypatch, failing, error) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(*args: object, **kwargs: object) -> None:
        assert len(temporaries(tmp_path)) == 1
        raise error

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(type(error)):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_disk_has_the_bytes_before_the_name_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut cannot be tested here; the order that survives one can: sync the file, rename, sync the folder."""
    events: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        events.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        if events[-1] == "sync file":
            assert os.fstat(descriptor).st_size == 5, "synced before all bytes were handed over"
        real_fsync(descriptor)

    def replace(source: str, target: str) -> None:
        events.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    atomic_write(tmp_path / "a", b"bytes")
    assert events == ["sync file", "rename", "sync folder"]


KILLER = """
import os, random, signal, sys, time
import numpy as np
from tinygrad_mlp.serialization import load_file, save_file

path, kills = sys.argv[1], int(sys.argv[2])
random.seed(0)

def write_for_ever(start):
    number = start
    while True:
        number += 1
        save_file({"a": np.full((200, 300), number), "b": np.full(60_000, number)}, path, {"number": str(number)})

save_file({"a": np.full((200, 300), 0), "b": np.full(60_000, 0)}, path)
number = moved = done = 0
longest = 0.02  # seconds from the start of a child to its end: longer where that is too little for a single save
while done < kills or not moved or len(os.listdir(os.path.dirname(path))) == 1:
    done += 1
    longest *= 1.0 if moved else 1.02
    child = os.fork()
    if not child:
        write_for_ever(number)
    time.sleep(random.uniform(0.0, longest))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    loaded = load_file(path)
    assert loaded["a"].shape == (200, 300) and loaded["b"].shape == (60_000,)
    values = np.unique(np.concatenate([array.ravel() for array in loaded.values()]))
    assert len(values) == 1, f"a mixture of {values}"
    assert values[0] >= number, "an older file came back"
    moved += values[0] > number
    number = int(values[0])
print(moved, number)
"""


def test_killed_at_any_moment_the_old_file_or_the_new_one_is_there_whole(tmp_path: Path) -> None:
    """Children that write a megabyte without pause are killed at random moments, at least 150 times."""
    path = tmp_path / "a.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(path), "150"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    moved, _ = map(int, done.stdout.split())
    # The kills hit what they are meant to: saves that were done, and saves that were under way.
    assert moved > 0
    assert temporaries(tmp_path) != []
    assert {p.name for p in tmp_path.iterdir()} - {p.name for p in temporaries(tmp_path)} == {"a.safetensors"}
