"""Writes a group of lines as one loop nest.

for i in range(64):
    for j in range(10):
        difference_ij = product[i, j] - y[i, j]
        loss_sum = plus(loss_sum, np.float64(difference_ij * difference_ij))
        grad[i, j] = np.float32(2.0) * difference_ij
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..lines import Value
from .access import Access, Entry, whole
from .forms import Arithmetic, Elementwise, Reduction, Running, Search, kind_of_number
from .groups import Group
from .places import Places
from .scalars import SUMS, cast, literal

_LETTERS = "ijklmnpq"
_BLOCK = 128  # so many float64 elements are summed before the result is added with care


class Nest:
    """The text of a group's loops. `names` are those of arrays and numbers; `taken` are all names in use."""

    def __init__(self, group: Group, places: Places, names: dict[Any, str], taken: set[str]) -> None:
        self.group = group
        self.places = places
        self.names = names
        self.taken = taken
        self.space: tuple[int, ...] = group.space or ()
        self.before: dict[int, list[str]] = {}  # statements by the number of loops that surround them
        self.after: dict[int, list[str]] = {}
        self.body: list[str] = []
        self.around: tuple[list[str], list[str]] = ([], [])  # before and after each block of the innermost loop
        self.checks: list[tuple[str, str, int, int]] = []
        self._now: dict[Value, str] = {}  # the expressions of elements that this iteration has computed
        self._changed: dict[Value, Access] = {}  # what is to be stored at the end of an iteration
        self._given: set[str] = set()
        self._reads = _count_reads(group)
        self.flat = self._is_flat()
        self.axes = [axis for axis in self._loop_order() if self.space[axis] != 1]
        self.index = self._index_names()
        self._write()

    # -- the loops ---------------------------------------------------------------------------------

    def _accesses(self) -> Iterator[Access]:
        for form in self.group.forms:
            yield from form.reads()
            yield from form.writes()

    def _is_flat(self) -> bool:
        """Whether all arrays can be gone through as if they had one axis."""
        if sum(size != 1 for size in self.space) < 2:
            return False
        for form in self.group.forms:
            if isinstance(form, (Search, Running)) or (
                isinstance(form, Reduction) and len(form.axes) != len(self.space)
            ):
                return False
        arrays = [a for a in self._accesses() if a.base.shape and a.base not in self.places.locals_]
        return bool(arrays) and all(
            a.base.in_c_order and a.base.shape == self.space and a == whole(a.base, self.space) for a in arrays
        )

    def _loop_order(self) -> list[int]:
        """The axes from the outermost loop to the innermost, along which most arrays lie in memory."""
        axes = list(range(len(self.space)))
        form = self.group.forms[0]
        if isinstance(form, (Search, Running)):
            return axes if form.axis is None else [axis for axis in axes if axis != form.axis] + [form.axis]
        votes: Counter[int] = Counter()
        for access in self._accesses():
            own = [entry.axis for entry in access.entries if entry.axis is not None and self.space[entry.axis] != 1]
            if len(own) > 1 and access.base not in self.places.locals_:
                votes[own[-1] if access.base.in_c_order else own[0]] += 1
        if not votes:
            return axes
        innermost = max(reversed(axes), key=votes.__getitem__)
        return [axis for axis in axes if axis != innermost] + [innermost]

    def _index_names(self) -> dict[int, str]:
        letters = iter(letter for letter in _LETTERS if letter not in self.taken)
        return {axis: next(letters, f"index_{axis}") for axis in self.axes}

    def lines(self) -> list[str]:
        """The statements of the nest."""
        if self.flat:
            return self._flat_lines()
        found: list[str] = []
        depth = 0
        for depth, axis in enumerate(self.axes[:-1]):
            found += self._at(self.before, depth)
            found.append(f"{'    ' * depth}for {self.index[axis]} in range({self.space[axis]}):")
        depth = max(len(self.axes) - 1, 0)
        found += self._at(self.before, depth)
        if self.axes:
            axis = self.axes[-1]
            found += ["    " * depth + text for text in self._innermost(self.index[axis], self.space[axis])]
        else:
            found += self.body
        for outer in range(depth, -1, -1):
            found += self._at(self.after, outer)
        return found

    def _innermost(self, index: str, size: int) -> list[str]:
        """The innermost loop; cut into blocks if there are long sums in it."""
        before, after = self.around
        body = [*self.before.get(len(self.axes), []), *self.body, *self.after.get(len(self.axes), [])]
        if self.flat:
            body = self.body
        if not before or size <= _BLOCK:
            return [*before, f"for {index} in range({size}):", *(f"    {text}" for text in body), *after]
        begin = self._free(f"{index}_begin")
        inner = [f"for {index} in range({begin}, min({begin} + {_BLOCK}, {size})):", *(f"    {text}" for text in body)]
        return [
            f"for {begin} in range(0, {size}, {_BLOCK}):", *(f"    {text}" for text in (*before, *inner, *after))
        ]  # fmt: skip

    def _at(self, statements: dict[int, list[str]], depth: int) -> list[str]:
        return ["    " * depth + text for text in statements.get(depth, [])]

    def _flat_lines(self) -> list[str]:
        arrays = dict.fromkeys(a.base for a in self._accesses() if a.base.shape and a.base not in self.places.locals_)
        found = [f"{self._flat_name(base)} = flat({self.names[base]})" for base in arrays]
        index = self.index[self.axes[0]]
        found += self.before.get(0, [])
        found += self._innermost(index, math.prod(self.space))
        return found + self.after.get(0, [])

    def _flat_name(self, base: Value) -> str:
        return self._free(f"{self.names[base]}_flat")

    def _free(self, wish: str) -> str:
        """A name that no array has."""
        while wish in self.taken:
            wish += "_"
        return wish

    # -- forms -------------------------------------------------------------------------------------

    def _write(self) -> None:
        forms = self.group.forms
        for position, form in enumerate(forms):
            follower = forms[position + 1] if position + 1 < len(forms) else None
            if isinstance(form, Elementwise):
                self._elementwise(form, follower)
            elif isinstance(form, Reduction):
                self._reduction(form)
            elif isinstance(form, Search):
                self._search(form)
            elif isinstance(form, Running):
                self._running(form)
            elif isinstance(form, Arithmetic):
                self.body.append(f"{self.names[form.line.out]} = {self._filled(form.text, form.operands, None, form)}")
        for base, access in self._changed.items():
            self.body.append(f"{self._element(access)} = {self._now[base]}")

    def _elementwise(self, form: Elementwise, follower: Any) -> None:
        for access, axis, size in form.checked:
            self.checks.append((self._element(access), self._loops_of(access), axis, size))
        text = self._filled(form.text, form.operands, form.casts, form)
        base = form.target.base
        if form.text != "{0}":
            text = self._typed(text, form.result)
        text = cast(text, form.result, base.dtype)
        if base in self.places.scalars:
            self.body.append(f"{self.names[base]} = {text}")
            return
        if any(entry.by is not None for entry in form.target.entries):
            self.body.append(f"{self._element(form.target)} = {text}")
            return
        kept = base not in self.places.locals_ and not self.places.is_last(base, self.group)
        if not kept and self._reads[base] == 1 and _reads_once(follower, base):
            self._now[base] = f"({text})" if _is_compound(text) else text
            return
        name = self._local(base)
        self.body.append(f"{name} = {text}")
        self._now[base] = name
        if kept:
            self._changed[base] = form.target

    def _local(self, base: Value) -> str:
        letters = "".join(self.index[axis] for axis in sorted(self.axes)) if not self.flat else self._flat_index()
        name = self._free(f"{self.names[base]}_{letters}" if letters else f"{self.names[base]}_now")
        self._given.add(name)
        return name

    def _flat_index(self) -> str:
        return self.index[self.axes[0]]

    def _reduction(self, form: Reduction) -> None:
        base, dtype = form.target.base, form.dtype
        rule = SUMS[form.function]
        element = cast(self._operand(form.operand, form.operand.base.dtype), form.operand.base.dtype, dtype)
        begin = _bound(dtype, rule.begin == "{highest}") if rule.begin.startswith("{") else rule.begin
        reduced = [axis for axis in self.axes if axis in form.axes]
        depth = len(self.axes) - len(reduced)
        if set(self.axes[depth:]) != set(reduced):
            self._sum_into_array(form, begin, rule.text, element)
            return
        wide = np.dtype(np.float64) if form.function is np.add and dtype.kind == "f" else dtype
        total = self._free(f"{self.names[base]}_sum")
        self._given.add(total)
        start = literal(float(begin), wide) if wide.kind == "f" and form.function in (np.add, np.multiply) else begin
        self.before.setdefault(depth, []).append(f"{total} = {start}")
        element = cast(element, dtype, wide)
        result = cast(total, wide, dtype)
        if dtype == np.float64 and form.function is np.add and math.prod(self.space[a] for a in reduced) > _BLOCK:
            result = self._long_sum(total, element, depth)
        elif wide.kind == "f" and form.function is np.add:
            self.body.append(f"{total} = plus({total}, {element})")
        else:
            self.body.append(f"{total} = {self._typed(rule.text.format(total, element), dtype)}")
        into = self.names[base] if base in self.places.scalars else self._element(form.target)
        self.after.setdefault(depth, []).append(f"{into} = {result}")

    def _long_sum(self, total: str, element: str, depth: int) -> str:
        """A sum of blocks, with what is lost in adding them; its result as an expression."""
        part, lost = (self._free(f"{total}_{word}") for word in ("part", "lost"))
        self.before.setdefault(depth, []).append(f"{lost} = 0.0")
        before, after = self.around
        before.append(f"{part} = 0.0")
        self.body.append(f"{part} = plus({part}, {element})")
        after.append(f"{total}, {lost} = added({total}, {lost}, {part})")
        return f"{total} + {lost}"

    def _search(self, form: Search) -> None:
        """The first of the largest elements; a nan is larger than all others, and smaller."""
        dtype = form.operand.base.dtype
        places = [axis for axis in self.axes if form.axis is None or axis == form.axis]
        depth = len(self.axes) - len(places)
        name = self.names[form.target.base]
        best, at, element = (self._free(f"{name}_{word}") for word in ("best", "at", "now"))
        self.before.setdefault(depth, []).extend((f"{best} = {_bound(dtype, not form.largest)}", f"{at} = 0"))
        place = " + ".join(
            f"{self.index[axis]} * {length}" if length != 1 else self.index[axis]
            for k, axis in enumerate(places)
            for length in [math.prod(self.space[other] for other in places[k + 1 :])]
        )
        beyond = f"{element} {'>' if form.largest else '<'} {best}"
        if dtype.kind == "f":
            beyond += f" or ({element} != {element} and {best} == {best})"
        self.body += [
            f"{element} = {self._read(form.operand)}", f"if {beyond}:", f"    {best} = {element}",
            f"    {at} = {place or 0}",
        ]  # fmt: skip
        into = name if form.target.base in self.places.scalars else self._element(form.target)
        self.after.setdefault(depth, []).append(f"{into} = {at}")

    def _running(self, form: Running) -> None:
        rule = SUMS[form.function]
        zero = -0.0 if form.dtype.kind == "f" else 0  # -0 + x is x, for a -0, too
        begin = {"0": zero, "1": 1, "False": False, "True": True}.get(rule.begin)
        start = _bound(form.dtype, rule.begin == "{highest}") if begin is None else literal(begin, form.dtype)
        total = self._free(f"{self.names[form.target.base]}_now")
        element = cast(self._read(form.operand), form.operand.base.dtype, form.dtype)
        self.before.setdefault(len(self.axes) - 1, []).append(f"{total} = {start}")
        self.body.append(f"{total} = {self._typed(rule.text.format(total, element), form.dtype)}")
        self.body.append(f"{self._element(form.target)} = {total}")

    def _sum_into_array(self, form: Reduction, begin: str, text: str, element: str) -> None:
        base = form.target.base
        start = literal(float(begin), form.dtype) if form.dtype.kind == "f" and begin in "01" else begin
        self.before.setdefault(0, []).append(f"{self.names[base]}[:] = {start}")
        place = self._element(form.target)
        self.body.append(f"{place} = {self._typed(text.format(place, element), form.dtype)}")

    def _typed(self, text: str, dtype: np.dtype[Any]) -> str:
        """An expression whose integers have the bits of its dtype: numba computes with more."""
        return f"np.int32({text})" if dtype == np.int32 else text

    # -- expressions -------------------------------------------------------------------------------

    def _filled(self, text: str, operands: list[Any], casts: Any, form: Any) -> str:
        """An expression with its operands; one that it uses twice, or chooses from, is computed before."""
        words = []
        for position, x in enumerate(operands):
            word = self._operand(x, None if casts is None else casts[position])
            twice = text.count(f"{{{position}}}") > 1 or (" if " in text and position)
            if twice and not word.isidentifier() and isinstance(x, Access) and casts is not None:
                name = self._free(f"{self.names[x.base]}_at" if x.base in self.names else "element")
                while name in self._given:
                    name += "_"
                self._given.add(name)
                self.body.append(f"{name} = {word}")
                word = name
            words.append(word)
        return text.format(*words)

    def _operand(self, x: Any, dtype: Any) -> str:
        if isinstance(x, Access):
            text = self._now.get(x.base) or self._read(x)
            return text if dtype is None else cast(text, x.base.dtype, dtype)
        if isinstance(x, Value):
            return self.names[x] if dtype is None else f"np.{dtype.name}({self.names[x]})"
        if dtype is None:
            return f"({x!r})" if x < 0 else repr(x)
        text = literal(x, dtype)
        return f"({text})" if text.startswith("-") else text

    def _read(self, access: Access) -> str:
        """The element of an array, which is read before the loops if it is the only one."""
        base, text = access.base, self._element(access)
        is_only = not base.shape and base.kind != "number" and base not in self.places.scalars
        if not is_only or not self.axes or base.root in self.group.written:
            return text
        name = self._free(f"{self.names[base]}_now")
        self._given.add(name)
        if (statement := f"{name} = {text}") not in self.before.setdefault(0, []):
            self.before[0].append(statement)
        return name

    def _element(self, access: Access) -> str:
        """The element of an array in an iteration."""
        base = access.base
        if base.kind == "number":  # one that was broadcast, which NumPy makes an array of
            return f"np.{'float64' if kind_of_number(base) is float else 'int64'}({self.names[base]})"
        if base in self.places.scalars:
            return self.names[base]
        if not base.shape:
            return f"{self.names[base]}[()]"
        if self.flat:
            return f"{self._flat_name(base)}[{self._flat_index()}]"
        return f"{self.names[base]}[{', '.join(map(self._entry, access.entries))}]"

    def _entry(self, entry: Entry) -> str:
        if entry.by is not None:
            return self._now.get(entry.by.base) or self._element(entry.by)
        name = self.index.get(entry.axis) if entry.axis is not None else None
        if name is None:
            return str(entry.start)
        scaled = name if entry.scale == 1 else f"{entry.scale} * {name}"
        return scaled if not entry.start else f"{entry.start} + {scaled}"

    def _loops_of(self, access: Access) -> str:
        axes = [axis for axis in self.axes if any(entry.axis == axis for entry in access.entries)]
        return "\n".join(
            f"{'    ' * depth}for {self.index[axis]} in range({self.space[axis]}):" for depth, axis in enumerate(axes)
        )


