"""A tensor of one number and no dimensions, where a function takes a number or sizes: it is read, as in torch."""

from __future__ import annotations

import pytest

from support.lines import assert_same_line

# n is 2 as an integer, v 2.0 as a floating number.
LINES = """
x.clone().addcdiv_(x, x, value=v)
x.addcdiv(x, x, value=v)
torch.addcdiv(x, x, x, value=n)
x.clone().addcmul_(x, x, value=v)
torch.addcmul(x, x, x, value=v)
torch._foreach_addcdiv([x], [x], [x], value=v)
x.add(x, alpha=v)
torch.rsub(x, x, alpha=v)
torch.addmv(x, torch.eye(2), x, beta=v, alpha=n)
x.index_add(0, torch.tensor([0]), x[:1], alpha=v)
x.masked_fill(x > 0, v)
x.renorm(2, 0, v)
x.repeat(n)
x.repeat(n, 1)
x.reshape(n, 1)
x.reshape(n, n - 1)
x.expand(n, 2)
x.view(1, n)
torch.eye(2).permute(n - 1, 0)
"""


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_one_line(line: str) -> None:
    given = (("x", "torch.ones(2)"), ("n", "torch.tensor(2)"), ("v", "torch.tensor(2.0)"))
    names = ", ".join(name for name, _ in given)
    assert_same_line(f"(lambda {names}: {line})({', '.join(value for _, value in given)})")
