"""How samples become a batch, against torch's `default_collate`: of each kind, nested, and by a program's own map."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from support.two_worlds import assert_alike

Pair = collections.namedtuple("Pair", ["x", "y"])


@pytest.mark.parametrize(
    "samples",
    [
        lambda torch: [torch.ones(2), torch.zeros(2)],
        lambda torch: [np.ones(2), np.zeros(2)],
        lambda torch: [np.float32(1), np.float32(2)],
        lambda torch: [1.5, 2.0],
        lambda torch: [1, 2],
        lambda torch: [True, False],
        lambda torch: ["a", "b"],
        lambda torch: [b"a", b"b"],
        lambda torch: [{"x": torch.ones(1), "y": [1, 2.5]}, {"x": torch.zeros(1), "y": [3, 4.5]}],
        lambda torch: [collections.OrderedDict(x=1), collections.OrderedDict(x=2)],
        lambda torch: [Pair(1, torch.ones(1)), Pair(2, torch.ones(1))],
        lambda torch: [(1, (2.5, "a")), (3, (4.5, "b"))],
        lambda torch: [[1, 2], [3, 4]],
        lambda torch: [range(2), range(2)],
        lambda torch: [[1, 2], [3]],
        lambda torch: [None, None],
        lambda torch: [object, object],
        lambda torch: [np.array(["a"]), np.array(["b"])],
        lambda torch: [torch.ones(2), torch.ones(3)],
    ],
)
def test_collating(samples) -> None:
    def run(torch):
        batch = torch.utils.data.default_collate(samples(torch))
        return type(batch).__name__, batch

    assert_alike(run, words=5)


def test_the_map_of_collating_is_the_programs_to_change() -> None:
    """Also for data sets of tensors, whose batches are taken at once as long as nobody changes it."""

    def run(torch):
        functions = torch.utils.data._utils.collate.default_collate_fn_map
        kept = dict(functions)
        functions[torch.Tensor] = lambda batch, *, collate_fn_map: len(batch)
        try:
            return list(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.arange(10.0)), 4))
        finally:
            functions.clear()
            functions.update(kept)

    assert_alike(run)
