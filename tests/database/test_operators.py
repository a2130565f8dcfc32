"""Every operator of torch's database that is in scope does what torch does."""

import pytest

from .operators import OPERATORS, complaints


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_is_whole(name):
    found = list(complaints(OPERATORS[name]))
    assert not found, "\n".join(found[:20])
