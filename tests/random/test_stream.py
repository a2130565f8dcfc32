"""`tinygrad_mlp.random` against torch: the same seed and calls give the same numbers and leave the same state."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.streams import (
    FLOATS,
    INTEGERS,
    SIZES,
    assert_same,
    assert_same_state,
    bernoulli,
    bernoulli_p,
    check,
    empty,
    exponential,
    integers,
    multinomial,
    nonnegative_integers,
    normal,
    pair,
    permutation,
    rand,
    randn,
    uniform,
)
from tinygrad_mlp import random, testing
from tinygrad_mlp.random.shuffle import shuffle

# One draw of every size, each continuing the stream of the last


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_of_every_size(dtype):
    check(0, *[rand(shape, dtype) for shape in SIZES])
    check(1, *[uniform(shape, dtype, -0.3, 0.7) for shape in SIZES])
    check(2, *[randn(shape, dtype) for shape in SIZES])
    check(3, *[normal(shape, dtype, 0.5, 1.7) for shape in SIZES])
    check(4, *[exponential(shape, dtype, 2.5) for shape in SIZES])
    check(5, *[bernoulli(0.3, shape, dtype) for shape in SIZES])
    rng = np.random.default_rng(0)
    check(6, *[bernoulli_p(np.asarray(rng.random(shape)).astype(dtype)) for shape in SIZES])


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_integers_of_every_size(dtype):
    check(0, *[integers(0, 2, shape, dtype) for shape in SIZES])
    check(1, *[nonnegative_integers(shape, dtype) for shape in SIZES])
    if dtype != "bool":
        check(2, *[permutation(n, dtype) for n in range(101)])
        check(3, *[integers(3, None, shape, dtype) for shape in SIZES])
        check(4, *[integers(5, 117, shape, dtype) for shape in SIZES])


@pytest.mark.parametrize(
    "span", [1, 2, 2**28 - 1, 2**28, 2**28 + 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**60, 2**63 - 1]
)
def test_integers_take_two_words_from_2_28_on(span):
    check(0, *[integers(low, low + span, 50, "int64") for low in (-(2**63), -span // 2, 0)])
    if span <= 2**31:
        check(1, integers(-(2**31), span - 2**31, 50, "int32"))
    if span <= 2**52:
        check(2, integers(-7, span - 7, 50, "float64"))


def test_integers_without_upper_bound_cover_all_64_bits():
    check(0, integers(-(2**63), None, 1000, "int64"))


def test_long_permutations():
    check(0, permutation(60000, "int64"), permutation(2049, "float16"), permutation(256, "uint8"))


@settings(deadline=None, derandomize=True)
@given(st.data(), st.integers(0, 40))
def test_shuffle_is_its_loop(data, n):
    partners = [data.draw(st.integers(i, n - 1)) for i in range(n)]
    order = list(range(n))
    for i, j in enumerate(partners):
        order[i], order[j] = order[j], order[i]
    assert shuffle(np.array(partners, np.int64)).tolist() == order


# Normals in blocks, bit for bit: torch's logarithm, sine and cosine are rebuilt


def assert_same_bits(ours, theirs):
    assert ours.dtype == theirs.numpy().dtype
    np.testing.assert_array_equal(ours.view(f"u{ours.itemsize}"), theirs.numpy().view(f"u{ours.itemsize}"))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_normal_blocks_have_torchs_bits(dtype):
    a, b = pair(0)
    for shape in (2**20, *range(16, 130), 2**17 + 5):
        assert_same_bits(a.normal(shape, dtype), torch.randn(shape, dtype=getattr(torch, dtype), generator=b))
    for mean, std in [(0.5, 1.7), (0.0, 0.02), (-3.0, 1e-3), (1.0, 0.0), (0.0, 1e4), (1e39, 1.0), (0.0, 1e39)]:
        assert_same_bits(a.normal(2**15, dtype, mean, std), empty(2**15, dtype).normal_(mean, std, generator=b))


@pytest.mark.parametrize("which", ["radius", "angle"])
def test_normal_blocks_at_the_ends_and_the_seams(which):
    """Uniforms around every power of two and every odd eighth of the circle, where the formulas change."""
    seams = [2**k + d for k in range(25) for d in range(-8, 8)] + [
        k * 2**21 + d for k in range(9) for d in range(-40, 40)
    ]
    seams += [2**24 - w for w in seams] + [
        round(2**24 * (1 - 2**-k * 0.5**0.5)) + d for k in range(20) for d in range(-8, 8)
    ]
    words = np.unique([w for w in seams if 0 <= w < 2**24]).astype(np.uint32)
    _, b = pair(0)
    torch.rand(1, generator=b)
    state = b.get_state().numpy()
    a = random.Generator()
    for chunk in np.array_split(words, -(-len(words) // 300)):
        blocks = np.full((38, 2, 8), 6601320, np.uint32)  # of radius 1; an angle of 0 has the cosine 1
        blocks[:, 1] = 0
        blocks[:, 0 if which == "radius" else 1].flat[: len(chunk)] = chunk
        state[24:-64].view(np.uint64)[1:609] = untemper(blocks.ravel().astype(np.uint64))
        a.continue_from(state)
        b.set_state(torch.from_numpy(state))
        assert_same_bits(a.normal(608, "float32"), torch.randn(608, generator=b))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial(dtype, replacement):
    rng = np.random.default_rng(0)
    weights = [rng.random(shape).astype(dtype) for shape in (1, 2, 7, 50, (1, 3), (5, 8))]
    weights.append(np.array([0, 1, 0, 2, 0.5], dtype))
    for w in weights:
        counts = range(1, int((w > 0).sum(-1).min()) + 1)
        check(0, *[multinomial(w, count, replacement) for count in counts])


# Any sequence of calls

shapes = st.one_of(st.integers(0, 40), testing.shapes(max_side=7))
floats = st.sampled_from(FLOATS)
bounds = st.floats(-1e3, 1e3, width=32)
widths = st.one_of(st.just(0.0), st.floats(2.0**-10, 1e3, width=16))
probabilities = st.floats(0, 1)
integer_bounds = st.tuples(st.integers(-(2**63), 2**63 - 2), st.integers(-(2**63), 2**63 - 1)).filter(
    lambda t: t[0] < t[1]
)
calls = st.one_of(
    st.builds(rand, shapes, floats),
    st.builds(randn, shapes, floats),
    st.builds(uniform, shapes, floats, bounds, widths),
    st.builds(normal, shapes, floats, st.floats(-5, 5), st.floats(0, 5)),
    st.builds(exponential, shapes, floats, st.floats(0.1, 10)),
    st.builds(lambda t, shape: integers(*t, shape, "int64"), integer_bounds, shapes),
    st.builds(nonnegative_integers, shapes, st.sampled_from(INTEGERS + FLOATS)),
    st.builds(permutation, st.integers(0, 100), st.sampled_from(INTEGERS[1:] + FLOATS)),
    st.builds(bernoulli, probabilities, shapes, floats),
    st.builds(lambda p, n, d: bernoulli_p(np.full(n, p, d)), probabilities, st.integers(0, 40), floats),
)
seeds = st.integers(-(2**63), 2**64 - 1)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seeds, st.lists(calls, max_size=12))
def test_any_sequence_of_calls(seed, sequence):
    check(seed, *sequence)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(seeds, st.lists(calls, max_size=4), st.lists(calls, min_size=1, max_size=4))
def test_a_state_travels_between_the_frameworks(seed, before, after):
    a, b = pair(seed)
    for call in before:
        call(a, b)
    from_torch, to_torch = random.Generator(), torch.Generator()
    from_torch.continue_from(b.get_state().numpy())
    to_torch.set_state(torch.from_numpy(a.get_state().numpy()))
    assert from_torch.initial_seed() == a.initial_seed() == b.initial_seed() == to_torch.initial_seed()
    for x, y in ((from_torch, b), (a, to_torch)):
        for call in after:
            assert_same(*call(x, y))
            assert_same_state(x, y)


# The ends of the range: words of nothing but ones, or zeros, are too rare to meet by chance


def untemper(word):
    """The engine's inner word that it gives out as `word` (the inverse of MT19937's tempering)."""

    def solve(step):
        x = word
        for _ in range(32):
            x = step(x)
        return x

    given_out = word
    word = given_out
    word = solve(lambda x: word ^ x >> 18)
    word = solve(lambda x: word ^ (x << 15 & 0xEFC60000))
    word = solve(lambda x: word ^ (x << 7 & 0x9D2C5680))
    return solve(lambda x: word ^ x >> 11)


@pytest.mark.parametrize("word", [0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFF000, 0x00FFFFFF, 0])
@pytest.mark.parametrize("dtype", FLOATS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(bounds, st.floats(0, 1e3, width=16))
def test_extreme_words(word, dtype, low, width):
    _, b = pair(0)
    torch.rand(1, generator=b)
    state = b.get_state().numpy()
    state[24:-64].view(np.uint64)[1:601] = untemper(word)
    a = random.Generator()

    for call in (
        rand(3, dtype),
        uniform(3, dtype, low, width),
        uniform(3, dtype, 1.0, 2.0**-20),
        randn(3, dtype),
        randn(19, dtype),
        exponential(3, dtype, 1.0),
        bernoulli(1 - 2.0**-53, 3, dtype),
        bernoulli(5e-324, 3, dtype),
        bernoulli_p(np.array([0, 1, 0.5], dtype)),
    ):
        a.continue_from(state)
        b.set_state(torch.from_numpy(state))
        assert_same(*call(a, b))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(["float32", "float64"]), st.floats(-1e38, 1e38), st.floats(-1e38, 1e38))
@example("float64", 1.5, 2.0**-600)  # the product lies halfway between two floats, the tiny bound decides
@example("float32", 1.5, 2.0**-100)
@example("float64", -1.5, -(2.0**-600))
@example("float32", 2.0**-149, 1e38)
@example("float64", 0.0, 5e-324)
@example("float64", 0.0, 3e-308)  # subnormal results are not rounded twice
@example("float64", -2.3e-308, 4e-308)
@example("float64", 1e-310, 3e-310)
@example("float64", 1e-300, 1e-300 + 2.0**-1060)
@example("float64", 5e-324, 3.0)
@example("float64", -5e-324, 3.0)
@example("float64", -3.0, 5e-324)
@example("float64", -3.0, -5e-324)
def test_uniform_rounds_as_torch_between_any_bounds(dtype, x, y):
    low, high = min(x, y), max(x, y)
    a, b = pair(0)
    assert_same(a.uniform(100, dtype, low, high), empty(100, dtype).uniform_(low, high, generator=b))


def test_uniform_between_the_largest_bounds():
    a, b = pair(0)
    assert_same(
        a.uniform(1000, "float64", 1e-300, 1.7e308), empty(1000, "float64").uniform_(1e-300, 1.7e308, generator=b)
    )


# Dropout, through torch's own function


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.999])
def test_dropout_masks(dtype, p):
    for shape in (1, 7, 16, (64, 100), (100, 784)):
        with torch.random.fork_rng():
            torch.manual_seed(5)
            kept = torch.nn.functional.dropout(torch.ones(shape, dtype=getattr(torch, dtype)), p) != 0
        assert_same(random.Generator().manual_seed(5).bernoulli(1 - p, shape), kept)
