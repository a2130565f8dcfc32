"""The engine below the distributions: its seed, its state, and its 32-bit words as they come.

A word serves 24-bit uniforms; two words, the high one first, serve 53-bit uniforms and 64-bit integers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import CPU, Array, on_cpu
from ..arrays import device as Device

if TYPE_CHECKING:
    from typing import Self

Shape = int | Sequence[int]

wrap: Any = None  # makes a Tensor of an array: Tensor is defined on a floor above, which sets this

_DEFAULT_SEED = 67280421310721
_WORDS = 624  # the length of the engine's state
# The state of torch.Generator.get_state(), byte for byte, so that a state travels between the frameworks.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", (_WORDS,)), "<f8", "<i4"],
        "itemsize": 5056,
    }
)


class Engine:
    """The seed, the state and the raw draws of `torch.Generator("cpu")`.

    RuntimeError, or what `devices.on_cpu` raises, for another device.
    """

    __slots__ = ("_bits", "_initial_seed", "_restarted", "_spare_normal")

    def __init__(self, device: Any = "cpu") -> None:
        if isinstance(device, (str, Device)) and Device(device).type == "cuda":
            raise RuntimeError("Cannot get CUDA generator without ATen_cuda library.")
        on_cpu(device, "Generator")
        self._bits: Any = None
        self._restarted = True
        self.manual_seed(_DEFAULT_SEED)

    @property
    def device(self) -> Device:
        """The CPU."""
        return CPU

    @property
    def _mt19937(self) -> Any:
        """NumPy's engine, made and seeded when it is first used: importing numpy.random takes longer than a seed."""
        if self._bits is None:
            self._bits = np.random.MT19937(0)
        if self._restarted:
            np.random.RandomState(self._bits).seed(self._initial_seed % 2**32)
            self._restarted = False
        return self._bits

    def manual_seed(self, seed: int) -> Self:
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
        self._restarted = True
        return self

    def seed(self) -> int:
        """Restart the stream at a seed from the operating system's randomness and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._initial_seed

    def initial_seed(self) -> int:
        """The seed of the last restart, in [0, 2**64)."""
        return self._initial_seed

    def get_state(self) -> Any:
        """The whole state as a Tensor of 5056 uint8, byte for byte torch.Generator.get_state()'s."""
        return wrap(self.state_array())

    def set_state(self, state: Any) -> Self:
        """Continue from a state of `get_state`, and return the generator.

        TypeError unless it is a Tensor of uint8, RuntimeError for a broken one.
        """
        array = getattr(state, "array", None)
        if array is None:
            kind = type(state)
            module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            raise TypeError(f"expected a torch.ByteTensor, but got {module}{kind.__name__}")
        self.continue_from(array)
        return self

    def state_array(self) -> Array:
        """The state as a NumPy array."""
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
        """Continue from a state of `state_array`; errors as `set_state`."""
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
        self._mt19937.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
        self._initial_seed = int(fields["seed"])
        # A cached float32 normal is dropped: none of torch's CPU kernels draws one.
        self._spare_normal = float(fields["normal"]) if fields["has_normal"] else None

    # Words and uniforms, for the distributions

    def _words(self, count: int) -> Array:
        # The full range of 32 bits is the one for which randint hands out the words themselves.
        words: Array = np.random.RandomState(self._mt19937).randint(0, 2**32, count, np.uint32)
        return words

    def _double_words(self, count: int) -> Array:
        words: Array = self._mt19937.random_raw(2 * count)
        return (words[::2] << np.uint64(32)) | words[1::2]

    def _units24(self, count: int) -> Array:
        """float32 in [0, 1)."""
        words = self._words(count)
        words &= np.uint32(2**24 - 1)
        units = words.view(np.int32).astype(np.float32)  # signed, for which processors have an instruction
        units *= np.float32(2.0**-24)
        return units

    def _units53(self, count: int) -> Array:
        """float64 in [0, 1)."""
        return (self._double_words(count) & np.uint64(2**53 - 1)) * 2.0**-53

    def _units(self, count: int, dtype: np.dtype[Any]) -> Array:
        return self._units53(count) if dtype == np.float64 else self._units24(count)


def size(shape: Shape) -> int:
    """The number of elements of a shape."""
    return math.prod(shape) if isinstance(shape, Sequence) else shape
