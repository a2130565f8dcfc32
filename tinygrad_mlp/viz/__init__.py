"""See the tape: what a program recorded and what backward did with it, as text, as a picture and as a page."""

from .steps import backward_steps
from .tape import Tape, tape
from .watching import watching

__all__ = ["Tape", "backward_steps", "tape", "watching"]
