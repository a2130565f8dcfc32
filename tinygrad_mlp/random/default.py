"""The default generator, from which every function draws that is given no `generator=`.

Its seed and its state are set and read by the functions that are in torch's own namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .generator import Generator

default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Restart the default generator at `seed`, converted by `int`, and return it, as torch.manual_seed.

    ValueError for a seed outside [-2**63, 2**64).
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default generator at a random seed and return that seed, as torch.seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed at which the default generator was last restarted, as torch.initial_seed."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The default generator's state as a Tensor of 5056 uint8, as torch.get_rng_state."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue the default generator from a state that `get_rng_state` gave, as torch.set_rng_state.

    TypeError unless it is a Tensor of uint8, RuntimeError if it is no valid state.
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """A block after which the default generator continues from where it was before, as torch.random.fork_rng.

    With `enabled=False` the block does nothing.
    """
    state = default_generator.state_array() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.continue_from(state)
