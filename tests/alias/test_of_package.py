"""While `torch` is another name of the package, its classes say that they are torch's: what looks at them knows it."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp
from tinygrad_mlp.alias import is_of_package, torch_alias


def test_a_class_is_of_the_package_under_both_names() -> None:
    own, theirs = tinygrad_mlp.nn.Linear, torch.nn.Linear
    assert is_of_package(own) and not is_of_package(theirs) and not is_of_package(dict)
    with torch_alias():
        assert own.__module__.startswith("torch.") and is_of_package(own) and not is_of_package(dict)

        class Users(own):
            pass

        assert not is_of_package(Users)
    assert is_of_package(own)


def test_a_distribution_of_ones_own_is_expanded() -> None:
    with torch_alias():

        class Users(tinygrad_mlp.distributions.Normal):
            def expand(self, batch_shape, _instance=None):
                return super().expand(batch_shape, self._get_checked_instance(Users, _instance))

        assert type(tinygrad_mlp.distributions.Normal(0.0, 1.0).expand((3,))).__name__ == "Normal"
        assert Users(0.0, 1.0).expand((3,)).batch_shape == (3,)


def test_a_compiled_step_that_steps_a_scheduler_is_refused() -> None:
    with torch_alias():
        w = tinygrad_mlp.ones(2, requires_grad=True)
        optimizer = tinygrad_mlp.optim.SGD([w], lr=0.1)
        scheduler = tinygrad_mlp.optim.lr_scheduler.StepLR(optimizer, 2)

        @tinygrad_mlp.compile(fallback=False)
        def step():
            optimizer.zero_grad()
            w.sum().backward()
            optimizer.step()
            scheduler.step()

        with pytest.raises(tinygrad_mlp.compiler.CannotRecord, match="change learning rates between the calls"):
            for _ in range(5):
                step()
