"""Sobol's sequences: torch's numbers, bit for bit, scrambled or not, in either dtype."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from support.parity import same


def engine(torch: Any, *args: Any) -> Any:
    return __import__(f"{torch.__name__}.quasirandom").quasirandom.SobolEngine(*args)


@pytest.mark.parametrize("arguments", [(), (True, 7), (True, 0)])
@pytest.mark.parametrize("dimension", [1, 3, 40])
def test_the_points(dimension: int, arguments: Any) -> None:
    def drawn(torch: Any) -> list[Any]:
        e = engine(torch, dimension, *arguments)
        first = [e.draw(1), e.draw(5), e.draw(3, dtype=torch.float64), e.fast_forward(10).draw(2), e.draw(0)]
        again = [e.reset().draw(2, dtype=torch.float64), e.draw_base2(1), e.num_generated, e.shift, repr(e)]
        return first + again

    same(drawn)


def test_without_a_seed_the_default_generator_scrambles() -> None:
    def drawn(torch: Any) -> list[Any]:
        torch.manual_seed(3)
        points, out = engine(torch, 2, True), torch.empty(0)
        return [points.draw(3, out=out), out, torch.rand(2)]

    same(drawn)


def test_a_copy_goes_on_as_the_engine_does() -> None:
    def drawn(torch: Any) -> list[Any]:
        e = engine(torch, 2, True, 1)
        e.draw(3)
        copies = copy.deepcopy(e), pickle.loads(pickle.dumps(e))
        return [x.draw(2) for x in (*copies, e)]

    same(drawn)


@pytest.mark.parametrize("call", [lambda e: e(0), lambda e: e(21202), lambda e: e(2).draw_base2(1).draw_base2(2)])
def test_what_is_refused(call: Any) -> None:
    same(lambda torch: call(lambda *args: engine(torch, *args)))


def test_points_that_are_no_power_of_two_are_refused() -> None:
    def drawn(torch: Any) -> Any:
        e = engine(torch, 2)
        e.draw_base2(1)
        return e.draw_base2(3)

    same(drawn)
