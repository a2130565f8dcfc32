"""Every module of torch's database that is in scope does what torch does."""

import pytest

from .modules import MODULES, module_complaints


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_whole(name):
    found = list(module_complaints(MODULES[name]))
    assert not found, "\n".join(found[:20])
