"""Puts the lines of a program into groups: loops that compute several lines at once, and calls of NumPy.

    product = x @ w; h = product + b; mask = h > 0; total = h.sum(axis=0); order = np.argsort(total)
    # product | h, mask, total in one loop over the elements | a call of NumPy

A line joins an earlier group if it computes over the same elements, and if it may come before all that lies between:
nothing there makes what it reads, or reads or writes what it writes. If other loops lie between, it joins only a group
with which it has an array in common: elsewhere it would save nothing, and part what belongs to one update. What may
raise an exception or draws random numbers keeps its place among its like, and among the lines that write to memory
from outside the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..lines import Line, Program, Value
from .access import Access, alias_of, resolved, view_of, whole
from .forms import ALONE, Form, Reduction, Views, numbers_of
from .reading import form_of

_SAFE = (np.empty, np.zeros_like, np.ones_like, np.full_like, np.copy, np.array, np.sum, np.where)


@dataclass(eq=False)
class Group:
    """Lines that are computed together: in one loop nest over `space`, or (`space` is None) as calls of NumPy.

    `forms` holds a form for each line, or the line itself for a call of NumPy.
    """

    space: tuple[int, ...] | None
    forms: list[Any] = field(default_factory=list)
    read: set[Value] = field(default_factory=set)  # roots of arrays, and numbers
    written: set[Value] = field(default_factory=set)
    made: set[Value] = field(default_factory=set)  # the numbers among what is written
    accesses: dict[Value, set[Access]] = field(default_factory=dict)  # by root
    sums: set[Value] = field(default_factory=set)  # results that are there after the loops
    scattered: set[Value] = field(default_factory=set)  # arrays with elements at places that other arrays tell
    orderly: bool = False  # may raise, or draws random numbers
    external: bool = False  # writes to memory from outside the step

    @property
    def is_numpy(self) -> bool:
        """Whether it is made of calls of NumPy."""
        return self.space is None


class Step:
    """A line with what it reads and writes: one form, or a call of NumPy."""

    def __init__(self, line: Line, form: Form | None, views: Views) -> None:
        self.line = line
        self.form = form
        if form is None:
            reads = [resolved(whole(x, x.shape), views) for x in line.reads() if x.kind != "number"]
            written = [x for x in (line.out, line.target) if x is not None and x.kind != "number"]
            writes = [resolved(whole(x, x.shape), views) for x in written]
            numbers = [x for x in line.reads() if x.kind == "number"]
        else:
            reads, writes, numbers = list(form.reads()), list(form.writes()), numbers_of(form)
        self.reads, self.writes = reads, writes
        self.read = {access.base.root for access in reads} | set(numbers)
        self.written = {access.base.root for access in writes}
        self.made = {line.out} if line.out is not None and line.out.kind == "number" else set()
        self.written |= self.made
        self.external = any(root.kind not in ("made", "number") for root in self.written)
        self.orderly = self._may_raise_or_draw()

    def _may_raise_or_draw(self) -> bool:
        if self.form is not None:
            return bool(getattr(self.form, "checked", ())) or (
                "(" in getattr(self.form, "text", "") and bool(self.made)
            )
        function = self.line.function
        of_ufunc = isinstance(getattr(function, "__self__", function), np.ufunc)
        return not ((of_ufunc and function.__name__ != "at") or function in _SAFE)  # `at` takes indices

    @property
    def space(self) -> tuple[int, ...] | None:
        """The indices over which it computes; None for a call of NumPy, and for a product."""
        return None if self.form is None else getattr(self.form, "space", ())

    def must_follow(self, group: Group) -> bool:
        """Whether it must not come before a group."""
        if self.read & group.written or self.written & (group.read | group.written):
            return True
        if self.orderly and (group.orderly or group.external):
            return True
        return self.external and group.orderly

    def may_join(self, group: Group) -> bool:
        """Whether it can be computed together with a group that it must perhaps follow."""
        if group.is_numpy or self.form is None:
            return group.is_numpy and self.form is None
        if isinstance(self.form, ALONE) or isinstance(group.forms[0], ALONE):
            return False
        if group.space != self.space or (self.orderly and not self.made and group.external):
            return False
        if (self.read | self.written) & group.sums and self.space != ():
            return False
        if isinstance(self.form, Reduction) and self.written & (group.read | group.written):
            return False
        scattered = {a.base.root for a in (*self.reads, *self.writes) if _is_scattered(a)}
        if (scattered & group.written) or (group.scattered & self.written):
            return False
        checked = {access.base.root for access, _, _ in getattr(self.form, "checked", ())}
        if checked & group.written:
            return False
        shared = (self.read & group.written) | (self.written & (group.read | group.written))
        own: dict[Value, set[Access]] = {}
        for access in (*self.reads, *self.writes):
            own.setdefault(access.base.root, set()).add(access)
        return all(
            len(own.get(root, set()) | group.accesses.get(root, set())) == 1 for root in shared if root.kind != "number"
        )

    def has_in_common(self, group: Group) -> bool:
        """Whether it uses an array that a group uses; arithmetic of numbers belongs together in any case."""
        shared = (self.read | self.written) & (group.read | group.written)
        return self.space == () or any(root.shape for root in shared)

    def join(self, group: Group) -> None:
        """Become a part of a group."""
        group.forms.append(self.form or self.line)
        group.read |= self.read
        group.written |= self.written
        group.made |= self.made
        for access in (*self.reads, *self.writes):
            group.accesses.setdefault(access.base.root, set()).add(access)
            if _is_scattered(access):
                group.scattered.add(access.base.root)
        if isinstance(self.form, Reduction):
            group.sums |= self.written
        group.orderly |= self.orderly
        group.external |= self.external


def _is_scattered(access: Access) -> bool:
    return any(entry.by is not None for entry in access.entries)


class Groups:
    """The groups of a program in their order, and its views, whose lines are in no group.

    The lines in `calls` stay calls of NumPy.
    """

    def __init__(self, program: Program, calls: frozenset[Line] = frozenset()) -> None:
        self.views: Views = {}
        self.view_lines: dict[Value, Line] = {}
        self.aliases: dict[Value, Value] = {}  # what has the same elements in another shape
        self.listed: list[Group] = [Group(None)]  # calls of NumPy that may come first
        steps = []
        for line in program.lines:
            view = view_of(line)
            alias = alias_of(line, self.views) if view is None else None
            if view is not None:
                self.views[line.out], self.view_lines[line.out] = view, line
            elif alias is not None:
                self.aliases[line.out], self.view_lines[line.out] = alias, line
            else:
                steps.append(Step(line, None if line in calls else form_of(line, self.views), self.views))
        _leave_to_python(steps, self.views)
        for step in steps:
            self._place(step)
        if not self.listed[0].forms:
            del self.listed[0]

    def _place(self, step: Step) -> None:
        position = len(self.listed)
        is_next = True
        while position > 1 or (position == 1 and step.form is None):
            group = self.listed[position - 1]
            if step.may_join(group) and (is_next or step.form is None or step.has_in_common(group)):
                step.join(group)
                return
            if step.must_follow(group):
                break
            is_next = is_next and group.space == () and not isinstance(group.forms[0], ALONE)
            position -= 1
        if step.form is None:
            position = len(self.listed)
        else:  # at the end of the loops that are there, before calls of NumPy that it need not follow
            while position < len(self.listed) and not self.listed[position].is_numpy:
                position += 1
        group = Group(None if step.form is None else step.space)
        self.listed.insert(position, group)
        step.join(group)


def _leave_to_python(steps: list[Step], views: Views) -> None:
    """Make calls of those forms whose result is a Python number that a call of NumPy reads: loops return no numbers."""
    needed: set[Value] = set()
    for position in reversed(range(len(steps))):
        step = steps[position]
        if step.form is not None and step.made & needed:
            step = steps[position] = Step(step.line, None, views)
        if step.form is None:
            needed |= {x for x in step.line.reads() if x.kind == "number"}
