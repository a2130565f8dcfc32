"""A process that has imported torch already, forked for each program: the import takes most of a short run's time."""

from __future__ import annotations

import functools
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest


class Done(NamedTuple):
    """How a program ended, as `subprocess.CompletedProcess` says it."""

    returncode: int
    stdout: str
    stderr: str


@functools.cache
def _server() -> ForkServerContext:
    """The process, which hashes strings as those do that `compare` starts."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "tinygrad_mlp.compare.theirs"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONHASHSEED", "0")
        forkserver.ensure_running()
    return context


def python(*arguments: str, cwd: Path, env: Mapping[str, str] = os.environ, stdin: bytes = b"") -> Done:
    """What `python -m MODULE ...` or `python FILE ...` does, in a fork of that process."""
    with TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_bytes(stdin)
        child = _server().Process(target=_run, args=(arguments, cwd, dict(env), streams))
        child.start()
        child.join()
        assert child.exitcode is not None
        return Done(child.exitcode, *(stream.read_text(errors="replace") for stream in streams[1:]))


def _run(arguments: Sequence[str], cwd: Path, env: dict[str, str], streams: list[Path]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)  # multiprocessing has closed it
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    is_module = arguments[0] == "-m"
    sys.argv = list(arguments[is_module:])
    first = str(cwd) if is_module else str(Path(arguments[0]).parent)
    sys.path[:0] = [first, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    if is_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
