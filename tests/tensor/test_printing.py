"""`printing.tensor_text` against `repr` of the same tensor in torch: equal texts, character for character."""

from __future__ import annotations

import contextlib
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._tensor_str import printoptions as torch_printoptions

from tinygrad_mlp.arrays import dtypes
from tinygrad_mlp.tensor import printing

torch_options = torch._tensor_str.get_printoptions
FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
# Where the notation or the width changes: torch's bounds 1000, 1e8 and 1e-4, and numbers that round up a digit.
BOUNDS = [
    *(np.nextafter(bound, bound * side) for bound in (1e3, 1e8, 1e-4, 1e-5, 1.0) for side in (0, 1, 2)),
    *(9.99995, 9.9999499, 99999.99995, 0.00005, 0.99995, 0.5, 1.5, 2.5, 123.0, 1e5, 1e10, 1e16, 1e99, 1e100, 1e-100),
    *(65504.0, 6e-8, 1e-45, 5e-324, 2.0**24, 2.0**53, 2.0**63, 1.7976931348623157e308, 3.4028234663852886e38),
]
SPECIAL = [0.0, -0.0, math.nan, math.inf, -math.inf]


@contextlib.contextmanager
def default_dtype(name):
    before = torch.get_default_dtype(), dtypes.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    dtypes.set_default_dtype(getattr(dtypes, name))
    try:
        yield
    finally:
        torch.set_default_dtype(before[0])
        dtypes.set_default_dtype(before[1])


@contextlib.contextmanager
def options(**chosen):
    with torch_printoptions(**chosen), printing.printoptions(**chosen):
        assert printing.get_printoptions() == torch_options()
        yield


def assert_same_text(array, **history):
    tensor = torch.from_numpy(array)
    if history.get("requires_grad"):
        tensor.requires_grad_()
    assert printing.tensor_text(array, **history) == repr(tensor)


def assert_same_text_after(array, function):
    tensor = function(torch.from_numpy(array).requires_grad_())
    assert printing.tensor_text(array, requires_grad=True, grad_fn=type(tensor.grad_fn).__name__) == repr(tensor)


def named_operator(name):
    """An operator whose backward node is called `name` + "Backward"."""
    rules = {"forward": staticmethod(lambda ctx, x: x.clone()), "backward": staticmethod(lambda ctx, g: g)}
    return type(name, (torch.autograd.Function,), rules).apply


def float_values(name):
    """Values of one kind, so that all notations come up, with now and then one of another kind."""
    bits = np.dtype(name).itemsize * 8
    patterns = st.integers(0, 2**bits - 1).map(lambda i: float(np.array(i, f"uint{bits}").view(name)))
    signed_bounds = st.builds(math.copysign, st.sampled_from(BOUNDS), st.sampled_from([1, -1]))
    common = [
        st.integers(-1000, 1000).map(float),
        st.integers(-(10**9), 10**9).map(float),
        st.integers(-(10**5), 10**5).map(lambda i: i / 1000),
        st.floats(1, 900),
        st.floats(-10, 10),
        signed_bounds,
        st.floats(),
        patterns,
        st.sampled_from(SPECIAL),
    ]
    pool = st.sampled_from(common).flatmap(lambda values: st.lists(values, min_size=1, max_size=8))
    return st.builds(lambda a, b: a + b, pool, st.lists(st.sampled_from(SPECIAL) | signed_bounds, max_size=2))


def integer_values(name):
    low, high = np.iinfo(name).min, np.iinfo(name).max
    common = [st.integers(0, 9), st.integers(max(low, -120), 120), st.integers(low, high), st.sampled_from([low, high])]
    return st.sampled_from(common).flatmap(lambda values: st.lists(values, min_size=1, max_size=8))


def shapes(most, min_side=0):
    return hnp.array_shapes(min_dims=0, max_dims=4, min_side=min_side, max_side=9).filter(
        lambda s: math.prod(s) <= most
    )


