"""torch.nn.utils.stateless: the old place of `functional_call`, and the block that libraries take from there."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp


def test_within_the_block_a_module_has_other_tensors() -> None:
    seen = []
    for framework in (torch, tinygrad_mlp):
        stateless = framework.nn.utils.stateless
        net = framework.nn.Linear(2, 1)
        before = net.weight
        given = {"weight": framework.ones(1, 2), "bias": framework.zeros(1)}
        with stateless._reparametrize_module(net, given):
            seen.append(net(framework.ones(2)).item())
            assert net.weight is given["weight"]
        assert net.weight is before
        with (
            pytest.raises(RuntimeError) as refusal,
            stateless._reparametrize_module(net, {"weigh": before}, strict=True),
        ):
            pass
        seen.append(str(refusal.value).split("\n")[0])
        with pytest.raises(LookupError), stateless._reparametrize_module(net, given):
            raise LookupError
        assert net.weight is before
    assert seen[:2] == seen[2:]


def test_the_old_function_warns() -> None:
    for framework in (torch, tinygrad_mlp):
        net = framework.nn.Linear(2, 1)
        with pytest.warns(FutureWarning, match="torch.func.functional_call"):
            out = framework.nn.utils.stateless.functional_call(
                net, {"weight": framework.zeros(1, 2)}, framework.ones(2)
            )
        assert out.item() == net.bias.item()
