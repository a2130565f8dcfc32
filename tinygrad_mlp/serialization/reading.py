"""The zip archive that torch.save wrote, read without trusting it.

Python's zipfile reads the directory; what it says of names, sizes and places is checked before anything is read, so
that no file makes this process take more memory than the file has bytes. Compressed records, which torch.save does not
write but torch.load reads, may unpack to `SMALL` bytes together, or to `FACTOR` times the size of the file.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import Any, NamedTuple

from .checksum import Checksum
from .refusals import (
    BAD_NAME,
    BROKEN,
    CHECKSUM,
    ENCRYPTED,
    LOCAL_HEADER,
    METHOD,
    NO_DIRECTORY,
    NO_RECORD,
    NO_RECORDS,
    NOT_ALL_READ,
    OVERLAP,
    RECORD_SIZES,
    TWICE,
    UNPACKED,
    VERSION,
)

SMALL, FACTOR = 64 << 20, 20
_PART = 8 << 20  # how much is read before its checksum is begun
_HEADER = 30  # bytes of a local header before the name
_VERSIONS = range(1, 11)  # of the archive, that torch 2.13 reads


class _Record(NamedTuple):
    """A record of the archive: where its header begins, and where what comes after it begins at the earliest."""

    info: zipfile.ZipInfo
    end: int


class ArchiveReader:
    """The records of an archive by their names, without the folder that all of them begin with.

    `stream` is a file with `read`, `seek` and `tell`; `name` is what messages call it. RuntimeError, in one line, for
    an archive that is damaged, or not such as torch.save writes.
    """

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name = stream, name
        size = stream.seek(0, os.SEEK_END)
        self._size = stream.tell() if size is None else size
        try:
            self._archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OverflowError, OSError) as error:
            raise self.broken(NO_DIRECTORY.format(error=error)) from error
        self._records = self._checked(self._archive.infolist())
        found = self.read("version") if "version" in self else b""
        if not (found.strip().isdigit() and len(found) < 4 and int(found) in _VERSIONS):
            raise self.broken(VERSION.format(found=found[:20]))

    def broken(self, reason: str) -> RuntimeError:
        """The exception to raise for a reason."""
        return RuntimeError(BROKEN.format(path=self._name, reason=reason))

    def __contains__(self, name: str) -> bool:
        return name in self._records

    def size(self, name: str) -> int:
        """How many bytes a record has; RuntimeError where there is none of this name."""
        return self._record(name).info.file_size

    def read(self, name: str) -> bytes:
        """The bytes of a record."""
        content = bytearray(self.size(name))
        self.read_into(name, memoryview(content))
        return bytes(content)

    def read_into(self, name: str, view: memoryview) -> None:
        """Read a record into memory of its size, and check it; the checksum 0 says that none was computed."""
        record = self._record(name)
        if record.info.compress_type:
            self._unpack(record, view)
            return
        self._stream.seek(self.place(name))
        checksum = Checksum()
        for start in range(0, len(view), _PART):
            part = view[start : start + _PART]
            if not _fill(self._stream, part):
                raise self.broken(NOT_ALL_READ.format(name=name))
            checksum.add(part)
        if checksum.result() != record.info.CRC != 0:
            raise self.broken(CHECKSUM.format(name=name))

    def is_compressed(self, name: str) -> bool:
        """Whether a record is compressed, so that its bytes do not stand in the file as they are."""
        return bool(self._record(name).info.compress_type)

    def place(self, name: str) -> int:
        """Where in the file the data of a record that is not compressed begin."""
        info, end = self._record(name)
        self._stream.seek(info.header_offset)
        header = self._stream.read(_HEADER)
        if len(header) < _HEADER or header[:4] != b"PK\3\4":
            raise self.broken(LOCAL_HEADER.format(name=name))
        of_name, of_extra = struct.unpack("<HH", header[26:])
        start = int(info.header_offset + _HEADER + of_name + of_extra)
        own = self._stream.read(of_name)
        if own.decode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace") != info.orig_filename:
            raise self.broken(LOCAL_HEADER.format(name=name))
        if start + info.compress_size > end:
            raise self.broken(OVERLAP.format(name=name))
        return start

    def _record(self, name: str) -> _Record:
        record = self._records.get(name)
        if record is None:
            raise self.broken(NO_RECORD.format(name=name[:100]))
        return record

    def _unpack(self, record: _Record, view: memoryview) -> None:
        name = record.info.filename
        try:
            with self._archive.open(record.info) as stream:
                whole = _fill(stream, view) and not stream.read(1)
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, NotImplementedError) as error:
            raise self.broken(CHECKSUM.format(name=name)) from error
        if not whole:
            raise self.broken(NOT_ALL_READ.format(name=name))

    # -- what the directory says -------------------------------------------------------------------

    def _checked(self, infos: list[zipfile.ZipInfo]) -> dict[str, _Record]:
        records: dict[str, _Record] = {}
        ends: dict[int, int] = {}
        following = self._archive.start_dir
        for info in sorted(infos, key=lambda info: -info.header_offset):
            ends[info.header_offset] = following
            if not 0 <= info.header_offset <= following - _HEADER - info.compress_size:
                raise self.broken(OVERLAP.format(name=info.filename))
            following = info.header_offset
        unpacked = sum(info.file_size for info in infos if info.compress_type)
        if unpacked > max(SMALL, FACTOR * self._size):
            raise self.broken(UNPACKED.format(size=unpacked))
        folder = ""
        for info in infos:
            self._check(info)
            own_folder, _, name = info.filename.partition("/")
            folder = folder or own_folder
            if own_folder != folder or not name or name.endswith("/"):
                continue  # what an archiver added
            if name in records:
                raise self.broken(TWICE.format(name=name))
            records[name] = _Record(info, ends[info.header_offset])
        if not records:
            raise self.broken(NO_RECORDS)
        return records

    def _check(self, info: zipfile.ZipInfo) -> None:
        name = info.orig_filename
        steps = name.removesuffix("/").split("/")
        if name != info.filename or "\\" in name or not name.isprintable() or {"", ".", ".."} & set(steps):
            raise self.broken(BAD_NAME.format(name=name[:100]))
        if info.flag_bits & 1:
            raise self.broken(ENCRYPTED.format(name=name))
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.broken(METHOD.format(name=name))
        if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            raise self.broken(RECORD_SIZES.format(name=name))


def _fill(stream: Any, view: memoryview) -> bool:
    """Read as many bytes as there is memory for; False if there are fewer."""
    readinto = getattr(stream, "readinto", None)
    while len(view):
        if readinto is not None:
            count = readinto(view)
        else:
            part = stream.read(len(view))
            count = len(part)
            view[:count] = part
        if not count:
            return False
        view = view[count:]
    return True
