"""The modes that a thread can be in besides grad mode: inference mode, and the transforms of `func`."""

from __future__ import annotations

import threading


class _Modes(threading.local):
    inference = False  # nothing is recorded, and what is made can never be
    transforms = 0  # how many of func's transforms run their functions


modes = _Modes()
