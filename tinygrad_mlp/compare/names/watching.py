"""Tells `Variables` what the program does: by sys.monitoring, where Python has it, else by sys.settrace.

Only instructions of the program's own files are watched. Libraries, the framework among them, run as ever.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from .statements import has_variables, stores
from .variables import Variables

NAME = "tinygrad_mlp compare"
TOOL = 4  # one of the two numbers that sys.monitoring leaves to whoever wants them


@contextmanager
def watching(variables: Variables, packages: list[str]) -> Iterator[None]:
    """In this block the assignments of the program are noted, and its backward passes under some frameworks."""
    by_events = _by_monitoring if hasattr(sys, "monitoring") else _by_settrace
    with _backward_passes(variables, packages), by_events(variables):
        yield


class _Running:
    """What is known of one call of a function of the program: the line that runs, and what it is about to store."""

    __slots__ = ("line", "pending", "variables")

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        self.line = 0
        self.pending: tuple[tuple[str, ...], int] | None = None

    def instruction(self, frame: FrameType, names: tuple[str, ...] | None) -> None:
        """An instruction is about to run, which stores to these names."""
        if self.pending is not None:
            pending, self.pending = self.pending, None
            self.variables.assigned(frame, *pending)
        if names is not None:
            self.pending = names, self.line

    def next_line(self, frame: FrameType, line: int) -> None:
        """Another line is about to run, or the same again: what the one before has done is done."""
        self.instruction(frame, None)
        if self.line:
            self.variables.after(frame, self.line)
        self.line = line


@contextmanager
def _by_settrace(variables: Variables) -> Iterator[None]:
    def calls(frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if event != "call" or not variables.watches(code.co_filename) or not has_variables(code):
            return None
        frame.f_trace_opcodes = True
        return _tracer(_Running(variables), stores(code).at)

    before = sys.gettrace()
    sys.settrace(calls)
    try:
        yield
    finally:
        sys.settrace(before)


def _tracer(running: _Running, at: dict[int, tuple[str, ...]]) -> Callable[[FrameType, str, Any], Any]:
    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            names = at.get(frame.f_lasti)
            if names is not None or running.pending is not None:
                running.instruction(frame, names)
        elif event == "line":
            running.next_line(frame, frame.f_lineno)
        elif event == "return":
            running.next_line(frame, 0)
        return trace

    return trace


@contextmanager
def _by_monitoring(variables: Variables) -> Iterator[None]:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    events = monitoring.events
    running: dict[FrameType, _Running] = {}

    def of(frame: FrameType) -> _Running:
        found = running.get(frame)
        if found is None:
            found = running[frame] = _Running(variables)
        return found

    def start(code: CodeType, offset: int) -> Any:
        if variables.watches(code.co_filename) and has_variables(code):
            monitoring.set_local_events(TOOL, code, events.INSTRUCTION | events.LINE | events.PY_RETURN)
        return monitoring.DISABLE

    def instruction(code: CodeType, offset: int) -> Any:
        own = stores(code)
        names = own.at.get(offset)
        if names is None and offset not in own.following:
            return monitoring.DISABLE
        frame = sys._getframe(1)
        of(frame).instruction(frame, names)
        return None

    def line(code: CodeType, number: int) -> None:
        frame = sys._getframe(1)
        of(frame).next_line(frame, number)

    def ends(code: CodeType, offset: int, value: Any) -> None:
        frame = sys._getframe(1)
        of(frame).next_line(frame, 0)
        running.pop(frame, None)

    def unwinds(code: CodeType, offset: int, error: BaseException) -> None:
        running.pop(sys._getframe(1), None)

    callbacks = {
        events.PY_START: start,
        events.INSTRUCTION: instruction,
        events.LINE: line,
        events.PY_RETURN: ends,
        events.PY_UNWIND: unwinds,
    }
    monitoring.use_tool_id(TOOL, NAME)
    try:
        for event, callback in callbacks.items():
            monitoring.register_callback(TOOL, event, callback)
        monitoring.set_events(TOOL, events.PY_START | events.PY_UNWIND)
        yield
    finally:
        monitoring.set_events(TOOL, events.NO_EVENTS)
        for event in callbacks:
            monitoring.register_callback(TOOL, event, None)
        monitoring.free_tool_id(TOOL)


# -- backward --------------------------------------------------------------------------------------


@contextmanager
def _backward_passes(variables: Variables, packages: list[str]) -> Iterator[None]:
    """In this block the gradients are looked at after each backward pass."""
    replaced: list[tuple[Any, str, Any]] = []
    for package in packages:
        autograd, tensor = importlib.import_module(f"{package}.autograd"), importlib.import_module(package).Tensor
        for owner in (autograd, tensor):
            replaced.append((owner, "backward", vars(owner)["backward"]))
            setattr(owner, "backward", _noting(variables, vars(owner)["backward"]))  # noqa: B010 (of any owner)
    try:
        yield
    finally:
        for owner, name, old in replaced:
            setattr(owner, name, old)


def _noting(variables: Variables, backward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        result = backward(*args, **kwargs)
        frame = variables.program_frame(sys._getframe(1))
        if frame is not None and args:
            variables.after_backward(args[0], frame)
        return result

    return run
