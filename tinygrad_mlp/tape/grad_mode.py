"""Grad mode: whether the operators that run now leave nodes on the tape.

It is on in an ordinary program. `no_grad` turns it off, because the update of a weight is not part of the function
that is differentiated, and so does backward while it runs, unless the gradient itself is to be differentiated.
"""

import threading


class _State(threading.local):  # each thread has its own
    recording = True


state = _State()
