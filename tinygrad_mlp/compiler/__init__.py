"""compile: the tape, the optimiser and all, as a NumPy program."""

from .recording import CannotRecord
from .step import CompiledStep, compile

__all__ = ["CannotRecord", "CompiledStep", "compile"]
