"""The generator that serves every draw without a `generator=` of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .generator import Generator

default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Restart the default generator at `seed` (converted by int) and return it, as torch.manual_seed.

    ValueError outside [-2**63, 2**64).
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default generator at a random seed and return that seed, as torch.seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator's last restart, as torch.initial_seed."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The default generator's state as a Tensor of 5056 uint8, as torch.get_rng_state."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue the default generator from a state of `get_rng_state`, as torch.set_rng_state.

    TypeError unless it is a Tensor of uint8, RuntimeError for a broken one.
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """A block that leaves the default generator where it stood, unless not `enabled`; as torch.random.fork_rng."""
    state = default_generator.state_array() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.continue_from(state)
