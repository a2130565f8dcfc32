"""How batches go through a pipe: every value arrives as it was, also what the pipe has no room for."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ml_dtypes import bfloat16

import tinygrad_mlp
from tinygrad_mlp.utils.data._utils.transport import Sender, packed, receive


def sent(*values, own=False):
    """The values after their way through one pipe."""
    reading, writing = os.pipe()
    try:
        sender = Sender(writing)
        for value in values:
            sender.send(packed(value, own))
        return [receive(reading) for _ in values]
    finally:
        os.close(reading)
        os.close(writing)


@given(
    shape=st.lists(st.integers(0, 40), max_size=4), order=st.permutations(range(4)), own=st.booleans(),
    dtype=st.sampled_from(["?", "i1", "u1", "f2", "f4", "f8", "i8", "c8", "c16", "M8[s]", "S3", bfloat16]),
)  # fmt: skip
def test_arrays_arrive_with_their_layout(shape, order, own, dtype) -> None:
    count = int(np.prod(shape))
    array = (
        (np.arange(count) % 100).astype("i1").astype("i8" if dtype == "M8[s]" else dtype).astype(dtype).reshape(shape)
    )
    array = array.transpose([axis for axis in order if axis < array.ndim])
    ((found, also), empty) = sent((array, array), array.reshape(-1)[:0], own=own)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.strides == array.strides or array.size < 2 or array.nbytes < 4096
    assert found is also
    assert (empty.dtype, empty.shape) == (array.dtype, (0,))


@pytest.mark.parametrize("own", [False, True])
def test_views_send_only_what_they_show(own) -> None:
    wide = np.arange(1_000_000.0)
    every, back, same, fixed = wide[::1000], wide[::-200], np.broadcast_to(wide[:1], (50, 50)), wide[:5000].view()
    fixed.flags.writeable = False
    values = [every, back, same, fixed, np.array([{"a": 1}], object)]
    for value, found in zip(values, sent(values, own=own)[0], strict=True):
        np.testing.assert_array_equal(found, value)
        assert found.flags.writeable
    assert sum(part.nbytes for part in packed(values, own)) < 200_000


def test_tensors_arrive_with_what_they_are() -> None:
    x = tinygrad_mlp.arange(6000.0).reshape(2, 3000).t().requires_grad_()
    module = tinygrad_mlp.nn.Linear(100, 60)
    (found, layer), numbers = sent((x, module), [1, "a", None, b"b" * 10])
    assert found.requires_grad
    assert found.stride() == x.stride()
    assert found.equal(x)
    assert layer.weight.equal(module.weight)
    assert type(layer.weight) is tinygrad_mlp.nn.Parameter
    assert numbers == [1, "a", None, b"b" * 10]


def test_the_sender_does_not_wait() -> None:
    """Ten megabytes are on their way while this one thread has not read any of them."""
    values = [np.full(300_000 + i, i, np.float32) for i in range(10)]
    for value, found in zip(values, sent(*values), strict=True):
        np.testing.assert_array_equal(found, value)
    many = [np.full(2000, i) for i in range(1500)]  # more than one call of the system takes
    np.testing.assert_array_equal(sent(many)[0], many)


def test_after_a_wait_the_sender_writes_itself_again() -> None:
    reading, writing = os.pipe()
    sender = Sender(writing)
    sender.send(packed(np.ones(500_000)))
    assert sender.is_waiting
    receive(reading)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.endswith("(_send_the_rest)"):
            thread.join(5)
    assert not sender.is_waiting
    sender.send(packed("last"))
    assert receive(reading) == "last"
    os.close(writing)
    with pytest.raises(EOFError):
        receive(reading)
    os.close(reading)


def test_a_sender_without_a_receiver() -> None:
    reading, writing = os.pipe()
    sender = Sender(writing)
    assert not sender.is_deserted
    os.close(reading)
    assert sender.is_deserted
    with pytest.raises(BrokenPipeError):
        sender.send(packed(1))
    os.close(writing)
