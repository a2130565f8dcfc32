"""torch.utils._foreach_utils: tensors by their dtypes, as optimisers of other packages ask for them."""

from __future__ import annotations

import importlib

import pytest

from support.two_worlds import assert_alike


@pytest.mark.parametrize("with_indices", [False, True])
def test_the_groups_are_torchs(with_indices) -> None:
    def program(t):
        group = importlib.import_module(f"{t.__name__}.utils._foreach_utils")._group_tensors_by_device_and_dtype
        a, b = t.ones(2), t.zeros(1, dtype=t.float64)
        found = group([[a, b, a], [], [b, None, a]], with_indices=with_indices)
        return [found[t.device("cpu"), dtype] for dtype in (t.float32, t.float64)], len(found)

    assert_alike(program)


def test_the_functions_are_supported() -> None:
    def program(t):
        asked = importlib.import_module(f"{t.__name__}.utils._foreach_utils")
        return asked._has_foreach_support([t.ones(1)], t.device("cpu")), asked._device_has_foreach_support("cpu")

    import tinygrad_mlp

    assert program(tinygrad_mlp) == (True, True)
