"""Files that are cut, changed, built to harm, or something else: one line that names the file, whatever was done."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support import ROOT
from support.checkpoints import described, loaded, saved
from tinygrad_mlp.serialization import writing

ERRORS = (RuntimeError, pickle.UnpicklingError)


def some_object(t: Any) -> Any:
    weight = t.arange(12.0).reshape(3, 4)
    return {"weight": weight, "row": weight[1], "steps": [1, 2.5, "three", None], "empty": t.empty(0, 2)}


CONTENT = saved(tinygrad_mlp, some_object(tinygrad_mlp))
OBJECT = described(some_object(tinygrad_mlp))


def refusal(content: bytes, path: Path | None = None, **options: Any) -> str:
    """The one line with which a file is refused, as a file or in memory."""
    if path is not None:
        path.write_bytes(content)
    with pytest.raises(ERRORS) as raised:
        tinygrad_mlp.load(io.BytesIO(content) if path is None else path, **options)
    text = str(raised.value)
    assert text.startswith("<BytesIO>: " if path is None else f"{path}: ") and text.isprintable() and len(text) < 900
    return text


def rezipped(compression: int = zipfile.ZIP_STORED, rename: Any = lambda name: name, **changed: bytes | None) -> bytes:
    """The same records in another archive; some changed, or left out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as old, zipfile.ZipFile(stream, "w", compression) as new:
        for name in old.namelist():
            data = changed.get(name.partition("/")[2], old.read(name))
            if data is not None:
                new.writestr(rename(name), data)
    return stream.getvalue()


def test_what_was_not_damaged_is_read() -> None:
    assert described(loaded(tinygrad_mlp, CONTENT)) == OBJECT
    assert described(loaded(tinygrad_mlp, rezipped())) == OBJECT
    assert described(loaded(tinygrad_mlp, rezipped(zipfile.ZIP_DEFLATED))) == OBJECT
    assert described(loaded(torch, rezipped(zipfile.ZIP_DEFLATED))) == OBJECT


@pytest.mark.parametrize("mapped", [False, True])
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path, mapped: bool) -> None:
    for length in [*range(0, len(CONTENT), 29), len(CONTENT) - 1]:
        refusal(CONTENT[:length], tmp_path / "a.pt", mmap=mapped)


def test_a_changed_byte_is_refused_or_does_not_matter() -> None:
    """It does not matter in what pads, says when the file was written, or stands twice."""
    refused = 0
    for place in range(len(CONTENT)):
        content = bytearray(CONTENT)
        content[place] ^= 1 << place % 8
        try:
            assert described(loaded(tinygrad_mlp, bytes(content))) == OBJECT, place
        except ERRORS as error:
            assert str(error).startswith("<BytesIO>: ") and str(error).isprintable()
            refused += 1
    assert refused > len(CONTENT) / 4


def test_a_changed_number_is_noticed() -> None:
    place = CONTENT.index(struct.pack("<f", 7))
    content = bytearray(CONTENT)
    content[place + 2] ^= 1
    assert "record 'data/0' has a wrong checksum" in refusal(bytes(content))
    assert loaded(torch, bytes(content))["weight"][1, 3] != 7  # which torch does not notice


def test_a_large_record_is_checked_in_parts(tmp_path: Path) -> None:
    tinygrad_mlp.save(tinygrad_mlp.arange(5_000_000, dtype=tinygrad_mlp.int32), tmp_path / "a.pt")
    assert torch.equal(torch.load(tmp_path / "a.pt"), torch.arange(5_000_000, dtype=torch.int32))
    assert np.array_equal(tinygrad_mlp.load(tmp_path / "a.pt").numpy(), np.arange(5_000_000))
    content = bytearray((tmp_path / "a.pt").read_bytes())
    for place in (1000, 10_000_000, 19_999_999):
        content[place] ^= 4
        assert "wrong checksum" in refusal(bytes(content))
        content[place] ^= 4


