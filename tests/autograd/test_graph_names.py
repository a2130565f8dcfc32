"""torch.autograd.graph's names: what they do on a CPU, and what they refuse."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp
from support.functions_of_ones_own import square
from support.two_worlds import assert_alike


def test_every_public_name_is_there_but_for_those_of_other_devices():
    missing = set(torch.autograd.graph.__all__) - set(tinygrad_mlp.autograd.graph.__all__)
    assert missing == {"region_activation_memory_budget", "set_override_stale_capture_stream"}
    assert all(hasattr(tinygrad_mlp.autograd.graph, name) for name in tinygrad_mlp.autograd.graph.__all__)


def _leaf(torch):
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def written_before_backward(torch):
    x = _leaf(torch)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        y = x * 2
        z = y.exp() * y
        y.mul_(3)
        z.sum().backward()
    return x.grad, y


def output_written(torch):
    x = _leaf(torch)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        y = x.exp()
        z = y * 1
        y.zero_()
        (z.sum() + y.sum()).backward()
    return x.grad


def view_written(torch):
    x = _leaf(torch)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        y = x * 2
        z = y * y
        y[0] = 5.0
        (z.sum() + y.sum()).backward()
    return x.grad


def leaf_written_without_grad(torch):
    x = _leaf(torch)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        z = x * x
        with torch.no_grad():
            x.zero_()
        z.sum().backward()
    return x.grad, x


def saved_by_a_function(torch):
    x = _leaf(torch)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        y = x * 2
        z = square(torch)(y)
        y.zero_()
        z.sum().backward()
    return x.grad


def backward_outside(torch):
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        z = _leaf(torch).exp()
    z.sum().backward()


def backward_in_another_block(torch):
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        z = _leaf(torch).exp()
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        z.sum().backward()


def cleared(torch):
    with torch.autograd.graph.allow_mutation_on_saved_tensors() as originals:
        z = _leaf(torch).exp()
        originals.clear()
        z.sum().backward()


def nested(torch):
    block = torch.autograd.graph.allow_mutation_on_saved_tensors
    with block(), block():
        pass


def usable_after_a_refusal(torch):
    with pytest.raises(RuntimeError, match="cannot be nested"):
        nested(torch)
    return written_before_backward(torch)


def saved_tensor(torch):
    x = _leaf(torch)
    saved = (x * x).grad_fn._raw_saved_self
    before = saved.unpack_hook
    saved.register_hooks(lambda tensor: tensor * 2, lambda tensor: tensor)
    return before, callable(saved.unpack_hook), saved.data, isinstance(saved, torch.autograd.SavedTensor)


def threads(torch):
    enabled = torch.autograd.is_multithreading_enabled
    states = [enabled()]
    with torch.autograd.set_multithreading_enabled(False):
        states.append(enabled())
    states.append(enabled())

    @torch.autograd.grad_mode.set_multithreading_enabled(False)
    def inside():
        return enabled()

    states += [inside()]
    torch.autograd.set_multithreading_enabled(True)
    return [*states, enabled()]


PROGRAMS = [
    written_before_backward, output_written, view_written, leaf_written_without_grad, saved_by_a_function,
    backward_outside, backward_in_another_block, cleared, nested, usable_after_a_refusal, saved_tensor, threads,
    lambda torch: torch.autograd.graph.increment_version(3),
    lambda torch: torch.autograd.graph.increment_version(None),
    lambda torch: torch.autograd.graph.set_warn_on_accumulate_grad_stream_mismatch(False),
    lambda torch: torch.autograd.anomaly_mode.set_detect_anomaly(False) and None,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_as_torch(program):
    assert_alike(program, rtol=1e-6)
