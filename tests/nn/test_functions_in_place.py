"""Activation functions under their names that end in an underscore, and those that torch has at its top as well."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike

CALLS = {
    "celu_": (0.5,),
    "elu_": (0.5, 0.25),
    "hardtanh_": (-0.5, 0.75),
    "leaky_relu_": (0.5,),
    "selu_": (),
    "threshold_": (0.5, 0.25),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_input_is_written_and_differentiated(name):
    def program(torch):
        x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
        y = x * 1
        result = getattr(torch.nn.functional, name)(y, *CALLS[name])
        result.square().sum().backward()
        return result is y, result.detach(), x.grad

    assert_alike(program, rtol=1e-6)


AT_THE_TOP = {
    "celu": (0.5,), "celu_": (0.5,), "selu": (), "selu_": (), "threshold": (0.5, 0.25), "threshold_": (0.5, 0.25),
    "dropout": (0.5, True), "layer_norm": ((3,),), "absolute": (), "negative": (), "multiply": (2,), "divide": (2,),
    "subtract": (2,),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_THE_TOP)
def test_torch_has_it_at_the_top(name):
    def program(torch):
        x = torch.tensor([-1.0, 0.5, 2.0])
        result = getattr(torch, name)(x, *AT_THE_TOP[name])
        return result, result is x

    assert_alike(program, rtol=1e-6)
