"""The texts of the exceptions with which torch refuses to draw or to take a seed or a state; the words are torch's.

A text with words in braces is a template for `str.format`. The checks that raise them are in `checks` and `engine`.
"""

from __future__ import annotations

# -- generators, seeds and states ------------------------------------------------------------------

# RuntimeError: Generator(device="cuda").
NO_CUDA = "Cannot get CUDA generator without ATen_cuda library."
# RuntimeError: the seed is no int.
SEED_TYPE = "manual_seed expected a long, but got {kind}"
# ValueError: the seed is outside [-2**63, 2**64).
SEED_RANGE = "Overflow when unpacking long long"
# TypeError: the state is no Tensor.
STATE_TYPE = "expected a torch.ByteTensor, but got {kind}"
# TypeError: the state is a Tensor of another dtype than uint8.
STATE_DTYPE = "RNG state must be a torch.ByteTensor"
# RuntimeError: the state has another number of bytes than torch's.
STATE_SIZE = "Expected a CPUGeneratorImplState of size {size} but found the input RNG state size to be {given}"
# RuntimeError: the fields of the state are not those of a Mersenne Twister.
STATE_BROKEN = "Invalid mt19937 state"

# -- dtypes ----------------------------------------------------------------------------------------

# NotImplementedError: a distribution of floats is drawn in a dtype that is not floating.
NOT_FLOATING = "\"{kernel}\" not implemented for '{dtype}'"
# RuntimeError: the same for `exponential_`.
EXPONENTIAL_DTYPE = (
    "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
    "specified {dtype}"
)
# NotImplementedError: randperm in bool.
PERMUTATION_OF_BOOL = "\"randperm\" not implemented for 'Bool'"
# RuntimeError: the weights of multinomial are not floating.
WEIGHTS_DTYPE = "multinomial only supports floating-point dtypes for input, got: {dtype}"

# -- bounds ----------------------------------------------------------------------------------------

# RuntimeError: the dtype does not hold a bound; `bound` is "from", "to" or "to - 1".
OUT_OF_BOUNDS = "{bound} is out of bounds for {dtype}"
# RuntimeError: the lower bound of `uniform_` is above the upper one.
UNIFORM_ORDER = "uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
# RuntimeError: the bounds of `uniform_` are further apart than the largest float.
UNIFORM_WIDTH = (
    "uniform_ expects to-from <= std::numeric_limits<{dtype}>::max(), but found to={high:g} and from={low:g} which "
    "result in to-from to exceed the limit"
)
# RuntimeError: the interval of `random_` or `randint` is empty.
INTEGERS_ORDER = "random_ expects 'from' to be less than 'to', but got from={low} >= to={end}"

# -- parameters of distributions -------------------------------------------------------------------

# RuntimeError: a standard deviation that is negative or nan.
DEVIATION = "normal expects std >= 0.0, but found std {std:g}"
# RuntimeError: a rate that is not positive.
RATE = "exponential_ expects lambda > 0.0, but found lambda={lambd:g}"
# RuntimeError: `bernoulli_(p)` with a p outside [0, 1].
PROBABILITY = "bernoulli_ expects p to be in [0, 1], but got p={p:g}"
# RuntimeError: `bernoulli(p)` where an element of p is outside [0, 1].
PROBABILITIES = "Expected p_in >= 0 && p_in <= 1 to be true, but got false."

# RuntimeError: the scale of `cauchy_` is not positive, and a dtype that is not floating.
SCALE = "cauchy_ expects sigma > 0.0, but found sigma={sigma:g}"
CAUCHY_DTYPE = (
    "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you specified "
    "{dtype}"
)
# RuntimeError: the standard deviation of `log_normal_` is not positive.
LOG_DEVIATION = "log_normal_ expects std > 0.0, but found std={std:g}"
# RuntimeError: the probability of `geometric_`.
SUCCESS = "geometric_ expects p to be in (0, 1), but got p={p:g}"
# RuntimeError: a rate of `poisson` is below 0 or nan.
POISSON_RATE = "invalid Poisson rate, expected rate to be non-negative"
# binomial: ValueError for integers; RuntimeError for two dtypes.
TRIALS_DTYPE = "binomial only supports floating-point dtypes for {name}, got: {dtype}"
TRIALS_DTYPES = "Found dtype {second} but expected {first}"

# -- permutations ----------------------------------------------------------------------------------

# RuntimeError: randperm of a negative number.
NEGATIVE_SIZE = "Trying to create tensor with negative dimension {n}: [{n}]"
# RuntimeError: randperm of more numbers than a floating dtype holds without gaps.
TOO_MANY_FOR_FLOAT = "n cannot be greater than {limit} for {dtype} type."
# RuntimeError: randperm of more numbers than an integer dtype holds.
TOO_MANY_FOR_INTEGER = "value cannot be converted to type {dtype} without overflow"
# NotImplementedError, the package's own: for so many elements torch shuffles in another way.
TOO_MANY_ELEMENTS = "permutation supports fewer than {limit} elements, but got n={n}"

# -- multinomial (RuntimeError) --------------------------------------------------------------------

# The weights are neither a vector nor a matrix.
WEIGHTS_DIMENSIONS = "prob_dist must be 1 or 2 dim"
# The number of samples is not positive.
NO_SAMPLES = "cannot sample n_sample <= 0 samples"
# More samples are wanted than there are weights, without replacement.
TOO_MANY_SAMPLES = "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
# A weight is negative, infinite or nan.
WEIGHTS = "probability tensor contains either `inf`, `nan` or element < 0"
# The weights of a row are all 0.
NO_WEIGHT = "invalid multinomial distribution (sum of probabilities <= 0)"