def _bound(dtype: np.dtype[Any], highest: bool) -> str:
    """The largest or the smallest number of a dtype, as an expression."""
    if dtype.kind == "b":
        return repr(highest)
    if dtype.kind == "f":
        return literal(np.inf if highest else -np.inf, dtype)
    return literal(np.iinfo(dtype).max if highest else np.iinfo(dtype).min, dtype)


def _count_reads(group: Group) -> Counter[Value]:
    """How often the forms of a group read each array."""
    return Counter(access.base for form in group.forms for access in form.reads())


def _reads_once(form: Any, base: Value) -> bool:
    """Whether a form is the only one to read a value, and its expression uses it once, and in any case."""
    if isinstance(form, Reduction):
        return form.operand.base is base
    if not isinstance(form, Elementwise) or any(entry.by is not None for entry in form.target.entries):
        return False
    for position, x in enumerate(form.operands):
        if isinstance(x, Access) and x.base is base and all(entry.by is None for entry in x.entries):
            chosen = " if " in form.text and position > 0
            return form.text.count(f"{{{position}}}") == 1 and not chosen
    return False


def _is_compound(text: str) -> bool:
    """Whether an expression needs parentheses as an operand: an operator stands outside of its parentheses."""
    depth = 0
    for character in re.sub(r"\s+", " ", text):
        depth += (character in "([") - (character in ")]")
        if character == " " and not depth:
            return True
    return text.startswith("-")
