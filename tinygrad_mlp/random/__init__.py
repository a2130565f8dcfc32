"""Torch's CPU random numbers on NumPy: the same seed gives the same numbers.

The engine is MT19937 (Matsumoto & Nishimura 1998), which NumPy brings. What is torch's own is how a distribution
spends the 32-bit words of the engine, and that is what this package writes down; its order of draws was found by
experiment with torch 2.13 and `tests/random/test_stream.py` holds it there.
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
