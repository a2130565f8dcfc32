"""What machine code answers about the gradients that a program takes: yes where each condition holds, and no elsewhere.

The conditions themselves, which Python asks, say what is right.
"""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support import interpreted
from support.changed_gradients import CHANGES, KINDS, OfTensors, Pair
from tinygrad_mlp.compiler import CannotRecord, loops
from tinygrad_mlp.compiler.guard import Gradient, Guard
from tinygrad_mlp.compiler.loops import checking, loading
from tinygrad_mlp.tensor import wrap

# Of these machine code is not asked: the classes, and whether there is a gradient.
ELSEWHERE = {"none", "subclass of Tensor", "subclass of ndarray"}


@pytest.fixture
def in_python(monkeypatch):
    """Python itself runs the loops."""
    monkeypatch.setattr(loops, "compiled", interpreted.compiled)


def guard_of(pair, dtype):
    """The guard of a pair's program in loops."""
    step = torch.compile(pair.step, backend="loops")
    for _ in range(3):
        step(torch.ones(pair.parameters[0].shape, dtype=getattr(torch, dtype)))
    (program,) = step.programs
    assert step.backend == "loops" and program.confirmed
    return program._checks


def given(pair, guard):
    """The tensors and arrays that a guard hands to machine code, by their names."""
    names = {}
    for gradient in guard.gradients:
        (owner,) = (text for text in guard.conditions if f"({gradient.tensor} := " in text)
        names[gradient.tensor] = eval(owner.partition(":= ")[2].partition(")")[0], dict(guard.namespace))
        names[gradient.array] = names[gradient.tensor].array
    return names


@pytest.mark.parametrize("change", sorted({*CHANGES} - ELSEWHERE))
@pytest.mark.parametrize("zeroed", [True, False])
@pytest.mark.parametrize("shape, dtype", KINDS)
def test_it_answers_what_the_conditions_say(in_python, shape, dtype, zeroed, change):
    pair = Pair(shape, dtype, zeroed)
    guard = guard_of(pair, dtype)
    same, answered = loops.same(guard)
    assert {guard.distinct}.union(*(gradient.conditions for gradient in guard.gradients)) <= answered
    for changed in (False, True, False):
        pair.put_back()
        if changed:
            CHANGES[change](pair)
        names = given(pair, guard)
        holds = all(eval(condition, {**guard.namespace, **names}) for condition in answered)
        assert holds or changed
        assert same(*names.values()) is holds


def test_most_changes_are_seen_by_machine_code(in_python):
    seen = {True: set(), False: set()}
    for zeroed, changes in seen.items():
        pair = Pair((2, 3), "float32", zeroed)
        guard = guard_of(pair, "float32")
        same, _ = loops.same(guard)
        for change in {*CHANGES} - ELSEWHERE:
            pair.put_back()
            CHANGES[change](pair)
            if not same(*given(pair, guard).values()):
                changes.add(change)
    assert {*CHANGES} - ELSEWHERE - seen[True] == {"replaced"}
    of_elements = {change for change in CHANGES if change.startswith(("first is", "middle is", "last is"))}
    assert seen[True] - seen[False] == of_elements and len(of_elements) == 5


def test_subclasses_are_asked_for_by_python(in_python):
    """Their attributes may be no fields."""
    pair = Pair((3,), "float32", True)
    for p in pair.parameters:
        p.grad = p.grad.as_subclass(OfTensors)
    step = torch.compile(pair.step, backend="loops")
    for _ in range(4):
        step(torch.ones(3))
    assert all(not program._checks.gradients for program in step.programs)


# -- single facts ----------------------------------------------------------------------------------


def described(array, zeros=0, is_writeable=False):
    """A guard with one gradient whose array is like this one."""
    guard = Guard()
    facts = array.shape, array.strides, array.dtype, is_writeable, zeros
    guard.gradients = [Gradient(("a", "b", "c", "d"), "g0", "g0_array", *facts)]
    return guard


def answer(guard, array):
    same, answered = loops.same(guard)
    assert answered == {"a", "b", "c", "d"}
    return same(wrap(array), array)


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 33])
def test_each_byte_must_be_zero(dtype, size):
    array = np.zeros(size, dtype)
    same, _ = loops.same(described(array, array.nbytes))
    tensor = wrap(array)
    assert same(tensor, array) is True
    memory = array.view("u1")
    for place in range(array.nbytes):
        memory[place] = 1 if dtype == "bool" else 0x80
        assert same(tensor, array) is False, place
        memory[place] = 0
    assert same(tensor, array) is True


