"""Torch's CPU random numbers on NumPy: the same seed gives the same numbers.

Both use the engine MT19937 (Matsumoto & Nishimura 1998), which yields 32-bit words. They differ in how a distribution
makes its numbers from these words: this package does it as torch does, in an order that was found by experiment with
torch 2.13. `tests/random/test_stream.py` compares the two.
"""

from .default import default_generator, fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .engine import Shape
from .generator import Generator

__all__ = [
    "Generator",
    "Shape",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]
