"""The state of the tape: whether what runs now is written on it. It belongs to the thread, as in torch."""

from __future__ import annotations

import threading


class _State(threading.local):
    recording = True
    transforms = 0  # how many of func's transforms run their functions
    inference = False  # inference mode: nothing is recorded, and what is made can never be


state = _State()
