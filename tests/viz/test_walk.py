"""The walk through a backward: what it writes where there is no terminal, and what its keys do."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

import tinygrad_mlp as torch

pytest.importorskip("rich")
from rich.console import Console

from tinygrad_mlp.viz.walk import NOTHING_RAN, walk


def shared():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    doubled = w * 2
    return w, (doubled * doubled + doubled).sum()


def written(shown, keys=None):
    console = Console(file=io.StringIO(), width=200)
    walk(shown, console, keys)
    return console.file.getvalue()


def test_without_a_terminal_all_events_are_written():
    w, loss = shared()
    text = written(loss)
    assert w.grad.tolist() == [10.0, 18.0]
    assert "%3 add runs" in text and "rule for input: " in text
    assert "%1 waits: %3 has spoken, %2 has not" in text
    assert "w.grad: None +" in text


def test_a_tape_is_walked_again():
    _, loss = shared()
    tape = loss.tape()
    assert written(tape).strip() == NOTHING_RAN
    loss.backward()
    assert "%3 add runs" in written(tape)


@pytest.mark.parametrize(
    ("keys", "places", "ran"),
    [
        ([], [1], False),
        (["next", "next", "back", "back", "back", "next"], [1, 2, 3, 2, 1, 1, 2], False),
        (["next", "quit", "next"], [1, 2], False),
        (["end", "back", "next", "next"], [1, 6, 5, 6, 6], True),
        (["other"], [1, 1], False),
    ],
)
def test_keys(keys, places, ran):
    w, loss = shared()
    text = written(loss, keys)
    assert [int(line.split()[1]) for line in text.splitlines() if line.startswith("event ")] == places
    assert (w.grad is not None) == ran


def test_in_a_terminal():
    program = (
        "import tinygrad_mlp as torch; from tinygrad_mlp.viz.walk import walk\n"
        "w = torch.ones(2, requires_grad=True); loss = (w * 2).sum(); walk(loss); print('grad', w.grad)"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"e")  # typed ahead
    text = b""
    while b"event 3" not in text:
        text += os.read(ours, 4096)
    os.write(ours, b"q")
    while b"grad tensor" not in text:
        text += os.read(ours, 4096)
    assert process.wait(30) == 0
    os.close(ours)
