"""The checksum of a record (CRC-32), computed in another thread while this one reads or writes."""

from __future__ import annotations

import threading
import zlib

LARGE = 1 << 20  # a thread takes longer to start than fewer bytes take


class Checksum:
    """The CRC-32 of all parts that were added; a part must not change before the next one, or the result."""

    def __init__(self) -> None:
        self._value = 0
        self._thread: threading.Thread | None = None

    def add(self, part: memoryview) -> None:
        """Begin with the next part; zlib gives the other thread the processor while it computes."""
        self.result()
        if len(part) < LARGE:
            self._take(part)
        else:
            self._thread = threading.Thread(target=self._take, args=(part,))
            self._thread.start()

    def _take(self, part: memoryview) -> None:
        self._value = zlib.crc32(part, self._value)

    def result(self) -> int:
        """Wait for what was begun, and return the checksum."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        return self._value
