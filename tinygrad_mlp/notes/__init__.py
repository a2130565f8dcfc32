"""Notes on refusals (PEP 678): what an exception says in torch's words, said again with the names in the program.

    RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x4 and 2x4)
    `hidden` (8, 4) float32, from clamp; `second` (2, 4) float32, a leaf that requires grad.
    A matrix product needs as many columns on the left as rows on the right: here 4 and 2.
    Write `second.T` in place of `second`.

`messages.noted`, which stands where refusals leave the package, calls `explain`, and only then is this room loaded.
The frames tell which tensors were operands (frames.py, scene.py) and what these are called (names.py). writers.py has
for each refusal what its note says; the sentences are in texts.py.
"""

from __future__ import annotations

from types import FrameType

from .frames import way_of
from .scene import Scene
from .writers import writer_of


def explain(error: Exception, frame: FrameType) -> None:
    """Add a note to an exception, if there is one for it and it has none yet.

    It has been raised, and `frame` has caught it on its way out of the package; or `frame` is about to raise it.
    """
    text = error.args[0] if len(error.args) == 1 else None
    if type(text) is not str or "__notes__" in error.__dict__:
        return
    try:
        note = _note(error, text, frame)
    except Exception:  # whatever is odd about a program's frames: the refusal itself must come through
        return
    if note:
        error.add_note(note)  # type: ignore[attr-defined, unused-ignore] # from Python 3.11 on


def _note(error: Exception, text: str, frame: FrameType) -> str | None:
    found = writer_of(text)
    if found is None:
        return None
    way = way_of(error, frame)
    if way is None:
        return None
    writer, values = found
    lines = writer(Scene(*way, values))
    return None if lines is None else "\n".join(lines)
