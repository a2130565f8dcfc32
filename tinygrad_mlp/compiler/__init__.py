"""`compile`: run a training step (forward, backward and the optimiser's update) as one NumPy program.

The first calls run the step as it is and write down every NumPy call that it makes. Later calls run the function whose
source was made from these notes, without a tape, Tensors or modules. A step passes through the files in this order:

1. `step`: the compiled step that the user calls; it looks for a program that fits the call, or records one.
2. `arguments`: the tensors and the other values that a call was given.
3. `state`: the variables, modules and optimisers that the step can read besides its arguments.
4. `session`: one recording; while it lasts, tensors hand out recording arrays instead of NumPy arrays.
5. `recording` and `number`: the recording array and the recorded Python number, which note what is computed with them.
6. `lines`: the notes as data: a program is a list of lines, and each line is one NumPy call.
7. `build`: makes a program of a finished recording, by means of all the files that follow.
8. `passes`: shortens and speeds up the lines, by `rewrites`, `fusion`, `descent`, `products`, `blocks` and `buffers`.
9. `names`: finds a name for each array, the user's own where there is one.
10. `emit`: writes the lines as Python source.
11. `loops`: writes the lines as loops instead, which numba compiles, for `backend="loops"`.
12. `conditions` and `guard`: what must be as it was for the program to be right, checked at every call.
13. `standalone`: saves a program as a file that runs without this package.

The texts of all refusals are in `refusals`, what the passes say of the lines that they leave out in `reasons`.
"""

from typing import Any

from .recording import CannotRecord
from .session import current
from .step import CompiledStep, compile

__all__ = [
    "CannotRecord", "CompiledStep", "allow_in_graph", "assume_constant_result", "compile", "disable", "is_compiling",
    "is_dynamo_compiling", "is_exporting", "reset",
]  # fmt: skip


def is_compiling() -> bool:
    """Whether a step is being recorded now, in this thread (torch.compiler.is_compiling)."""
    return current() is not None


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself, or a decorator that gives it back (torch.compiler.disable).

    Torch leaves a compiled step for such a function; here a step that calls it has its operations among its own, with
    the same results.
    """
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """The function itself: whatever a step calls is recorded (torch.compiler.allow_in_graph)."""
    return fn


assume_constant_result = allow_in_graph
is_dynamo_compiling = is_compiling


def is_exporting() -> bool:
    """False: there is no torch.export (torch.compiler.is_exporting)."""
    return False


def reset() -> None:
    """Do nothing: every compiled step keeps its own programs (torch.compiler.reset)."""
