"""Indices of every kind, for reading, writing and gradients: torch's shapes, values, layout and refusals."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support.two_worlds import assert_alike

# Each is written as a function of the framework, for an array of shape (2, 3, 4).
INDICES = {
    "True, 0": lambda t: (True, 0),
    "0, True": lambda t: (0, True),
    "False, slice": lambda t: (False, slice(1)),
    "True, True": lambda t: (True, True),
    "True, list": lambda t: (True, [0, 1]),
    "False, list": lambda t: (False, [0, 1]),
    "slice, True, list": lambda t: (slice(None), True, [0, 1]),
    "list, slice, True": lambda t: ([0, 1], slice(None), True),
    "False": lambda t: False,
    "0-d bool": lambda t: t.tensor(True),
    "0-d array of bool": lambda t: np.array(False),
    "0-d array": lambda t: (np.array(1), ...),
    "integers of NumPy's": lambda t: [np.int64(0), np.int64(1)],
    "nested list": lambda t: [[0, 1], [1, 0]],
    "list with slices": lambda t: [slice(None), [0, 2], slice(1, 3)],
    "list of tensors": lambda t: [t.tensor([0, 1]), t.tensor([0, 2])],
    "list with None": lambda t: [None, 0],
    "long list": lambda t: [0, 1] * 20,
    "empty list": lambda t: [],
    "range": lambda t: (slice(None), range(2)),
    "floats in a list": lambda t: [0.5, 1.0],
    "mask of two dimensions, slice": lambda t: (t.ones(2, 3, dtype=t.bool), slice(1, None)),
    "Ellipsis, mask": lambda t: (..., t.tensor([True, False, False, True])),
    "mask of uint8": lambda t: t.tensor([1, 0], dtype=t.uint8),
    "mask that does not fit": lambda t: (slice(None), t.tensor([True, False])),
    "int32": lambda t: t.tensor([0, 1], dtype=t.int32),
    "int16": lambda t: t.tensor([0, 1], dtype=t.int16),
    "floats": lambda t: t.tensor([0.0]),
    "float": lambda t: (0, 1.5),
    "text": lambda t: (0, "a"),
    "set": lambda t: {1},
    "out of range": lambda t: (slice(None), [0, 5]),
    "far out of range": lambda t: 2**70,
    "shapes that differ": lambda t: ([0, 1], [0, 1, 2]),
    "too many": lambda t: (0, 0, 0, [0]),
    "negative step": lambda t: (0, slice(None, None, -1)),
    "step 0": lambda t: slice(None, None, 0),
    "float in a slice": lambda t: slice(0.5, 2),
}


def _assert_alike(program):
    """Alike with the first words of refusals and warnings: torch adds to some where in its source they come from."""

    def noted(t):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = program(t)
        return result, [
            (warning.category.__name__, str(warning.message).partition(" (Triggered")[0]) for warning in caught
        ]

    assert_alike(noted, words=7)


@pytest.mark.parametrize("name", INDICES)
def test_reading(name):
    def program(t):
        part = t.arange(24.0).reshape(2, 3, 4)[INDICES[name](t)]
        return part, part.stride() if part.numel() else None

    _assert_alike(program)


@pytest.mark.parametrize("name", [name for name in INDICES if name != "mask of uint8"])  # torch refuses its own mask
def test_writing(name):
    def program(t):
        x = t.arange(24.0).reshape(2, 3, 4)
        x[INDICES[name](t)] = -1
        return x

    _assert_alike(program)


VALUES = {
    "array": lambda t: np.ones(4), "float32 of NumPy's": lambda t: np.float32(1), "None": lambda t: None,
    "text": lambda t: "a", "complex": lambda t: 1j, "large integer": lambda t: 2**70, "large float": lambda t: 1e300,
    "leading ones": lambda t: t.ones(1, 1, 4), "too many dimensions": lambda t: t.ones(2, 1, 4),
    "another size": lambda t: t.ones(3), "float64": lambda t: t.ones(4, dtype=t.float64),
    "one float64": lambda t: t.ones(1, dtype=t.float64),
}  # fmt: skip
PLACES = {"integer": lambda t: (0, 0), "list": lambda t: (0, [0]), "mask": lambda t: (0, t.tensor([True, False, True]))}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", VALUES)
def test_values_that_are_written(place, value):
    def program(t):
        x = t.zeros(2, 3, 4)
        x[PLACES[place](t)] = VALUES[value](t)
        return x

    assert_alike(program, words=6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float16", "bool"])
@pytest.mark.parametrize("value", [300, -1, -300, 1e6, 1e300, math.inf, math.nan, -1.5])
def test_numbers_that_a_dtype_cannot_hold(dtype, value):
    def program(t):
        x, y = (t.zeros(2, dtype=getattr(t, dtype)) for _ in range(2))
        y.fill_(value)
        x[0] = value
        return x, y

    assert_alike(program)


# -- random indices ----------------------------------------------------------------------------------

_BARE = st.sampled_from(["None", "...", "True", "False", "t.tensor(True)", "np.array(False)", ":", "::2", "1:", ":-1"])


@st.composite
def indices(draw):
    """A shape, and the text of an index in brackets, mostly one that fits."""
    shape = tuple(draw(st.lists(st.integers(0, 3), min_size=1, max_size=3)))
    common = draw(st.sampled_from([(2,), (1,), (2, 2), (1, 3)]))
    parts, dim = [], 0
    for _ in range(draw(st.integers(1, 4))):
        n = shape[dim] if dim < len(shape) else 1
        if draw(st.integers(0, 2)) == 0:
            part = draw(_BARE)
            parts.append(part)
            dim += ":" in part
        elif draw(st.integers(0, 4)) == 0 and dim < len(shape):
            count = draw(st.integers(1, len(shape) - dim))
            own = shape[dim : dim + count]
            mask = draw(st.lists(st.booleans(), min_size=math.prod(own), max_size=math.prod(own)))
            parts.append(f"t.tensor({mask}, dtype=t.bool).reshape({own})")
            dim += count
        else:
            size = draw(st.sampled_from([(), common]))
            place = st.integers(-n, max(n - 1, 0) + (draw(st.integers(0, 30)) == 0))
            numbers = draw(st.lists(place, min_size=math.prod(size), max_size=math.prod(size)))
            nested = np.array(numbers, int).reshape(size).tolist()
            form = draw(st.sampled_from(["{}", "t.tensor({})", "np.array({})", "t.tensor({}, dtype=t.int32)"]))
            parts.append(form.format(nested))
            dim += 1
    parts = [part for i, part in enumerate(parts) if part != "..." or "..." not in parts[:i]]
    return shape, ", ".join(parts) + ","


def _laid_out(t, shape, layout):
    x = t.arange(math.prod(shape), dtype=t.float64)
    return x.reshape(shape[::-1]).permute(*range(len(shape))[::-1]) if layout == "transposed" else x.reshape(shape)


def _alike(program):
    """The values and the layout alike, or both refused. (Which of several faults is named first may differ.)"""

    def outcome(t):
        try:
            return program(t)
        except (IndexError, RuntimeError, ValueError, TypeError) as error:
            return type(error).__name__

    assert_alike(outcome)


@given(indices(), st.sampled_from(["contiguous", "transposed"]))
def test_random_indices_read(case, layout):
    shape, index = case

    def program(t):
        part = eval(f"x[{index}]", {"t": t, "np": np, "x": _laid_out(t, shape, layout)})
        return part, part.is_contiguous()

    _alike(program)


@given(indices(), st.booleans())
def test_random_indices_write(case, scaled):
    shape, index = case

    def program(t):
        x = t.ones(shape, dtype=t.float64, requires_grad=True)
        v = t.tensor(3.0, dtype=t.float64, requires_grad=True)
        y = x * 2
        exec(f"y[{index}] = v{' * 2' if scaled else ''}", {"t": t, "np": np, "y": y, "v": v})
        w = t.arange(y.numel(), dtype=t.float64).reshape(shape)
        return y, *t.autograd.grad((y * y * w).sum(), [x, v], allow_unused=True)

    _alike(program)


@given(indices())
def test_random_indices_have_gradients(case):
    shape, index = case

    def program(t):
        x = t.arange(math.prod(shape), dtype=t.float64).reshape(shape).requires_grad_()
        part = eval(f"x[{index}]", {"t": t, "np": np, "x": x})
        w = t.arange(part.numel(), dtype=t.float64).reshape(part.shape)
        (g,) = t.autograd.grad((part * part * w).sum(), x, create_graph=True)
        return g, *t.autograd.grad((g * g).sum(), x)

    _alike(program)


def test_a_step_with_bools_and_lists_in_an_index_compiles():
    x = tinygrad_mlp.arange(6.0).reshape(2, 3)

    def step(x):
        y = x * 1
        y[True, 0, [0, 2]] = 5
        return y[:, [0, 2]].view(-1) * 2

    compiled = tinygrad_mlp.compile(step)
    expected = [float(v) for v in (torch.tensor([5.0, 5.0, 3.0, 5.0]) * 2)]
    for _ in range(4):
        assert compiled(x).tolist() == expected
