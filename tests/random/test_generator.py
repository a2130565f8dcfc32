"""Generators against torch's: seeds, states, copies, the default one, and what is refused."""

import copy
import pickle

import numpy as np
import pytest
import torch

from support.streams import assert_same, assert_same_state, check, pair, rand, randn
from tinygrad_mlp import random, uint8, zeros

# Seeds, states, the default generator


@pytest.mark.parametrize("seed", [0, 1, -1, 2**32 - 1, 2**32, 2**63, 2**64 - 1, -(2**63)])
def test_seeds(seed):
    a, b = pair(seed)
    assert a.initial_seed() == b.initial_seed()
    check(seed, rand(5, "float32"))


def test_default_seed_and_random_seed():
    assert random.Generator().initial_seed() == torch.Generator().initial_seed() == 67280421310721
    assert_same_state(random.Generator(), torch.Generator())
    a = random.Generator()
    assert a.seed() == a.initial_seed() != 67280421310721
    b = torch.Generator().manual_seed(a.initial_seed())
    assert_same(*rand(5, "float32")(a, b))


def test_seeding_forgets_the_cached_normal():
    check(
        0,
        randn(1, "float32"),
        lambda a, b: (a.manual_seed(3).normal(1, "float32"), torch.randn(1, generator=b.manual_seed(3)), 2e-7),
    )


def test_module_functions_drive_the_default_generator():
    before = random.get_rng_state()
    with torch.random.fork_rng():
        assert random.manual_seed(7.9) is random.default_generator
        torch.manual_seed(7.9)
        assert random.initial_seed() == torch.initial_seed() == 7
        state = random.get_rng_state()
        assert state.numpy().tobytes() == torch.get_rng_state().numpy().tobytes()
        first = random.default_generator.uniform(4, "float32")
        assert_same(first, torch.rand(4))
        random.set_rng_state(state)
        assert_same(random.default_generator.uniform(4, "float32"), torch.from_numpy(first))
        assert random.seed() == random.initial_seed()
    random.set_rng_state(before)
    assert random.get_rng_state().equal(before)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies_go_their_own_way(duplicate):
    a = random.Generator().manual_seed(1)
    a.normal(3, "float64")
    b = duplicate(a)
    expected = a.normal(40, "float64")
    np.testing.assert_array_equal(b.normal(40, "float64"), expected)
    assert b.get_state().equal(a.get_state())


def test_a_snapshot_does_not_follow_the_generator():
    a = random.Generator()
    state = a.get_state()
    copy_of_state = state.clone()
    a.uniform(1000, "float32")
    assert state.equal(copy_of_state)


# Refusals: torch's exception type and text, and nothing drawn