def test_what_need_not_be_zero():
    assert answer(described(np.zeros(3)), np.ones(3)) is True
    assert answer(described(np.zeros(3), 24), np.ones(3)) is False


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((3, 2)), np.zeros((2, 3, 1)), np.zeros((6,)), np.zeros((2, 4)), np.zeros((5, 3)), np.zeros(()),
        np.zeros((0, 3)), np.zeros((2, 3), order="F"), np.zeros((2, 6))[:, ::2], np.zeros((2, 3), "f4"),
        np.zeros((2, 3), "i8"), np.zeros((2, 3), ">f8"),
    ],
)  # fmt: skip
def test_an_array_of_another_kind(other):
    array = np.zeros((2, 3))
    assert answer(described(array), array) is True
    assert answer(described(array), other) is False
    assert answer(described(other), array) is False


def test_an_array_without_memory_of_its_own():
    array = np.zeros((4, 3))
    for view in (array[:4], array[2:], np.frombuffer(bytearray(96)).reshape(4, 3)):
        assert answer(described(np.zeros(view.shape)), view) is False


def test_whether_it_must_be_writeable():
    array = np.zeros(3)
    for array.flags.writeable in (True, False):
        assert answer(described(array), array) is True
        assert answer(described(array, is_writeable=True), array) is array.flags.writeable


@pytest.mark.parametrize("slot, value", [("needs_grad", True), ("node", 1), ("viewed", 1), ("array", np.zeros(3))])
def test_each_slot_of_the_tensor(slot, value):
    tensor = wrap(np.zeros(3))
    array = tensor.array
    same, _ = loops.same(described(array))
    kept = getattr(tensor, slot)
    for x, expected in ((value, False), (kept, True)):
        setattr(tensor, slot, x)
        assert same(tensor, array) is expected
    delattr(tensor, slot)
    assert same(tensor, array) is False


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 9, 100])
def test_arrays_that_no_gradient_may_have(count):
    arrays = [np.zeros(3) for _ in range(count)]
    guard = described(np.zeros(3))
    guard.apart = [*map(id, arrays)]
    assert [answer(guard, array) for array in arrays] == [False] * count
    assert all(answer(guard, np.zeros(3)) is True for _ in range(20))


def test_no_two_may_have_one_array():
    guard = described(np.zeros(3))
    guard.gradients *= 5
    same, _ = loops.same(guard)
    tensors = [wrap(np.zeros(3)) for _ in range(5)]
    for a in range(5):
        for b in range(5):
            chosen = [*tensors[:a], tensors[b], *tensors[a + 1 :]]
            assert same(*(x for tensor in chosen for x in (tensor, tensor.array))) is (a == b)


def test_another_number_of_arguments():
    array = np.zeros(3)
    same, _ = loops.same(described(array))
    tensor = wrap(array)
    assert [same(), same(tensor), same(tensor, array, tensor, array)] == [False] * 3
    assert same(tensor, array) is True


@pytest.mark.parametrize("field", ["NUMBER_OF_AXES", "SHAPE", "STRIDES", "BASE", "DTYPE", "FLAGS", "WRITEABLE"])
def test_arrays_that_are_laid_out_in_another_way_are_left_to_the_guard(monkeypatch, field):
    monkeypatch.setattr(loading, field, loading.HEADER if field != "WRITEABLE" else 0x0200)
    for cached in (loading.check_arrays, checking._engine):
        cached.cache_clear()
    try:
        assert loops.same(described(np.zeros((2, 3)))) == (None, set())
    finally:
        for cached in (loading.check_arrays, checking._engine):
            cached.cache_clear()


# -- whole steps, compiled by numba ----------------------------------------------------------------


@pytest.mark.parametrize("zeroed", [True, False])
def test_steps_whose_gradients_are_checked(zeroed):
    results = []
    for backend in ("loops", "numpy"):
        pair = Pair((2, 3), "float32", zeroed)
        step = torch.compile(pair.step, backend=backend)
        seen = []
        for number, change in enumerate(["replaced"] * 4 + ["last is nonzero", "same array", "none", "replaced"]):
            pair.put_back()
            CHANGES[change](pair)
            seen.append([x.tolist() for x in step(torch.full((2, 3), float(number % 3)))])
        results.append([*seen, *(p.tolist() for p in pair.parameters)])
    assert results[0] == results[1]


def test_loops_do_not_write_into_a_read_only_gradient():
    pair = Pair((3,), "float32", False)
    step = torch.compile(pair.step, backend="loops")
    for _ in range(3):
        step(torch.ones(3))
    pair.put_back()
    array = pair.parameters[0].grad.array
    before, array.flags.writeable = array.copy(), False
    with pytest.raises((ValueError, RuntimeError, CannotRecord)) as refused:
        step(torch.ones(3))
    assert "read-only" in str(refused.value)
    np.testing.assert_array_equal(array, before)
