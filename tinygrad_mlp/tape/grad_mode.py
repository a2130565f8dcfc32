"""Grad mode: whether the operators that run now leave nodes on the tape.

It is on in an ordinary program. `no_grad` turns it off, because the update of a weight is not part of the function
that is differentiated; and backward turns it off while it runs, unless the gradient itself is to be differentiated.
"""

from __future__ import annotations

import threading


class _State(threading.local):
    recording = True


state = _State()  # each thread has its own, so that one may evaluate a model while another trains
