"""Numbers that a dtype cannot hold: where torch refuses them, where it makes infinities of them, and where it wraps."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike

LINES = """
h.clamp(0, 1e6)
h.clamp(-1e6)
h.clamp(max=float('inf'))
h.clone().clamp_(0, 1e6)
h.clamp_min(1e6)
h.clamp_max(-1e6)
f.clamp(0, 1e39)
f.clamp(float('nan'))
i.clamp(max=2**40)
i.clamp(-2**40)
i.clamp(max=1e20)
i.clone().clamp_(max=2**40)
i.clamp_min(2**40)
b.clamp(-1, 300)
b.clamp(-1)
t.nn.functional.hardtanh(h, -1e6, 1e6)
t.nn.functional.threshold(h, 1e6, 1.0)
t.nn.functional.threshold(h, 1.0, 1e6)
t.nn.functional.hardshrink(h, 1e6)
h.clone().masked_fill_(h > 0, 1e6)
h.masked_fill(h > 0, float('inf'))
h.index_fill(0, t.tensor([0]), 1e6)
h.add(h, alpha=1e6)
h.sub(h, alpha=1e6)
h.sub(2.0, alpha=1e6)
h.clone().add_(2.0, alpha=1e6)
i.add(i, alpha=2**40)
i.add(1, alpha=2**40)
b.add(1, alpha=300)
b.add(1, alpha=-3)
f.add(1, alpha=1e39)
f.add(f, alpha=float('inf'))
h.new_full((2,), 1e6)
h.new_full((2,), 3)
t.full((2,), 1e39, dtype=t.bfloat16)
t.full((2,), 3.39e38, dtype=t.bfloat16)
t.full_like(h, 1e6)
i.index_put((i > 0,), t.tensor(float('inf')))
i.index_put((i > 0,), t.tensor([2.0**40]))
i.index_put((i > 9,), t.tensor(float('nan')))
i.index_put((i > 0,), t.tensor(2.5))
h.index_put((h > 0,), t.tensor(1e6))
h + 1e6
b + 300
b == 300
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_taken_or_refused_alike(line):
    def program(t):
        numbers = {
            "h": t.tensor([1.5, -2.0], dtype=t.float16), "f": t.tensor([1.5, -2.0]),
            "i": t.tensor([1, -2], dtype=t.int32), "b": t.tensor([1, 44], dtype=t.uint8),
        }  # fmt: skip
        return eval(line, {"t": t, **numbers})

    assert_alike(program)


@pytest.mark.parametrize("value", [1e6, -1e6, 7])
@pytest.mark.parametrize("index", [0, (0, 1), slice(None), ..., True, [0], [0, 1]])
def test_what_is_written_into_halves_becomes_infinite(index, value):
    def program(t):
        x = t.ones(2, 2, dtype=t.float16)
        x[index] = value
        return x

    assert_alike(program)
