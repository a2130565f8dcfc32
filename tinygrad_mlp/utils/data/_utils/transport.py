"""How values go from one process to another: a pickle, and the memory of large arrays after it, through a pipe.

A pipe leaves nothing behind when a process dies at any moment, and its end is seen at once by the other side. What the
pipe has no room for is written by a thread, so that the sender can go on. Large arrays are not copied into the pickle
(PEP 574); the receiver reads them into arrays of their own.
"""

from __future__ import annotations

import io
import os
import pickle
import select
import struct
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from ....tensor import Tensor
from ..refusals import NOT_A_LEAF

_Parts = list[memoryview]

_LARGE = 4096  # bytes from which an array is sent beside the pickle
_MOST_PARTS = 512  # of one call of writev and readv; POSIX promises 16, Linux 1024
_PIPE_BYTES = 1 << 20  # what Linux grants every user
_HEAD = struct.Struct("<QQ")  # the lengths of the list of arrays and of the pickle


_ends_of_parent: set[Connection] = set()


def pipe(context: Any) -> tuple[Connection, Connection]:
    """A pipe, as its reading and its writing end."""
    ends: tuple[Connection, Connection] = context.Pipe(duplex=False)
    return ends


def keep(end: Connection) -> Connection:
    """Note an end of a pipe as one of this process, which the processes that it forks must not hold open."""
    _ends_of_parent.add(end)
    return end


def close(end: Connection) -> None:
    """Close an end of a pipe."""
    _ends_of_parent.discard(end)
    end.close()


def close_ends_of_parent() -> None:
    """Close, in a worker, what it got of its parent's ends when it was forked, those to other workers included.

    Else a worker would not notice that its parent has gone, and the parent not that a worker has.
    """
    for end in list(_ends_of_parent):
        close(end)


class _Pickler(ForkingPickler):
    """Puts large arrays into `arrays`, and refuses tensors that have a history."""

    def __init__(self, file: io.BytesIO, own: bool) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self._large: pickle.PickleBuffer | None = None
        self._copy = None if own else True
        super().__init__(file, 5, True, self._keep)

    def _keep(self, buffer: pickle.PickleBuffer) -> bool:
        """Whether a buffer stays in the pickle, which are those of small arrays, and what users make themselves."""
        return buffer is not self._large

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Tensor) and value.requires_grad and not value.is_leaf:
            raise RuntimeError(NOT_A_LEAF)
        if type(value) is not np.ndarray or value.nbytes < _LARGE or value.dtype.hasobject:
            return NotImplemented
        order = sorted(range(value.ndim), key=lambda axis: -value.strides[axis])
        dense = np.array(value.transpose(order), order="C", copy=self._copy)
        self.arrays.append(dense)
        # The receiver gives an array in the place of this buffer, whose bytes are not looked at.
        self._large = pickle.PickleBuffer(bytearray())
        return _in_order, (self._large, order)


def _in_order(dense: Any, order: Sequence[int]) -> Any:
    """The array whose axes, in this order, are those of an array in C order."""
    return dense.transpose(np.argsort(order)) if list(order) != sorted(order) else dense


def packed(value: Any, own: bool = False) -> _Parts:
    """The bytes that are to be sent for a value.

    Unless the arrays are `own`, which nobody else writes to, they are copied: the bytes may be sent later. Raises what
    pickle raises; RuntimeError for a tensor that has a history (as in torch).
    """
    file = io.BytesIO()
    pickler = _Pickler(file, own)
    pickler.dump(value)
    kinds = pickle.dumps([(array.dtype, array.shape) for array in pickler.arrays])
    head = _HEAD.pack(len(kinds), file.tell()) + kinds
    return [memoryview(head), file.getbuffer(), *map(_bytes_of, pickler.arrays)]


def _bytes_of(array: np.ndarray[Any, Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


class Sender:
    """Sends values through the writing end of a pipe, in order and without waiting for the receiver."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[_Parts] = deque()
        self._lock = threading.Lock()
        os.set_blocking(descriptor, False)
        with suppress(ImportError, AttributeError, OSError):
            import fcntl

            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def is_deserted(self) -> bool:
        """Whether there is no receiver any more."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return bool(poll.poll(0))

    @property
    def is_waiting(self) -> bool:
        """Whether there is something that the pipe had no room for."""
        return bool(self._waiting)

    def send(self, parts: _Parts) -> None:
        """Send what `packed` gave. OSError if there is no receiver any more."""
        with self._lock:
            if not self._waiting:
                with suppress(BlockingIOError):
                    while parts:
                        parts = self._write(parts)
            if not parts:
                return
            self._waiting.append(parts)
            if len(self._waiting) > 1:
                return
        threading.Thread(target=self._send_the_rest, daemon=True).start()

    def _write(self, parts: _Parts) -> _Parts:
        """Write what can be written at once, and return the rest."""
        return _without(parts, os.writev(self._descriptor, parts[:_MOST_PARTS]))

    def _send_the_rest(self) -> None:
        """Write what waits, until nothing does; the pipe blocks meanwhile, so that one call writes much."""
        os.set_blocking(self._descriptor, True)
        with suppress(OSError):  # the receiver is gone, which this process learns elsewhere
            while True:
                parts = self._waiting[0]
                while parts:
                    parts = self._write(parts)
                with self._lock:
                    if len(self._waiting) == 1:
                        os.set_blocking(self._descriptor, False)
                    self._waiting.popleft()
                    if not self._waiting:
                        return


def receive(descriptor: int) -> Any:
    """Receive a value that a Sender sent; EOFError if there is no sender any more."""
    lengths = bytearray(_HEAD.size)
    _read(descriptor, [memoryview(lengths)])
    kinds, body = map(bytearray, _HEAD.unpack(lengths))
    _read(descriptor, [memoryview(kinds), memoryview(body)])
    arrays = [np.empty(shape, dtype) for dtype, shape in pickle.loads(kinds)]
    _read(descriptor, list(map(_bytes_of, arrays)))
    return pickle.loads(body, buffers=arrays)


def _read(descriptor: int, parts: _Parts) -> None:
    """Fill these parts of the memory."""
    while parts:
        count = os.readv(descriptor, parts[:_MOST_PARTS])
        if not count:
            raise EOFError
        parts = _without(parts, count)


def _without(parts: _Parts, count: int) -> _Parts:
    """The parts without their first bytes."""
    for i, part in enumerate(parts):
        if count < part.nbytes:
            return [part[count:], *parts[i + 1 :]]
        count -= part.nbytes
    return []
