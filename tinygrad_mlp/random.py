"""Torch's CPU random numbers on NumPy: the same seed gives the same numbers.

The engine is MT19937 (Matsumoto & Nishimura 1998), which NumPy brings. What is torch's own is how a distribution
spends the 32-bit words of the engine, and that is what this module writes down; its order of draws was found by
experiment with torch 2.13 and `tests/test_random_stream.py` holds it there. A word serves 24-bit uniforms, two words
(the first is the high one) serve 53-bit uniforms and 64-bit integers.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import dtypes

Array = np.ndarray[Any, np.dtype[Any]]
Shape = int | Sequence[int]

_DEFAULT_SEED = 67280421310721
_WORDS = 624  # the length of the engine's state
_BLOCK = 16  # torch's vectorised normals come in blocks of this length
_WIDE_SPAN = 2**28  # from here on, the modulo of one word would be too uneven: integers take two
# How torch's range errors call a dtype.
_C_NAMES = {"float16": "c10::Half", "float32": "float", "float64": "double", "bool": "bool", "uint8": "unsigned char"}
_C_NAMES |= {"int8": "signed char", "int16": "short", "int32": "int", "int64": "long"}
# The state of torch.Generator.get_state(), byte for byte, so that a state travels between the frameworks.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", (_WORDS,)), "<f8", "<i4"],
        "itemsize": 5056,
    }
)


class Generator:
    """A stream of random numbers equal to `torch.Generator("cpu")`'s; RuntimeError for another device.

    Every drawing method returns a fresh C-contiguous NumPy array of the given shape (a length or a sequence of
    lengths) and NumPy dtype; what torch refuses raises torch's exception and text before anything is drawn.
    """

    __slots__ = ("_engine", "_initial_seed", "_spare_normal", "device")

    def __init__(self, device: object = "cpu") -> None:
        if str(device).partition(":")[0] != "cpu":
            raise RuntimeError(f"Generator: the only device is cpu, but got {device}")
        self.device = device
        self._engine = np.random.MT19937(0)
        self.manual_seed(_DEFAULT_SEED)

    # The seed and the state

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream at `seed` and return the generator.

        A negative seed counts back from 2**64. RuntimeError for anything but an int, ValueError outside
        [-2**63, 2**64). The engine sees the low 32 bits alone, as in torch.
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self._initial_seed = int(seed) % 2**64
        self._spare_normal: float | None = None
        np.random.RandomState(self._engine).seed(self._initial_seed % 2**32)
        return self

    def seed(self) -> int:
        """Restart the stream at a seed from the operating system's randomness and return that seed."""
        self.manual_seed(secrets.randbits(64))
        return self._initial_seed

    def initial_seed(self) -> int:
        """The seed of the last restart, in [0, 2**64)."""
        return self._initial_seed

    def get_state(self) -> Array:
        """The whole state as 5056 uint8, in the layout of torch.Generator.get_state()."""
        engine: Any = self._engine.state["state"]
        state = np.zeros((), _STATE)
        state["seed"] = self._initial_seed
        state["key"], position = engine["key"], engine["pos"]
        state["left"], state["seeded"] = _WORDS + 1 - position, 1
        untouched = position == _WORDS and engine["key"][0] == self._initial_seed % 2**32
        state["next"] = 0 if untouched else position
        if self._spare_normal is not None:
            state["normal"], state["has_normal"] = self._spare_normal, 1
        return np.frombuffer(bytearray(state.tobytes()), np.uint8)

    def set_state(self, state: Array) -> None:
        """Continue from a state of `get_state` or torch; TypeError unless uint8, RuntimeError for a broken one."""
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.size != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} "
                f"but found the input RNG state size to be {state.size}"
            )
        fields = np.frombuffer(state.tobytes(), _STATE)[0]
        if fields["seeded"] != 1 or not 1 <= fields["left"] <= _WORDS or fields["next"] > _WORDS:
            raise RuntimeError("Invalid mt19937 state")
        position = _WORDS + 1 - int(fields["left"])
        key = fields["key"].astype(np.uint32)
        self._engine.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
        self._initial_seed = int(fields["seed"])
        # A cached float32 normal is dropped: none of torch's CPU kernels draws one.
        self._spare_normal = float(fields["normal"]) if fields["has_normal"] else None

    # Words and uniforms

    def _words(self, count: int) -> Array:
        return self._engine.random_raw(count).astype(np.uint32)

    def _double_words(self, count: int) -> Array:
        words = self._engine.random_raw(2 * count)
        return (words[::2] << np.uint64(32)) | words[1::2]

    def _units24(self, count: int) -> Array:
        """float32 in [0, 1)."""
        units = (self._words(count) & np.uint32(2**24 - 1)).astype(np.float32)
        units *= np.float32(2.0**-24)
        return units

    def _units53(self, count: int) -> Array:
        """float64 in [0, 1)."""
        return (self._double_words(count) & np.uint64(2**53 - 1)) * 2.0**-53

    def _units(self, count: int, dtype: np.dtype[Any]) -> Array:
        return self._units53(count) if dtype == np.float64 else self._units24(count)

    # Continuous distributions

    def uniform(self, shape: Shape, dtype: npt.DTypeLike, low: float = 0.0, high: float = 1.0) -> Array:
        """Floats of [low, high), as torch.rand and Tensor.uniform_.

        NotImplementedError unless the dtype is floating; RuntimeError for bounds that are out of order or range.
        """
        dtype = _floating(dtype, "check_uniform_bounds")
        _check_interval(low, high, dtype)
        units = self._units(_size(shape), dtype)
        if (low, high) == (0, 1) and dtype != np.float16:
            return units.reshape(shape)
        kind = np.float64 if dtype == np.float64 else np.float32
        start, width = kind(low), kind(high) - kind(low)
        values = _fused_multiply_add(units, float(width), float(start)).astype(dtype, copy=False)
        values[values >= dtype.type(kind(high))] = start  # the end is open: what rounding lifts to it starts again
        return values.reshape(shape)

    def normal(self, shape: Shape, dtype: npt.DTypeLike, mean: float = 0.0, std: float = 1.0) -> Array:
        """Floats of the normal distribution by the transform of Box & Muller (1958), as torch.randn and normal_.

        16 elements or more are made in blocks, fewer in pairs of which an unused half waits for the next small
        draw. Agrees with torch to 5e-7 of max(1, |x|) in float32 and 1e-14 in float64. NotImplementedError unless
        the dtype is floating, RuntimeError for std < 0.
        """
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        dtype = _floating(dtype, "normal_kernel_cpu")
        count = _size(shape)
        values = self._normal_pairs(count) if count < _BLOCK else self._normal_blocks(count, dtype)
        if (mean, std) != (0, 1):
            values *= std
            values += mean
        return values.astype(dtype, copy=False).reshape(shape)

    def _normal_blocks(self, count: int, dtype: np.dtype[Any]) -> Array:
        whole = count - count % _BLOCK
        # Only whole blocks are made, so that the last of a ragged end overlaps its neighbour and is drawn afresh.
        values = self._units(whole if dtype == np.float16 else count, dtype)
        _box_muller_blocks(values[:whole])
        if whole < count:
            last = self._units(_BLOCK, dtype)
            _box_muller_blocks(last)
            values = np.concatenate([values[: count - _BLOCK], last])
        return values

    def _normal_pairs(self, count: int) -> Array:
        spare = [] if self._spare_normal is None else [self._spare_normal]
        pairs = (count - len(spare) + 1) // 2
        units = self._units53(2 * pairs)
        radius = np.sqrt(-2 * np.log1p(-units[1::2]))
        angle = 2 * np.pi * units[::2]
        values = np.array([radius * np.cos(angle), radius * np.sin(angle)]).T.ravel()
        values = np.concatenate([spare, values])
        self._spare_normal = float(values[count]) if len(values) > count else None
        return values[:count]

    def exponential(self, shape: Shape, dtype: npt.DTypeLike, lambd: float = 1.0) -> Array:
        """Floats of the exponential distribution of rate `lambd` by inversion, as Tensor.exponential_.

        RuntimeError for a dtype that is not floating and for lambd <= 0.
        """
        dtype = np.dtype(dtype)
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        if dtype.kind != "f":
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. "
                f"dtype must be a floating point but you specified {_torch_name(dtype)}"
            )
        values = np.log1p(-self._units53(_size(shape))) * (-1 / lambd)
        return values.astype(dtype, copy=False).reshape(shape)

    # Discrete distributions

    def integers(self, low: int, high: int | None, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers of [low, high), as torch.randint and Tensor.random_; no `high` means up to the dtype's limit.

        The dtype may be floating, up to the last of its gapless integers (2**24 in float32). RuntimeError for
        bounds that are out of order or range; torch allows floats beyond the gap with a warning, this refuses them.
        """
        dtype = np.dtype(dtype)
        last = _last_integer(dtype)
        first = {"f": -last, "i": -last - 1}.get(dtype.kind, 0)
        end = last + 1 if high is None else high
        if low >= end:
            raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={end}")
        for name, bound in (("from", low), ("to - 1", end - 1)):
            if not first <= bound <= last:
                raise RuntimeError(f"{name} is out of bounds for {_C_NAMES[dtype.name]}")
        count, span = _size(shape), end - low
        words = self._double_words(count) if span >= _WIDE_SPAN else self._words(count)
        if span == 2**64:  # every word is a number, and torch takes it as it is
            return words.astype(np.int64).reshape(shape)
        words %= words.dtype.type(span)
        return (words.astype(np.int64) + low).astype(dtype, copy=False).reshape(shape)

    def nonnegative_integers(self, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers from 0 to the dtype's limit, in a float the last of its gapless ones; as Tensor.random_()."""
        dtype = np.dtype(dtype)
        count = _size(shape)
        words = self._double_words(count) if dtype.itemsize == 8 else self._words(count)
        words %= words.dtype.type(_last_integer(dtype) + 1)
        return words.astype(dtype).reshape(shape)

    def permutation(self, n: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """The numbers 0 to n - 1 in random order by the shuffle of Fisher & Yates (1938), as torch.randperm.

        RuntimeError for n < 0 and for an n whose numbers the dtype cannot hold, NotImplementedError for bool and
        from 214748364 elements on, where torch shuffles by another rule.
        """
        dtype = np.dtype(dtype)
        _check_permutation(n, dtype)
        steps = np.arange(max(n - 1, 0))
        partners = steps + self._words(len(steps)) % (n - steps).astype(np.uint32)
        order = list(range(n))
        for i, j in enumerate(partners.tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, dtype)

    def bernoulli(self, p: float, shape: Shape) -> Array:
        """Booleans, true with probability `p`, as Tensor.bernoulli_(p) and dropout; RuntimeError for p outside [0, 1].

        A 53-bit uniform is compared with p whatever the dtype of the tensor is.
        """
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        units = self._double_words(_size(shape)) & np.uint64(2**53 - 1)
        result: Array = units < np.uint64(math.ceil(p * 2**53))  # the comparison of the uniforms, in integers
        return result.reshape(shape)

    def bernoulli_p(self, probabilities: Array) -> Array:
        """Booleans of the shape of `probabilities`, each true with its own, as torch.bernoulli(probabilities).

        float64 probabilities take 53-bit uniforms, others 24-bit ones. NotImplementedError unless they are floating,
        RuntimeError for one outside [0, 1].
        """
        dtype = _floating(probabilities.dtype, "bernoulli_tensor_cpu_p_")
        if not np.all((probabilities >= 0) & (probabilities <= 1)):
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
        result: Array = self._units(probabilities.size, dtype).reshape(probabilities.shape) < probabilities
        return np.ascontiguousarray(result).reshape(probabilities.shape)

    def multinomial(self, weights: Array, count: int, replacement: bool = False) -> Array:
        """`count` int64 indices per row of `weights` (1-d or 2-d, floating), each as likely as its weight.

        As torch.multinomial: without replacement an exponential race (Efraimidis & Spirakis 2006), with it a search
        in the cumulated weights. RuntimeError for what torch refuses.
        """
        _check_weights(weights, count, replacement)
        if not replacement or count == 1:
            arrivals = self.exponential(weights.shape, weights.dtype)
            with np.errstate(divide="ignore", invalid="ignore"):
                order = np.argsort(-(weights / arrivals), axis=-1, kind="stable")
            return np.ascontiguousarray(order[..., :count])
        rows = weights.reshape(-1, weights.shape[-1])
        cumulated = np.cumsum(rows, axis=-1, dtype=np.promote_types(weights.dtype, np.float32))
        cumulated /= cumulated[:, -1:]
        units = self._units53(len(rows) * count).reshape(len(rows), count)
        indices = np.array([np.searchsorted(row, u) for row, u in zip(cumulated, units, strict=True)], np.int64)
        return indices.reshape(*weights.shape[:-1], count)


def _box_muller_blocks(units: Array) -> None:
    """Turn uniforms into normals in place: in a block of 16, element j pairs with element j + 8."""
    blocks = units.reshape(-1, _BLOCK)
    first, second = blocks[:, : _BLOCK // 2], blocks[:, _BLOCK // 2 :]
    radius = np.sqrt(-2 * np.log(1 - first))
    angle = 2 * np.pi * second
    np.multiply(radius, np.cos(angle), out=first)
    np.multiply(radius, np.sin(angle), out=second)


def _fused_multiply_add(a: Array, b: float, c: float) -> Array:
    """a * b + c in the dtype of `a`, rounded once: the processor's instruction that torch's uniform_ compiles to.

    The algorithm is Boldo & Melquiond's (2008), on the error-free product of Dekker (1971). Only a result that is
    subnormal in float64 may be off in its last bit.
    """
    if a.dtype == np.float32:  # float64 holds the product exactly, and the sum of terms of like size
        product = a.astype(np.float64) * b
        exact = c == 0 or 2.0**-27 * b <= abs(c) <= 8 * b
        return (product + c if exact else _add_to_odd(*_two_sum(product, c))).astype(np.float32)
    b, exponent = math.frexp(b)  # splitting a large b would overflow
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    product_error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    small, small_error = _two_sum(product_error, math.ldexp(c, -exponent))
    large, large_error = _two_sum(product, small)
    result: Array = np.ldexp(large + _add_to_odd(*_two_sum(small_error, large_error)), exponent)
    return result


def _two_sum(a: Array, b: Any) -> tuple[Array, Array]:
    """The sum and its rounding error (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _add_to_odd(total: Array, error: Array) -> Array:
    """Total + error with an inexact result made odd in its last bit, which keeps a second rounding right."""
    bits = total.view(np.int64)
    outwards = np.where(np.signbit(total) == np.signbit(error), 1, -1)
    nearest_odd: Array = bits + outwards * ((error != 0) & (bits & 1 == 0))
    return nearest_odd.view(np.float64)


def _split(x: Any) -> tuple[Any, Any]:
    """A float64 as the sum of two with at most 26 significant bits, whose products are exact (Veltkamp)."""
    scaled = x * (2.0**27 + 1)
    high = scaled - (scaled - x)
    return high, x - high


def _size(shape: Shape) -> int:
    return math.prod(shape) if isinstance(shape, Sequence) else shape


def _last_integer(dtype: np.dtype[Any]) -> int:
    """The largest integer up to which the dtype holds every one."""
    if dtype.kind == "f":
        return int(2 ** (np.finfo(dtype).nmant + 1))
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def _torch_name(dtype: np.dtype[Any]) -> str:
    return dtypes.of(dtype).tensor_type.removesuffix("Tensor")


def _floating(dtype: npt.DTypeLike, kernel: str) -> np.dtype[Any]:
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{_torch_name(dtype)}'")
    return dtype


def _check_interval(low: float, high: float, dtype: np.dtype[Any]) -> None:
    largest = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {_C_NAMES[dtype.name]}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{_torch_name(dtype)}>::max(), but found to={high:g} "
            f"and from={low:g} which result in to-from to exceed the limit"
        )


def _check_permutation(n: int, dtype: np.dtype[Any]) -> None:
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if dtype.kind == "b":
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    if n > _last_integer(dtype) + 1:
        if dtype.kind == "f":
            limit = "2049" if dtype == np.float16 else f"2^{np.finfo(dtype).nmant + 1}+1"
            raise RuntimeError(f"n cannot be greater than {limit} for {_torch_name(dtype)} type.")
        name = "int" if dtype == np.int32 else f"{dtype.name}_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    if n >= (2**32 - 1) // 20:
        raise NotImplementedError(f"permutation supports fewer than {(2**32 - 1) // 20} elements, but got n={n}")


def _check_weights(weights: Array, count: int, replacement: bool) -> None:
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if weights.dtype.kind != "f":
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {_torch_name(weights.dtype)}"
        )
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not np.all((weights >= 0) & np.isfinite(weights)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if np.any(weights.sum(axis=-1) <= 0):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Restart the default generator at `seed` (converted by int) and return it, as torch.manual_seed."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default generator at a random seed and return that seed, as torch.seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator's last restart, as torch.initial_seed."""
    return default_generator.initial_seed()


def get_rng_state() -> Array:
    """The default generator's state as 5056 uint8, as torch.get_rng_state."""
    return default_generator.get_state()


def set_rng_state(state: Array) -> None:
    """Continue the default generator from a state of `get_rng_state`, as torch.set_rng_state."""
    default_generator.set_state(state)
