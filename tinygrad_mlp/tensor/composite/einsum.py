"""Sums of products of elements, which are said by letters for the dimensions (torch.einsum)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..functions import FUNCTIONS
from ..tensor import Tensor
from . import refusals as words

__all__ = ["einsum"]

_f = FUNCTIONS
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SUBSCRIPTS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # the letter of each number in a list of subscripts
)


def einsum(*args: Any) -> Tensor:
    """The sum of products that an equation says, as "ij,jk->ik" says the product of matrices (torch.einsum).

    Each operand has a letter for each of its dimensions; "..." stands for any dimensions, which are broadcast. The
    products are summed over the letters that are not behind the arrow; without an arrow, over those that occur twice.
    Called as einsum(equation, *operands), einsum(equation, operands), or with a list of numbers in place of letters
    behind each operand: einsum(x, [0, 1], y, [1, 2], [0, 2]).
    RuntimeError for an equation that does not fit the operands.
    """
    equation, operands = _read(args)
    terms, result = _parsed(equation, operands)
    return _contracted([_as_term(x, labels) for x, labels in zip(operands, terms, strict=True)], result)


class _Term(NamedTuple):
    """An operand and a label for each of its dimensions: a letter, or for those of "..." their number from the end."""

    tensor: Tensor
    labels: list[Any]

    def size(self, label: Any) -> int:
        return int(self.tensor.shape[self.labels.index(label)])

    def summed(self, labels: list[Any]) -> _Term:
        """The term without some labels, over which it is summed."""
        if not labels:
            return self
        dims = [self.labels.index(label) for label in labels]
        return _Term(_f["sum"](self.tensor, dims), [label for label in self.labels if label not in labels])

    def permuted(self, labels: list[Any]) -> Tensor:
        """The tensor with its dimensions in the order of some labels."""
        return _f["permute"](self.tensor, [self.labels.index(label) for label in labels])


# -- reading the equation --------------------------------------------------------------------------


def _read(args: tuple[Any, ...]) -> tuple[str, tuple[Tensor, ...]]:
    """The equation and the operands, in whatever form they are given."""
    if len(args) < 2:
        raise ValueError(words.EINSUM_ARGUMENTS)
    if isinstance(args[0], Tensor):
        equation = ",".join("".join(map(_letter, labels)) for labels in args[1::2])
        if len(args) % 2:
            return f"{equation}->{''.join(map(_letter, args[-1]))}", args[:-1:2]
        return equation, args[::2]
    equation, *operands = args
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    if not isinstance(equation, str):
        raise TypeError(words.EINSUM_EQUATION.format(found=type(equation).__name__))
    for i, x in enumerate(operands):
        if not isinstance(x, Tensor):
            raise TypeError(words.EINSUM_OPERAND.format(place=i, found=type(x).__name__))
    return equation, tuple(operands)


def _letter(number: Any) -> str:
    """The letter that stands for a number in a list of subscripts."""
    if number is Ellipsis:
        return "..."
    if not 0 <= number < len(_SUBSCRIPTS):
        raise ValueError(words.EINSUM_NUMBER)
    return _SUBSCRIPTS[number]


def _symbols(text: str, first: int, whose: str, again: str) -> list[str]:
    """The letters of one operand, with "..." as one of them; `first` is where they begin in the equation."""
    symbols: list[str] = []
    place = 0
    while place < len(text):
        if text[place] == ".":
            if "..." in symbols:
                raise RuntimeError(again)
            if text[place : place + 3] != "...":
                raise RuntimeError(words.EINSUM_DOT.format(whose=whose))
            symbols.append("...")
            place += 2
        elif text[place] in _LETTERS:
            symbols.append(text[place])
        elif text[place] != " ":
            raise RuntimeError(words.EINSUM_SUBSCRIPT.format(place=first + place))
        place += 1
    return symbols


def _parsed(equation: str, operands: tuple[Tensor, ...]) -> tuple[list[list[Any]], list[Any]]:
    """The labels of each operand, and those of the result."""
    left, arrow, right = equation.partition("->")
    terms, first = [], 0
    for i, text in enumerate(left.split(",")):
        if i == len(operands):
            raise RuntimeError(words.EINSUM_FEWER)
        terms.append(_symbols(text, first, f"operand {i}", words.EINSUM_ELLIPSIS_AGAIN.format(operand=i)))
        first += len(text) + 1
    if len(terms) < len(operands):
        raise RuntimeError(words.EINSUM_MORE)
    covered = [_covered(symbols, x.ndim, i) for i, (symbols, x) in enumerate(zip(terms, operands, strict=True))]
    labels = [_labels(symbols, count) for symbols, count in zip(terms, covered, strict=True)]
    _refuse_sizes(labels, operands)
    letters = "".join(letter for symbols in terms for letter in symbols if letter != "...")
    if arrow:
        output = _symbols(right, len(left) + 2, "output", words.EINSUM_OUTPUT_ELLIPSIS)
        for letter in output:
            if output.count(letter) > 1:
                raise RuntimeError(words.EINSUM_TWICE.format(letter=letter))
            if letter != "..." and letter not in letters:
                raise RuntimeError(words.EINSUM_NEW.format(letter=letter))
    else:
        output = ["...", *sorted(letter for letter in letters if letters.count(letter) == 1)]
    return labels, _labels(output, max(covered, default=0))


def _covered(symbols: list[str], ndim: int, operand: int) -> int:
    """How many dimensions "..." stands for; RuntimeError where the letters do not fit the operand."""
    letters = len(symbols) - ("..." in symbols)
    if letters > ndim and "..." in symbols:
        raise RuntimeError(words.EINSUM_TOO_MANY.format(count=letters, ndim=ndim, operand=operand))
    if letters != ndim and "..." not in symbols:
        raise RuntimeError(words.EINSUM_COUNT.format(count=letters, ndim=ndim, operand=operand))
    return ndim - letters


def _labels(symbols: list[str], covered: int) -> list[Any]:
    """The labels that some letters stand for, where "..." is so many dimensions."""
    return [label for each in symbols for label in (range(-covered, 0) if each == "..." else (each,))]


def _refuse_sizes(terms: list[list[Any]], operands: tuple[Tensor, ...]) -> None:
    """RuntimeError unless the dimensions of the same label broadcast, and are equal in the same operand."""
    seen: dict[Any, int] = {}
    for i, (labels, x) in enumerate(zip(terms, operands, strict=True)):
        own: dict[Any, int] = {}
        for label, n in zip(labels, x.shape, strict=True):
            if own.setdefault(label, n) != n:
                raise RuntimeError(words.EINSUM_DIAGONAL.format(label=label, operand=i, size=n, own=own[label]))
        for label, n in own.items():
            before = seen.get(label, 1)
            if n != before and 1 not in (n, before):
                if isinstance(label, str):
                    raise RuntimeError(words.EINSUM_SIZE.format(label=label, operand=i, size=n, before=before))
                place = label - min(each for each in labels if isinstance(each, int))
                raise RuntimeError(words.EINSUM_ELLIPSIS_SIZE.format(place=place, operand=i, size=n, before=before))
            seen[label] = n if before == 1 else before


# -- computing it ----------------------------------------------------------------------------------


def _as_term(x: Tensor, labels: list[Any]) -> _Term:
    """An operand with each label once: of dimensions with the same letter, the diagonal is taken."""
    for label in labels:
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = _f["diagonal"](x, 0, first, second)
            labels = [each for d, each in enumerate(labels) if d not in (first, second)] + [label]
    return _Term(x, labels)


def _contracted(terms: list[_Term], result: list[Any]) -> Tensor:
    """The product of all terms from left to right; a label is summed as soon as no later term has it."""
    product = terms[0]
    for i, term in enumerate(terms[1:], 1):
        later = {label for other in terms[i + 1 :] for label in other.labels}
        product = _product(product, term, later.union(result))
    product = product.summed([label for label in product.labels if label not in result])
    return product.tensor if len(terms) > 1 and product.labels == result else product.permuted(result)


def _product(a: _Term, b: _Term, kept: set[Any]) -> _Term:
    """The product of two terms, summed over the labels that are not kept: by a product of matrices if there are any."""
    for one, other in ((a, b), (b, a)):
        alone = [
            n for n in one.labels if n not in kept and (n not in other.labels or other.size(n) == 1 != one.size(n))
        ]
        a, b = (one.summed(alone), b) if one is a else (a, one.summed(alone))
    a, b = _without_ones(a, b), _without_ones(b, a)
    both = [label for label in a.labels if label in b.labels]
    batch, inner = [n for n in both if n in kept], [n for n in both if n not in kept]
    rows, columns = [n for n in a.labels if n not in both], [n for n in b.labels if n not in both]
    labels = [*batch, *rows, *columns]
    if not inner:
        return _Term(_spread(a, labels) * _spread(b, labels), labels)
    size = {label: term.size(label) for term in (a, b) for label in term.labels}
    groups = [[batch, rows, inner], [batch, inner, columns]]
    matrices = [
        _f["reshape"](term.permuted([label for group in each for label in group]), _sizes(each, size))
        for term, each in zip((a, b), groups, strict=True)
    ]
    return _Term(_f["reshape"](_f["bmm"](*matrices), [size[label] for label in labels]), labels)


def _sizes(groups: Sequence[list[Any]], size: dict[Any, int]) -> list[int]:
    return [math.prod(size[label] for label in group) for group in groups]


def _without_ones(term: _Term, other: _Term) -> _Term:
    """The term without the dimensions of one element that the other has more of: there they broadcast."""
    ones = [n for n in term.labels if n in other.labels and term.size(n) == 1 != other.size(n)]
    labels = [label for label in term.labels if label not in ones]
    return _Term(_f["reshape"](term.tensor, [term.size(n) for n in labels]), labels) if ones else term


def _spread(term: _Term, labels: list[Any]) -> Tensor:
    """The tensor with dimensions in the order of some labels, and of one element for those that it does not have."""
    own = [label for label in labels if label in term.labels]
    x = term.tensor if own == term.labels else term.permuted(own)
    return _f["reshape"](x, [term.size(n) if n in own else 1 for n in labels]) if own != labels else x
