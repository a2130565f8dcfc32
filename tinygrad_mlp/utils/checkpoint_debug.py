"""The `debug` option of checkpoint, for when the recomputation in backward differs from the original forward.

It logs the operators of both computations, with the lines of the program that called them, for the error message.
"""

from __future__ import annotations

import threading
from typing import NoReturn

from ..arrays.dtypes import of
from ..autograd.graph.node import Node, observe_nodes
from ..messages import caller
from .refusals import LOGS


class CheckpointError(RuntimeError):
    """The recomputation saved other tensors than the original forward (torch.utils.checkpoint.CheckpointError)."""


class _Log:
    """A context that logs every operator that is recorded within it, with the lines of the program that called it."""

    def __init__(self) -> None:
        self.operators: list[str] = []
        self.lines: list[str] = []

    def __enter__(self) -> None:
        self.operators.clear()
        self.lines.clear()
        observe_nodes(_note, first=True)  # before the hook that stops the recomputation by an exception
        _running.logs.append(self)

    def __exit__(self, *exception: object) -> None:
        _running.logs.remove(self)

    def traces(self, label: str) -> str:
        """Return each operator with its lines."""
        count = len(self.operators)
        return "".join(
            f"{operator}   ({i} of {count} in {label})\n\n{lines}\n\n"
            for i, (operator, lines) in enumerate(zip(self.operators, self.lines, strict=True), 1)
        )


class _Running(threading.local):
    def __init__(self) -> None:
        self.logs: list[_Log] = []


_running = _Running()


def _note(node: Node) -> None:
    if not _running.logs:
        return
    made = "" if node.shape is None else f": {of(node.dtype)}{list(node.shape)}"
    lines, frame = "", caller()
    while frame is not None:
        lines += f"{frame.f_code.co_filename}:{frame.f_lineno}:{frame.f_code.co_name}\n"
        frame = frame.f_back
    for log in _running.logs:
        log.operators.append(f"{type(node).__name__}{made}")
        log.lines.append(lines)


class Comparison:
    """The logs of a checkpointed call: of its original forward, and of its recomputation."""

    def __init__(self) -> None:
        self.forward, self.again = _Log(), _Log()

    def refuse(self, error: CheckpointError) -> NoReturn:
        """Raise CheckpointError with both logs, from an error that says only that the computations differ."""
        text = LOGS.format(
            forward_traces=self.forward.traces("original"),
            recompute_traces=self.again.traces("recompute"),
            forward_ops="\n".join(self.forward.operators),
            recompute_ops="\n".join(self.again.operators),
        )
        raise CheckpointError(text) from error
