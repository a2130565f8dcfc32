"""The mutants: every change of every subject, and of what a rule reads, each with a name."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.tensor import dispatch

from .changes import Change, changed, changes
from .subjects import Subject, subjects

LONGEST = 48  # characters of an expression in a name


@dataclass
class Mutant:
    """A change that is made in memory by `apply`, in a process of its own.

    `users` are the rows and functions whose tests are to notice; `of_rule` says whether it is a rule of the table.
    """

    name: str
    file: str
    users: list[str]
    shown: str
    apply: Callable[[], None]
    of_rule: bool = False


def mutants() -> list[Mutant]:
    """All mutants, in the order of the table and of the text: those of rules first."""
    found: dict[str, Mutant] = {}
    for subject in sorted(subjects(), key=lambda subject: not is_rule(subject)):
        for mutant in [*_changed(subject), *_reading_others(subject)]:
            name, count = mutant.name, 1
            while mutant.name in found:
                count += 1
                mutant.name = f"{name} #{count}"
            found[mutant.name] = mutant
    return list(found.values())


def chosen(names: list[str]) -> list[Mutant]:
    """The mutants whose name begins with one of these, or whose row or function has that name; without names, all."""
    found = mutants()
    if not names:
        return found
    wanted = set(names)
    return [m for m in found if not wanted.isdisjoint(_beginnings(m.name))]


def _beginnings(name: str) -> list[str]:
    """A name, and what stands in it before each slash."""
    return [name, *(name[:i] for i, letter in enumerate(name) if letter == "/")]


def is_rule(subject: Subject) -> bool:
    """Whether the function is a rule of a row."""
    return subject.group in TABLE and subject.part in TABLE[subject.group].parameters


def _changed(subject: Subject) -> Iterator[Mutant]:
    everything = is_rule(subject) or subject.file.startswith("optim")
    for change in changes(subject.tree, everything):
        old, new = ast.unparse(change.old), ast.unparse(change.new)
        name = f"{subject.group}/{subject.part}/{_short(old)}/{change.kind}"
        shown = f"{old} -> {new}"
        yield Mutant(name, subject.file, subject.users, shown, _putting(subject, change), is_rule(subject))


def _putting(subject: Subject, change: Change) -> Callable[[], None]:
    return lambda: subject.put(subject.compiled(changed(subject.tree, change)))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


# -- wrong saved values ----------------------------------------------------------------------------


def _reading_others(subject: Subject) -> Iterator[Mutant]:
    """A rule that reads another array than it should: the input for the output, one operand for the other."""
    if not is_rule(subject):
        return
    row = TABLE[subject.group]
    arrays = [*row.outputs, *(row.parameters[i] for i in row.tensors)]
    shapes = [f"{row.parameters[i]}_shape" for i in row.tensors]
    frame = [*row.outputs, *row.parameters, *shapes]
    for j in range(len(row.rules)):
        if row.parameters[row.differentiable[j]] != subject.part:
            continue
        for place in row.reads[j]:
            old = frame[place]
            for new in arrays if old in arrays else shapes if old in shapes else ():
                if new != old:
                    name = f"{row.name}/{subject.part}/{old}/saved {new}"
                    apply = _reading(row, j, place, frame.index(new))
                    yield Mutant(name, subject.file, subject.users, f"{old} -> {new}", apply, True)


def _reading(row: Operator, j: int, place: int, other: int) -> Callable[[], None]:
    def apply() -> None:
        reads = [list(read) for read in row.reads]
        reads[j] = [other if k == place else k for k in reads[j]]
        row.reads = tuple(map(tuple, reads))
        _forget_callers(row)

    return apply


def _forget_callers(row: Operator) -> None:
    """Have the callers of a row and the class of its nodes written anew."""
    dispatch._classes.pop(row, None)
    dispatch._copying_class.cache_clear()
    for caller in dispatch.Caller.all:
        if caller.row is row:
            caller.written = None
            caller.call = caller._write_and_call
