"""The engine that every distribution draws from: its seed, its state, its 32-bit random words, and uniforms of them.

A 24-bit uniform is made of one word; a 53-bit uniform or a 64-bit integer of two words, the high one first.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import CPU, Array, on_cpu
from ..arrays import device as Device
from .refusals import NO_CUDA, SEED_RANGE, SEED_TYPE, STATE_BROKEN, STATE_DTYPE, STATE_SIZE, STATE_TYPE

if TYPE_CHECKING:
    from typing import Self

Shape = int | Sequence[int]

wrap: Any = None  # makes a Tensor of an array; set by `tensor`, a layer above, which this one cannot import

_DEFAULT_SEED = 67280421310721
_WORDS = 624  # in the state of MT19937
# As 0-d arrays, which NumPy takes in half the time that a number takes.
_LOW_24_BITS, _TO_UNIT = np.array(2**24 - 1, np.uint32), np.array(2.0**-24, np.float32)
# The layout of torch.Generator.get_state(), so that each framework can continue from a state of the other.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", (_WORDS,)), "<f8", "<i4"],
        "itemsize": 5056,
    }
)


class Engine:
    """The seed, the state and the random words of `torch.Generator("cpu")`.

    RuntimeError, or the exception of `devices.on_cpu`, for another device.
    """

    __slots__ = ("_bits", "_initial_seed", "_restarted", "_spare_normal")
    _restarted: bool  # whether the engine has still to be seeded

    def __init__(self, device: Any = "cpu") -> None:
        if isinstance(device, (str, Device)) and Device(device).type == "cuda":
            raise RuntimeError(NO_CUDA)
        on_cpu(device, "Generator")
        self._bits: Any = None
        self._restart(_DEFAULT_SEED)
        self.manual_seed(_DEFAULT_SEED)  # which `compile` records: a generator made in a step starts anew at each call

    @property
    def device(self) -> Device:
        """The device of the generator, always the CPU."""
        return CPU

    @property
    def _mt19937(self) -> Any:
        """NumPy's MT19937, made and seeded at the first draw because the import of numpy.random takes long."""
        if self._bits is None:
            self._bits = np.random.MT19937(0)
        if self._restarted:
            np.random.RandomState(self._bits).seed(self._initial_seed % 2**32)
            self._restarted = False
        return self._bits

    def manual_seed(self, seed: int) -> Self:
        """Restart the stream at `seed` and return the generator.

        A negative seed stands for the seed 2**64 larger. As in torch, only the low 32 bits reach the engine.
        RuntimeError for anything but an int, ValueError for a seed outside [-2**63, 2**64).
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(SEED_TYPE.format(kind=type(seed).__name__))
        if not -(2**63) <= seed < 2**64:
            raise ValueError(SEED_RANGE)
        self._restart(int(seed) % 2**64)
        return self

    def _restart(self, seed: int) -> None:
        self._initial_seed = seed
        self._spare_normal: float | None = None
        self._restarted = True

    def seed(self) -> int:
        """Restart the stream at a random seed from the operating system, and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._initial_seed

    def initial_seed(self) -> int:
        """The seed at which the stream was last restarted, in [0, 2**64)."""
        return self._initial_seed

    def get_state(self) -> Any:
        """The state as a Tensor of 5056 uint8, in the layout of torch.Generator.get_state()."""
        return wrap(self.state_array())

    def set_state(self, state: Any) -> Self:
        """Continue from a state that `get_state` gave, and return the generator.

        TypeError unless it is a Tensor of uint8, RuntimeError if it is no valid state.
        """
        array = getattr(state, "array", None)
        if array is None:
            kind = type(state)
            module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            raise TypeError(STATE_TYPE.format(kind=module + kind.__name__))
        self.continue_from(array)
        return self

    def state_array(self) -> Array:
        """The state of `get_state` as a NumPy array."""
        engine: Any = self._mt19937.state["state"]
        state = np.zeros((), _STATE)
        state["seed"] = self._initial_seed
        state["key"], position = engine["key"], engine["pos"]
        state["left"], state["seeded"] = _WORDS + 1 - position, 1
        untouched = position == _WORDS and engine["key"][0] == self._initial_seed % 2**32
        state["next"] = 0 if untouched else position
        if self._spare_normal is not None:
            state["normal"], state["has_normal"] = self._spare_normal, 1
        return np.frombuffer(bytearray(state.tobytes()), np.uint8)

    def continue_from(self, state: Array) -> None:
        """Continue from a state that `state_array` gave; raises as `set_state` does."""
        if state.dtype != np.uint8:
            raise TypeError(STATE_DTYPE)
        if state.size != _STATE.itemsize:
            raise RuntimeError(STATE_SIZE.format(size=_STATE.itemsize, given=state.size))
        fields = np.frombuffer(state.tobytes(), _STATE)[0]
        if fields["seeded"] != 1 or not 1 <= fields["left"] <= _WORDS or fields["next"] > _WORDS:
            raise RuntimeError(STATE_BROKEN)
        position = _WORDS + 1 - int(fields["left"])
        key = fields["key"].astype(np.uint32)
        self._mt19937.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
        self._initial_seed = int(fields["seed"])
        # Torch's state may also hold a float32 normal; it is ignored, because no CPU kernel of torch keeps one.
        self._spare_normal = float(fields["normal"]) if fields["has_normal"] else None

    # Words and uniforms, for the distributions

    def _words(self, count: int) -> Array:
        words: Array = self._mt19937.random_raw(count).astype(np.uint32)
        return words

    def _double_words(self, count: int) -> Array:
        """64-bit integers, each of two words."""
        words: Array = self._mt19937.random_raw(2 * count)
        return (words[::2] << np.uint64(32)) | words[1::2]

    def _units24(self, count: int) -> Array:
        """Uniforms from [0, 1) in float32."""
        words = self._words(count)
        words &= _LOW_24_BITS
        units = words.view(np.int32).astype(np.float32)  # processors convert signed integers faster
        units *= _TO_UNIT
        return units

    def _units53(self, count: int) -> Array:
        """Uniforms from [0, 1) in float64."""
        return (self._double_words(count) & np.uint64(2**53 - 1)) * 2.0**-53

    def _units(self, count: int, dtype: np.dtype[Any]) -> Array:
        return self._units53(count) if dtype.char == "d" else self._units24(count)


def size(shape: Shape) -> int:
    """The number of elements of an array of this shape."""
    return shape if isinstance(shape, int) else math.prod(shape)