Z = torch.zeros
T = torch.tensor
N = np.array
REFUSALS = {
    "seed type": (lambda a: a.manual_seed(3.0), lambda b: b.manual_seed(3.0)),
    "seed bool": (lambda a: a.manual_seed(True), lambda b: b.manual_seed(True)),
    "seed high": (lambda a: a.manual_seed(2**64), lambda b: b.manual_seed(2**64)),
    "seed low": (lambda a: a.manual_seed(-(2**63) - 1), lambda b: b.manual_seed(-(2**63) - 1)),
    "state type": (lambda a: a.set_state(N([0], "u1")), lambda b: b.set_state(N([0], "u1"))),
    "state none": (lambda a: a.set_state(None), lambda b: b.set_state(None)),
    "state dtype": (lambda a: a.set_state(zeros(5056)), lambda b: b.set_state(Z(5056))),
    "state size": (lambda a: a.set_state(zeros(5, dtype=uint8)), lambda b: b.set_state(Z(5, dtype=torch.uint8))),
    "state zero": (lambda a: a.set_state(zeros(5056, dtype=uint8)), lambda b: b.set_state(Z(5056, dtype=torch.uint8))),
    "uniform order": (lambda a: a.uniform(3, "f4", 2, 1), lambda b: Z(3).uniform_(2, 1, generator=b)),
    "uniform order, empty": (lambda a: a.uniform(0, "f4", 2.5, 1), lambda b: Z(0).uniform_(2.5, 1, generator=b)),
    "uniform from": (lambda a: a.uniform(3, "f4", -1e40, 1), lambda b: Z(3).uniform_(-1e40, 1, generator=b)),
    "uniform nan": (lambda a: a.uniform(3, "f8", np.nan, 1), lambda b: Z(3).double().uniform_(np.nan, 1, generator=b)),
    "uniform to": (lambda a: a.uniform(3, "f2", 0, 1e5), lambda b: Z(3).half().uniform_(0, 1e5, generator=b)),
    "uniform dtype": (lambda a: a.uniform(3, "i8"), lambda b: Z(3).long().uniform_(generator=b)),
    "uniform bool": (lambda a: a.uniform(3, "?"), lambda b: torch.rand(3, dtype=torch.bool, generator=b)),
    "normal std": (lambda a: a.normal(3, "f4", 0, -1), lambda b: Z(3).normal_(0, -1, generator=b)),
    "normal std, empty": (lambda a: a.normal(0, "f4", 0, -1.5), lambda b: Z(0).normal_(0, -1.5, generator=b)),
    "normal nan": (lambda a: a.normal(3, "f4", 0, np.nan), lambda b: Z(3).normal_(0, np.nan, generator=b)),
    "normal dtype": (lambda a: a.normal(3, "i4"), lambda b: torch.randn(3, dtype=torch.int32, generator=b)),
    "exponential rate": (lambda a: a.exponential(3, "f4", 0), lambda b: Z(3).exponential_(0, generator=b)),
    "exponential dtype": (lambda a: a.exponential(3, "i8"), lambda b: Z(3).long().exponential_(generator=b)),
    "integers equal": (lambda a: a.integers(5, 5, 2), lambda b: torch.randint(5, 5, (2,), generator=b)),
    "integers order, empty": (lambda a: a.integers(7, 5, 0), lambda b: torch.randint(7, 5, (0,), generator=b)),
    "integers to": (lambda a: a.integers(0, 300, 2, "u1"), lambda b: Z(2).byte().random_(0, 300, generator=b)),
    "integers from": (lambda a: a.integers(-1, 3, 2, "u1"), lambda b: Z(2).byte().random_(-1, 3, generator=b)),
    "integers int8": (lambda a: a.integers(-200, 3, 2, "i1"), lambda b: Z(2).char().random_(-200, 3, generator=b)),
    "integers bool": (lambda a: a.integers(0, 3, 2, "?"), lambda b: Z(2).bool().random_(0, 3, generator=b)),
    "integers half": (lambda a: a.integers(0, 70000, 2, "f2"), lambda b: Z(2).half().random_(0, 70000, generator=b)),
    "permutation negative": (lambda a: a.permutation(-1), lambda b: torch.randperm(-1, generator=b)),
    "permutation bool": (lambda a: a.permutation(2, "?"), lambda b: torch.randperm(2, dtype=torch.bool, generator=b)),
    "bernoulli": (lambda a: a.bernoulli(1.5, 3), lambda b: Z(3).bernoulli_(1.5, generator=b)),
    "bernoulli nan": (lambda a: a.bernoulli(np.nan, 3), lambda b: Z(3).bernoulli_(np.nan, generator=b)),
    "bernoulli_p dtype": (lambda a: a.bernoulli_p(N([1])), lambda b: torch.bernoulli(T([1]), generator=b)),
    "multinomial dim": (lambda a: a.multinomial(N(1.0), 1), lambda b: torch.multinomial(T(1.0), 1, generator=b)),
    "multinomial dtype": (lambda a: a.multinomial(N([1]), 1), lambda b: torch.multinomial(T([1]), 1, generator=b)),
    "multinomial none": (lambda a: a.multinomial(N([1.0]), 0), lambda b: torch.multinomial(T([1.0]), 0, generator=b)),
    "multinomial many": (lambda a: a.multinomial(N([1.0]), 2), lambda b: torch.multinomial(T([1.0]), 2, generator=b)),
    "multinomial nan": (
        lambda a: a.multinomial(N([np.nan]), 1),
        lambda b: torch.multinomial(T([np.nan]), 1, generator=b),
    ),
    "multinomial zero": (lambda a: a.multinomial(N([0.0]), 1), lambda b: torch.multinomial(T([0.0]), 1, generator=b)),
} | {
    f"permutation {n} {dtype}": (
        lambda a, n=n, dtype=dtype: a.permutation(n, dtype),
        lambda b, n=n, dtype=dtype: torch.randperm(n, dtype=getattr(torch, dtype), generator=b),
    )
    for n, dtype in [
        (257, "uint8"),
        (129, "int8"),
        (2**15 + 1, "int16"),
        (2**31 + 1, "int32"),
        (2050, "float16"),
        (2**24 + 2, "float32"),
    ]
}


@pytest.mark.parametrize("ours, theirs", REFUSALS.values(), ids=REFUSALS)
def test_refusals(ours, theirs):
    a, b = pair(0)
    with pytest.raises(Exception) as expected:
        theirs(b)
    with pytest.raises(type(expected.value)) as raised:
        ours(a)
    assert str(raised.value) == str(expected.value)
    assert_same_state(a, pair(0)[1])


def test_refusals_of_our_own():
    a = random.Generator()
    with pytest.raises(RuntimeError, match="Cannot get CUDA generator without ATen_cuda library"):
        random.Generator("cuda")
    with pytest.raises(NotImplementedError, match="no device 'meta'"):
        random.Generator("meta")
    with pytest.raises(RuntimeError, match="Expected p_in >= 0 && p_in <= 1 to be true, but got false"):
        a.bernoulli_p(N([0.5, 1.5]))
    with pytest.raises(RuntimeError, match=r"to - 1 is out of bounds for float"):
        a.integers(0, 2**24 + 2, 3, "float32")  # torch warns and draws among the floats that exist
    with pytest.raises(NotImplementedError, match="fewer than 214748364 elements"):
        a.permutation(214748364)
    with pytest.raises(TypeError, match=r"can.t convert np\.ndarray of type complex64"):
        a.uniform(3, "complex64")
    assert_same_state(a, torch.Generator())
