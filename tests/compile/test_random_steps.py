"""Random training steps with Python values, writes, hooks and changing state: compiled is eager, or is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as torch
from support.compiled import assert_equal, values
from support.step_statements import CHANGES, NUMBERS_GIVEN, STATEMENTS, UPDATES, source_of
from tinygrad_mlp.compiler import CannotRecord, compile

# Mostly one number of two, so that programs are called again and not only recorded; and few changes.
given_numbers = st.lists(st.sampled_from(NUMBERS_GIVEN), min_size=2, max_size=2)
calls = st.tuples(st.sampled_from([0, 0, 1]), st.one_of(st.just("pass"), st.sampled_from(CHANGES)))
steps = st.builds(
    source_of,
    st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=6),
    st.sampled_from(UPDATES),
    st.booleans(),
)


class State:
    """What a step sees besides its arguments."""

    def __init__(self) -> None:
        self.k: Any = 1.5
        self.n, self.flag, self.name = 1, True, "a"
        self.items: list[Any] = [0.5, 2]
        self.table: dict[Any, Any] = {"a": 1.5, "b": 0.5, 2.0: 0.75}
        self.w = torch.tensor([[0.5, -1.0, 0.25], [1.0, 0.75, -0.5], [0.1, 0.2, 0.3]], dtype=torch.float64)
        self.w.requires_grad_()
        self.average = torch.zeros((), dtype=torch.float64)
        self.other = torch.tensor([1.0, -0.5, 0.25], dtype=torch.float64)
        self.many = [torch.full((3,), 0.5, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)]
        self.last: Any = None

    def seen(self) -> dict[str, Any]:
        """All values, with the types of the numbers; the versions of the tensors."""
        seen = {name: typed(value) for name, value in vars(self).items()}
        return {**seen, "gradient": typed(self.w.grad), "version": self.average._version}


def typed(value: Any) -> Any:
    """A value for a comparison in which 1, 1.0 and True are three, and so are 0.0 and -0.0."""
    if isinstance(value, dict):
        return {repr(key): typed(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [typed(part) for part in value]
    return values(value) if isinstance(value, torch.Tensor) else repr(value)


def outcome(step: Any, eager: Any, arguments: tuple[Any, ...]) -> Any:
    """What a call gives: its result, or the exception's type; where a step is refused, what the eager one gives."""
    try:
        try:
            return typed(step(*arguments))
        except CannotRecord:
            return typed(eager(*arguments))
    except Exception as error:
        return type(error).__name__


def run(source: str, numbers: list[Any], calls: list[tuple[int, str]], compiled: bool) -> list[Any]:
    """What can be seen after each call, up to the first that raises."""
    scope: dict[str, Any] = {"torch": torch}
    exec(source, scope)
    state = State()
    eager = scope["step_for"](state)
    step = compile(eager) if compiled else eager
    seen: list[Any] = []
    for i, (which, change) in enumerate(calls):
        k = numbers[which]
        x = torch.tensor(np.arange(6.0).reshape(2, 3) / 4 - 0.3 * i, dtype=torch.float64)
        result = outcome(step, eager, (x, k, (k, numbers[1]), {"scale": numbers[0]}))
        seen.append([result, {} if isinstance(result, str) else state.seen()])
        if isinstance(result, str):
            break
        exec(change, {"s": state})
    return seen


@settings(max_examples=max(100, settings().max_examples))
@given(steps, given_numbers, st.lists(calls, min_size=6, max_size=6))
def test_random_steps(source: str, numbers: list[Any], calls: list[tuple[int, str]]) -> None:
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error", RuntimeWarning)
        expected = run(source, numbers, calls, compiled=False)
        assert_equal(run(source, numbers, calls, compiled=True), expected, 1e-9, source + "\n")
