"""Random programs of operators, views, in-place writes, hooks and backward passes: torch and this package agree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from support.programs import KINDS, OFTEN, compare

small = st.integers(0, 40)
steps = st.lists(st.tuples(st.sampled_from(KINDS + OFTEN), small, small, small), min_size=3, max_size=30)


@settings(max_examples=max(150, settings().max_examples))
@given(steps, st.booleans())
def test_random_programs(program, watch):
    compare([("leaf", 1, 1, 1), *program], watch)
