"""Where the values of a program live: in a variable of a loop, in an array that the program keeps, or in a new one.

d = h - y; s = (d * d).sum(); g = 2 * d   # d and d * d are variables of the loop; s is one of the function;
                                          # g, which a product reads, lies in an array
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from ..lines import Program, Value
from .access import resolved, whole
from .forms import Elementwise, Product, Reduction
from .groups import Group, Groups


class Places:
    """For the values that loops make: `locals_` live in one loop, `scalars` in one function, `stored` in arrays.

    `regions` are the runs of groups between calls of NumPy; `region_of` gives the region of a group. `fresh` are the
    stored values that the program returns, which get new memory at each call; the others get `buffer`s.
    """

    def __init__(self, program: Program, groups: Groups) -> None:
        self.regions: list[list[Group]] = []
        self.region_of: dict[Group, int] = {}
        self.locals_: set[Value] = set()
        self.scalars: set[Value] = set()
        self.stored: set[Value] = set()
        self.fresh: set[Value] = set()
        self.maker: dict[Value, Group] = {}
        self._views = groups.views
        self._split(groups.listed)
        self._order = _order(program)
        used = self._uses(groups.listed)
        self.python = self._needed_by_python(program, groups)
        outputs = {self._root(x) for x in program.outputs}
        for root, group in self.maker.items():
            self._place(root, group, used[root])
        self.fresh = self.stored & outputs
        self.last = {root: max(used[root], key=groups.listed.index) for root in self.stored}

    def _split(self, groups: list[Group]) -> None:
        before = None
        for group in groups:
            if not group.is_numpy:
                if before is None or before.is_numpy:
                    self.regions.append([])
                self.regions[-1].append(group)
                self.region_of[group] = len(self.regions) - 1
            before = group

    def _root(self, value: Value) -> Value:
        return resolved(whole(value, value.shape), self._views).base.root

    def _uses(self, groups: list[Group]) -> dict[Value, list[Group]]:
        used: dict[Value, list[Group]] = defaultdict(list)
        made_by_numpy: set[Value] = set()
        for group in groups:
            for root in group.read | group.written:
                used[root].append(group)
            if group.is_numpy:
                made_by_numpy |= group.written
            else:
                for root in sorted(group.written, key=self._order.__getitem__):
                    if root.kind == "made" and root not in made_by_numpy:
                        self.maker.setdefault(root, group)
        return used

    def _needed_by_python(self, program: Program, groups: Groups) -> set[Value]:
        """The memory that calls of NumPy use, or that is returned."""
        needed = {self._root(x) for x in program.outputs}
        for group in groups.listed:
            if group.is_numpy:
                needed |= group.read | group.written
        return needed

    def _place(self, root: Value, group: Group, used: list[Group]) -> None:
        if root not in self.python:
            if root.shape == () and len({self.region_of[g] for g in used}) == 1:
                self.scalars.add(root)
                return
            if used == [group] and self._is_local(root, group):
                self.locals_.add(root)
                return
        self.stored.add(root)

    def _is_local(self, root: Value, group: Group) -> bool:
        """Whether each element of a value is needed only while its own index is looked at."""
        if root in group.sums or root in group.scattered or len(group.accesses[root]) != 1:
            return False
        return all(isinstance(form, Elementwise) or root not in _written(form) for form in group.forms)

    def is_last(self, base: Value, group: Group) -> bool:
        """Whether nothing needs an array any more once this group has read it."""
        kept = base.root not in self.stored or base.root in self.fresh
        return not kept and self.last[base.root] is group and len(group.accesses[base.root]) == 1

    def crossing_numbers(self) -> set[Value]:
        """Python numbers that one region makes and another one reads, which no function of loops can hand over."""
        made = {number: self.region_of[g] for region in self.regions for g in region for number in g.made}
        return {
            number
            for region in self.regions
            for g in region
            for number in g.read
            if number.kind == "number" and made.get(number, self.region_of[g]) != self.region_of[g]
        }

    def buffers(self, groups: list[Group]) -> None:
        """Give each stored value that is not returned an array; one array serves several values in turn."""
        free: dict[Any, list[Any]] = defaultdict(list)
        ends: dict[Group, list[Value]] = defaultdict(list)
        made: dict[Group, list[Value]] = defaultdict(list)
        for root in sorted(self.stored - self.fresh, key=self._order.__getitem__):
            made[self.maker[root]].append(root)
            ends[self.last[root]].append(root)
        for group in groups:
            for root in made[group]:
                waiting = free[_layout(root)]
                root.array = waiting.pop() if waiting else empty(root)
                root.kind = "buffer"
            for root in ends[group]:
                free[_layout(root)].append(root.array)


def _order(program: Program) -> dict[Value, int]:
    """The order in which values and their memory occur: two recordings of a step must give one text."""
    order: dict[Value, int] = {}
    for line in program.lines:
        for value in (*line.reads(), line.out, line.target):
            if value is not None:
                order.setdefault(value, len(order))
                order.setdefault(value.root, len(order))
    return order


def _written(form: Any) -> set[Value]:
    return {access.base.root for access in form.writes()} if isinstance(form, (Reduction, Product)) else set()


def _layout(value: Value) -> tuple[Any, ...]:
    return value.shape, value.dtype, value.in_c_order


def empty(value: Value) -> Any:
    """An array for a value."""
    return np.empty(value.shape, value.dtype, order="C" if value.in_c_order else "F")
