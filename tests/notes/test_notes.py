"""The notes that are added to refusals, by the programs that get them.

Each program is refused by torch, too, with the same type and text; its docstring is the note.
"""

from __future__ import annotations

import inspect
import sys

import pytest
import torch

import tinygrad_mlp
from support import refused_arguments, refused_on_the_tape
from support.two_worlds import assert_alike
from tinygrad_mlp.notes.writers import WRITERS, writer_of

PROGRAMS = [
    function
    for module in (refused_on_the_tape, refused_arguments)
    for function in vars(module).values()
    if inspect.isfunction(function) and function.__doc__
]


def notes_of(function, torch=tinygrad_mlp):
    """The notes of the exception that a program raises."""
    with pytest.raises((RuntimeError, ValueError, IndexError)) as caught:
        function(torch)
    return getattr(caught.value, "__notes__", [])


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_note_of_a_refusal(program):
    expected = [words(program.__doc__)] if sys.version_info >= (3, 11) else []
    assert list(map(words, notes_of(program))) == expected


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_type_and_text_are_those_of_torch(program):
    assert isinstance(assert_alike(program), Exception)


def test_every_note_has_a_program():
    found = set()
    for program in PROGRAMS:
        with pytest.raises((RuntimeError, ValueError, IndexError)) as caught:
            program(torch)
        found.add(writer_of(str(caught.value))[0])
    assert found == set(WRITERS.values())