LARGE = st.sampled_from(
    [
        *[(1001,), (1000,), (1, 1001), (501, 2), (2, 501), (7, 150), (6, 167), (40, 26), (7, 150, 1), (2000, 1)],
        *[(5, 7, 30), (2, 6, 90), (8, 1, 200), (9, 8, 7, 6), (6, 6, 6, 6), (1, 1, 1, 1001), (3, 1, 7, 60), (0, 2000)],
    ]
)


@st.composite
def arrays(draw, names=(*FLOATS, *INTEGERS, "bool"), shape=None):
    """An array of a few values in random order: few draws also for a large one."""
    name = draw(st.sampled_from(names))
    shape = draw(st.one_of(shapes(60), shapes(60, 1), shapes(400, 1), LARGE) if shape is None else shape)
    if name == "bool":
        values = draw(st.lists(st.booleans(), min_size=1, max_size=2))
    else:
        values = draw(float_values(name) if name in FLOATS else integer_values(name))
    order = np.random.RandomState(draw(st.integers(0, 2**32 - 1))).randint(len(values), size=shape)
    with np.errstate(over="ignore"):
        return np.asarray(np.array(values).astype(name)[order])


print_options = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 12) | st.none(),
        "threshold": st.integers(0, 30) | st.sampled_from([1000, math.inf]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.integers(1, 130),
        "profile": st.sampled_from(["default", "short", "full", "unknown", None]),
        "sci_mode": st.sampled_from([True, False, None]),
    },
)


@settings(max_examples=500, deadline=None)
@given(arrays(), st.sampled_from(["float32", "float64"]))
def test_any_array(array, default):
    with default_dtype(default):
        assert_same_text(array)


@settings(max_examples=200, deadline=None)
@given(arrays(), st.sampled_from(FLOATS), print_options)
def test_any_array_under_any_options(array, default, chosen):
    with default_dtype(default), options(**chosen):
        assert_same_text(array)


@settings(max_examples=100, deadline=None)
@given(arrays(FLOATS), st.sampled_from(FLOATS), print_options)
def test_requires_grad(array, default, chosen):
    with default_dtype(default), options(**chosen):
        assert_same_text(array, requires_grad=True)


@settings(max_examples=150, deadline=None)
@given(arrays(FLOATS, shapes(60)), st.integers(1, 90), st.integers(20, 100))
def test_suffixes_break_where_torch_breaks_them(array, name_length, linewidth):
    with options(linewidth=linewidth):
        assert_same_text_after(array, named_operator("F" * name_length))


@settings(max_examples=100, deadline=None)
@given(arrays(shape=shapes(60)), st.integers(1, 30))
def test_prefix_sets_the_indentation(array, length):
    subclass = type("T" * length, (torch.Tensor,), {})
    tensor = torch.from_numpy(array).as_subclass(subclass)
    assert printing.tensor_text(array, prefix="T" * length + "(") == repr(tensor)


@pytest.mark.parametrize("function", [torch.neg, lambda x: x + 1, torch.relu, lambda x: x.view(-1), torch.clone])
def test_grad_fn_of_torch_operators(function):
    array = np.zeros((2, 3))
    result = function(torch.from_numpy(array).requires_grad_())
    name = type(result.grad_fn).__name__
    assert printing.tensor_text(result.detach().numpy(), grad_fn=name) == repr(result)