def test_without_checksums_as_torch_can_write_them() -> None:
    torch.serialization.set_crc32_options(False)
    try:
        content = saved(torch, some_object(torch))
    finally:
        torch.serialization.set_crc32_options(True)
    assert described(loaded(tinygrad_mlp, content)) == OBJECT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"no archive at all", "not a file of torch.save"),
        (b"\x93NUMPY\x01\x00", "not a file of torch.save"),
        (saved(torch, [1], _use_new_zipfile_serialization=False), "in torch's format before 1.6"),
        (saved(torch, [1], _use_new_zipfile_serialization=False, pickle_protocol=4), "in torch's format before 1.6"),
        (b"PK\5\6" + bytes(18), "not a file of torch.save"),
        (b"PK\3\4" + bytes(100), "central directory"),
        (CONTENT[:64] + CONTENT[-22:], "central directory"),
    ],
)
def test_other_files_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in refusal(content)
    refusal(content, tmp_path / "a.pt", weights_only=False)
    refusal(content, tmp_path / "a.pt", mmap=True)


def test_a_tar_archive_is_refused() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("sys_info"))
    assert "a tar archive" in refusal(stream.getvalue())


NUMBER = b"\x80\x02K\x01."


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data.pkl": None}, "no record 'data.pkl'"),
        ({"data/0": None}, "no record 'data/0'"),
        ({"data/0": bytes(47)}, "has 47 bytes, where 12 elements of torch.float32 take 48"),
        ({"data/0": bytes(49)}, "has 49 bytes"),
        ({"version": None}, "its version is b''"),
        ({"version": b"11"}, "its version is b'11'"),
        ({"version": b"-1"}, "its version is b'-1'"),
        ({"byteorder": b"middle"}, "unknown byte order 'middle'"),
        ({"byteorder": b"\x1b[31m"}, "unknown byte order"),
    ],
    ids=str,
)
def test_records_that_are_missing_or_wrong(changed: Any, reason: str) -> None:
    assert reason in refusal(rezipped(**changed))


def test_a_torchscript_archive_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"a/{name}", b"3\n" if name == "version" else NUMBER)
    assert "a TorchScript archive" in refusal(stream.getvalue())


def test_records_of_the_other_byte_order() -> None:
    swapped = np.arange(12, dtype=">f4").tobytes()
    assert described(loaded(tinygrad_mlp, rezipped(**{"data/0": swapped, "byteorder": b"big"}))) == OBJECT
    assert described(loaded(tinygrad_mlp, rezipped(byteorder=None))) == OBJECT


# -- archives that are built to harm ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/passwd", "a//b", "a/./b", "a\\b", "..", "a/\x1b[2J", "a\nb"]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    content = rezipped()
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    assert "is not allowed" in refusal(stream.getvalue())


@pytest.mark.parametrize("name", ["archive/data/0", "archive/data.pkl", "archive/version"])
def test_two_records_of_one_name_are_refused(name: str) -> None:
    stream = io.BytesIO(rezipped())
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(name, b"x")
    assert f"two records {name[8:]!r}" in refusal(stream.getvalue())


def test_a_name_that_ends_in_the_middle_is_refused() -> None:
    """Python's zipfile cuts a name at a zero byte, so that two records could have one name."""
    content = rezipped(rename=lambda name: name.replace("data/0", "data/0xy"))
    assert "not allowed" in refusal(content.replace(b"data/0xy", b"data/0\0y"))


def test_folders_and_what_other_archivers_add_are_passed_over() -> None:
    stream = io.BytesIO(rezipped())
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("archive/", b"")
        archive.writestr("__MACOSX/archive/data/0", b"x")
    assert described(loaded(tinygrad_mlp, stream.getvalue())) == OBJECT


def entry(content: bytes, name: str) -> int:
    """Where the entry of a record in the directory begins."""
    return content.rindex(f"archive/{name}".encode()) - 46


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (8, struct.pack("<H", 1), "encrypted"),
        (10, struct.pack("<H", 12), "compressed in a way"),
        (10, struct.pack("<H", 99), "compressed in a way"),
        (20, struct.pack("<I", 1000), "overlaps|do not agree"),
        (24, struct.pack("<I", 1000), "do not agree"),
        (20, struct.pack("<II", 2**31, 2**31), "overlaps"),
        (16, struct.pack("<I", 5), "wrong checksum"),
        (42, struct.pack("<I", 0), "overlaps|no header|checksum"),
        (42, struct.pack("<I", 2**31), "overlaps|central directory"),
    ],
)
def test_a_directory_that_lies_is_refused(offset: int, value: bytes, reason: str) -> None:
    content = bytearray(rezipped())
    place = entry(bytes(content), "data/0") + offset
    content[place : place + len(value)] = value
    text = refusal(bytes(content))
    assert any(each in text for each in reason.split("|")), text


