"""Two generators, ours and torch's, and draws that must give the same from both."""

import numpy as np
import torch

from tinygrad_mlp import random

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("bool", "uint8", "int8", "int16", "int32", "int64")
SIZES = (*range(101), (64, 1000), (1000, 100), (77, 1001), (3, 0), ())

# The float64 logarithms and cosines differ by rounding between the libraries, all else must not. The bounds are for
# |difference| / |x|, where float64 takes max(1, |x|): next to zero a sum of terms that cancel is as good as they are.
NORMAL = {"float16": 1e-3, "float32": 2e-7, "float64": 1e-14}
EXPONENTIAL = {"float16": 1e-3, "float32": 1.3e-7, "float64": 1e-14}


def pair(seed):
    return random.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def empty(shape, dtype):
    return torch.empty(shape, dtype=getattr(torch, dtype))


def assert_same(ours, theirs, tolerance=0.0):
    theirs = theirs.numpy()
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert ours.flags.c_contiguous and ours.flags.writeable
    if tolerance:
        floor = 1 if theirs.dtype == np.float64 else np.finfo(theirs.dtype).tiny
        error = np.abs(ours.astype(np.float64) - theirs) / np.maximum(floor, np.abs(theirs.astype(np.float64)))
        assert error.max(initial=0) <= tolerance
    else:
        np.testing.assert_array_equal(ours, theirs)


def assert_same_state(ours, theirs):
    """Byte for byte; the cached normal, a float64 that only nearly agrees, is compared as a number."""
    ours, theirs = ours.get_state().numpy(), theirs.get_state().numpy()
    assert ours.dtype == np.uint8 and ours.flags.writeable
    normal = slice(5024, 5032)
    np.testing.assert_allclose(ours[normal].view(np.float64), theirs[normal].view(np.float64), rtol=1e-14, atol=1e-14)
    assert np.delete(ours, normal).tobytes() == np.delete(theirs, normal).tobytes()


# Each call takes (ours, theirs) and draws the same from both; it returns the two results and a tolerance.
def uniform(shape, dtype, low, width):
    def call(a, b):
        return a.uniform(shape, dtype, low, low + width), empty(shape, dtype).uniform_(low, low + width, generator=b), 0

    return call


def rand(shape, dtype):
    return lambda a, b: (
        a.uniform(shape, dtype),
        torch.rand(shape, dtype=getattr(torch, dtype), generator=b),
        0,
    )


def normal(shape, dtype, mean, std):
    scale = max(1.0, std + abs(mean)) if dtype == "float64" else 1
    return lambda a, b: (
        a.normal(shape, dtype, mean, std),
        empty(shape, dtype).normal_(mean, std, generator=b),
        NORMAL[dtype] * scale,
    )


def randn(shape, dtype):
    return lambda a, b: (
        a.normal(shape, dtype),
        torch.randn(shape, dtype=getattr(torch, dtype), generator=b),
        NORMAL[dtype],
    )


def exponential(shape, dtype, lambd):
    return lambda a, b: (
        a.exponential(shape, dtype, lambd),
        empty(shape, dtype).exponential_(lambd, generator=b),
        EXPONENTIAL[dtype],
    )


def integers(low, high, shape, dtype):
    return lambda a, b: (
        a.integers(low, high, shape, dtype),
        empty(shape, dtype).random_(low, high, generator=b),
        0,
    )


def nonnegative_integers(shape, dtype):
    return lambda a, b: (a.nonnegative_integers(shape, dtype), empty(shape, dtype).random_(generator=b), 0)


def permutation(n, dtype):
    return lambda a, b: (
        a.permutation(n, dtype),
        torch.randperm(n, dtype=getattr(torch, dtype), generator=b),
        0,
    )


def bernoulli(p, shape, dtype):
    return lambda a, b: (a.bernoulli(p, shape), empty(shape, dtype).bernoulli_(p, generator=b).bool(), 0)


def bernoulli_p(probabilities):
    return lambda a, b: (
        a.bernoulli_p(probabilities),
        torch.bernoulli(torch.from_numpy(probabilities), generator=b).bool(),
        0,
    )


def multinomial(weights, count, replacement):
    return lambda a, b: (
        a.multinomial(weights, count, replacement),
        torch.multinomial(torch.from_numpy(weights), count, replacement, generator=b),
        0,
    )


def check(seed, *calls):
    a, b = pair(seed)
    for call in calls:
        assert_same(*call(a, b))
        assert_same_state(a, b)


def cauchy(shape, dtype, median, sigma):
    return lambda a, b: (
        a.cauchy(shape, dtype, median, sigma),
        empty(shape, dtype).cauchy_(median, sigma, generator=b),
        {**EXPONENTIAL, "float64": 1e-12}[dtype],
    )


def log_normal(shape, dtype, mean, std):
    return lambda a, b: (
        a.log_normal(shape, dtype, mean, std),
        empty(shape, dtype).log_normal_(mean, std, generator=b),
        {**EXPONENTIAL, "float64": 1e-12}[dtype],
    )


def geometric(shape, dtype, p):
    return lambda a, b: (a.geometric(shape, dtype, p), empty(shape, dtype).geometric_(p, generator=b), 0)


def gamma(alpha):
    return lambda a, b: (a.standard_gamma(alpha), torch._standard_gamma(torch.from_numpy(alpha), generator=b), 1e-6)


def dirichlet(alpha):
    return lambda a, b: (a.dirichlet(alpha), torch._sample_dirichlet(torch.from_numpy(alpha), generator=b), 1e-6)


def poisson(rates):
    return lambda a, b: (a.poisson(rates), torch.poisson(torch.from_numpy(rates), generator=b), 0)


def binomial(counts, probabilities):
    return lambda a, b: (
        a.binomial(counts, probabilities),
        torch.binomial(torch.from_numpy(counts), torch.from_numpy(probabilities), generator=b),
        0,
    )
