"""One program run under torch and under tinygrad_mlp: the values, the printed text, the refusals and the warnings.

A program is a function of the framework: `lambda torch: torch.nn.Linear(2, 3).weight`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

import tinygrad_mlp

torch.set_num_threads(1)


def run(program: Callable[[Any], Any], world: Any, seed: int) -> tuple[Any, list[tuple[str, str]]]:
    """What a program returns, or the exception that it raises, and the warnings on the way."""
    world.manual_seed(seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Torch divides by zero in silence; NumPy's word for it is not among the warnings that are compared.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            result = program(world)
        except Exception as error:
            result = error
    return result, [(warning.category.__name__, str(warning.message)) for warning in caught]


def plain(x: Any) -> Any:
    """A result with arrays for tensors, lists for sequences and their names for dtypes."""
    if isinstance(x, (torch.Tensor, tinygrad_mlp.Tensor)):
        return x.numpy(force=True)
    if isinstance(x, (torch.dtype, tinygrad_mlp.dtype)):
        return str(x)
    if isinstance(x, Mapping):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, Exception):
        return [type(x), str(x).replace("<class 'tinygrad_mlp.", "<class 'torch.")]
    return [plain(part) for part in x] if isinstance(x, (list, tuple)) else x


def compare(ours: Any, theirs: Any, rtol: float, scale: float, where: str = "result") -> None:
    assert type(ours) is type(theirs), f"{where}: {ours!r}, torch {theirs!r}"
    if isinstance(theirs, (list, dict)):
        assert len(ours) == len(theirs), f"{where}: {ours!r}, torch {theirs!r}"
        if isinstance(theirs, dict):
            assert list(ours) == list(theirs), f"{where}: {list(ours)}, torch {list(theirs)}"
        for key in theirs if isinstance(theirs, dict) else range(len(theirs)):
            compare(ours[key], theirs[key], rtol, scale, f"{where}[{key!r}]")
    elif isinstance(theirs, np.ndarray):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), where
        scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=scale)
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * scale, err_msg=where)
    elif isinstance(theirs, float):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, err_msg=where)
    else:
        assert ours == theirs, f"{where}: {ours!r}, torch {theirs!r}"


def assert_alike(
    program: Callable[[Any], Any], *, rtol: float = 0.0, scale: float = 0.0, seed: int = 0, words: int | None = None
) -> Any:
    """AssertionError unless the program does the same in both worlds; torch's result.

    Numbers may differ by `rtol` of the largest of their array and of `scale`. An exception must be of the same type,
    with the same text or, with `words`, the same first words; the warnings must be the same.
    """
    theirs, their_warnings = run(program, torch, seed)
    ours, our_warnings = run(program, tinygrad_mlp, seed)
    if isinstance(ours, Exception) and not isinstance(theirs, Exception):
        raise ours
    if words is not None and isinstance(theirs, Exception) and isinstance(ours, Exception):
        ours, theirs = ((type(error), *str(error).split()[:words]) for error in (ours, theirs))
    compare(plain(ours), plain(theirs), rtol, scale)
    assert our_warnings == their_warnings
    return theirs


def refusal(program: Callable[[Any], Any], words: int | None = None) -> None:
    """AssertionError unless both worlds refuse the program alike."""
    theirs = assert_alike(program, words=words)
    assert isinstance(theirs, (Exception, tuple)), f"torch does not refuse, it gives {theirs!r}"


def state_of(torch: Any) -> Any:
    """Where the default generator stands: the next numbers."""
    return torch.rand(3)
