"""The state of the tape: whether what runs now is written on it. It belongs to the thread, as in torch."""

from __future__ import annotations

import threading


class _State(threading.local):
    recording = True
    inference = False  # inference mode: nothing is recorded, and what is made can never be


state = _State()
