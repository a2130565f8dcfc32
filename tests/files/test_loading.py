"""The arguments of load: where tensors go, mapped files, open files, and what else torch takes or refuses."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

import tinygrad_mlp
from support import ROOT
from support.checkpoints import described, loaded, saved

LOCATIONS: dict[str, Any] = {
    "cpu": lambda t: "cpu",
    "meta": lambda t: "meta",
    "device cpu": lambda t: t.device("cpu"),
    "device meta": lambda t: t.device("meta"),
    "dict": lambda t: {"cpu": "meta"},
    "dict of another": lambda t: {"cuda:0": "cpu"},
    "function": lambda t: lambda storage, location: storage,
    "function of None": lambda t: lambda storage, location: None,
    "function of a copy": lambda t: lambda storage, location: storage.clone(),
    "function that writes": lambda t: lambda storage, location: storage.fill_(0),
    "function that asks": lambda t: lambda storage, location: {"cpu": storage}[location],
    "default": lambda t: lambda storage, location: t.serialization.default_restore_location(storage, "cpu"),
    "cuda": lambda t: "cuda",
    "cuda:1": lambda t: t.device("cuda:1"),
    "xpu": lambda t: "xpu:0",
    "dict of cuda": lambda t: {"cpu": "cuda:0"},
    "nonsense": lambda t: "nonsense",
    "cpu:0": lambda t: "cpu:0",
    "a number": lambda t: 3,
    "function of a number": lambda t: lambda storage, location: 3,
}


@pytest.mark.parametrize("name", LOCATIONS)
@pytest.mark.parametrize("mapped", [False, True])
def test_map_location_is_torchs(tmp_path: Path, name: str, mapped: bool) -> None:
    path = tmp_path / "a.pt"
    x = torch.arange(6.0)
    torch.save([x, x[2:], torch.nn.Parameter(torch.ones(2)), torch.ones(2, dtype=torch.bool), torch.empty(0)], path)

    def outcome(t: Any) -> Any:
        try:
            return described(t.load(path, map_location=LOCATIONS[name](t), mmap=mapped))
        except Exception as error:
            return type(error), "" if name == "function of a number" else str(error)

    assert outcome(tinygrad_mlp) == outcome(torch)


def test_tags_of_locations() -> None:
    for t in (torch, tinygrad_mlp):
        assert t.serialization.location_tag(t.ones(2).untyped_storage()) == "cpu"
    moved = tinygrad_mlp.serialization.default_restore_location(tinygrad_mlp.ones(2).untyped_storage(), "meta")
    assert tinygrad_mlp.serialization.location_tag(moved) == "meta" and moved.nbytes() == 8


def test_a_file_of_a_gpu_is_read_where_it_is_told_to() -> None:
    content = saved(torch, torch.ones(2)).replace(b"X\x03\x00\x00\x00cpu", b"X\x03\x00\x00\x00xpu")
    assert content.count(b"xpu") == 1
    with pytest.raises(RuntimeError, match="checksum"):
        loaded(tinygrad_mlp, content)
    from zipfile import ZipFile

    stream = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(stream, "w") as new:
        for info in old.infolist():
            info.CRC = 0
            with old.open(info) as member:
                member._expected_crc = None  # type: ignore[attr-defined]
                new.writestr(info.filename, member.read())
    for framework in (torch, tinygrad_mlp):
        with pytest.raises(
            RuntimeError, match=r"Attempting to deserialize object on a XPU device but torch.xpu.is_ava"
        ):
            loaded(framework, stream.getvalue())
        for place in ("cpu", {"xpu": "cpu"}, lambda storage, location: storage):
            assert loaded(framework, stream.getvalue(), map_location=place).tolist() == [1, 1]


# -- mapped files ----------------------------------------------------------------------------------


def test_a_mapped_file_is_copied_where_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    x = torch.arange(1000.0)
    torch.save({"x": x, "part": x[10:20], "empty": torch.empty(0), "b": torch.ones(3, dtype=torch.bfloat16)}, path)
    before = path.read_bytes()
    found = tinygrad_mlp.load(path, mmap=True)
    assert described(found) == described(torch.load(path, mmap=True))
    found["x"][10] = -1
    assert found["part"][0] == -1 and found["x"].numpy().flags.writeable
    assert path.read_bytes() == before and tinygrad_mlp.load(path)["x"][10] == 10
    weight = tinygrad_mlp.nn.Parameter(found["x"])
    tinygrad_mlp.optim.SGD([weight], 0.1).step()
    (weight * 2).sum().backward()
    assert weight.grad is not None and path.read_bytes() == before


def test_a_mapped_file_is_not_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    tinygrad_mlp.save(tinygrad_mlp.zeros(25_000_000), path)
    code = (
        "import re, sys, tinygrad_mlp; tinygrad_mlp.load\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])\n"
        "before = peak(); x = tinygrad_mlp.load(sys.argv[1], mmap=sys.argv[2] == 'True'); print(peak() - before)"
    )
    grown = [
        int(
            subprocess.run(
                [sys.executable, "-c", code, str(path), mapped], cwd=ROOT, stdout=subprocess.PIPE, check=True
            ).stdout
        )
        for mapped in ("True", "False")
    ]
    assert grown[0] < 60_000 < 95_000 < grown[1]


def test_only_paths_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(saved(torch, [1]))
    for framework in (torch, tinygrad_mlp):
        with open(tmp_path / "a.pt", "rb") as stream:
            for f in (stream, io.BytesIO(saved(torch, [1]))):
                with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
                    framework.load(f, mmap=True)


# -- open files ------------------------------------------------------------------------------------


class Plain:
    """An open file without `readinto`, whose `seek` says nothing."""

    def __init__(self, content: bytes) -> None:
        self.stream = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self.stream.read(size)

    def readline(self) -> bytes:
        return self.stream.readline()

    def seek(self, place: int, whence: int = 0) -> None:
        self.stream.seek(place, whence)

    def tell(self) -> int:
        return self.stream.tell()


def test_open_files(tmp_path: Path) -> None:
    x = torch.arange(5.0)
    content = saved(torch, x)
    (tmp_path / "a.pt").write_bytes(content)
    for path in (tmp_path / "a.pt", str(tmp_path / "a.pt")):
        assert tinygrad_mlp.load(path).tolist() == x.tolist()
    with open(tmp_path / "a.pt", "rb") as buffered, open(tmp_path / "a.pt", "rb", buffering=0) as raw:
        for stream in (buffered, raw, Plain(content), io.BytesIO(content)):
            assert tinygrad_mlp.load(stream).tolist() == x.tolist()
    with open(tmp_path / "a.pt", "rb") as stream, pytest.raises(ValueError, match="closed file"):
        stream.close()
        tinygrad_mlp.load(stream)


class Forward:
    def read(self, size: int = -1) -> bytes:
        return b""


def test_what_cannot_seek_is_refused_as_by_torch() -> None:
    for f in (Forward(), 3):
        texts = []
        for framework in (torch, tinygrad_mlp):
            with pytest.raises(AttributeError) as raised:
                framework.load(f)
            texts.append(str(raised.value).partition(". You can")[2])
        assert texts[0] == texts[1] != ""


def test_a_message_names_an_open_file(tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_bytes(b"bad")
    with open(tmp_path / "bad.pt", "rb") as stream, pytest.raises(pickle.UnpicklingError, match=r"bad\.pt: not a file"):
        tinygrad_mlp.load(stream)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tinygrad_mlp.load(tmp_path / "none.pt")
    with pytest.raises(IsADirectoryError):
        tinygrad_mlp.load(tmp_path)


# -- the rest --------------------------------------------------------------------------------------


def test_arguments_that_do_not_go_together() -> None:
    content = saved(torch, [1])
    for framework in (torch, tinygrad_mlp):
        with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
            loaded(framework, content, pickle_module=pickle, weights_only=True)
        assert loaded(framework, content, pickle_module=pickle) == [1]
        assert loaded(framework, content, weights_only=False, encoding="latin1") == [1]
        with pytest.warns(UserWarning, match="pickle_load_args only works if"):
            loaded(framework, content, encoding="latin1")
        with pytest.raises(TypeError):
            loaded(framework, content, weights_only=False, nonsense=1)


def test_safetensors_files_by_their_name(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    safetensors.numpy.save_file({"w": np.arange(4, dtype=np.float32), "n": np.array(3)}, path)
    for place in (None, "cpu"):
        found = tinygrad_mlp.load(path, map_location=place)
        assert {name: (x.tolist(), str(x.dtype)) for name, x in found.items()} == {
            name: (x.tolist(), str(x.dtype)) for name, x in torch.load(path, map_location=place).items()
        }
    for place in ({"cpu": "meta"}, lambda storage, location: storage):
        texts = []
        for framework in (torch, tinygrad_mlp):
            with pytest.raises(RuntimeError) as raised:
                framework.load(path, map_location=place)
            texts.append(str(raised.value))
        assert texts[0] == texts[1]


def test_bfloat16_without_its_package(tmp_path: Path) -> None:
    torch.save(torch.ones(2, dtype=torch.bfloat16), tmp_path / "a.pt")
    code = "import sys; sys.modules['ml_dtypes'] = None; import tinygrad_mlp; tinygrad_mlp.load(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.pt")], cwd=ROOT, capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and last.startswith(f"ImportError: {tmp_path / 'a.pt'}: ") and "ml_dtypes" in last


@pytest.mark.parametrize(
    ("dtype", "error", "text"),
    [
        ("complex64", pickle.UnpicklingError, "which tinygrad_mlp lacks"),
        ("float8_e5m2", pickle.UnpicklingError, "which tinygrad_mlp lacks"),
        ("uint16", (pickle.UnpicklingError, NotImplementedError), "<BytesIO>: .* torch.uint16"),
    ],
)
def test_dtypes_that_are_not_here_are_named(dtype: str, error: Any, text: str) -> None:
    content = saved(torch, torch.zeros(2, dtype=getattr(torch, dtype)))
    for restricted in (True, False):
        with pytest.raises(error, match=text):
            loaded(tinygrad_mlp, content, weights_only=restricted)


def test_names_that_libraries_ask_for() -> None:
    for name in (
        "MAP_LOCATION", "SourceChangeWarning", "add_safe_globals", "clear_safe_globals", "default_restore_location",
        "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load", "location_tag", "safe_globals", "save",
    ):  # fmt: skip
        assert hasattr(torch.serialization, name) and hasattr(tinygrad_mlp.serialization, name)
    assert tinygrad_mlp.save is tinygrad_mlp.serialization.save and "save" in dir(tinygrad_mlp)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        tinygrad_mlp.serialization.nonsense  # noqa: B018


def test_a_program_under_run_writes_what_torch_reads(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import torch\n"
        "net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())\n"
        "torch.save(net.state_dict(), 'state.pt')\n"
        "torch.save(net, 'whole.pt')\n"
        "again = torch.load('whole.pt', weights_only=False)\n"
        "assert type(again) is torch.nn.Sequential\n"
        "with torch.serialization.safe_globals([torch.nn.Sequential, torch.nn.Linear, torch.nn.ReLU]):\n"
        "    print(torch.equal(torch.load('whole.pt')[0].weight, net[0].weight))\n"
    )
    command = [sys.executable, "-m", "tinygrad_mlp", "run", "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    state = torch.load(tmp_path / "state.pt")
    assert described(state) == described(tinygrad_mlp.load(tmp_path / "state.pt"))
    torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()).load_state_dict(state)
    whole = tinygrad_mlp.load(tmp_path / "whole.pt", weights_only=False)
    assert type(whole) is tinygrad_mlp.nn.Sequential and torch.equal(
        torch.load(tmp_path / "whole.pt", weights_only=False)[0].weight, state["0.weight"]
    )