@pytest.mark.parametrize("name", [*FLOATS, *INTEGERS, "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (0, 3), (3, 0), (1, 0, 2), (2, 2), (1001,), (1001, 0), (6, 7, 30)])
@pytest.mark.parametrize("default", FLOATS)
def test_every_dtype_in_every_kind_of_shape(name, shape, default):
    with default_dtype(default):
        assert_same_text(np.ones(shape, name))
        assert_same_text(np.zeros(shape, name))


@pytest.mark.parametrize("sci_mode", [None, True, False])
@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", BOUNDS + SPECIAL)
def test_bounds_of_the_notations(value, name, sci_mode):
    with np.errstate(over="ignore"):
        both = np.array([value, -value, 0.0, 1.0, 0.25, math.nan, -0.0, math.inf], name)
    with options(sci_mode=sci_mode):
        for cells in (both, both[:1], both[:1].reshape(()), both[1:2], both[:3], both[:4], both[1:5], both[2:]):
            assert_same_text(cells)


def test_width_bound_by_linewidth():
    for columns in range(1, 30):
        for value in (1.0, 1.5, 123456.5, 1e9):
            assert_same_text(np.full(columns, value, np.float32))
            assert_same_text(np.full((2, columns), value))


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2,), (2, 2), (30,)])
def test_suffixes_at_every_linewidth(shape):
    for linewidth in range(1, 100):
        for edgeitems in (0, 3):
            with options(linewidth=linewidth, edgeitems=edgeitems):
                assert_same_text(np.zeros(shape), requires_grad=True)


def test_parameter_text():
    array = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    text = "Parameter containing:\n" + printing.tensor_text(array, requires_grad=True)
    assert text == repr(torch.nn.Parameter(torch.from_numpy(array)))


def test_memory_layout_does_not_matter():
    array = np.arange(2400.0).reshape(40, 60)
    for view in (array.T, array[::3, ::2], array[:, :1], np.asfortranarray(array)):
        assert_same_text(view)
    assert printing.tensor_text(array[::-1]) == repr(torch.from_numpy(array).flip(0))


@pytest.mark.parametrize("shape", [(10**18,), (10**9, 10**9), (2, 10**17), (10**17, 2), (10**6, 10**6, 10**6)])
@pytest.mark.parametrize("edgeitems", [0, 3])
def test_only_the_shown_elements_are_read(shape, edgeitems):
    # Neither could be read or formatted as a whole.
    array, tensor = np.broadcast_to(np.float32(1.5), shape), torch.tensor(1.5).expand(shape)
    with printing.printoptions(edgeitems=edgeitems):
        text = printing.tensor_text(array)
    if edgeitems or len(shape) > 1:  # torch itself reads the whole vector to show none of it
        with torch_printoptions(edgeitems=edgeitems):
            assert text == repr(tensor)
    else:
        assert text == f"tensor([...], size={shape})"


def test_hidden_elements_do_not_change_the_text():
    array = np.ones((50, 50))
    array[10, 10] = 1e-30
    assert_same_text(array)
    array[2, 2] = 1e-30
    assert_same_text(array)


@settings(max_examples=100, deadline=None)
@given(st.lists(print_options, max_size=4))
def test_set_printoptions_is_torchs(calls):
    with options():
        for chosen in calls:
            torch.set_printoptions(**chosen)
            printing.set_printoptions(**chosen)
            assert list(printing.get_printoptions().items()) == list(torch_options().items())


def test_set_printoptions_takes_torchs_positions():
    with options():
        torch.set_printoptions(2, 5, 1, 40, "full", True)
        printing.set_printoptions(2, 5, 1, 40, "full", True)
        assert printing.get_printoptions() == torch_options()


def test_printoptions_restores_after_an_exception_and_nests():
    before = printing.get_printoptions()
    with pytest.raises(ZeroDivisionError), printing.printoptions(profile="short", sci_mode=True):
        with printing.printoptions(precision=1):
            assert printing.get_printoptions() == {**before, "precision": 1, "edgeitems": 2}
        assert printing.get_printoptions() == {**before, "precision": 2, "edgeitems": 2, "sci_mode": True}
        raise ZeroDivisionError
    assert printing.get_printoptions() == before


def test_refusals():
    with pytest.raises(TypeError), printing.printoptions(digits=3):
        pass
    with pytest.raises(TypeError):
        printing.set_printoptions(digits=3)
    with pytest.raises(TypeError, match=r"can't convert np\.ndarray of type complex64"):
        printing.tensor_text(np.zeros(2, np.complex64))
