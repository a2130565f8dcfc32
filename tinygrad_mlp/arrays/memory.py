"""Keeping freed memory for the next step.

A training step makes and frees arrays of the same sizes again and again. By default glibc hands a freed block at the
end of its heap, and every block above a threshold, back to the kernel at once, and the next step pays a page fault for
each 4 KiB: more than the matrix products of a small network. mallopt(3) tells it to keep up to 128 MiB.

This is a setting of the whole process: it holds for other libraries and the program, too, and cannot be taken back. The
environment variable TINYGRAD_MLP_KEEP_MEMORY=0 leaves the C library as it is.
"""

from __future__ import annotations

import os

# From glibc's malloc.h; 32 MiB is the largest threshold that mallopt takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT, _LARGEST_ON_HEAP = 128 << 20, 32 << 20


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed blocks, unless the environment says not to.

    False where it was not asked, and where it has no mallopt: macOS, Windows, Linux with musl.
    """
    if os.environ.get("TINYGRAD_MLP_KEEP_MEMORY") == "0":
        return False
    try:
        import ctypes  # which a Python that was built without libffi lacks

        mallopt = ctypes.CDLL(None).mallopt
    except (ImportError, AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_ON_HEAP) and mallopt(_M_TRIM_THRESHOLD, _KEPT))
