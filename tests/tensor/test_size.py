"""What sums, multiples and parts of a torch.Size are: of the class again, as programs that count shapes rely on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.two_worlds import assert_alike, refusal

SIZES: dict[str, Callable[[Any], Any]] = {
    "of two": lambda size: size + size,
    "with a tuple": lambda size: size + (1,),  # noqa: RUF005 (what is tested)
    "behind a tuple": lambda size: (1,) + size,  # noqa: RUF005
    "behind nothing": lambda size: () + size,  # noqa: RUF005
    "twice": lambda size: size * 2,
    "twice, from the left": lambda size: 2 * size,
    "not at all": lambda size: size * -1,
    "a part": lambda size: size[::2],
    "with an integer by its index": lambda size: size + (True,),  # noqa: RUF005
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "a word": lambda size: size + ("a",),  # noqa: RUF005
    "a word in front": lambda size: ("a",) + size,  # noqa: RUF005
    "a fraction": lambda size: size + (1.5,),  # noqa: RUF005
}


@pytest.mark.parametrize("name", SIZES)
def test_results_are_sizes(name: str) -> None:
    result = assert_alike(lambda torch: repr(SIZES[name](torch.Size([2, 3]))))
    assert result.startswith("torch.Size(")
    assert assert_alike(lambda torch: SIZES[name](torch.Size([2, 3])).numel()) >= 0


@pytest.mark.parametrize("name", REFUSED)
def test_refused_elements(name: str) -> None:
    refusal(lambda torch: REFUSED[name](torch.Size([2, 3])))


@pytest.mark.parametrize("other", [[1], 1, None, 2.5])
def test_only_tuples_are_added(other: Any) -> None:
    refusal(lambda torch: torch.Size([2]) + other, words=0)
