"""Where files are written, how, and what a killed process leaves of them."""

from __future__ import annotations

import io
import os
import pickle
import stat
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support import ROOT
from support.checkpoints import loaded, saved
from tinygrad_mlp.serialization import saving

KILLER = """
import os, random, signal, sys, time
import tinygrad_mlp

path, moments, number, moved = sys.argv[1], random.Random(0), 0, 0

def save(number):
    tensors = [tinygrad_mlp.full((250_000,), float(number)) for _ in range(4)]
    tinygrad_mlp.save({"number": number, "tensors": tensors}, path)

save(0)
tinygrad_mlp.load(path)
longest = 0.05  # seconds until a child is killed: longer where that is too little for a single save
for kill in range(25):
    child = os.fork()
    if not child:
        while True:
            number += 1
            save(number)
    time.sleep(moments.uniform(0, longest))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = tinygrad_mlp.load(path)
    values = {value for tensor in found["tensors"] for value in (tensor.min().item(), tensor.max().item())}
    assert values == {float(found["number"])}, f"a mixture of {values}"
    assert found["number"] >= number, "an older file came back"
    longest *= 1.0 if found["number"] > number else 1.2
    moved += found["number"] > number
    number = found["number"]
print(moved)
"""


def test_a_process_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Each of 25 processes overwrites a file of 4 MB until it is killed, at a moment that the seed chooses."""
    path = tmp_path / "a.pt"
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert 0 < int(done.stdout) <= 25
    assert {each.name for each in tmp_path.iterdir() if each.suffix != ".tmp"} == {"a.pt"}
    assert any(each.suffix == ".tmp" for each in tmp_path.iterdir()), "no kill came while a file was written"
    assert len(torch.load(path)["tensors"]) == 4


def test_an_error_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pt"
    tinygrad_mlp.save([1], path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        tinygrad_mlp.save([lambda: 1], path)
    monkeypatch.setattr(saving.ArchiveWriter, "close", lambda self: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(OSError, match="disk full"):
        tinygrad_mlp.save([tinygrad_mlp.ones(5)], path)
    monkeypatch.undo()
    assert tinygrad_mlp.load(path) == [1] and os.listdir(tmp_path) == ["a.pt"]


def test_a_mapped_file_can_be_saved_over(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    tinygrad_mlp.save(tinygrad_mlp.arange(1000.0), path)
    mapped = tinygrad_mlp.load(path, mmap=True)
    tinygrad_mlp.save(mapped * 2, path)
    assert mapped[-1] == 999 and tinygrad_mlp.load(path)[-1] == 1998


def test_a_file_keeps_its_permissions_and_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "a.pt").symlink_to(tmp_path / "real" / "b.pt")
    for content in (1, 2):
        tinygrad_mlp.save(content, str(tmp_path / "a.pt"))
        (tmp_path / "real" / "b.pt").chmod(0o640)
    assert (tmp_path / "a.pt").is_symlink() and tinygrad_mlp.load(tmp_path / "real" / "b.pt") == 2
    assert stat.S_IMODE((tmp_path / "a.pt").stat().st_mode) == 0o640


def test_a_device_and_a_pipe_are_written_to(tmp_path: Path) -> None:
    tinygrad_mlp.save([1], "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    os.mkfifo(tmp_path / "pipe")
    code = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "pipe")], stdout=subprocess.PIPE) as reader:
        tinygrad_mlp.save([tinygrad_mlp.ones(3)], tmp_path / "pipe")
        content, _ = reader.communicate(timeout=30)
    assert loaded(torch, content)[0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("path", ["no folder/a.pt", ".", "a.pt/b.pt"])
def test_a_path_that_cannot_be_written_to(tmp_path: Path, path: str) -> None:
    (tmp_path / "a.pt").write_bytes(b"")
    with pytest.raises(OSError, match=r"No such file|Is a directory|Not a directory"):
        tinygrad_mlp.save([1], tmp_path / path)


class Unseekable:
    """A file that only writes, a little at a time."""

    def __init__(self, most: int | None) -> None:
        self.content, self.most = b"", most

    def write(self, data: Any) -> int | None:
        part = bytes(data[: self.most]) if self.most else bytes(data)
        self.content += part
        return len(part) if self.most else None


@pytest.mark.parametrize("most", [None, 7])
def test_a_file_that_can_only_write(most: int | None) -> None:
    stream = Unseekable(most)
    tinygrad_mlp.save({"a": tinygrad_mlp.arange(40)}, stream)
    assert loaded(torch, stream.content)["a"].tolist() == list(range(40))
    assert stream.content == saved(tinygrad_mlp, {"a": tinygrad_mlp.arange(40)})


def test_a_file_that_takes_no_more_is_an_error() -> None:
    stream = types.SimpleNamespace(write=lambda data: 0)
    with pytest.raises(OSError, match="takes no more bytes"):
        tinygrad_mlp.save([1], stream)


@pytest.mark.parametrize("f", [3, None, [], 1.5], ids=str)
def test_what_is_no_file_is_refused_as_by_torch(f: Any) -> None:
    texts = []
    for framework in (torch, tinygrad_mlp):
        with pytest.raises(AttributeError) as raised:
            framework.save([1], f)
        texts.append(str(raised.value))
    assert texts[0] == texts[1]
    with pytest.raises(TypeError):
        tinygrad_mlp.save([1], io.StringIO())


def test_one_memory_of_two_dtypes_is_refused_as_by_torch() -> None:
    texts = []
    for t in (torch, tinygrad_mlp):
        x = t.ones(4)
        with pytest.raises(RuntimeError) as raised:
            saved(t, [x, x.view(t.int32)])
        texts.append(str(raised.value))
        saved(t, [x, x.view(t.int32).clone()])
    assert texts[0] == texts[1]


def test_the_old_format_is_refused_in_one_line() -> None:
    with pytest.raises(NotImplementedError, match="zip format only") as raised:
        saved(tinygrad_mlp, [1], _use_new_zipfile_serialization=False)
    assert "\n" not in str(raised.value)


def test_without_the_record_of_the_byte_order() -> None:
    content = saved(tinygrad_mlp, tinygrad_mlp.ones(2), _disable_byteorder_record=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "archive/byteorder" not in archive.namelist()
    assert loaded(torch, content).tolist() == loaded(tinygrad_mlp, content).tolist() == [1, 1]


def test_other_modules_to_pickle_with() -> None:
    own = types.SimpleNamespace(Pickler=pickle._Pickler, Unpickler=pickle.Unpickler, __name__="own")
    content = saved(tinygrad_mlp, [tinygrad_mlp.ones(2)], pickle_module=own)
    assert content == saved(tinygrad_mlp, [tinygrad_mlp.ones(2)])
    assert loaded(tinygrad_mlp, content, pickle_module=own)[0].tolist() == [1, 1]
    with pytest.raises(NotImplementedError, match="the Pickler of written_in_c"):
        saved(tinygrad_mlp, [1], pickle_module=types.SimpleNamespace(Pickler=object, __name__="written_in_c"))


@pytest.mark.parametrize("protocol", [1, 3])
def test_other_protocols_are_read_where_torch_does(protocol: int) -> None:
    ours = saved(tinygrad_mlp, {"a": tinygrad_mlp.arange(3.0)}, pickle_protocol=protocol)
    assert loaded(tinygrad_mlp, ours, weights_only=False)["a"].tolist() == [0, 1, 2]
    theirs = saved(torch, {"a": torch.arange(3.0)}, pickle_protocol=protocol)
    assert loaded(tinygrad_mlp, theirs, weights_only=False)["a"].tolist() == [0, 1, 2]


# -- tensors whose arrays are of NumPy's making ----------------------------------------------------

ARRAYS = {
    "a slice": lambda: np.arange(12.0)[2:9:3],
    "in Fortran order": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "transposed": lambda: np.arange(6.0).reshape(2, 3).T,
    "of bytes": lambda: np.frombuffer(bytearray(range(16)), np.int16, 5, 2),
    "a column of a record": lambda: np.zeros(3, [("a", "i2"), ("b", "f8")])["b"],
    "with gaps": lambda: np.ndarray((2, 2), np.float32, bytearray(64), 0, (24, 8)),
    "a view of integers": lambda: np.arange(4).view(np.float64),
    "a map": lambda: np.memmap(ROOT / "LICENSE", np.uint8, "c", 0, (10,)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_any_array_is_saved(name: str) -> None:
    array = ARRAYS[name]()
    tensor = tinygrad_mlp.from_numpy(array) if name != "a column of a record" else tinygrad_mlp.Tensor()
    if name == "a column of a record":
        tensor.array = array  # which from_numpy would refuse
    content = saved(tinygrad_mlp, [tensor, tensor[:1]])
    for framework in (torch, tinygrad_mlp):
        whole, part = loaded(framework, content)
        assert np.array_equal(whole.numpy(), array) and np.array_equal(part.numpy(), array[:1])


def test_storages_are_saved() -> None:
    x = tinygrad_mlp.arange(6.0)
    for storage in (x.untyped_storage(), x._typed_storage(), x.untyped_storage()[4:12]):
        content = saved(tinygrad_mlp, storage)
        assert loaded(tinygrad_mlp, content).tolist() == storage.tolist()
        assert loaded(torch, content)._untyped_storage.tolist() == storage.untyped().tolist()
    shared = loaded(tinygrad_mlp, saved(tinygrad_mlp, [x, x._typed_storage()]))
    shared[0][0] = 7
    assert shared[1][0] == 7


def test_a_tensor_with_hooks_warns_as_torchs_does() -> None:
    found = []
    for t in (torch, tinygrad_mlp):
        x = t.ones(2, requires_grad=True)
        x.register_hook(len)
        with pytest.warns(UserWarning, match="backward hook") as warned:
            content = saved(t, x)
        found.append((str(warned[0].message), len(warned)))
        assert loaded(tinygrad_mlp, content).requires_grad
    assert found[0] == found[1]


def test_a_batch_of_vmap_is_refused() -> None:
    with pytest.raises(RuntimeError):
        tinygrad_mlp.vmap(lambda x: saved(tinygrad_mlp, x) and x)(tinygrad_mlp.ones(2, 3))


def test_a_compiled_step_refuses_to_save() -> None:
    def step(x: Any) -> Any:
        y = x * 2
        saved(tinygrad_mlp, y)
        return y.sum()

    compiled = tinygrad_mlp.compile(step)
    with pytest.raises(RuntimeError, match="NumPy reads a value that a program computes anew at each call"):
        compiled(tinygrad_mlp.ones(3))
