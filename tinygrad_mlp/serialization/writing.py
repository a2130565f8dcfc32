"""The zip archive that torch.save writes, byte by byte as torch's own writer does (below 4 GiB).

Every record is stored as it is, behind a header that is padded so that the data begin at a multiple of 64 bytes, and
followed by its checksum and size ("data descriptor"), so that nothing written is ever gone back to. Python's zipfile
cannot pad, and reads the result. Sources: PKWARE's APPNOTE.TXT, and the layout of files that torch 2.13 wrote.
"""

from __future__ import annotations

import struct
from typing import Any

from .checksum import Checksum
from .refusals import NOTHING_WRITTEN

ALIGNMENT = 64
_ELSEWHERE = 0xFFFFFFFF  # says that a size or an offset takes 64 bits, and stands in an extra field ("zip64")
_WIDE = _ELSEWHERE  # the first one that does
_UTF8, _CHECKSUM_FOLLOWS = 0x800, 8  # flags
_WIDE_ID, _PADDING_ID = 1, 0x4246  # of extra fields


class ArchiveWriter:
    """Writes records, one after the other, to a file that need only have `write`.

    `folder` is what the names of all records begin with.
    """

    def __init__(self, stream: Any, folder: str) -> None:
        self._stream, self._folder = stream, folder
        self._offset = 0
        self._directory: list[bytes] = []

    def record(self, name: str, data: Any) -> None:
        """Write one record; `data` are bytes or a C-ordered array of bytes, which is not copied."""
        view = memoryview(data).cast("B") if len(data) else memoryview(b"")
        path, size, start = f"{self._folder}/{name}".encode(), len(view), self._offset
        wide = size >= _WIDE or start >= _WIDE
        extra = struct.pack("<HHQQ", _WIDE_ID, 16, size, size) if size >= _WIDE else b""
        padding = -(start + 30 + len(path) + len(extra) + 4) % ALIGNMENT
        extra += struct.pack("<HH", _PADDING_ID, padding) + b"Z" * padding
        # The version of the format that a reader must know, and the flags, without time and place.
        kind = (45 if wide else 0, _UTF8 | _CHECKSUM_FOLLOWS if size else _UTF8, 0, 0)
        self._write(struct.pack("<4sHHHIIIIHH", b"PK\3\4", *kind, 0, 0, 0, len(path), len(extra)) + path + extra)
        checksum = Checksum()
        checksum.add(view)
        self._write(view)
        crc = checksum.result()
        if size:
            self._write(struct.pack("<4sIQQ" if wide else "<4sIII", b"PK\7\10", crc, size, size))
        self._directory.append(_directory_entry(kind, path, crc, size, start))

    def close(self) -> None:
        """Write the directory of the archive, with which it ends."""
        start, count = self._offset, len(self._directory)
        for entry in self._directory:
            self._write(entry)
        size = self._offset - start
        if start >= _WIDE or size >= _WIDE or count >= 0xFFFF:
            end = self._offset
            self._write(struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
            self._write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        counts = (min(count, 0xFFFF),) * 2
        self._write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *counts, _narrow(size), _narrow(start), 0))

    def _write(self, data: bytes | memoryview) -> None:
        self._offset += len(data)
        while len(data):
            written = self._stream.write(data)
            if not isinstance(written, int) or written >= len(data):  # as files with a buffer do
                return
            if not written:
                raise OSError(NOTHING_WRITTEN)
            data = data[written:]


def _directory_entry(kind: tuple[int, ...], path: bytes, crc: int, size: int, start: int) -> bytes:
    wide = [n for n in (size, size, start) if n >= _WIDE]
    extra = struct.pack(f"<HH{len(wide)}Q", _WIDE_ID, 8 * len(wide), *wide) if wide else b""
    sizes = (_narrow(size), _narrow(size), len(path), len(extra), 0, 0, 0, 0, _narrow(start))
    return struct.pack("<4sHHHHIIIIHHHHHII", b"PK\1\2", 0, *kind, crc, *sizes) + path + extra


def _narrow(number: int) -> int:
    return number if number < _WIDE else _ELSEWHERE
