"""Statements that read and write through indices of every kind."""

from __future__ import annotations

from typing import Any

from support.tensor_questions import operand, overlapping

PLAIN = [
    "0", "-1", "...", "1:", "::2", ":, 0", "None", "..., -1", "0, 1:", ":1", ":, None", "()", "0, 0", "1:1", "[0]",
]  # fmt: skip
OTHERS = [
    "[0, -1]", "[[0, 0], [-1, 0]]", "torch.tensor([0, -1])", "torch.tensor(0)", "torch.tensor([[0], [-1]])", "True",
    "False", "True, 0", "False, :1", "None, ..., None", ":, [0, -1]", "[0, -1], [0, -1]", "[0], :, [0]", "0, [0, 0]",
    "..., [0, 0]", "[0, 0], None", "-1:", ":-1", "1::2", "0, ..., 0", "torch.tensor([], dtype=torch.int64)",
    "torch.tensor([True])", "[True]", "[False, True]", "slice(None), None, 0", "torch.tensor([0, 0]), 0",
    "(0, slice(1))",
    # what torch refuses
    "7", "-9", "::-1", "1.0", "'a'", "0, 0, 0, 0, 0", "torch.tensor([0.5])", "[9]", "..., ...", "[[0], [0, 0]]",
    "torch.tensor([True, False, True, True, False])",
]  # fmt: skip
OPERATORS = ["+=", "-=", "*=", "/="]


def index(x: Any, b: int) -> str:
    """An index; not from the end of what has no dimension, where torch looks for its size in memory that is not set."""
    every = PLAIN + OTHERS
    chosen = every[b % len(every)]
    return "..." if chosen in ("-1", "-9", "-1:", ":-1") and not x.ndim else chosen


def item(name: str, tensors: Any, b: int, c: int, new: str) -> str:
    """Reading."""
    x = tensors[name]
    return f"{new} = {name}[{name} > 0]" if c % 17 == 16 else f"{new} = {name}[{index(x, b + 13 * c)}]"


def set_item(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    """Writing a number, or a tensor that fits."""
    x = tensors[name]
    if overlapping(x):
        return None
    if c % 5 == 4:
        return f"{name}[{name} > 0] = {['0.5', f'{name}.sum()'][b % 2]}"
    where = index(x, b + 13 * c)
    if not x.numel() and repeats(where):
        return None  # which of two reasons to refuse torch finds first is an accident of its kernels
    if c % 5 == 3 or repeats(where):
        return f"{name}[{where}] = 0.25"
    try:
        part = eval(f"x.detach()[{where}]", {"x": x, "torch": __import__("torch")})
    except (IndexError, RuntimeError, TypeError, ValueError):
        part = x
    return f"{name}[{where}] = {operand(tensors, part, c, into=True)}"


def repeats(where: str) -> bool:
    """Whether an index may take an element twice: which of two values is written last is the kernel's own affair."""
    return any(word in where for word in ("[", "True", "False"))


def item_in_place(name: str, tensors: Any, b: int, c: int, new: str) -> str | None:
    """Writing the result of an operator."""
    where = index(tensors[name], b + 13 * c)
    if overlapping(tensors[name]) or (not tensors[name].numel() and repeats(where)):
        return None
    return f"{name}[{where}] {OPERATORS[c % 4]} {['2', '0.5', f'{name}.detach().sum()'][c % 3]}"
