"""The values of a program's names as sequences, and which sequence of one program belongs to which of another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...testing.pairing import PATTERNS, of_gradient
from ..records import Trace
from .refusals import NO_SUCH_NAME, NOT_A_PAIR

Array = np.ndarray[Any, np.dtype[Any]]
GRADIENT = ".grad"
TURNED = ".T"
PLACES = 6  # lines that assign to a name among which those are chosen that belong together


@dataclass(frozen=True)
class Values:
    """The values of one name: their numbers in the trace, in order."""

    key: str
    numbers: Array

    @property
    def scope(self) -> str:
        """The function whose local variable it is; "" for a variable of the program."""
        return self.key.partition(":")[0]

    @property
    def path(self) -> str:
        """The variable, with the way from it to the array: `net.0.weight`."""
        return self.key.partition(":")[2]

    @property
    def shown(self) -> str:
        """How the name is printed: with its function, where it is a local variable."""
        return f"{self.scope}:{self.path}" if self.scope else self.path


def sequences(trace: Trace) -> dict[str, Values]:
    """The sequences of a trace by name, in the order of their first values."""
    names = np.array(trace.columns["calls"])[:, 0]
    found = [Values(name, np.flatnonzero(names == i)) for i, name in enumerate(trace.names)]
    return {each.key: each for each in found}


@dataclass
class Pair:
    """Two names that belong together, and the numbers of their values that do.

    `is_turned` where one is the transpose of the other. `asked` where the user has named them. `others` where one of
    them has more values than the other, and `are_held` unless it is unknown then which of them belong together.
    """

    first: Values
    second: Values
    is_turned: bool = False
    asked: bool = False
    numbers: tuple[Array, Array] = field(init=False)
    others: bool = False
    are_held: bool = True

    def __post_init__(self) -> None:
        self.numbers = self.first.numbers, self.second.numbers

    @property
    def shown(self) -> str:
        """The name, or both where they are not the same."""
        turned = TURNED if self.is_turned else ""
        if self.first.scope == self.second.scope:
            left, right = self.first.shown, self.second.shown + turned
        else:
            left, right = self.first.path, self.second.path + turned
        return left if left == right else f"{left} = {right}"


def pairs(first: dict[str, Values], second: dict[str, Values], names: Sequence[str]) -> list[Pair]:
    """The names that belong together: those that are given as `a=b` or `a`, then those that both programs have.

    A gradient that is written by hand, `grad_w1` or `dW1`, belongs to the `.grad` of a tensor of that name. ValueError
    for a name that a program does not have.
    """
    found = [_asked(text, first, second) for text in names]
    left = {key: each for key, each in first.items() if all(pair.first is not each for pair in found)}
    right = {key: each for key, each in second.items() if all(pair.second is not each for pair in found)}
    for same in (_same_key, _same_path, _gradients, _same_end):
        for a, b in same(left, right):
            found.append(Pair(a, b))
            del left[a.key], right[b.key]
    order = {key: place for place, key in enumerate(first)}
    return sorted(found, key=lambda pair: order[pair.first.key])


def turned_names(names: Sequence[str]) -> list[str]:
    """The names whose values are the transposes of those of the first program: b in `a=b.T` and `a.T=b`."""
    both = [[part.strip() for part in text.split("=")] for text in names]
    return [each[1].removesuffix(TURNED) for each in both if len(each) == 2 and _is_turned(*each)]


def _is_turned(left: str, right: str) -> bool:
    return left.endswith(TURNED) != right.endswith(TURNED)


def _asked(text: str, first: dict[str, Values], second: dict[str, Values]) -> Pair:
    left, equals, right = (part.strip() for part in text.partition("="))
    if not left or (equals and not right):
        raise ValueError(NOT_A_PAIR.format(text=text))
    right = right or left
    return Pair(_find(left, first, "first"), _find(right, second, "second"), _is_turned(left, right), True)


def _find(name: str, known: dict[str, Values], program: str) -> Values:
    """The sequence of a name as the user writes it: `w1`, `w1.T`, `net.0.weight.grad`, `main:w1`."""
    for each in (name, name.removesuffix(TURNED)):
        exact = known.get(each if ":" in each else f":{each}")
        found = [exact] if exact else [s for s in known.values() if s.path == each]
        if found:
            return max(found, key=lambda s: len(s.numbers))
    have = ", ".join(dict.fromkeys(s.shown for s in known.values())) or "none"
    raise ValueError(NO_SUCH_NAME.format(program=program, name=name, have=have))


_Pairs = Iterator[tuple[Values, Values]]


def _same_key(left: dict[str, Values], right: dict[str, Values]) -> _Pairs:
    yield from [(left[key], right[key]) for key in left if key in right]


def _same_path(left: dict[str, Values], right: dict[str, Values]) -> _Pairs:
    """Variables of one name in functions of other names."""
    yield from _alone({s.key: s.path for s in left.values()}, {s.key: s.path for s in right.values()}, left, right)


def _same_end(left: dict[str, Values], right: dict[str, Values]) -> _Pairs:
    """`params.W1` or `net.W1` in one, `W1` in the other."""

    def end(path: str) -> str:
        return path.removesuffix(GRADIENT).rpartition(".")[2] + (GRADIENT if path.endswith(GRADIENT) else "")

    def ends(side: dict[str, Values]) -> dict[str, str]:
        return {s.key: end(s.path) for s in side.values() if not end(s.path).isdigit()}

    yield from _alone(ends(left), ends(right), left, right)


def _gradients(left: dict[str, Values], right: dict[str, Values]) -> _Pairs:
    """A gradient that is written by hand in one program, and the `.grad` of a tensor in the other."""

    def names(side: dict[str, Values]) -> dict[str, str]:
        return {s.key: gradient_of(s.path) for s in side.values() if gradient_of(s.path)}

    yield from _alone(names(left), names(right), left, right)


def gradient_of(path: str) -> str:
    """What a gradient is the gradient of: W1 for `W1.grad`, `grads.dW1`, `net.grad_W1`; "" for other names."""
    if path.endswith(GRADIENT):
        return path.removesuffix(GRADIENT).rpartition(".")[2]
    before, _, last = path.rpartition(".")
    return of_gradient(last) or (last if before in ("grads", "gradients", "grad") else "")


def _alone(a: dict[str, str], b: dict[str, str], left: dict[str, Values], right: dict[str, Values]) -> _Pairs:
    """The sequences whose names are the same and that no others have; of several, those with as many values."""
    for name in dict.fromkeys(a.values()):
        ours = [left[key] for key, each in a.items() if each == name]
        theirs = [right[key] for key, each in b.items() if each == name]
        if not ours or not theirs:
            continue
        if len(ours) == len(theirs) == 1:
            yield ours[0], theirs[0]
            continue
        fitting = [(p, q) for p in ours for q in theirs if len(p.numbers) == len(q.numbers)]
        if len(fitting) == 1:
            yield fitting[0]


def is_gradient_of(path: str, of: str) -> bool:
    """Whether a name is that of the gradient of another: `w1.grad`, `grad_w1` or `dw1` for `w1`."""
    if path.endswith(GRADIENT):
        return path == of + GRADIENT
    name, own = path.rpartition(".")[2], of.rpartition(".")[2]
    return path != of and (gradient_of(path) == own or name in [pattern.format(own) for pattern in PATTERNS])


def left_out(pair: Pair, side: int, trace: Trace) -> list[tuple[str, int]]:
    """The lines of one program whose values of a name have no counterpart in the other, with their files."""
    own = (pair.first, pair.second)[side].numbers
    if pair.others or len(own) == len(pair.numbers[side]):
        return []
    rest = own[~np.isin(own, pair.numbers[side])]
    return [(trace.files[file], line) for file, line in _places(rest, trace).tolist()]


# -- which values belong together ------------------------------------------------------------------


def align_weight(pair: Pair, ours: Trace, theirs: Trace, began: tuple[int, int]) -> None:
    """Find the values of a weight that belong together: the last before training `began`, and the updates."""
    first, second = pair.first, pair.second
    starts = [each.numbers[each.numbers < number][-1:] for each, number in zip((first, second), began, strict=True)]
    rest = [each.numbers[each.numbers >= number] for each, number in zip((first, second), began, strict=True)]
    if len(starts[0]) != len(starts[1]) or not len(starts[0]):
        align(pair, ours, theirs, None, True)
        return
    updates = Pair(Values(first.key, rest[0]), Values(second.key, rest[1]))
    align(updates, ours, theirs, None, True)
    a, b = updates.numbers
    pair.numbers = np.concatenate([starts[0], a]), np.concatenate([starts[1], b])
    pair.others = updates.others


def extend(pair: Pair) -> None:
    """Hold the first value that one program lacks of a name against its last: what it still goes on with."""
    a, b = pair.first.numbers, pair.second.numbers
    size = len(pair.numbers[0])
    after_a, after_b = a[a > pair.numbers[0][-1]], b[b > pair.numbers[1][-1]]
    if size and len(after_a) + len(after_b):
        more_a, more_b = (after_a[:1] if len(after_a) else a[-1:]), (after_b[:1] if len(after_b) else b[-1:])
        pair.numbers = np.append(pair.numbers[0], more_a), np.append(pair.numbers[1], more_b)


def align(pair: Pair, ours: Trace, theirs: Trace, agree: Any, starts: bool = False) -> None:
    """Find the values of a pair that belong together, and set the pair's numbers.

    Where the programs have as many values of the name, these belong together in order. Where one has more, those of
    some of its lines may be as many as the other has in all: a value that is computed on one line and changed on the
    next belongs to one that the other computes at once. `agree(number, number)` says whether two values are equal.
    Of data and weights, which `starts` says, the last lines count: the program goes on with what they give.
    """
    a, b = pair.first.numbers, pair.second.numbers
    pair.numbers, pair.others, pair.are_held = (a, b), False, True

    def agreed(p: Array, q: Array) -> int:
        return 0 if starts else _agreed(p, q, agree)

    if len(a) == len(b):
        return
    if not len(a) or not len(b):
        pair.numbers, pair.others = (a[:0], b[:0]), True
        return
    chosen = _chosen(a, ours, len(b), lambda some: agreed(some, b)) if len(a) > len(b) else None
    if chosen is not None:
        pair.numbers = chosen, b
        return
    chosen = _chosen(b, theirs, len(a), lambda some: agreed(a, some)) if len(b) > len(a) else None
    if chosen is not None:
        pair.numbers = a, chosen
        return
    size = min(len(a), len(b))
    pair.numbers, pair.others = (a[:size], b[:size]), True
    pair.are_held = len(_places(a, ours)) == len(_places(b, theirs))


def _places(numbers: Array, trace: Trace) -> Array:
    """The lines that give the values, each with its file."""
    return np.unique(np.array(trace.columns["calls"])[numbers][:, 2:4], axis=0)


def _chosen(numbers: Array, trace: Trace, size: int, agreed: Any) -> Array | None:
    """The values of some lines that are so many, of several choices those that agree the longest; None if none are."""
    lines = np.array(trace.columns["calls"])[numbers][:, 2:4]
    places = _places(numbers, trace)
    if len(places) > PLACES:
        return None
    best: tuple[int, Array] | None = None
    for count in range(len(places) - 1, 0, -1):
        for some in itertools.combinations(range(len(places) - 1, -1, -1), count):
            is_in = (lines[:, None, :] == places[list(some)][None]).all(2).any(1)
            if int(is_in.sum()) != size:
                continue
            score = agreed(numbers[is_in])
            if best is None or score > best[0]:
                best = score, numbers[is_in]
    return None if best is None else best[1]


def _agreed(a: Array, b: Array, agree: Any) -> int:
    """How many values agree from the first on."""
    return next((i for i, (p, q) in enumerate(zip(a, b, strict=True)) if not agree(int(p), int(q))), len(a))
