"""torch.utils.dlpack: capsules that share memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.utils.dlpack

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal
from tinygrad_mlp.utils import dlpack


def test_there_and_back_shares_memory() -> None:
    def program(torch):
        x = torch.arange(6.0).reshape(2, 3)
        found = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x.t()))
        found[0, 1] = 7
        return x, found, torch.utils.dlpack.from_dlpack(np.ones(2)), torch.from_dlpack(torch.utils.dlpack.to_dlpack(x))

    assert_alike(program)


def test_between_torch_and_this_package() -> None:
    x = tinygrad_mlp.arange(3)
    theirs = torch.utils.dlpack.from_dlpack(dlpack.to_dlpack(x))
    theirs[1] = 9
    ours = dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(theirs))
    ours[2] = 8
    assert x.tolist() == [0, 9, 8]


def test_a_capsule_is_taken_once() -> None:
    capsule = dlpack.to_dlpack(tinygrad_mlp.ones(2, requires_grad=True))
    assert dlpack.from_dlpack(capsule).tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="consumed only once"):
        dlpack.from_dlpack(capsule)
    refusal(lambda torch: torch.utils.dlpack.from_dlpack(3))


def test_devices() -> None:
    assert [(kind.name, kind.value) for kind in dlpack.DLDeviceType] == [
        (kind.name, kind.value) for kind in torch.utils.dlpack.DLDeviceType
    ]