def test_records_that_overlap_are_refused() -> None:
    """With a directory of many entries for one place, a small file could be read as a large one."""
    content = rezipped()
    start = content.index(b"PK\1\2")
    end = content.rindex(b"PK\5\6")
    first = content[start:end].split(b"PK\1\2")[1]
    entries = content[start:end] + b"".join(
        b"PK\1\2" + first.replace(b"archive/data.pkl", f"archive/data/xx{i}".encode()) for i in range(10)
    )
    tail = struct.pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, entries.count(b"PK\1\2"), entries.count(b"PK\1\2"), len(entries), start, 0
    )
    assert "overlaps another" in refusal(content[:start] + entries + tail)


BOMB = """
import io, resource, sys, tinygrad_mlp
tinygrad_mlp.load, tinygrad_mlp.nn
tinygrad_mlp.save(tinygrad_mlp.ones(2), io.BytesIO())
limit = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (50 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in sys.argv[1:]:
    try:
        tinygrad_mlp.load(path)
    except RuntimeError as error:
        print(error)
"""


def test_an_archive_does_not_unpack_to_more_than_it_may(tmp_path: Path) -> None:
    """In a process that may only take 50 MB more."""
    whole = zipfile.ZipFile(tmp_path / "whole.pt", "w", zipfile.ZIP_DEFLATED)
    parts = zipfile.ZipFile(tmp_path / "parts.pt", "w", zipfile.ZIP_DEFLATED)
    zeros = bytes(1 << 20)
    with whole, parts:
        for archive in (whole, parts):
            archive.writestr("a/version", b"3\n")
        with whole.open("a/data.pkl", "w") as stream:
            for _ in range(100):
                stream.write(zeros)
        for i in range(70):
            parts.writestr(f"a/data/{i}", zeros)
        parts.writestr("a/data.pkl", NUMBER)
    lying = bytearray((tmp_path / "whole.pt").read_bytes())
    place = bytes(lying).rindex(b"a/data.pkl") - 46 + 24
    lying[place : place + 4] = struct.pack("<I", 1000)  # as if it were short
    (tmp_path / "lying.pt").write_bytes(lying)
    paths = [str(tmp_path / f"{name}.pt") for name in ("whole", "parts", "lying")]
    done = subprocess.run([sys.executable, "-c", BOMB, *paths], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.startswith(path) for line, path in zip(lines, paths, strict=True)] == [True] * 3
    assert ["would unpack to" in line for line in lines[:2]] == [True] * 2
    assert "checksum" in lines[2] or "ends too early" in lines[2]


def test_a_number_in_a_file_takes_no_memory() -> None:
    """Of huge counts and sizes, see test_refused_pickles.py: none of them may be asked of the system."""
    pickled = b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n"
    pickled += b"\x8a\x06\0\0\0\0\0\x01\x85K\x01\x85\x89tR."
    meta = loaded(tinygrad_mlp, rezipped(**{"data.pkl": pickled}))
    assert meta.shape == (1 << 40,) and str(meta.device) == "meta"


def test_sizes_and_places_of_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of 4 GiB they stand elsewhere; here as of 100 bytes, which every reader must understand, too."""
    monkeypatch.setattr(writing, "_WIDE", 100)
    wide = {"small": tinygrad_mlp.ones(2), "large": tinygrad_mlp.arange(100.0), "end": tinygrad_mlp.ones(3)}
    content = saved(tinygrad_mlp, wide)
    assert b"PK\6\6" in content and b"PK\6\7" in content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None and archive.getinfo("archive/data/1").file_size == 400
    for framework in (torch, tinygrad_mlp):
        assert described(loaded(framework, content)) == described(wide)


def test_as_many_records_as_16_bits_do_not_count() -> None:
    stream = io.BytesIO()
    archive = writing.ArchiveWriter(stream, "a")
    for i in range(70_000):
        archive.record(f"data/{i}", b"")
    archive.record("data.pkl", NUMBER)
    archive.record("version", b"3\n")
    archive.close()
    assert loaded(tinygrad_mlp, stream.getvalue()) == loaded(torch, stream.getvalue()) == 1
